//! Which records of the config file hold the same credential: what kills it kills it for all of them.

use std::sync::Arc;

use momo_cred_backend_api::{Location, Secret};

use super::context::{Context, Place};
use crate::credential::{Field, Record};
use crate::registry::Runtime;
use crate::{Error, Result};

/// A record that holds it, as messages name it.
#[derive(Clone, Debug)]
pub(crate) struct Holding<T> {
    pub(crate) profile: String,
    pub(crate) location: String,
    /// What of it was looked for.
    pub(crate) what: T,
}

/// Looks at every profile's record but the one at `place`. `find` says what of that which is looked for a record has.
///
/// # Errors
/// Whatever keeps a record from being read: what is not seen cannot be ruled out.
pub(crate) async fn others<T>(
    context: &Context,
    place: &Place,
    sought: &str,
    find: impl Fn(&Record) -> Option<T>,
) -> Result<Vec<Holding<T>>> {
    let mut found = Vec::new();
    for settings in context.configured()? {
        let unread = |error: Error| {
            error.because(format!(
                "profile {} may hold the same {sought}, and cannot be read",
                settings.profile
            ))
        };
        let other = context.place(&settings).map_err(unread)?;
        if same(place, &other) {
            continue;
        }
        let seen = other.glance(&settings, context).await.map_err(unread)?;
        if let Some(what) = find(&seen.record) {
            found.push(Holding { profile: settings.profile, location: other.location.to_string(), what });
        }
    }
    Ok(found)
}

/// Finds a key.
pub(crate) fn with_key(field: Field, value: &Secret) -> impl Fn(&Record) -> Option<()> {
    move |record| record.get(field).filter(|key| key.same_as(value)).map(drop)
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
