//! `remove`: delete a record at the revision seen.

use momo_cred_backend_api::{Expect, Removal, Removes, Revision, Work};
use serde_json::json;

use super::confirm::confirm;
use super::context::{Context, Place};
use super::document;
use super::network::TIMEOUT;
use crate::config::Settings;
use crate::lifecycle::{Seen, Takeover};
use crate::{Error, Kind, Outcome, Result};

/// Deletes a record, if it is still the one that was seen. Where the store can bring it back, that stays possible;
/// --destroy deletes every version of it for good.
///
/// The API user lives on at the gateway: MoMo has no call that deletes one. A record with an open claim whose owner may
/// live is left alone (75).
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred remove -p old\n  \
    momo-cred remove --store vault:secret/momo/old/collection --destroy --yes")]
pub(crate) struct Options {
    /// Delete it with all its versions, for good
    #[arg(long)]
    destroy: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let settings = context.settings()?;
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    let removal = removal(&place, options)?;
    let seen = context.block_on(place.runtime, place.seen(&settings, context))?;
    let revision = revision(&settings, &place, &seen, removal)?;
    agree(context, options, &place, &seen, removal)?;
    context.block_on(place.runtime, remove(context, &settings, &place, &revision, removal))?;
    told(context, &settings, &place, &revision, removal)
}

/// What the store can do of what was asked.
fn removal(place: &Place, options: &Options) -> Result<Removal> {
    match place.backend.capabilities().remove {
        Removes::Recoverably if !options.destroy => Ok(Removal::Recoverable),
        Removes::Recoverably | Removes::ForGood => Ok(Removal::Destroy),
        Removes::Nothing => Err(Error::new(
            Kind::Unsupported,
            format!("{} is in a store that removes nothing", place.location),
        )
        .at(&place.location)
        .next("remove it with the store's own tools")),
    }
}

/// The revision that is to go.
fn revision(settings: &Settings, place: &Place, seen: &Seen, removal: Removal) -> Result<Revision> {
    match &seen.expect {
        Expect::Revision(revision) if !seen.deleted || removal == Removal::Destroy => Ok(revision.clone()),
        Expect::Revision(_) => Err(place
            .not_found(seen, &settings.profile)
            .next("give --destroy to delete what is left of it for good")),
        Expect::Absent => Err(Error::new(Kind::NotFound, format!("there is nothing at {}", place.location))
            .at(&place.location)
            .next("see with `momo-cred list` which records there are")),
    }
}

fn agree(context: &Context, options: &Options, place: &Place, seen: &Seen, removal: Removal) -> Result<()> {
    let others = seen.record.foreign();
    if others > 0 {
        context
            .output
            .warn(&format!("{} holds {others} fields of other programs, which go with it", place.location));
    }
    if options.yes {
        return Ok(());
    }
    let how = match removal {
        Removal::Recoverable => "It can be brought back with the store's own tools.",
        Removal::Destroy => "It cannot be brought back.",
    };
    confirm(context, &place.location, "remove", &format!("Remove {}? {how}", place.location))
}

/// Looks once more, now that nobody else can begin to work on it, and removes.
async fn remove(
    context: &Context,
    settings: &Settings,
    place: &Place,
    revision: &Revision,
    removal: Removal,
) -> Result<()> {
    let hold = place.hold(Work::Upkeep, context).await?;
    let seen = place.seen(settings, context).await?;
    place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
    let removed = place.backend.remove(&place.name, revision, removal).await;
    context.tell(place.backend.notices());
    Ok(removed?)
}

fn told(
    context: &Context,
    settings: &Settings,
    place: &Place,
    revision: &Revision,
    removal: Removal,
) -> Result<Outcome> {
    let how = match (removal, place.backend.capabilities().undelete) {
        (Removal::Recoverable, Some(undelete)) => format!("removed; bring it back with: {undelete}"),
        (Removal::Recoverable, None) => "removed; the store can bring it back".to_owned(),
        (Removal::Destroy, _) => "removed for good".to_owned(),
    };
    context.output.note(&format!("{} is {how} (it was revision {revision})", place.location));
    if context.output.json() {
        let mut map = document::head(context.command, &settings.profile, &place.location.to_string());
        map.insert("outcome".into(), json!("ok"));
        map.insert("revision".into(), json!(revision.as_str()));
        map.insert("recoverable".into(), json!(removal == Removal::Recoverable));
        context.output.document(&serde_json::Value::Object(map))?;
    }
    Ok(Outcome::SUCCESS)
}
