//! `verify`: try the credential and say what is wrong.

use serde_json::{Value, json};

use super::context::{Context, Place, complete};
use super::each::each;
use super::{document, earlier};
use crate::config::Settings;
use crate::credential::{Field, Malformed};
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::Seen;
use crate::momo::{self, Msisdn, Report, Subject};
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

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
        Error::new(Kind::Usage, "the value of --msisdn is refused")
            .because(error)
            .next("give digits with the country code first")
    })?;
    each(context, options.all.into(), |settings, documents| {
        let place = context.place(settings)?;
        context
            .block_on(Runtime::Tokio, verify(context, options, settings, &place, msisdn.as_ref(), documents))
    })
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
        None => place.seen(settings, context).await?,
        Some(revision) => earlier::named(context, settings, place, revision, "--revision").await?,
    };
    complete(&seen, place, &settings.profile)?;
    let effective = Effective::new(settings, &seen.record, Holder::Record(&place.location), Purpose::Use)?;
    let gateway = context.gateway(settings, &effective)?;
    let holder = Holder::Record(&place.location);
    let incomplete = |field| holder.malformed(&Malformed::Incomplete(vec![field]));
    let get = |field| seen.record.get(field).ok_or_else(|| incomplete(field));
    let user = seen.record.api_user().map_err(|bad| holder.malformed(&bad))?;
    let subject = Subject {
        product: effective.product,
        target_environment: &effective.target_environment,
        subscription_key: get(Field::SubscriptionKey)?,
        api_user: user.ok_or_else(|| incomplete(Field::ApiUser))?,
        api_key: get(Field::ApiKey)?,
        msisdn,
    };
    let report = momo::verify(&gateway, &subject).await;
    let verdict = report.error().map(|error| context.output.addressed(&error.at(&place.location)));
    if context.output.json() {
        documents.push(document(context, settings, place, &effective, &seen, &report, verdict.as_ref()));
    } else {
        show(context, settings, place, &effective, &report)?;
    }
    Ok(verdict)
}

fn show(
    context: &Context,
    settings: &Settings,
    place: &Place,
    effective: &Effective,
    report: &Report,
) -> Result<()> {
    let output = &context.output;
    output.data(&format!(
        "{}  {}  {} {} at {}",
        settings.profile, place.location, effective.target_environment, effective.product, effective.base_url
    ))?;
    for step in &report.steps {
        let status = step.status.map(|status| format!(" ({status})")).unwrap_or_default();
        // What to do about a failure is told by the error that follows.
        let hint = step.hint.as_deref().filter(|_| step.outcome == momo::Outcome::Ok);
        let hint = hint.map(|hint| format!(": {hint}")).unwrap_or_default();
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
    verdict: Option<&Error>,
) -> Value {
    let mut map = document::head(context.command, &settings.profile, &place.location.to_string());
    document::record(&mut map, &seen.record);
    map.insert("product".into(), json!(effective.product.name()));
    map.insert("target_environment".into(), json!(effective.target_environment.as_str()));
    map.insert("outcome".into(), json!(report.outcome.name()));
    map.insert("revision".into(), document::revision(seen));
    map.insert("claim".into(), document::claim_of(seen));
    map.insert("verified".into(), json!(verdict.is_none()));
    map.insert("steps".into(), report.steps.iter().map(document::step).collect());
    let error = verdict.map_or(Value::Null, |error| document::error(error, error.kind().exit_code()));
    map.insert("error".into(), error);
    Value::Object(map)
}
