//! What the kernel keeps for a start while the store is down: kept after a good read, and used in an outage. What drops it
//! is heard elsewhere: by the store (`Forgetting`), and by whoever reads a record (`Place::read`).

use serde_json::{Value, json};

use super::Ready;
use crate::cache::{Cache, Cached, Epoch, Unusable};
use crate::cli::context::{Context, Place};
use crate::config::Settings;
use crate::lifecycle::Seen;
use crate::{Error, Kind, Result, registry};

/// Where a record is kept, and what was noted of it before it is read.
pub(super) enum Keeping {
    /// Nobody asked for it, or it does nothing here.
    Off,
    /// It was asked for, and cannot be done.
    Not(String),
    /// What is kept is looked at, and what is read is not kept: nothing is started.
    Looks(Cache),
    /// What is read is kept, if the epoch lasts.
    Keeps(Cache, std::result::Result<Epoch, Unusable>),
}

/// What a record is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// To start a program.
    ToStart,
    /// To tell what one would be given.
    ToExplain,
}

impl Keeping {
    /// Before the record is read.
    pub(super) fn begin(context: &Context, settings: &Settings, place: &Place, reads: Reads) -> Result<Self> {
        let Some(max_age) = &settings.cache else { return Ok(Self::Off) };
        let Some(login) = registry::login(settings, &context.environment)? else {
            context.output.detail(&format!(
                "`cache` ({}) does nothing for {}, which is never out of reach",
                max_age.origin, place.location
            ));
            return Ok(Self::Off);
        };
        Ok(match (Cache::new(&place.location, login, &settings.layout, max_age.value), reads) {
            (Err(unknown), _) => Self::Not(unknown.to_string()),
            (Ok(cache), Reads::ToExplain) => Self::Looks(cache),
            (Ok(cache), Reads::ToStart) => {
                let epoch = cache.epoch();
                Self::Keeps(cache, epoch)
            }
        })
    }

    /// After a read: keeps what a program can be started with.
    fn keep(self, context: &Context, ready: &Ready<'_>) {
        let why = match self {
            Self::Off | Self::Looks(_) => return,
            Self::Not(why) => why,
            Self::Keeps(cache, epoch) => match epoch.and_then(|epoch| cache.keep(&ready.seen, &epoch)) {
                Ok(()) => return,
                Err(unusable) => unusable.to_string(),
            },
        };
        context.output.warn(&format!("nothing is cached of {}: {why}", ready.place.location));
    }
}

/// A credential that a program can be started with: the one that was read, or in an outage the one that was kept.
pub(super) fn ready<'a>(
    context: &Context,
    settings: &'a Settings,
    place: &'a Place,
    seen: Result<Seen>,
    keeping: Keeping,
) -> Result<Ready<'a>> {
    match seen.and_then(|seen| Ready::new(settings, place, seen)) {
        Ok(ready) => {
            keeping.keep(context, &ready);
            Ok(ready)
        }
        Err(error) if error.kind() == Kind::Unavailable => match keeping {
            Keeping::Off => Err(error),
            Keeping::Not(why) => {
                Err(error.tried(format!("what is cached for this login: nothing is kept: {why}")))
            }
            Keeping::Looks(cache) | Keeping::Keeps(cache, _) => match cache.get() {
                Ok(Some(cached)) => from(context, settings, place, cached, &error),
                Ok(None) => Err(error.tried("what is cached for this login: nothing")),
                Err(why) => Err(error.tried(format!("what is cached for this login: {why}"))),
            },
        },
        Err(error) => Err(error),
    }
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
    context.output.alarm(&format!(
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
