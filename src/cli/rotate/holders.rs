//! Which records of the config file hold the same API key: what kills it kills it for all of them.

use std::sync::Arc;

use momo_cred_backend_api::Secret;

use crate::cli::context::{Context, Place};
use crate::credential::Field;
use crate::registry::Runtime;
use crate::{Error, Result};

/// A record that holds it, as messages name it.
pub(super) struct Holding {
    pub(super) profile: String,
    pub(super) location: String,
}

/// Looks at every profile's record but the one at `place`.
///
/// # Errors
/// Whatever keeps a record from being read: what is not seen cannot be ruled out.
pub(super) async fn others(context: &Context, place: &Place, api_key: &Secret) -> Result<Vec<Holding>> {
    let mut found: Vec<Holding> = Vec::new();
    for settings in context.configured()? {
        let other = context.place(&settings)?;
        let location = other.location.to_string();
        if same(place, &other) {
            continue;
        }
        let seen = other.seen(&settings, context).await.map_err(|error| unread(error, &settings.profile))?;
        if seen.record.get(Field::ApiKey).is_some_and(|key| key.same_as(api_key)) {
            found.push(Holding { profile: settings.profile, location });
        }
    }
    Ok(found)
}

/// One record. A network store is one per server and login; a file is opened anew each time.
fn same(one: &Place, other: &Place) -> bool {
    one.location == other.location
        && (one.runtime == Runtime::None || Arc::ptr_eq(&one.backend, &other.backend))
}

fn unread(error: Error, profile: &str) -> Error {
    error.because(format!("profile {profile} may hold the same API key, and cannot be read"))
}
