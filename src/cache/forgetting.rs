//! A store whose writes, and whose answers that it is gone, drop what the kernel keeps of the record.

use std::sync::Arc;

use async_trait::async_trait;
use momo_cred_backend_api::{
    At, Backend, Capabilities, Copies, Document, ErrorKind, Expect, Finding, Hold, Location, Lookup, Notice,
    RecordName, Removal, Result, Revision, Version, Work,
};

use super::forget;

/// A store, and that. Every command opens its stores through it, so none has to think of it.
#[derive(Debug)]
pub struct Forgetting(Arc<dyn Backend>);

impl Forgetting {
    /// This store.
    pub fn new(store: Arc<dyn Backend>) -> Self {
        Self(store)
    }

    /// Whether it is that one.
    pub fn is(&self, store: &Arc<dyn Backend>) -> bool {
        Arc::ptr_eq(&self.0, store)
    }

    /// Before a change, so that one that is cut off has dropped it, and after it, since another process may have kept the old
    /// record meanwhile.
    async fn change<T>(&self, name: &RecordName, change: impl Future<Output = Result<T>>) -> Result<T> {
        let location = self.0.location(name);
        forget(&location);
        let answer = change.await;
        forget(&location);
        answer
    }

    /// After an answer on the record as it is now. Denied to one login is as denied to all: that costs others no more than
    /// their next start, and an outage brings back nothing that the store was heard to refuse.
    fn heard<T>(&self, name: &RecordName, answer: &Result<T>, gone: impl Fn(&T) -> bool) {
        let drops = match answer {
            Ok(answer) => gone(answer),
            Err(error) => matches!(error.kind(), ErrorKind::Denied | ErrorKind::Corrupt),
        };
        if drops {
            forget(&self.0.location(name));
        }
    }
}

/// Whether there is no record.
fn is_gone(lookup: &Lookup) -> bool {
    matches!(lookup, Lookup::Missing | Lookup::Deleted { .. })
}

#[async_trait]
impl Backend for Forgetting {
    fn location(&self, name: &RecordName) -> Location {
        self.0.location(name)
    }

    fn whereabouts(&self) -> Option<String> {
        self.0.whereabouts()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn notices(&self) -> Vec<Notice> {
        self.0.notices()
    }

    async fn examine(&self, name: &RecordName) -> Vec<Finding> {
        self.0.examine(name).await
    }

    async fn read(&self, name: &RecordName, at: &At) -> Result<Lookup> {
        let answer = self.0.read(name, at).await;
        // What an earlier revision is like says nothing of this one.
        if matches!(at, At::Current) {
            self.heard(name, &answer, is_gone);
        }
        answer
    }

    async fn read_many(&self, names: &[RecordName]) -> Vec<Result<Lookup>> {
        let answers = self.0.read_many(names).await;
        for (name, answer) in names.iter().zip(&answers) {
            self.heard(name, answer, is_gone);
        }
        answers
    }

    async fn revision(&self, name: &RecordName) -> Result<Option<Revision>> {
        let answer = self.0.revision(name).await;
        self.heard(name, &answer, Option::is_none);
        answer
    }

    async fn write(&self, name: &RecordName, document: &Document, expect: &Expect) -> Result<Revision> {
        self.change(name, self.0.write(name, document, expect)).await
    }

    async fn remove(&self, name: &RecordName, expect: &Revision, removal: Removal) -> Result<()> {
        self.change(name, self.0.remove(name, expect, removal)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<RecordName>> {
        self.0.list(prefix).await
    }

    async fn history(&self, name: &RecordName) -> Result<Vec<Version>> {
        self.0.history(name).await
    }

    async fn copies(&self, name: &RecordName, revision: &Revision) -> Result<Copies> {
        self.0.copies(name, revision).await
    }

    async fn hold(&self, name: &RecordName, work: Work) -> Result<Option<Hold>> {
        self.0.hold(name, work).await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
