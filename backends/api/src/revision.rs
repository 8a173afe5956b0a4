//! Versions of a record.

use std::fmt;
use std::time::Duration;

/// An opaque version of a record: a KV v2 version, an AWS version id, a content hash for dotenv. Compared, printed,
/// passed back; never parsed or ordered by callers. Not secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Revision(String);

impl Revision {
    /// Wraps what the store calls this version.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What the store calls this version.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entry of a record's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its revision.
    pub revision: Revision,
    /// How long ago it was written, by the store's clock.
    pub age: Option<Duration>,
    /// Whether it was deleted or destroyed since.
    pub deleted: bool,
}
