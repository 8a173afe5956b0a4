//! What the kernel keeps for a start while the store is down: kept after a good read, used in an outage, dropped when the
//! store says something else.

use serde_json::{Value, json};

use super::Ready;
use crate::cache::{Cache, Cached};
use crate::cli::context::{Context, Place};
use crate::config::Settings;
use crate::lifecycle::Seen;
use crate::{Error, Kind, Result, registry};

/// A credential that a program can be started with: the one that was read, or in an outage the one that was kept.
/// `keeps`: whether a good read is kept.
pub(super) fn ready<'a>(
    context: &Context,
    settings: &'a Settings,
    place: &'a Place,
    seen: Result<Seen>,
    keeps: Keeps,
) -> Result<Ready<'a>> {
    let Some(cache) = cache(context, settings, place)? else {
        return Ready::new(settings, place, seen?);
    };
    let unusable = |why| {
        context.output.warn(&format!("nothing is cached of {}: {why}", place.location));
    };
    match seen.and_then(|seen| Ready::new(settings, place, seen)) {
        Ok(ready) => {
            if keeps == Keeps::Good {
                cache.keep(&ready.seen).unwrap_or_else(unusable);
            }
            Ok(ready)
        }
        Err(error) if error.kind() == Kind::Unavailable => match cache.get(&settings.layout) {
            Ok(Some(cached)) => from(context, settings, place, cached, &error),
            Ok(None) => Err(error.tried("what is cached for this login: nothing")),
            Err(why) => Err(error.tried(format!("what is cached for this login: {why}"))),
        },
        Err(error) => {
            // No later outage brings back what the store says is gone.
            if matches!(error.kind(), Kind::Denied | Kind::NotFound | Kind::Corrupt) {
                cache.forget().unwrap_or_else(unusable);
            }
            Err(error)
        }
    }
}

/// Whether what is read is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// What can start a program.
    Good,
    /// Nothing: nothing is started.
    Nothing,
}

fn cache(context: &Context, settings: &Settings, place: &Place) -> Result<Option<Cache>> {
    let Some(max_age) = &settings.cache else { return Ok(None) };
    let Some(login) = registry::login(settings, &context.environment)? else {
        context.output.detail(&format!(
            "`cache` ({}) does nothing for {}, which is never out of reach",
            max_age.origin, place.location
        ));
        return Ok(None);
    };
    Ok(Some(Cache::new(&place.location, login, max_age.value)))
}

fn from<'a>(
    context: &Context,
    settings: &'a Settings,
    place: &'a Place,
    cached: Cached,
    outage: &Error,
) -> Result<Ready<'a>> {
    let Cached { seen, revision, age } = cached;
    let ready = Ready { cached: Some(age), ..Ready::new(settings, place, seen)? };
    context.output.warn(&format!(
        "{outage}; profile {} gets revision {revision} of {}, cached {} s ago, which may have been replaced since",
        settings.profile,
        place.location,
        age.as_secs()
    ));
    Ok(ready)
}

/// What comes from the cache, for JSON.
pub(super) fn document(ready: &[Ready<'_>]) -> Value {
    let one = |ready: &Ready<'_>| {
        let age = ready.cached?;
        Some(json!({
            "profile": ready.settings.profile,
            "location": ready.place.location.to_string(),
            "revision": crate::cli::document::revision(&ready.seen),
            "age_s": age.as_secs(),
        }))
    };
    ready.iter().filter_map(one).collect()
}
