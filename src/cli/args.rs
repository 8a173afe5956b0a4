//! The command line as it is typed. These types never leave `cli`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use super::{
    abort, completions, compromise, credential, doctor, exec, import, list, man, provision, remove, resume,
    revoke, rollback, rotate, status, trust, verify,
};

/// Gets MTN MoMo credentials into a secret store without showing them, verifies them, and starts programs with them.
#[derive(Debug, Parser)]
#[command(
    name = "momo-cred",
    version,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        momo-cred provision --callback-host localhost     a sandbox user and key, straight into .env\n  \
        momo-cred verify                                  does it work? what is wrong?\n  \
        momo-cred exec -- npm start                       start a program with it\n\n\
        No flag takes a secret: keys come from a prompt, a file, standard input or a variable.\n\
        Exit codes: 0 done, 2 usage, 65 malformed record, 66 not found, 69 unavailable, 70 internal, 73 cannot\n\
        write, 75 busy or conflict, 76 protocol, 77 denied, 78 configuration; `exec`: 125, 126, 127."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Profile in momo-cred.toml [env: MOMO_CRED_PROFILE, a comma list]
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) profile: Vec<String>,
    /// Config file [env: MOMO_CRED_CONFIG] [default: momo-cred.toml here or above, then the user's]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the record is, such as dotenv:.env#MOMO; overrides the profile [env: MOMO_CRED_STORE]
    #[arg(short, long, global = true, value_name = "LOCATION")]
    pub(crate) store: Option<String>,
    /// collection, disbursement or remittance; overrides the profile [env: MOMO_CRED_PRODUCT]
    #[arg(long, global = true, value_name = "PRODUCT")]
    pub(crate) product: Option<String>,
    /// sandbox, mtnuganda, ...; overrides the profile [env: MOMO_CRED_TARGET_ENVIRONMENT]
    #[arg(long, global = true, value_name = "ENV")]
    pub(crate) target_environment: Option<String>,
    /// The gateway; overrides the profile [env: MOMO_CRED_BASE_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Host that MoMo may call back, without scheme, port or path [env: MOMO_CRED_CALLBACK_HOST]
    #[arg(long, global = true, value_name = "HOST")]
    pub(crate) callback_host: Option<String>,
    /// Total time for network work, such as 15s or 2m [env: MOMO_CRED_TIMEOUT] [default: 15s; 60s for provision, rotate, resume, revoke and compromise]
    #[arg(long, global = true, value_name = "DURATION")]
    pub(crate) timeout: Option<String>,
    /// Print JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say more, on standard error; repeat for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// When to colour messages; NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub(crate) color: When,
}

/// `auto`, `always`, `never`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    #[default]
    Auto,
    Always,
    Never,
}

/// The commands, in the order of the alphabet. What each does at length is told by its options' documentation, which a
/// doc comment here would replace.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(about = "Drop an open claim")]
    Abort(abort::Options),
    #[command(about = "Print a completion script for a shell")]
    Completions(completions::Options),
    #[command(about = "A key has leaked: replace it now, make the old one useless, and report")]
    Compromise(compromise::Options),
    #[command(about = "Answer an SDK's request for a credential; not for people")]
    Credential(credential::Options),
    #[command(about = "Say where settings come from, and what is wrong with store and login")]
    Doctor(doctor::Options),
    #[command(about = "Start a program with credentials in its environment")]
    Exec(exec::Options),
    #[command(about = "Put an existing credential into the store, verified first")]
    Import(import::Options),
    #[command(about = "Name the records below a location")]
    List(list::Options),
    #[command(about = "Print the manual page")]
    Man(man::Options),
    #[command(about = "Get a new sandbox user and key, straight into the store")]
    Provision(provision::Options),
    #[command(about = "Delete a record at the revision seen")]
    Remove(remove::Options),
    #[command(about = "Finish an open claim, from any machine")]
    Resume(resume::Options),
    #[command(about = "Make retired API users useless, and prove it")]
    Revoke(revoke::Options),
    #[command(about = "Write an earlier credential as a new version, verified first")]
    Rollback(rollback::Options),
    #[command(about = "Replace a credential by a new one, checked and published beside the old")]
    Rotate(rotate::Options),
    #[command(about = "Show records, revisions, claims and fingerprints; no values")]
    Status(status::Options),
    #[command(about = "Approve the sensitive settings of a config file that was found")]
    Trust(trust::Options),
    #[command(about = "Try the credential and say what is wrong")]
    Verify(verify::Options),
}

impl Command {
    /// The name, as typed and as in JSON.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Abort(_) => "abort",
            Self::Completions(_) => "completions",
            Self::Compromise(_) => "compromise",
            Self::Credential(_) => "credential",
            Self::Doctor(_) => "doctor",
            Self::Exec(_) => "exec",
            Self::Import(_) => "import",
            Self::List(_) => "list",
            Self::Man(_) => "man",
            Self::Provision(_) => "provision",
            Self::Remove(_) => "remove",
            Self::Resume(_) => "resume",
            Self::Revoke(_) => "revoke",
            Self::Rollback(_) => "rollback",
            Self::Rotate(_) => "rotate",
            Self::Status(_) => "status",
            Self::Trust(_) => "trust",
            Self::Verify(_) => "verify",
        }
    }
}

impl Command {
    /// Whether it changes records, so that the audit trail has a line of each run.
    pub(crate) const fn is_audited(&self) -> bool {
        matches!(
            self,
            Self::Abort(_)
                | Self::Compromise(_)
                | Self::Import(_)
                | Self::Provision(_)
                | Self::Remove(_)
                | Self::Resume(_)
                | Self::Revoke(_)
                | Self::Rollback(_)
                | Self::Rotate(_)
        )
    }
}

/// Flags that other tools have for secrets, and what to use here instead.
const SECRET_FLAGS: &[(&str, &str)] = &[
    ("--api-key", "import takes it from a prompt, --from FILE, --from - or --from-env"),
    ("--api-secret", "import takes it from a prompt, --from FILE, --from - or --from-env"),
    ("--key", "use --subscription-key-file FILE, MOMO_CRED_SUBSCRIPTION_KEY or the prompt"),
    ("--password", "log in through the store's own settings"),
    ("--primary-key", "use --subscription-key-file FILE, MOMO_CRED_SUBSCRIPTION_KEY or the prompt"),
    ("--provisioning-key", "use --provisioning-key-file FILE or MOMO_CRED_PROVISIONING_SUBSCRIPTION_KEY"),
    ("--secret", "use a prompt, a file, standard input or a variable"),
    ("--subscription-key", "use --subscription-key-file FILE, MOMO_CRED_SUBSCRIPTION_KEY or the prompt"),
    ("--token", "log in through the store's own settings"),
    ("--user-secret", "import takes it from a prompt, --from FILE, --from - or --from-env"),
];

/// Those of them that a command has as a switch, which takes no value.
const SWITCHES: &[(&str, &str)] = &[("exec", "--token"), ("rotate", "--subscription-key")];

/// The command that a line names, as far as it can be told without reading all of it.
pub(crate) fn named_command(args: &[OsString]) -> Option<String> {
    let command = Cli::command();
    let words = args.iter().skip(1).take_while(|arg| *arg != "--").filter_map(|arg| arg.to_str());
    words.filter_map(|word| command.find_subcommand(word)).map(|found| found.get_name().to_owned()).next()
}

/// A flag by which somebody gives a secret, with what to use instead. Looked for before anything else reads the line,
/// so that no message repeats it.
pub(crate) fn secret_flag(args: &[OsString]) -> Option<(&'static str, &'static str)> {
    let ours = args.iter().skip(1).take_while(|arg| *arg != "--");
    let command = named_command(args);
    let switch = SWITCHES.iter().find(|(of, _)| command.as_deref() == Some(of)).map(|(_, flag)| *flag);
    // Only where nothing follows that may have been meant as its value.
    let value = args.iter().skip_while(|arg| switch.is_none_or(|flag| *arg != flag)).nth(1);
    let switch = switch.filter(|_| value.is_none_or(|value| value.as_encoded_bytes().starts_with(b"-")));
    ours.filter_map(|arg| arg.to_str()).filter(|arg| switch != Some(*arg)).find_map(|arg| {
        let flag = arg.split_once('=').map_or(arg, |(flag, _)| flag);
        SECRET_FLAGS.iter().find(|(name, _)| *name == flag).copied()
    })
}
