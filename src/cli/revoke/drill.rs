//! The second part of `compromise`.

use momo_cred_backend_api::Work;

use super::alone::Why;
use super::{Report, Revoker, copies, portal, users};
use crate::cli::context::{Context, Place};
use crate::config::Settings;
use crate::credential::{Field, Record};
use crate::lifecycle::{By, Takeover};
use crate::{Error, Kind, Result};

/// Revokes what has leaked, and then all others that are retired. `leaked` is the record as it was before the rotation,
/// whose key no store may have any more, and `later` what to do where nothing
/// comes of this.
///
/// Where the new credential has the same API user, as production allows, nothing of it is asked for: its old key is tried.
pub(in crate::cli) async fn after_rotation(
    context: &Context,
    settings: &Settings,
    place: &Place,
    leaked: &Record,
    later: &str,
) -> Result<Report> {
    let seen = place.seen(settings, context).await?;
    let (Ok(Some(user)), Some(old_key)) = (leaked.api_user(), leaked.get(Field::ApiKey)) else {
        return Err(Error::new(Kind::Internal, "a record that was checked is not complete"));
    };
    if seen.record.get(Field::ApiKey).is_some_and(|key| key.same_as(old_key)) {
        let what = format!("{} still holds the credential that has leaked", place.location);
        return Err(Error::new(Kind::Conflict, what)
            .at(&place.location)
            .because("the new one was stored elsewhere, or somebody put the old one back"));
    }
    copies::follow(context, place, &seen.expect, later).await?;
    let revoker = Revoker::new(context, settings, place, &seen)?;
    let own = seen.record.api_user().ok().flatten();
    // What has leaked goes first: an outage in between is for the others.
    let others = users(&seen, None).into_iter().filter(|other| *other != user);
    let all: Vec<_> = std::iter::once(user).chain(others).collect();
    let mut sorted = revoker.sorted(&seen, Some(leaked), &all).await?;
    let (also, held): (Vec<_>, Vec<_>) =
        revoker.held(&sorted, own).await?.into_iter().partition(|holding| own == Some(holding.what));
    let mut in_use: Vec<_> = held.iter().map(|holding| holding.what).collect();
    in_use.sort_unstable();
    in_use.dedup();
    sorted.leave(&in_use, |user| {
        let holders = held.iter().filter(|holding| holding.what == user);
        holders.cloned().map(Why::Held).collect()
    });
    if sorted.is_empty() {
        return Ok(revoker.carry_out(seen, sorted, None, None).await?.about(user, also, later));
    }
    let by_hand: Vec<_> = sorted.users(By::Portal).into_iter().filter(|user| own != Some(*user)).collect();
    if !by_hand.is_empty() {
        portal::wait(context, place, &by_hand)?;
    }
    let hold = place.hold(Work::Renewal, context).await?;
    let seen = place.unchanged(settings, context, &seen.expect).await?;
    place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
    Ok(revoker.carry_out(seen, sorted, None, hold).await?.about(user, also, later))
}
