//! `--strategy rekey`: what it may not be done to, and what a person is asked before.

use uuid::Uuid;

use super::Old;
use crate::cli::context::{Context, Place};
use crate::cli::resume::keep_callback_host;
use crate::cli::{copies, holders};
use crate::credential::{Field, Record};
use crate::{Error, Kind, Result};

/// Stops before anything is changed where a rekey would do harm that `new-user` does not.
pub(super) async fn refuse_where_harmful(old: &Old<'_>) -> Result<()> {
    let location = &old.place.location;
    if !old.place.backend.capabilities().compare_and_swap {
        let error =
            Error::new(Kind::Unsupported, format!("{location} is in a store without compare-and-swap"));
        return Err(error
            .at(location)
            .because("a rekey kills the key in use, and another writer could put the dead one back")
            .next("rotate with the default strategy, new-user, or use a store with compare-and-swap"));
    }
    keep_callback_host(&old.seen, &old.effective, old.place)?;
    copies::refuse_lost(old.context, old.place, &old.seen.expect).await?;
    let new_user = "rotate with the default strategy, new-user, which lets the old key live";
    refuse_while_held(old.context, old.place, &old.seen.record, &[new_user]).await
}

/// Stops where another record of the config file holds the key that a rekey kills. `ways_out` is what to do instead.
pub(in crate::cli) async fn refuse_while_held(
    context: &Context,
    place: &Place,
    record: &Record,
    ways_out: &[&str],
) -> Result<()> {
    let location = &place.location;
    let Some(api_key) = record.get(Field::ApiKey) else { return Ok(()) };
    let with_ways_out = |error: Error| ways_out.iter().fold(error, |error, way| error.next(*way));
    let sought = holders::with_key(Field::ApiKey, api_key);
    let others = holders::others(context, place, "API key", sought).await.map_err(with_ways_out)?;
    if others.is_empty() {
        return Ok(());
    }
    let mut error = Error::new(
        Kind::Conflict,
        format!("the API key at {location} is in use elsewhere; nothing was changed"),
    );
    for other in others {
        error = error.because(format!("profile {} has it too, at {}", other.profile, other.location));
    }
    Err(with_ways_out(error.at(location).because("a rekey would kill it there")))
}

/// What a person is asked.
pub(super) fn question(user: Uuid) -> String {
    format!(
        "Ask for another key of API user {user}? The key in use may die at once, and programs fail until they are \
         started again with the new one."
    )
}
