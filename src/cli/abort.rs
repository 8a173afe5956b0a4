//! `abort`: drop an open claim.

use momo_cred_backend_api::{Expect, Work};
use serde_json::{Value, json};

use super::context::{Context, Place};
use super::network::TIMEOUT;
use super::{document, resume};
use crate::audit::Ending;
use crate::config::Settings;
use crate::lifecycle::{ClaimStanding, aborted};
use crate::{Outcome, Result};

/// Drops an open claim: the record is again what it was before, or vacant where there was none.
///
/// The API user that the claim named may exist at the gateway; it moves to the retired ones, which `status` lists.
/// Without an open claim it says so and ends with 0. A claim whose owner may still live is left alone (75).
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  momo-cred abort -p collection")]
pub(crate) struct Options {
    #[command(flatten)]
    takeover: resume::TakeoverFlag,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let settings = context.settings()?;
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    context.block_on(place.runtime, abort(context, options, &settings, &place))
}

async fn abort(context: &Context, options: &Options, settings: &Settings, place: &Place) -> Result<Outcome> {
    let seen = place.seen(settings, context).await?;
    if matches!(seen.record.claim(), Ok(None)) {
        return resume::nothing_open(context, settings, place, &seen);
    }
    place.writable(&seen)?;
    let hold = place.hold(Work::Upkeep, context).await?;
    let seen = place.seen(settings, context).await?;
    let (ClaimStanding::Dead(_), Expect::Revision(revision)) =
        (place.clear(&seen, hold.is_some(), options.takeover.takeover())?, seen.expect.clone())
    else {
        return resume::nothing_open(context, settings, place, &seen);
    };
    let record = aborted(seen.record);
    let revision = place.backend.write(&place.name, record.document(), &Expect::Revision(revision)).await?;
    context.output.note(&format!("the claim at {} is dropped; revision {revision}", place.location));
    context.trail.ended(&context.output, Ending::Ok, Some((&revision, &record)));
    if context.output.json() {
        let mut head = document::head(context.command, &settings.profile, &place.location.to_string());
        document::record(&mut head, &record);
        head.insert("revision".into(), json!(revision.as_str()));
        head.insert("claim".into(), Value::Null);
        context.result(head, "ok")?;
    }
    Ok(Outcome::SUCCESS)
}
