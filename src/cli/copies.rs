//! Copies of a record in other places: whoever reads one that lags gets the credential of before.

use momo_cred_backend_api::{Copies, Expect, Revision};
use momo_cred_transport::backoff;

use super::context::{Context, Place};
use crate::{Error, Kind, Result};

/// Waits until every copy has the record as it was read, before anything of before is made useless. `later` is what to do
/// where one takes too long.
///
/// # Errors
/// [`Kind::Unavailable`] where one is not there in time; [`Kind::Conflict`] where one does not come by itself.
pub(super) async fn follow(context: &Context, place: &Place, expect: &Expect, later: &str) -> Result<()> {
    let Expect::Revision(revision) = expect else { return Ok(()) };
    let mut waited_for = Vec::new();
    for tries in 1.. {
        let copies = look(context, place, revision).await?;
        refuse_failed(place, &copies)?;
        if copies.behind.is_empty() {
            return Ok(());
        }
        if copies.behind != waited_for {
            context.output.note(&format!(
                "waiting for the copies of {} in {} to have revision {revision}",
                place.location,
                copies.behind.join(", ")
            ));
        }
        let pause = backoff(tries, None);
        if context.network.deadline().remaining().is_none_or(|left| left <= pause) {
            return Err(late(place, revision, &copies.behind).next(later));
        }
        waited_for = copies.behind;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// Stops where a copy would never follow: waiting later would be in vain.
pub(super) async fn refuse_lost(context: &Context, place: &Place, expect: &Expect) -> Result<()> {
    let Expect::Revision(revision) = expect else { return Ok(()) };
    refuse_failed(place, &look(context, place, revision).await?)
}

/// Looks once.
pub(super) async fn look(context: &Context, place: &Place, revision: &Revision) -> Result<Copies> {
    let copies = place.backend.copies(&place.name, revision).await;
    context.tell(place.backend.notices());
    Ok(copies?)
}

fn refuse_failed(place: &Place, copies: &Copies) -> Result<()> {
    if copies.failed.is_empty() {
        return Ok(());
    }
    let (location, regions) = (&place.location, copies.failed.join(", "));
    Err(Error::new(Kind::Conflict, format!("the copy of {location} in {regions} does not follow any more"))
        .at(location)
        .because("the store says that it failed, so whoever reads there gets what was before")
        .because("to make that useless would cut them off; no key was touched")
        .next(copies.mend.unwrap_or("mend it, or take it away, with the store's own tools")))
}

fn late(place: &Place, revision: &Revision, behind: &[String]) -> Error {
    let (location, regions) = (&place.location, behind.join(", "));
    Error::new(
        Kind::Unavailable,
        format!("the copy of {location} in {regions} does not have revision {revision} yet"),
    )
    .at(location)
    .because("whoever reads there gets what was before; no key was touched")
}
