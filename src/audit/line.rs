//! One line of the trail.

use jiff::Timestamp;
use momo_cred_backend_api::Revision;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Kind;
use crate::credential::{Field, Fingerprint, Record};
use crate::lifecycle::Owner;

/// The version of this layout.
const SCHEMA: u32 = 1;

/// The longest line: what a pipe takes in one piece, and a file does too.
const MAX: usize = 4096;

/// The longest location or revision in a line, in bytes; the second where they are full of what JSON escapes.
const MAX_NAMES: [usize; 2] = [512, 64];

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It did what it was to do.
    Ok,
    /// There was nothing to do.
    Noop,
    /// A signal stopped it.
    Stopped,
    /// It failed.
    Failed(Kind),
}

/// Fingerprints of both keys of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprints {
    api_key: Option<Fingerprint>,
    subscription_key: Option<Fingerprint>,
}

/// What a line says.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub time: Timestamp,
    /// The command.
    pub command: &'static str,
    /// Its profile.
    pub profile: String,
    /// Where the record is; `None` where the run ended before that was clear.
    pub location: Option<String>,
    /// How it ended.
    pub ending: Ending,
    /// The revision that the run left. None after a removal.
    pub revision: Option<Revision>,
    /// The revision that it found.
    pub previous: Option<Revision>,
    /// The API user that the record has now.
    pub api_user: Option<Uuid>,
    /// What the record held before.
    pub old: Fingerprints,
    /// What it holds now.
    pub new: Fingerprints,
}

impl Fingerprints {
    /// Those of a record.
    pub fn of(record: &Record) -> Self {
        let of = |field| record.get(field).and_then(|value| Fingerprint::of(field, value));
        Self { api_key: of(Field::ApiKey), subscription_key: of(Field::SubscriptionKey) }
    }
}

impl Ending {
    /// The word in the line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Noop => "noop",
            Self::Stopped => "stopped",
            Self::Failed(_) => "failed",
        }
    }
}

/// The line, with its line feed, not longer than [`MAX`].
pub(super) fn rendered(entry: &Entry) -> String {
    let mut lines = MAX_NAMES.into_iter().map(|longest| rendered_with(entry, longest));
    let line = lines.next().filter(|line| line.len() <= MAX);
    line.or_else(|| lines.next()).unwrap_or_default()
}

fn rendered_with(entry: &Entry, longest: usize) -> String {
    let here = Owner::this_process();
    let error = match entry.ending {
        Ending::Failed(kind) => Some(kind.token()),
        _ => None,
    };
    let short = |text: &str| text[..text.floor_char_boundary(longest)].to_owned();
    let revision = |revision: &Option<Revision>| revision.as_ref().map(|revision| short(revision.as_str()));
    let pair = |old: Option<Fingerprint>, new: Option<Fingerprint>| -> Value {
        let text = |fingerprint: Option<Fingerprint>| fingerprint.map(|fingerprint| fingerprint.to_string());
        json!({ "old": text(old), "new": text(new) })
    };
    let line = json!({
        "schema": SCHEMA,
        "time": entry.time.to_string(),
        "command": entry.command,
        "profile": entry.profile,
        "location": entry.location.as_deref().map(short),
        "outcome": entry.ending.name(),
        "error": error,
        "revision": revision(&entry.revision),
        "previous_revision": revision(&entry.previous),
        "api_user": entry.api_user.map(|user| user.to_string()),
        "fingerprints": {
            "api_key": pair(entry.old.api_key, entry.new.api_key),
            "subscription_key": pair(entry.old.subscription_key, entry.new.subscription_key),
        },
        "host": here.host,
        "pid": here.pid,
    });
    format!("{line}\n")
}
