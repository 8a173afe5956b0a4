//! What is in the store, and the rules of a change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use momo_cred_backend_api::{
    Document, ErrorKind, Expect, Lookup, Reason, RecordName, Removal, Revision, Secret, Stored, Version,
};

use super::{Call, Fate};

/// Why the store refuses, with what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    pub(crate) why: &'static str,
    pub(crate) next: Option<&'static str>,
}

impl Refusal {
    pub(crate) const fn new(kind: ErrorKind, why: &'static str) -> Self {
        Self { kind, why, next: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why)
    }
}

impl std::error::Error for Refusal {}

impl Reason for Refusal {
    fn next(&self) -> Option<String> {
        self.next.map(str::to_owned)
    }
}

#[derive(Debug)]
pub(crate) enum Content {
    Record(Document),
    Garbage(#[expect(dead_code, reason = "there to be leaked by a store that would")] Secret),
}

#[derive(Debug)]
struct Kept {
    revision: Revision,
    content: Content,
    written: Duration,
    deleted: bool,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// Versions by name, oldest first.
    records: BTreeMap<RecordName, Vec<Kept>>,
    issued: u64,
    pub(crate) now: Duration,
    pub(crate) denied: BTreeSet<RecordName>,
    pub(crate) holders: BTreeMap<RecordName, u64>,
    /// Where a copy of a record lags behind.
    pub(crate) lagging: BTreeMap<RecordName, String>,
    pub(crate) fates: VecDeque<Fate>,
    pub(crate) calls: Vec<Call>,
    /// What became of changes, by the number of the call that asked for them.
    pub(crate) settled: BTreeMap<u64, Revision>,
}

impl State {
    /// A number never given out before, for revisions and calls.
    pub(crate) fn issue(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }

    pub(crate) fn append(&mut self, name: &RecordName, content: Content) -> Revision {
        let revision = Revision::new(format!("m{}", self.issue()));
        let kept = Kept { revision: revision.clone(), content, written: self.now, deleted: false };
        self.records.entry(name.clone()).or_default().push(kept);
        revision
    }

    pub(crate) fn document(&self, name: &RecordName) -> Option<&Document> {
        match self.current(name)? {
            Kept { content: Content::Record(document), deleted: false, .. } => Some(document),
            _ => None,
        }
    }

    pub(crate) fn documents(&self, name: &RecordName) -> Vec<Document> {
        let document = |kept: &Kept| match &kept.content {
            Content::Record(document) => Some(document.clone()),
            Content::Garbage(_) => None,
        };
        self.records.get(name).into_iter().flatten().filter_map(document).collect()
    }

    pub(crate) fn undelete(&mut self, name: &RecordName) {
        if let Some(kept) = self.records.get_mut(name).and_then(|versions| versions.last_mut()) {
            kept.deleted = false;
        }
    }

    fn current(&self, name: &RecordName) -> Option<&Kept> {
        self.records.get(name)?.last()
    }

    /// The current revision, deleted or not.
    pub(crate) fn revision(&self, name: &RecordName) -> Option<&Revision> {
        self.current(name).map(|kept| &kept.revision)
    }

    pub(crate) fn is_live(&self, name: &RecordName) -> bool {
        self.current(name).is_some_and(|kept| !kept.deleted)
    }

    /// One version, or the current one.
    pub(crate) fn lookup(&self, name: &RecordName, at: Option<&Revision>) -> Result<Lookup, Refusal> {
        let Some(current) = self.current(name) else { return Ok(Lookup::Missing) };
        let kept = match at {
            None => Some(current),
            Some(revision) => {
                self.records.get(name).and_then(|all| all.iter().find(|kept| kept.revision == *revision))
            }
        };
        match kept {
            None => Ok(Lookup::Missing),
            Some(kept) if kept.deleted => Ok(Lookup::Deleted { revision: current.revision.clone() }),
            Some(Kept { content: Content::Garbage(_), .. }) => {
                Err(Refusal::new(ErrorKind::Corrupt, "what is stored is not a record"))
            }
            Some(Kept { content: Content::Record(document), revision, written, .. }) => {
                Ok(Lookup::Found(Stored {
                    document: document.clone(),
                    revision: revision.clone(),
                    age: Some(self.now.saturating_sub(*written)),
                }))
            }
        }
    }

    pub(crate) fn names(&self, prefix: &str) -> Vec<RecordName> {
        self.records
            .keys()
            .filter(|name| name.as_str().starts_with(prefix) && self.is_live(name))
            .cloned()
            .collect()
    }

    pub(crate) fn history(&self, name: &RecordName) -> Vec<Version> {
        let versions = self.records.get(name).map_or(&[][..], Vec::as_slice);
        versions
            .iter()
            .rev()
            .map(|kept| Version {
                revision: kept.revision.clone(),
                age: Some(self.now.saturating_sub(kept.written)),
                deleted: kept.deleted,
            })
            .collect()
    }

    /// Refuses a change whose expectation is not met.
    pub(crate) fn check(&self, name: &RecordName, expect: &Expect) -> Result<(), Refusal> {
        match (self.current(name), expect) {
            (None, Expect::Absent) => Ok(()),
            (Some(kept), Expect::Revision(revision)) if kept.revision == *revision => Ok(()),
            (None, Expect::Revision(_)) => Err(Refusal::new(ErrorKind::Conflict, "there is no record")),
            (Some(kept), Expect::Absent) if kept.deleted => Err(Refusal {
                kind: ErrorKind::Conflict,
                why: "there is a deleted record",
                next: Some("bring it back with MemoryStore::undelete, or write over its revision"),
            }),
            (Some(_), Expect::Absent) => Err(Refusal::new(ErrorKind::Conflict, "there is a record already")),
            (Some(_), Expect::Revision(_)) => {
                Err(Refusal::new(ErrorKind::Conflict, "the revision is not the current one"))
            }
        }
    }

    /// Removes the current version, whose revision was checked.
    pub(crate) fn remove(&mut self, name: &RecordName, removal: Removal) -> Result<Revision, Refusal> {
        let nothing = Refusal::new(ErrorKind::Conflict, "there is no record");
        let kept = self.records.get_mut(name).and_then(|versions| versions.last_mut()).ok_or(nothing)?;
        let revision = kept.revision.clone();
        match removal {
            Removal::Recoverable if kept.deleted => return Err(nothing),
            Removal::Recoverable => kept.deleted = true,
            Removal::Destroy => {
                self.records.remove(name);
            }
        }
        Ok(revision)
    }
}
