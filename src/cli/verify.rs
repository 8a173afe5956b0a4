//! `verify`: try the credential and say what is wrong.

use std::time::Duration;

use momo_cred_backend_api::{At, Revision};
use serde_json::{Value, json};

use super::context::{Context, Place, complete};
use super::document;
use super::runtime::block_on;
use crate::config::Settings;
use crate::credential::{Field, Malformed};
use crate::effective::{Effective, Purpose, malformed};
use crate::lifecycle::Seen;
use crate::momo::{self, Msisdn, Report, Subject};
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

const TIMEOUT: Duration = Duration::from_secs(15);

/// Tries the stored credential, step by step, and says what is wrong and what to do.
///
/// The steps: is the API user known (sandbox), does user and key get a token, does the product answer a read with it.
/// A token alone proves little: a sandbox user made with another product's key gets one, too. No amount is shown.
/// Exit codes: 0 good, 77 bad, 69 inconclusive (an outage says nothing about the credential).
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred verify\n  \
    momo-cred verify -p collection,disbursement --json\n  \
    momo-cred verify --msisdn 256772123456      in production, with a number of your own")]
pub(crate) struct Options {
    /// Every profile of the config file
    #[arg(long)]
    all: bool,
    /// Another revision than the current one, where the store keeps them
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// The number to ask about in the product read
    #[arg(long, value_name = "NUMBER")]
    msisdn: Option<String>,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let msisdn = options.msisdn.as_deref().map(str::parse::<Msisdn>).transpose().map_err(|error| {
        Error::new(Kind::Usage, "the value of --msisdn is refused").because(error).next("digits with the country code")
    })?;
    let mut worst: Option<Error> = None;
    let mut documents = Vec::new();
    for settings in context.chosen(options.all.into())? {
        let place = Place::open(&settings)?;
        let checked =
            block_on(Runtime::Tokio, verify(context, options, &settings, &place, msisdn.as_ref(), &mut documents))?;
        if let Some(error) = checked.filter(|new| worst.as_ref().is_none_or(|old| graver(new, old))) {
            worst = Some(error);
        }
    }
    if context.output.json() {
        context.documents(documents)?;
    }
    match worst {
        None => Ok(Outcome::SUCCESS),
        // Said per profile already, with what to do.
        Some(error) => Ok(Outcome::Exit(error.kind().exit_code())),
    }
}

/// Bad outweighs inconclusive.
fn graver(new: &Error, old: &Error) -> bool {
    new.kind() == Kind::Denied && old.kind() != Kind::Denied
}

async fn verify(
    context: &Context,
    options: &Options,
    settings: &Settings,
    place: &Place,
    msisdn: Option<&Msisdn>,
    documents: &mut Vec<Value>,
) -> Result<Option<Error>> {
    let seen = match &options.revision {
        None => place.seen(settings, &context.output).await?,
        Some(revision) => {
            let at = At::Revision(Revision::new(revision.as_str()));
            Seen::new(place.backend.read(&place.name, &at).await?, &settings.layout)
        }
    };
    complete(&seen, place, &settings.profile)?;
    let effective = Effective::new(settings, &seen.record, Purpose::Use)?;
    let gateway = context.gateway(settings, &effective, TIMEOUT)?;
    let incomplete = |field| malformed(&Malformed::Incomplete(vec![field]), &place.location);
    let get = |field| seen.record.get(field).ok_or_else(|| incomplete(field));
    let user = seen.record.api_user().map_err(|bad| malformed(&bad, &place.location))?;
    let subject = Subject {
        product: effective.product,
        target_environment: &effective.target_environment,
        subscription_key: get(Field::SubscriptionKey)?,
        api_user: user.ok_or_else(|| incomplete(Field::ApiUser))?,
        api_key: get(Field::ApiKey)?,
        msisdn,
    };
    let report = momo::verify(&gateway, &subject).await;
    let verdict = report.error();
    if context.output.json() {
        documents.push(document(context, settings, place, &effective, &seen, &report));
    } else {
        show(context, settings, place, &effective, &report)?;
    }
    let verdict = verdict.map(|error| error.at(&place.location));
    if let Some(error) = &verdict {
        context.output.error(error);
    }
    Ok(verdict)
}

fn show(context: &Context, settings: &Settings, place: &Place, effective: &Effective, report: &Report) -> Result<()> {
    let output = &context.output;
    output.data(&format!(
        "{}  {}  {} {} at {}",
        settings.profile, place.location, effective.target_environment, effective.product, effective.base_url
    ))?;
    for step in &report.steps {
        let status = step.status.map(|status| format!(" ({status})")).unwrap_or_default();
        let hint = step.hint.as_deref().map(|hint| format!(": {hint}")).unwrap_or_default();
        output.data(&format!("  {:<6} {}{status}{hint}", step.name, step.outcome.name()))?;
    }
    Ok(())
}

fn document(
    context: &Context,
    settings: &Settings,
    place: &Place,
    effective: &Effective,
    seen: &Seen,
    report: &Report,
) -> Value {
    let mut map = document::head(context.command, &settings.profile, &place.location.to_string());
    document::record(&mut map, &seen.record);
    map.insert("product".into(), json!(effective.product.name()));
    map.insert("target_environment".into(), json!(effective.target_environment.as_str()));
    map.insert("outcome".into(), json!(report.outcome.name()));
    map.insert("verified".into(), json!(report.error().is_none()));
    map.insert("steps".into(), report.steps.iter().map(document::step).collect());
    map.insert("error".into(), report.error().map_or(Value::Null, |error| document::error(&error)));
    Value::Object(map)
}
