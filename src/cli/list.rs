//! `list`: records below a location.

use momo_cred_backend_api::Location;
use serde_json::{Value, json};

use super::context::{Chosen, Context};
use super::document;
use super::network::TIMEOUT;
use crate::config::{Overrides, Settings};
use crate::{Error, Kind, Outcome, Result, registry};

/// Names the records that a store has below a location, one location a line. Asks for names, and whether they were
/// deleted (in Vault one request each), and reads no value.
///
/// Without LOCATION it is where the profile's record is: all records of a dotenv file, or the records of the same folder
/// and below it. Records that were deleted are left out.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred list\n  \
    momo-cred list vault:secret/momo/\n  \
    momo-cred list dotenv:.env --json")]
pub(crate) struct Options {
    /// The file or folder [default: where the profile's record is]
    #[arg(value_name = "LOCATION")]
    location: Option<String>,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    if options.location.is_some() && context.global.store.is_some() {
        return Err(
            Error::new(Kind::Usage, "both LOCATION and --store say where to look").next("give one of them")
        );
    }
    if let Some(Err(fault)) = options.location.as_ref().map(|location| location.parse::<Location>()) {
        let error = Error::new(Kind::Usage, "LOCATION is refused").because(fault);
        return Err(error.next("give a location such as vault:secret/momo/, aws:momo/ or dotenv:.env"));
    }
    // A folder of a store ends in a slash, typed or not.
    let given = options.location.as_ref().map(|location| {
        let folder = !location.starts_with("dotenv:") && !location.ends_with('/');
        if folder { format!("{location}/") } else { location.clone() }
    });
    let overrides =
        Overrides { store: given.or_else(|| context.global.store.clone()), ..context.overrides() };
    let settings = match context.settings_with(overrides, Chosen::Named)?.as_slice() {
        [one] => one.clone(),
        _ => return Err(super::context::one_profile(context)),
    };
    context.network.begin([&settings], TIMEOUT);
    list(context, &settings)
}

fn list(context: &Context, settings: &Settings) -> Result<Outcome> {
    let prefix = registry::beside(settings)?;
    let below = if prefix.is_empty() { settings.store.value.address() } else { &prefix };
    let below = format!("{}:{below}", settings.store.value.scheme());
    let (store, runtime) = context.network.store(settings, &context.environment)?;
    let names = context.block_on(runtime, async { Ok(store.list(&prefix).await) })?;
    context.tell(store.notices());
    let mut locations: Vec<_> = names?.iter().map(|name| store.location(name).to_string()).collect();
    locations.sort();
    if context.output.json() {
        let mut map = document::head(context.command, &settings.profile, &below);
        map.insert("outcome".into(), json!("ok"));
        map.insert(
            "records".into(),
            locations.iter().map(|location| json!({ "location": location })).collect(),
        );
        context.output.document(&Value::Object(map))?;
    } else {
        for location in &locations {
            context.output.data(location)?;
        }
        if locations.is_empty() {
            context.output.note(&format!("no records below {below}"));
        }
    }
    Ok(Outcome::SUCCESS)
}
