//! `rollback`: an earlier credential of the same record, written as a new version.

use momo_cred_backend_api::{Revision, Work};

use super::context::{Context, Place, complete};
use super::earlier;
use super::hook::HookFlag;
use super::keys::Keys;
use super::network::TIMEOUT;
use super::provision::Lifecycle;
use crate::config::Settings;
use crate::credential::{Field, Fingerprint, Malformed, Record, RecordState};
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::{Check, Obtain, Restored, Seen, Takeover};
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

/// Writes an earlier credential of the record as a new version, tried at the gateway first.
///
/// Without --to it is the newest revision with another API user or key than now. One that the gateway refuses is not
/// written (77), nor is one that cannot be proven now (69). Fields of other programs stay as they are now, and the API
/// user that is replaced moves to the retired ones. No store's own pointer is moved back: that would revive its claim.
///
/// A store that keeps no history, such as a dotenv file, has nothing to go back to (78).
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred rollback\n  \
    momo-cred rollback -p collection --to 7\n  \
    momo-cred verify --revision 7               would it work?")]
pub(crate) struct Options {
    /// The revision to go back to [default: the newest with another credential than now]
    #[arg(long, value_name = "REVISION")]
    to: Option<String>,
    #[command(flatten)]
    hook: HookFlag,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let settings = options.hook.settings(context)?;
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    context.block_on(Runtime::Tokio, rollback(context, options, &settings, &place))
}

async fn rollback(
    context: &Context,
    options: &Options,
    settings: &Settings,
    place: &Place,
) -> Result<Outcome> {
    if !place.backend.capabilities().history {
        return Err(no_history(place));
    }
    let seen = place.seen(settings, context).await?;
    if seen.deleted || seen.record.document().is_empty() {
        return Err(place.not_found(&seen, &settings.profile));
    }
    place.writable(&seen)?;
    let (revision, earlier) = match &options.to {
        Some(to) => (Revision::new(to.as_str()), named(context, settings, place, to).await?),
        None => newest(context, settings, place, &seen).await?,
    };
    if earlier.same_credential(&seen.record) && matches!(seen.record.claim(), Ok(None)) {
        context.output.note(&format!(
            "{} holds the credential of revision {revision} already; nothing to do",
            place.location
        ));
        context.trail.noop(&context.output, &seen);
        return context.noop(settings, place, &seen);
    }
    let effective = Effective::new(settings, &earlier, Holder::Record(&place.location), Purpose::Use)?;
    let restored = restored(&earlier, place)?;
    let inputs = keys(&earlier, place)?.inputs(&effective);
    let hold = place.hold(Work::Renewal, context).await?;
    let seen = place.unchanged(settings, context, &seen.expect).await?;
    place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
    let print = Fingerprint::of(Field::ApiKey, &restored.api_key);
    context.output.note(&format!(
        "back to revision {revision}: API user {}, API key {} (a fingerprint)",
        restored.user,
        print.map(|print| print.to_string()).unwrap_or_default()
    ));
    let lifecycle = Lifecycle { context, settings, place, effective: &effective, hold };
    lifecycle.run(seen, inputs, Obtain::Restored(Box::new(restored)), Check::Full).await
}

fn no_history(place: &Place) -> Error {
    let location = &place.location;
    Error::new(Kind::Unsupported, format!("{location} is in a store that keeps no history"))
        .at(location)
        .because("what was written over is gone, so there is nothing to go back to")
        .next("put a credential from a backup in place with `momo-cred import --replace --from FILE`")
}

/// The record of the revision that was asked for.
async fn named(context: &Context, settings: &Settings, place: &Place, revision: &str) -> Result<Record> {
    let seen = earlier::named(context, settings, place, revision, "--to").await?;
    let location = &place.location;
    if seen.record.state() == RecordState::Vacant {
        return Err(Error::new(Kind::NotFound, format!("that revision of {location} holds no credential"))
            .at(location)
            .next("choose another one, or leave --to out for the newest with another credential than now"));
    }
    place.writable(&seen)?;
    complete(&seen, place, &settings.profile).map_err(|error| {
        error.because("it is the revision that --to names").next("choose another one with --to")
    })?;
    Ok(seen.record)
}

/// The newest revision with another credential than now. Claims and what was given up leave the credential as it is.
async fn newest(
    context: &Context,
    settings: &Settings,
    place: &Place,
    seen: &Seen,
) -> Result<(Revision, Record)> {
    let versions = earlier::versions(context, place).await?.ok_or_else(|| no_history(place))?;
    for version in versions {
        let Some(earlier) = earlier::glance(settings, place, &version).await? else { continue };
        if is_target(&earlier.record, &seen.record) {
            return Ok((version.revision, earlier.record));
        }
    }
    let location = &place.location;
    Err(Error::new(Kind::NotFound, format!("{location} has no earlier credential to go back to"))
        .at(location)
        .because("every revision that the store still has holds the same credential, or none")
        .next("get a new one with `momo-cred rotate`, or put one in place with `momo-cred import --replace`"))
}

/// Whether a revision is one to go back to.
fn is_target(earlier: &Record, now: &Record) -> bool {
    matches!(earlier.claim(), Ok(None))
        && earlier.state() == RecordState::Complete
        && earlier.writable()
        && earlier.plain().is_ok()
        && earlier.check().is_ok()
        && !earlier.same_access(now)
}

fn restored(earlier: &Record, place: &Place) -> Result<Restored> {
    let holder = Holder::Record(&place.location);
    let incomplete = |field| holder.malformed(&Malformed::Incomplete(vec![field]));
    let user = earlier.api_user().map_err(|bad| holder.malformed(&bad))?;
    Ok(Restored {
        user: user.ok_or_else(|| incomplete(Field::ApiUser))?,
        api_key: earlier.get(Field::ApiKey).cloned().ok_or_else(|| incomplete(Field::ApiKey))?,
        record: earlier.clone(),
    })
}

/// The keys that the revision has; none of the environment's is among them.
fn keys(earlier: &Record, place: &Place) -> Result<Keys> {
    let missing = Malformed::Incomplete(vec![Field::SubscriptionKey]);
    let subscription = earlier.get(Field::SubscriptionKey).cloned();
    Ok(Keys {
        subscription: subscription.ok_or_else(|| Holder::Record(&place.location).malformed(&missing))?,
        secondary: earlier.get(Field::SubscriptionKeySecondary).cloned(),
        provisioning: earlier.get(Field::ProvisioningSubscriptionKey).cloned(),
    })
}

#[cfg(test)]
mod tests {
    use momo_cred_backend_api::{Document, FieldName, Secret};
    use momo_cred_backend_testkit::Canary;

    use super::*;
    use crate::credential::Layout;

    const USER: &str = "01d00000-0000-4000-8000-000000000001";

    fn record(fields: &[(&str, &str)]) -> Record {
        let document: Document = fields
            .iter()
            .map(|(name, value)| (FieldName::new(*name).unwrap(), Secret::from(*value)))
            .collect();
        Record::new(document, Layout::default())
    }

    fn with(key: &str, more: &[(&str, &str)]) -> Record {
        let (subscription, key) = (Canary::hex("subscription"), Canary::hex(key));
        let mut fields =
            vec![("subscription_key", subscription.value()), ("api_user", USER), ("api_key", key.value())];
        fields.extend(more);
        record(&fields)
    }

    #[test]
    fn only_another_credential_that_is_whole_and_nobodys_claim_is_one_to_go_back_to() {
        let now = with("now", &[]);
        assert!(is_target(&with("earlier", &[]), &now));
        assert!(is_target(&with("earlier", &[]), &record(&[])), "a vacant record has none");
        for (why, earlier) in [
            ("the same credential", with("now", &[("product", "collection")])),
            ("a claim", with("earlier", &[("pending_id", "x")])),
            ("vacant", record(&[("schema", "1")])),
            ("incomplete", record(&[("api_key", Canary::hex("earlier").value())])),
            ("malformed", with("earlier", &[("product", "nonsense")])),
            ("newer", with("earlier", &[("schema", "2")])),
        ] {
            assert!(!is_target(&earlier, &now), "{why}");
        }
    }
}
