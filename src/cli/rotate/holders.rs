//! Which records of the config file hold the same key: what kills it kills it for all of them.

use std::sync::Arc;

use momo_cred_backend_api::{Location, Secret};

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
pub(super) async fn others(
    context: &Context,
    place: &Place,
    field: Field,
    value: &Secret,
) -> Result<Vec<Holding>> {
    let mut found: Vec<Holding> = Vec::new();
    for settings in context.configured()? {
        let unread = |error: Error| {
            error.because(format!(
                "profile {} may hold the same {field}, and cannot be read",
                settings.profile
            ))
        };
        let other = context.place(&settings).map_err(unread)?;
        if same(place, &other) {
            continue;
        }
        let seen = other.glance(&settings, context).await.map_err(unread)?;
        if seen.record.get(field).is_some_and(|key| key.same_as(value)) {
            found.push(Holding { profile: settings.profile, location: other.location.to_string() });
        }
    }
    Ok(found)
}

/// One record. A network store is one per server and login; a file is opened anew each time, and may go by two names.
fn same(one: &Place, other: &Place) -> bool {
    let (a, b) = (&one.location, &other.location);
    if one.runtime != Runtime::None {
        return a == b && Arc::ptr_eq(&one.backend, &other.backend);
    }
    let file = |location: &Location| std::fs::canonicalize(location.address()).ok();
    a == b
        || a.scheme() == b.scheme() && a.fragment() == b.fragment() && file(a).is_some() && file(a) == file(b)
}
