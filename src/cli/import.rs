//! `import`: an existing credential into the store, verified before the write.

use std::path::PathBuf;

use momo_cred_backend_api::{Document, Location, Secret, Work};
use serde_json::{Value, json};
use uuid::Uuid;

use super::context::{Context, Place};
use super::document;
use super::hook::HookFlag;
use super::input::{read_input, shown};
use super::keys::{refuse_secret, refused};
use super::network::TIMEOUT;
use super::provision::{Lifecycle, stop_if_taken};
use crate::config::{DEFAULT_PREFIX, Origin, Setting, Settings};
use crate::credential::{Field, Fingerprint, Record, check_api_user, check_key};
use crate::effective::{Effective, Holder, Purpose};
use crate::import::{Format, Names, Values, from_variables, read};
use crate::lifecycle::{Check, Inputs, Obtain, Takeover};
use crate::prompt::{self, PromptError};
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

/// The largest file that is read.
const MAX: u64 = 1024 * 1024;

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
    let given = gather(context, options, &settings)?;
    let effective = Effective::new(&settings, &given.record, Holder::Input(&given.from), Purpose::Use)?;
    warn_about_user(context, &effective, given.user);
    if options.dry_run {
        return dry_run(context, &settings, &place, &effective, &given);
    }
    loop {
        match store(context, options, &settings, &effective, &given).await {
            // A person may hold the only copy: it is dropped on their word alone.
            Err(error) if error.kind() == Kind::Conflict && prompt::available() => {
                context.output.error(&error);
                let next = ask_what_next();
                context.network.deadline().restart();
                match next {
                    Next::Again => {}
                    Next::Elsewhere(location) => {
                        settings.store = Setting::new(location, Origin::Flag("the prompt"));
                    }
                    Next::Stop => return Err(error),
                }
            }
            outcome => return outcome,
        }
    }
}

async fn store(
    context: &Context,
    options: &Options,
    settings: &Settings,
    effective: &Effective,
    given: &Given,
) -> Result<Outcome> {
    let place = &context.place(settings)?;
    let hold = place.hold(Work::Upkeep, context).await?;
    let seen = place.seen(settings, context).await?;
    stop_if_taken(&seen, place, options.replace)?;
    place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
    let check = if options.no_verify { Check::Skipped } else { Check::Full };
    let obtain = Obtain::Imported { user: given.user, api_key: given.api_key.clone() };
    let lifecycle = Lifecycle { context, settings, place, effective, hold };
    lifecycle.run(seen, given.inputs(effective), obtain, check).await
}

/// What to do with values that could not be stored.
enum Next {
    Again,
    Elsewhere(Location),
    Stop,
}

fn ask_what_next() -> Next {
    loop {
        let answer =
            prompt::text("The values are still here. Try again, store them elsewhere, or stop? [a/e/s]");
        match answer.as_deref().map(str::trim) {
            Ok("a") => return Next::Again,
            Ok("s") | Err(_) => return Next::Stop,
            Ok("e") => {
                let typed = prompt::text("Location").unwrap_or_default();
                if let Ok(location) = typed.trim().parse() {
                    return Next::Elsewhere(location);
                }
            }
            Ok(_) => {}
        }
    }
}

/// The credential that was given, checked.
struct Given {
    /// Where the values came from, for messages.
    from: String,
    /// What the input said, as a record.
    record: Record,
    user: Uuid,
    api_key: Secret,
    subscription_key: Secret,
}

impl Given {
    fn inputs(&self, effective: &Effective) -> Inputs {
        Inputs {
            product: effective.product,
            target_environment: effective.target_environment.clone(),
            base_url: effective.base_url.to_string(),
            callback_host: effective.callback_host.clone(),
            subscription_key: self.subscription_key.clone(),
            secondary: self.record.get(Field::SubscriptionKeySecondary).cloned(),
            provisioning: self.record.get(Field::ProvisioningSubscriptionKey).cloned(),
        }
    }
}

fn gather(context: &Context, options: &Options, settings: &Settings) -> Result<Given> {
    let map = map(&options.map)?;
    let (values, from) = input(context, options, settings, map)?;
    let mut record = Record::new(Document::new(), settings.layout.clone());
    for (field, value) in values.iter() {
        let name = values.name(field).unwrap_or_default();
        if field.is_key() {
            check_key(field, value).map_err(|bad| refused(&bad, name))?;
        }
        if !matches!(field, Field::Schema | Field::IssuedAt | Field::RetiredApiUsers) {
            record.set(field, value.clone());
        }
    }
    let ask = Ask { context, from: from.as_deref() };
    let subscription_key = match record.get(Field::SubscriptionKey) {
        Some(key) => key.clone(),
        None => ask.key("Subscription key", Field::SubscriptionKey)?,
    };
    let user = match (&options.api_user, record.text(Field::ApiUser)) {
        (Some(user), _) => check_api_user(user).map_err(|bad| refused(&bad, "--api-user"))?,
        (None, Some(user)) => {
            let name = values.name(Field::ApiUser).unwrap_or_default();
            check_api_user(user).map_err(|bad| refused(&bad, name))?
        }
        (None, None) => ask.user()?,
    };
    let api_key = match record.get(Field::ApiKey) {
        Some(key) => key.clone(),
        None => ask.key("API key", Field::ApiKey)?,
    };
    if api_key.same_as(&subscription_key) {
        return Err(Error::new(Kind::Usage, "api_key and subscription_key are the same value")
            .because("they look alike, but are two keys: one was given twice")
            .next("copy both again; nothing was changed"));
    }
    let from = from.unwrap_or_else(|| "what was typed".to_owned());
    Ok(Given { from, record, user, api_key, subscription_key })
}

/// Asks for what an input did not have.
struct Ask<'a> {
    context: &'a Context,
    from: Option<&'a str>,
}

impl Ask<'_> {
    fn key(&self, label: &str, field: Field) -> Result<Secret> {
        let value = prompt::secret(label).map_err(|error| self.unanswered(label, field, &error))?;
        self.context.network.deadline().restart();
        check_key(field, &value).map_err(|bad| refused(&bad, "the prompt"))?;
        Ok(value)
    }

    fn user(&self) -> Result<Uuid> {
        let typed =
            prompt::text("API user").map_err(|error| self.unanswered("API user", Field::ApiUser, &error))?;
        self.context.network.deadline().restart();
        check_api_user(&typed).map_err(|bad| refused(&bad, "the prompt"))
    }

    fn unanswered(&self, label: &str, field: Field, error: &PromptError) -> Error {
        let needed = Error::new(Kind::Usage, format!("{label} is needed and was not given"));
        let or_user = if field == Field::ApiUser { ", or give --api-user UUID" } else { "" };
        match self.from {
            Some(from) => needed
                .because(format!("{from} has no {field} under a name that is looked for"))
                .because(error)
                .next(format!("name it with --map NAME={field}{or_user}")),
            None => needed.because(error).next(format!("use --from FILE, --from - or --from-env{or_user}")),
        }
    }
}

/// What the input has, and its name.
fn input(
    context: &Context,
    options: &Options,
    settings: &Settings,
    map: Vec<(String, Field)>,
) -> Result<(Values, Option<String>)> {
    let product = settings.product.as_ref().map(|setting| setting.value).unwrap_or_default();
    let prefix = settings.env.prefix.as_ref().map_or(DEFAULT_PREFIX, |setting| setting.value.as_str());
    let names = Names::new(product, prefix, map);
    let (read, from) = if let Some(path) = &options.from {
        let content = "put NAME=value lines or a JSON object into the file";
        let bytes = read_input(context, path, MAX, "--from", "the values")
            .map_err(|unread| unread.instead(content))?;
        let format = options.format.map(|format| match format {
            FormatName::Dotenv => Format::Dotenv,
            FormatName::Json => Format::Json,
        });
        (read(&bytes, format, &names), shown(path))
    } else if options.from_env {
        let variables = context.environment.variables();
        let text = variables.filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        (from_variables(text, &names), "the environment".to_owned())
    } else {
        return Ok((Values::default(), None));
    };
    let values = read.map_err(|error| {
        Error::new(Kind::Usage, format!("{from} cannot be imported")).because(error).next(
            "correct it, name the fields with --map, or leave --from out to be asked; nothing was changed",
        )
    })?;
    Ok((values, Some(from)))
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

/// MTN says nowhere that production users are v4, so another version is only odd.
fn warn_about_user(context: &Context, effective: &Effective, user: Uuid) {
    if user.get_version_num() != 4 && !effective.target_environment.is_sandbox() {
        context.output.warn(&format!(
            "API user {user} is not a version 4 UUID, which is unusual for {}",
            effective.target_environment
        ));
    }
}

fn dry_run(
    context: &Context,
    settings: &Settings,
    place: &Place,
    effective: &Effective,
    given: &Given,
) -> Result<Outcome> {
    let keys = [(Field::SubscriptionKey, &given.subscription_key), (Field::ApiKey, &given.api_key)];
    let shown: Vec<(Field, String)> = keys
        .into_iter()
        .filter_map(|(field, value)| Some((field, format!("fingerprint {}", Fingerprint::of(field, value)?))))
        .chain([
            (Field::ApiUser, given.user.to_string()),
            (Field::Product, effective.product.to_string()),
            (Field::TargetEnvironment, effective.target_environment.to_string()),
            (Field::BaseUrl, effective.base_url.to_string()),
        ])
        .collect();
    if context.output.json() {
        let mut head = document::head(context.command, &settings.profile, &place.location.to_string());
        let plan = shown.into_iter().map(|(field, text)| (field.name().to_owned(), json!(text))).collect();
        head.insert("dry_run".into(), json!(true));
        head.insert("plan".into(), Value::Object(plan));
        context.result(head, "noop")?;
    } else {
        context.output.data(&format!("would write {}", place.location))?;
        for (field, text) in shown {
            context.output.data(&format!("  {:<27} {text}", field.name()))?;
        }
    }
    Ok(Outcome::SUCCESS)
}
