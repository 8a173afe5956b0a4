//! The wrapper that is wrong on demand.
#![expect(clippy::disallowed_methods, reason = "stores that leak or change values have to open them")]

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use momo_cred_backend_api::{
    At, Backend, Capabilities, Copies, Document, Error, ErrorKind, Expect, FieldName, Finding, Hold,
    Location, Lookup, Notice, Op, Reason, RecordName, Removal, Result, Revision, Secret, Values, Verdict,
    Version, Work,
};
use momo_cred_backend_testkit::{FIELDS, MemoryHandle, MemoryStore, async_trait};

use super::{Common, Flaw};

/// A handle onto a wrong store.
pub(crate) struct Wrong {
    pub(super) inner: MemoryHandle,
    pub(super) store: MemoryStore,
    pub(super) flaw: Flaw,
    pub(super) common: Arc<Common>,
    pub(super) cache: Mutex<BTreeMap<RecordName, (Document, Revision)>>,
    pub(super) holds: Arc<AtomicBool>,
    pub(super) closed: AtomicBool,
    last: Mutex<String>,
}

impl fmt::Debug for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match self.flaw {
            Flaw::DebugShowsValues => write!(f, "Wrong({last})"),
            Flaw::PrettyDebugShowsEncodedValues if f.alternate() => {
                last.bytes().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
            _ => f.write_str("Wrong"),
        }
    }
}

/// Lets the owner of a hold write again.
struct Unlock(Arc<AtomicBool>);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A reason that may say too much.
#[derive(Debug)]
struct Says(String, Option<String>);

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Says {}

impl Reason for Says {
    fn next(&self) -> Option<String> {
        self.1.clone()
    }
}

pub(super) fn value_of(document: &Document) -> String {
    document.iter().next().map(|(_, value)| value.expose_secret().to_owned()).unwrap_or_default()
}

/// A document with each field changed.
pub(super) fn with_values(document: &Document, change: impl Fn(&str) -> String) -> Document {
    let changed = |(name, value): (&FieldName, &Secret)| (name.clone(), changed(value, &change));
    with_json_of(document, document.iter().map(changed).collect())
}

fn changed(value: &Secret, change: impl Fn(&str) -> String) -> Secret {
    Secret::new(change(value.expose_secret()))
}

pub(super) fn without(document: &Document, keep: impl Fn(&str) -> bool) -> Document {
    let kept = document.iter().filter(|(name, _)| keep(name.as_str()));
    with_json_of(document, kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// `bent` with the values that are no strings of `document`.
pub(super) fn with_json_of(document: &Document, mut bent: Document) -> Document {
    document.json().for_each(|(name, text)| bent.insert_json(name.clone(), text.clone()));
    bent
}

pub(super) fn strings_of(document: &Document) -> Document {
    document.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// With values that are no strings read as strings.
pub(super) fn all_as_strings(document: &Document) -> Document {
    document.iter().chain(document.json()).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// With numbers as a reader that knows only floats has them.
pub(super) fn rounded(document: &Document) -> Document {
    let mut bent = strings_of(document);
    for (name, text) in document.json() {
        let round = |text: &str| text.replace("123456789012345", "1.23456789012345e14");
        bent.insert_json(name.clone(), changed(text, round));
    }
    bent
}

pub(super) fn ours(name: &str) -> bool {
    FIELDS.contains(&name)
}

pub(super) fn hash(document: &Document) -> Revision {
    let mut hasher = DefaultHasher::new();
    document.iter().for_each(|(_, value)| value.expose_secret().hash(&mut hasher));
    Revision::new(format!("{:x}", hasher.finish()))
}

impl Wrong {
    pub(crate) fn new(inner: MemoryHandle, store: MemoryStore, flaw: Flaw, common: Arc<Common>) -> Self {
        let (cache, holds, last) = (Mutex::default(), Arc::default(), Mutex::default());
        Self { inner, store, flaw, common, cache, holds, closed: AtomicBool::new(false), last }
    }

    /// What a parser would say of the text it cannot read, which the suite put there as this canary.
    pub(super) fn parser_says(&self) -> impl Reason {
        let text = momo_cred_backend_testkit::Canary::new("leak-corrupt").value().to_owned();
        Says(format!("expected value at line 1: {text}"), None)
    }

    pub(super) fn error(&self, kind: ErrorKind, op: Op, name: &RecordName) -> Error {
        Error::new(kind, op, self.location(name))
    }

    /// Its current revision, deleted or not, by the inner store's count.
    pub(super) async fn now(&self, name: &RecordName) -> Option<Revision> {
        match self.inner.read(name, &At::Current).await {
            Ok(Lookup::Found(stored)) => Some(stored.revision),
            Ok(Lookup::Deleted { revision }) => Some(revision),
            _ => None,
        }
    }

    /// The same as the real store would take it, whatever is there.
    pub(super) async fn force(&self, name: &RecordName, document: &Document) -> Result<Revision> {
        let expect = self.now(name).await.map_or(Expect::Absent, Expect::Revision);
        self.inner.write(name, document, &expect).await
    }

    pub(super) async fn is_missing(&self, name: &RecordName) -> bool {
        matches!(self.inner.read(name, &At::Current).await, Ok(Lookup::Missing))
    }

    pub(super) async fn is_deleted(&self, name: &RecordName) -> bool {
        matches!(self.inner.read(name, &At::Current).await, Ok(Lookup::Deleted { .. }))
    }
}

#[async_trait]
impl Backend for Wrong {
    fn location(&self, name: &RecordName) -> Location {
        self.inner.location(name)
    }

    fn whereabouts(&self) -> Option<String> {
        self.inner.whereabouts()
    }

    fn capabilities(&self) -> Capabilities {
        let values = if self.flaw == Flaw::AcceptsAnyValue {
            Values::Portable
        } else {
            self.inner.capabilities().values
        };
        Capabilities { values, ..self.inner.capabilities() }
    }

    fn notices(&self) -> Vec<Notice> {
        match self.flaw {
            Flaw::RepeatsNotices => vec![Notice::Mend("it is open to others".to_owned())],
            _ => self.inner.notices(),
        }
    }

    async fn examine(&self, name: &RecordName) -> Vec<Finding> {
        let mut findings = self.inner.examine(name).await;
        let bad = findings.iter().any(|finding| matches!(finding.verdict, Verdict::Bad(_)));
        match self.flaw {
            Flaw::ExamineFindsNothing => findings.clear(),
            Flaw::ExamineFindsFault => {
                findings.push(Finding::new("server", Verdict::Bad(ErrorKind::Unavailable), "it is slow"));
            }
            Flaw::ExamineShowsValues => {
                let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
                findings
                    .push(Finding::new("record", Verdict::Told, "it is read").next(format!("see {last}")));
            }
            Flaw::ExamineShowsCorruptText if bad => {
                findings.push(Finding::new(
                    "record",
                    Verdict::Bad(ErrorKind::Corrupt),
                    self.parser_says().to_string(),
                ));
            }
            Flaw::ExamineCreates if self.is_missing(name).await => {
                let probe =
                    FieldName::new("probe").into_iter().map(|name| (name, Secret::from("1"))).collect();
                let _ = self.force(name, &probe).await;
            }
            Flaw::ExamineRewrites => {
                if let Some(document) = self.store.peek(name) {
                    let _ = self.force(name, &document).await;
                }
            }
            _ => {}
        }
        findings
    }

    async fn read(&self, name: &RecordName, at: &At) -> Result<Lookup> {
        self.bent_read(name, at).await
    }

    async fn read_many(&self, names: &[RecordName]) -> Vec<Result<Lookup>> {
        let mut names = names.to_vec();
        match self.flaw {
            Flaw::AnswersSorted => names.sort(),
            Flaw::AnswersOnce => {
                let mut seen = BTreeSet::new();
                names.retain(|name| seen.insert(name.clone()));
            }
            _ => {}
        }
        let mut answers = self.inner.read_many(&names).await;
        let kinds: Vec<_> = answers.iter().map(|answer| answer.as_ref().err().map(Error::kind)).collect();
        for (name, answer) in names.iter().zip(&mut answers) {
            if self.flaw == Flaw::OneBadNameSpoilsAll && kinds.contains(&Some(ErrorKind::Misconfigured)) {
                *answer = Err(self.error(ErrorKind::Misconfigured, Op::Read, name));
            }
            if self.flaw == Flaw::DeniedIsMissingAmongMany
                && answer.as_ref().is_err_and(|e| e.kind() == ErrorKind::Denied)
            {
                *answer = Ok(Lookup::Missing);
            }
            if let Ok(Lookup::Found(stored)) = answer {
                match self.flaw {
                    Flaw::RevisionHashesValuesOnly => stored.revision = hash(&stored.document),
                    Flaw::HidesJsonAmongMany => stored.document = strings_of(&stored.document),
                    _ => {}
                }
            }
        }
        answers
    }

    async fn revision(&self, name: &RecordName) -> Result<Option<Revision>> {
        let answer = self.inner.revision(name).await;
        let kind = answer.as_ref().err().map(Error::kind);
        match self.flaw {
            Flaw::BadNameIsMissing if kind == Some(ErrorKind::Misconfigured) => Ok(None),
            Flaw::DeniedHasNoRevision if kind == Some(ErrorKind::Denied) => Ok(None),
            Flaw::DeletedHasRevision if answer.is_ok() => Ok(self.now(name).await),
            Flaw::RevisionIsBehind => {
                Ok(self.inner.history(name).await?.last().map(|oldest| oldest.revision.clone()))
            }
            Flaw::RevisionHashesValuesOnly => {
                Ok(answer?.and_then(|_| self.store.peek(name)).map(|d| hash(&d)))
            }
            _ => answer,
        }
    }

    async fn write(&self, name: &RecordName, document: &Document, expect: &Expect) -> Result<Revision> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = value_of(document);
        let answer = self.bent_write(name, document, expect).await;
        let answer = match answer {
            Some(answer) => answer,
            None => self.inner.write(name, &self.bent(name, document, expect), expect).await,
        };
        if answer.is_ok() {
            self.common.written.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        }
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        answer.map_err(|error| match self.flaw {
            Flaw::ReasonShowsValues if error.reason().and_then(Reason::next).is_none() => {
                error.because(Says(value_of(document).chars().rev().collect(), None))
            }
            Flaw::NextShowsValues => {
                let next = format!("look for {}", &value_of(document)[..14.min(value_of(document).len())]);
                error.because(Says(String::new(), Some(next)))
            }
            _ => error,
        })
    }

    async fn remove(&self, name: &RecordName, expect: &Revision, removal: Removal) -> Result<()> {
        self.bent_remove(name, expect, removal).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<RecordName>> {
        match self.flaw {
            Flaw::ListsOthers => self.inner.list("").await,
            Flaw::ListsNoOthers => self.inner.list(if prefix.is_empty() { "suite/" } else { prefix }).await,
            Flaw::ListsRemoved => {
                let written = self.common.written.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(written.iter().filter(|name| name.as_str().starts_with(prefix)).cloned().collect())
            }
            Flaw::ListsWithoutCapability => Ok(Vec::new()),
            _ => self.inner.list(prefix).await,
        }
    }

    async fn history(&self, name: &RecordName) -> Result<Vec<Version>> {
        let mut answer = self.inner.history(name).await;
        match (self.flaw, &mut answer) {
            (Flaw::OldestFirst, Ok(versions)) => versions.reverse(),
            (Flaw::CurrentOnlyInHistory, Ok(versions)) => versions.truncate(1),
            (Flaw::HistoryWithoutCapability, Err(error)) if error.kind() == ErrorKind::Unsupported => {
                answer = Ok(Vec::new());
            }
            _ => {}
        }
        answer
    }

    async fn copies(&self, name: &RecordName, revision: &Revision) -> Result<Copies> {
        let mut copies = self.inner.copies(name, revision).await?;
        match self.flaw {
            Flaw::InventsCopies => copies.failed.push("elsewhere".to_owned()),
            Flaw::ForgetsCopies => copies.behind.clear(),
            _ => {}
        }
        Ok(copies)
    }

    async fn hold(&self, name: &RecordName, work: Work) -> Result<Option<Hold>> {
        let answer = self.inner.hold(name, work).await;
        match (self.flaw, answer) {
            (Flaw::OwnerIsLockedOut, Ok(Some(hold))) => {
                self.holds.store(true, Ordering::Relaxed);
                Ok(Some(Hold::new((hold, Unlock(Arc::clone(&self.holds))))))
            }
            (Flaw::NeverReleases, Ok(Some(hold))) => {
                std::mem::forget(hold);
                Ok(Some(Hold::new(())))
            }
            (Flaw::HoldsForAll, Err(error)) if error.kind() == ErrorKind::Conflict => Ok(Some(Hold::new(()))),
            (_, answer) => answer,
        }
    }

    async fn close(&self) {
        let again = self.closed.swap(true, Ordering::Relaxed);
        self.common.closed.store(true, Ordering::Relaxed);
        assert!(self.flaw != Flaw::ClosesOnce || !again, "it is closed");
        if self.flaw == Flaw::CloseRemoves {
            for name in self.inner.list("").await.unwrap_or_default() {
                let _ = match self.now(&name).await {
                    Some(revision) => self.inner.remove(&name, &revision, Removal::Destroy).await,
                    None => Ok(()),
                };
            }
        }
    }
}
