//! Earlier revisions of a record, where the store keeps them.

use momo_cred_backend_api::{At, ErrorKind, Lookup, Revision, Version};

use super::context::{Context, Place};
use crate::config::Settings;
use crate::lifecycle::Seen;
use crate::{Error, Kind, Result};

/// Reads the revision that a flag names.
///
/// # Errors
/// [`Kind::NotFound`] for one that is not there: that says nothing of the record as it is now.
pub(crate) async fn named(
    context: &Context,
    settings: &Settings,
    place: &Place,
    revision: &str,
    flag: &str,
) -> Result<Seen> {
    let lookup = place.backend.read(&place.name, &At::Revision(Revision::new(revision))).await;
    context.tell(place.backend.notices());
    let how = match lookup {
        Ok(Lookup::Missing) => "is not there, or not any more",
        Ok(Lookup::Deleted { .. }) => "was deleted",
        _ => return place.read(settings, lookup),
    };
    Err(Error::new(Kind::NotFound, format!("that revision of {} {how}", place.location))
        .at(&place.location)
        .next(format!("see `momo-cred status` for the current one, or leave {flag} out")))
}

/// The versions there are, newest first; `None` for a store that keeps none.
pub(crate) async fn versions(context: &Context, place: &Place) -> Result<Option<Vec<Version>>> {
    if !place.backend.capabilities().history {
        return Ok(None);
    }
    let versions = place.backend.history(&place.name).await;
    context.tell(place.backend.notices());
    match versions {
        Ok(versions) => Ok(Some(versions)),
        // Of which version an engine is may be known only once it was asked.
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A revision as it was, for the search through all of them: `None` for one that is gone.
pub(crate) async fn glance(settings: &Settings, place: &Place, version: &Version) -> Result<Option<Seen>> {
    if version.deleted {
        return Ok(None);
    }
    match place.backend.read(&place.name, &At::Revision(version.revision.clone())).await? {
        found @ Lookup::Found(_) => Ok(Some(Seen::new(found, &settings.layout))),
        Lookup::Missing | Lookup::Deleted { .. } => Ok(None),
    }
}
