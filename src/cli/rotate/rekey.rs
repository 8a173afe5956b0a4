//! `--strategy rekey`: what it may not be done to, and what a person is asked before.

use uuid::Uuid;

use super::Old;
use crate::cli::holders;
use crate::cli::resume::keep_callback_host;
use crate::credential::Field;
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
    let Some(api_key) = old.seen.record.get(Field::ApiKey) else { return Ok(()) };
    let new_user = "rotate with the default strategy, new-user, which lets the old key live";
    let sought = holders::with_key(Field::ApiKey, api_key);
    let others = holders::others(old.context, old.place, "API key", sought)
        .await
        .map_err(|error| error.next(new_user))?;
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
    Err(error.at(location).because("a rekey would kill it there").next(new_user))
}

/// What a person is asked.
pub(super) fn question(user: Uuid) -> String {
    format!(
        "Ask for another key of API user {user}? The key in use may die at once, and programs fail until they are \
         started again with the new one."
    )
}
