//! `import`: an existing credential into the store, verified before the write.

use std::path::PathBuf;

use momo_cred_backend_api::{Document, Location, Secret};
use serde_json::{Value, json};
use uuid::Uuid;

use super::context::{Context, Place};
use super::keys::{ask_key, no_prompt, read_input, refused};
use super::provision::{Lifecycle, stop_if_taken};
use super::runtime::block_on;
use super::document;
use crate::config::{Origin, Setting, Settings};
use crate::credential::{Field, Fingerprint, Record, check_api_user, check_key};
use crate::effective::{Effective, Purpose};
use crate::import::{Format, Names, Values, from_variables, read};
use crate::lifecycle::{Check, Inputs, Obtain, Takeover};
use crate::prompt;
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
}

/// `dotenv` or `json`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FormatName {
    Dotenv,
    Json,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let settings = context.settings()?;
    block_on(Runtime::Tokio, import(context, options, settings))
}

async fn import(context: &Context, options: &Options, mut settings: Settings) -> Result<Outcome> {
    let place = Place::open(&settings)?;
    let seen = place.seen(&settings, &context.output).await?;
    stop_if_taken(&seen, &place, options.replace)?;
    let given = gather(context, options, &settings)?;
    let effective = Effective::new(&settings, &given.record, Purpose::Use)?;
    warn_about_user(context, &effective, given.user);
    if options.dry_run {
        return dry_run(context, &settings, &place, &effective, &given);
    }
    loop {
        match store(context, options, &settings, &effective, &given).await {
            // A person may hold the only copy: it is dropped on their word alone.
            Err(error) if error.kind() == Kind::Conflict && prompt::available() => {
                context.output.error(&error);
                match ask_what_next() {
                    Next::Again => {}
                    Next::Elsewhere(location) => settings.store = Setting::new(location, Origin::Flag("the prompt")),
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
    let place = &Place::open(settings)?;
    let hold = place.hold().await?;
    let seen = place.seen(settings, &context.output).await?;
    stop_if_taken(&seen, place, options.replace)?;
    place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
    let check = if options.no_verify { Check::Skipped } else { Check::Full };
    let obtain = Obtain::Imported { user: given.user, api_key: given.api_key.clone() };
    Lifecycle { context, settings, place, effective }.run(seen, given.inputs(effective), obtain, check).await
}

/// What to do with values that could not be stored.
enum Next {
    Again,
    Elsewhere(Location),
    Stop,
}

fn ask_what_next() -> Next {
    loop {
        let answer = prompt::text("The values are still here. Try again, store them elsewhere, or stop? [a/e/s]");
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
    let values = input(context, options, settings)?;
    let mut record = Record::new(Document::new(), settings.layout.clone());
    for (field, value) in values.iter() {
        let from = values.name(field).unwrap_or_default();
        if field.is_key() {
            check_key(field, value).map_err(|bad| refused(&bad, from))?;
        }
        if !matches!(field, Field::Schema | Field::IssuedAt | Field::RetiredApiUsers) {
            record.set(field, value.clone());
        }
    }
    let instead = "--from FILE, --from - or --from-env";
    let subscription_key = match record.get(Field::SubscriptionKey) {
        Some(key) => key.clone(),
        None => ask_key("Subscription key", Field::SubscriptionKey, instead)?,
    };
    let user = match (&options.api_user, record.text(Field::ApiUser)) {
        (Some(user), _) => check_api_user(user).map_err(|bad| refused(&bad, "--api-user"))?,
        (None, Some(user)) => check_api_user(user).map_err(|bad| refused(&bad, "the input"))?,
        (None, None) => {
            let typed = prompt::text("API user").map_err(|error| no_prompt(&error, "API user", "--api-user UUID"))?;
            check_api_user(&typed).map_err(|bad| refused(&bad, "the prompt"))?
        }
    };
    let api_key = match record.get(Field::ApiKey) {
        Some(key) => key.clone(),
        None => ask_key("API key", Field::ApiKey, instead)?,
    };
    if api_key.same_as(&subscription_key) {
        return Err(Error::new(Kind::Usage, "api_key and subscription_key are the same value")
            .because("they look alike, but are two keys: one was given twice")
            .next("copy both again; nothing was changed"));
    }
    Ok(Given { record, user, api_key, subscription_key })
}

fn input(context: &Context, options: &Options, settings: &Settings) -> Result<Values> {
    let product = settings.product.as_ref().map(|setting| setting.value).unwrap_or_default();
    let prefix = settings.env.prefix.as_ref().map_or("MOMO", |setting| setting.value.as_str());
    let names = Names::new(product, prefix, map(&options.map)?);
    let (read, from) = if let Some(path) = &options.from {
        let bytes = read_input(context, path, MAX)?;
        let format = options.format.map(|format| match format {
            FormatName::Dotenv => Format::Dotenv,
            FormatName::Json => Format::Json,
        });
        let from = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
        (read(&bytes, format, &names), from)
    } else if options.from_env {
        let variables = context.environment.variables();
        let text = variables.filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        (from_variables(text, &names), "the environment".to_owned())
    } else {
        return Ok(Values::default());
    };
    read.map_err(|error| {
        Error::new(Kind::Usage, format!("{from} cannot be imported"))
            .because(error)
            .next("correct it, name the fields with --map, or leave --from out to be asked; nothing was changed")
    })
}

fn map(pairs: &[String]) -> Result<Vec<(String, Field)>> {
    let pair = |pair: &String| {
        let (name, field) = pair.split_once('=').unwrap_or((pair, ""));
        match Field::from_name(field) {
            Some(field) if !name.is_empty() => Ok((name.to_owned(), field)),
            _ => {
                let known: Vec<_> = Field::ALL.into_iter().map(Field::name).collect();
                Err(Error::new(Kind::Usage, "a --map is not VAR=FIELD").next(format!("FIELD is one of: {}", known.join(", "))))
            }
        }
    };
    pairs.iter().map(pair).collect()
}

/// MTN says nowhere that production users are v4, so another version is only odd.
fn warn_about_user(context: &Context, effective: &Effective, user: Uuid) {
    if user.get_version_num() != 4 {
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
