//! `import`: an existing credential into the store, verified before the write.

use std::path::PathBuf;

use super::context::Context;
use super::deposit::{Deposit, Over};
use super::given::{Given, Source, Taker};
use super::hook::HookFlag;
use super::keys::refuse_secret;
use super::network::TIMEOUT;
use super::plan::Plan;
use super::provision::stop_if_taken;
use crate::config::Settings;
use crate::credential::Field;
use crate::effective::{Effective, Holder, Purpose};
use crate::import::Format;
use crate::lifecycle::Check;
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

/// Takes a credential that exists (from the Partner Portal, a file, variables), tries it, and writes it into the store.
///
/// Without --from or --from-env it asks, without echo. A credential that the gateway refuses is not written (77). One
/// that cannot be proven now is written where nothing is stored yet (the portal shows a key once) and not over
/// something that works (69).
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred import                                       asks for the three values\n  \
    momo-cred import --from old.env\n  \
    momo-cred import --from settings.json --map clientSecret=api_key\n  \
    momo-cred import -p production --api-user 0f0e0d0c-0b0a-4908-8706-050403020100")]
pub(crate) struct Options {
    /// Read the values from a file, `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "from_env")]
    from: Option<PathBuf>,
    /// Read the values from variables of the environment
    #[arg(long)]
    from_env: bool,
    /// How the file is written: dotenv or json [default: by its first character]
    #[arg(long, value_name = "FORMAT", requires = "from")]
    format: Option<FormatName>,
    /// Under which name the input has a field, such as clientSecret=api_key; repeat for more
    #[arg(long, value_name = "VAR=FIELD")]
    map: Vec<String>,
    /// The API user, which is no secret
    #[arg(long, value_name = "UUID")]
    api_user: Option<String>,
    /// Write over a record that is there
    #[arg(long)]
    replace: bool,
    /// Write without trying the credential
    #[arg(long)]
    no_verify: bool,
    /// Show what would be written, with fingerprints, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    hook: HookFlag,
}

/// `dotenv` or `json`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FormatName {
    Dotenv,
    Json,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    if options.dry_run {
        context.trail.leave_out();
    }
    let settings = options.hook.settings(context)?;
    context.network.begin([&settings], TIMEOUT);
    context.block_on(Runtime::Tokio, import(context, options, settings))
}

async fn import(context: &Context, options: &Options, mut settings: Settings) -> Result<Outcome> {
    let place = context.place(&settings)?;
    let seen = place.seen(&settings, context).await?;
    stop_if_taken(&seen, &place, options.replace)?;
    let taker = Taker::Import { map: map(&options.map)?, user: options.api_user.as_deref() };
    let given = Given::gather(context, &settings, &source(options), &taker)?;
    let effective = Effective::new(&settings, &given.record, Holder::Input(&given.from), Purpose::Use)?;
    given.warn_about_user(context, &effective);
    if options.dry_run {
        return plan(&effective, &given).show(context, &settings, &place, "write");
    }
    let check = if options.no_verify { Check::Skipped } else { Check::Full };
    let over = if options.replace { Over::Anything } else { Over::Nothing };
    let deposit = Deposit { context, effective: &effective, given: &given, check };
    deposit.store(&mut settings, over).await?.tell(context)
}

fn source(options: &Options) -> Source {
    match &options.from {
        Some(path) => {
            let format = options.format.map(|format| match format {
                FormatName::Dotenv => Format::Dotenv,
                FormatName::Json => Format::Json,
            });
            Source::File(path.clone(), format)
        }
        None if options.from_env => Source::Variables,
        None => Source::Person,
    }
}

fn map(pairs: &[String]) -> Result<Vec<(String, Field)>> {
    let pair = |pair: &String| {
        refuse_secret("--map", pair)?;
        let (name, field) = pair.split_once('=').unwrap_or((pair, ""));
        match Field::from_name(field) {
            Some(field) if !name.is_empty() => Ok((name.to_owned(), field)),
            _ => Err(Error::new(Kind::Usage, "a --map is not VAR=FIELD")
                .next(format!("FIELD is one of: {}", Field::names()))),
        }
    };
    pairs.iter().map(pair).collect()
}

fn plan(effective: &Effective, given: &Given) -> Plan {
    let mut plan = Plan::default();
    plan.key(Field::SubscriptionKey, &given.subscription_key);
    plan.key(Field::ApiKey, &given.api_key);
    plan.say(Field::ApiUser.name(), given.user.to_string());
    plan.say(Field::Product.name(), effective.product.to_string());
    plan.say(Field::TargetEnvironment.name(), effective.target_environment.to_string());
    plan.say(Field::BaseUrl.name(), effective.base_url.to_string());
    plan
}
