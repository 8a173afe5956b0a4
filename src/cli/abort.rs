//! `abort`: drop an open claim.

use momo_cred_backend_api::{Expect, Hold, Work};
use serde_json::{Value, json};

use super::confirm::confirm;
use super::context::{Context, Place, complete};
use super::network::TIMEOUT;
use super::steps::say_forgotten;
use super::{document, resume};
use crate::audit::Ending;
use crate::config::Settings;
use crate::credential::{Claim, ClaimKind, Field, Phase, RecordState};
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::{Alive, ClaimStanding, Seen, aborted};
use crate::momo::{Gateway as _, Verdict};
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

/// Drops an open claim: the record is again what it was before, or vacant where there was none.
///
/// The API user that the claim named may exist at the gateway; it moves to the retired ones, which `status` lists.
/// Without an open claim it says so and ends with 0. A claim whose owner may still live is left alone (75). A rekey is
/// dropped only where the key in the record still gets a token (else 77).
///
/// A rotation of the subscription key is not turned back: the record serves the former secondary key, which works. A new
/// primary that the claim holds is dropped after a question, or --yes.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  momo-cred abort -p collection")]
pub(crate) struct Options {
    #[command(flatten)]
    takeover: resume::TakeoverFlag,
    /// Do not ask before a new subscription key is dropped
    #[arg(long)]
    yes: bool,
}

impl Options {
    /// The claim that may be dropped: its owner is gone, or a person says so.
    fn droppable(&self, place: &Place, seen: &Seen, hold: Option<&Hold>) -> Result<Option<Claim>> {
        let (held, takeover) = (hold.is_some(), self.takeover.takeover());
        match place.standing(seen, held, takeover) {
            // Whether it did harm is told by the key.
            ClaimStanding::Live(claim, Alive::Unfinished) => Ok(Some(claim)),
            _ => match place.clear(seen, held, takeover)? {
                ClaimStanding::Dead(claim) => Ok(Some(claim)),
                _ => Ok(None),
            },
        }
    }
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let settings = context.settings()?;
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    context.block_on(Runtime::Tokio, abort(context, options, &settings, &place))
}

async fn abort(context: &Context, options: &Options, settings: &Settings, place: &Place) -> Result<Outcome> {
    let seen = place.seen(settings, context).await?;
    if matches!(seen.record.claim(), Ok(None)) {
        return resume::nothing_open(context, settings, place, &seen);
    }
    place.writable(&seen)?;
    let mut hold = place.hold(Work::Upkeep, context).await?;
    let mut seen = place.seen(settings, context).await?;
    let Some(mut claim) = options.droppable(place, &seen, hold.as_ref())? else {
        return resume::nothing_open(context, settings, place, &seen);
    };
    if claim.kind == ClaimKind::SubscriptionKey(Phase::Regenerated) && !options.yes {
        // A person may take any time, and a hold may be a lock on the file of other records.
        drop(hold.take());
        let question =
            "Drop the new subscription key that is kept there? The portal's profile page shows it again.";
        confirm(context, &place.location, "drop the key at", question)?;
        hold = place.hold(Work::Upkeep, context).await?;
        seen = place.unchanged(settings, context, &seen.expect).await?;
        let Some(still) = options.droppable(place, &seen, hold.as_ref())? else {
            return resume::nothing_open(context, settings, place, &seen);
        };
        claim = still;
    }
    if claim.kind == ClaimKind::Rekey && seen.record.state() != RecordState::Vacant {
        key_works(context, settings, place, &seen).await?;
        context.output.note(&format!("the key at {} still gets a token", place.location));
    }
    let Expect::Revision(revision) = seen.expect else {
        return resume::nothing_open(context, settings, place, &seen);
    };
    let record = aborted(seen.record.clone());
    #[cfg(feature = "faults")]
    let point = crate::faults::Around::begin(crate::faults::Step::Abort);
    let revision = place.backend.write(&place.name, record.document(), &Expect::Revision(revision)).await?;
    #[cfg(feature = "faults")]
    drop(point);
    seen.record.forgotten_in(&record).into_iter().for_each(|user| say_forgotten(&context.output, user));
    context.output.note(&format!("the claim at {} is dropped; revision {revision}", place.location));
    if let Some(stands) = claim.kind.phase().and_then(how_it_stands) {
        context.output.note(stands);
    }
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

/// What is left to know of a rotation of the subscription key that goes no further.
const fn how_it_stands(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Moving => None,
        Phase::Swapped => Some(
            "the record serves the former secondary subscription key; unless the portal has regenerated one of them, \
             both keys work",
        ),
        Phase::Regenerated => Some(
            "the record serves the former secondary subscription key, which works; the one beside it was regenerated \
             and is dead: take it out of the store, and `momo-cred rotate --subscription-key` asks for the new one",
        ),
    }
}

/// A rekey may have killed the key in the record: unless that still gets a token, dropping the claim would hide it.
async fn key_works(context: &Context, settings: &Settings, place: &Place, seen: &Seen) -> Result<()> {
    complete(seen, place, &settings.profile)?;
    let holder = Holder::Record(&place.location);
    let effective = Effective::new(settings, &seen.record, holder, Purpose::Use)?;
    let gateway = context.gateway(settings, &effective)?;
    let record = &seen.record;
    let (Some(key), Ok(Some(user)), Some(api_key)) =
        (record.get(Field::SubscriptionKey), record.api_user(), record.get(Field::ApiKey))
    else {
        return Err(Error::new(Kind::Internal, "a record that was checked is not complete"));
    };
    gateway.token(effective.product, key, user, api_key).await.map(drop).map_err(|refusal| {
        let what = match refusal.verdict() {
            Verdict::Bad => "the key in the record is refused; the claim stays",
            _ => "whether the key in the record works cannot be told now; the claim stays",
        };
        Error::new(refusal.kind(), what)
            .because(refusal)
            .at(&place.location)
            .next("run `momo-cred resume --force-takeover`, which asks for another key and finishes")
    })
}
