//! The store as the stage sees it: each call is a point, each write that took effect is in the log.

use std::sync::Arc;

use async_trait::async_trait;
use momo_cred_backend_api::{
    At, Backend, Capabilities, Copies, Document, Expect, Finding, Hold, Location, Lookup, Notice, RecordName,
    Removal, Result, Revision, Version, Work,
};
use momo_cred_backend_testkit::{MemoryHandle, MemoryStore};

use super::stage::{Did, Point, Stage};
use crate::credential::{Field, Layout, Record};

/// A handle of one run.
#[derive(Debug)]
pub(super) struct Tap {
    store: MemoryStore,
    inner: MemoryHandle,
    stage: Quiet,
}

struct Quiet(Stage);

impl std::fmt::Debug for Quiet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stage")
    }
}

impl Tap {
    pub(super) fn new(store: &MemoryStore, stage: &Stage) -> Self {
        Self { store: store.clone(), inner: store.handle(), stage: Quiet(stage.clone()) }
    }

    /// A credential that is not there yet is a publication, which may open the next claim; a claim names itself; the rest
    /// takes a claim back.
    fn point(&self, name: &RecordName, document: &Document) -> Point {
        let stored = self.store.peek(name);
        let changed = |field: Field| match (document.get(field.name()), stored.as_ref()?.get(field.name())) {
            (Some(new), Some(old)) => Some(!new.same_as(old)),
            _ => None,
        };
        let other = |field| changed(field).unwrap_or(true);
        let is_whole = document.get(Field::ApiKey.name()).is_some();
        if is_whole && (other(Field::ApiKey) || other(Field::SubscriptionKey)) {
            Point::Publish
        } else if document.get("pending_id").is_some() {
            Point::Claim
        } else {
            Point::Withdraw
        }
    }
}

#[async_trait]
impl Backend for Tap {
    fn location(&self, name: &RecordName) -> Location {
        self.inner.location(name)
    }

    fn whereabouts(&self) -> Option<String> {
        self.inner.whereabouts()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn notices(&self) -> Vec<Notice> {
        self.inner.notices()
    }

    async fn examine(&self, name: &RecordName) -> Vec<Finding> {
        self.inner.examine(name).await
    }

    async fn read(&self, name: &RecordName, at: &At) -> Result<Lookup> {
        let point = if *at == At::Current { Point::Fence } else { Point::ReadBack };
        self.stage.0.before(point).await;
        let answer = self.inner.read(name, at).await;
        self.stage.0.after(point).await;
        self.stage.0.scripted(point).map_or(answer, Ok)
    }

    async fn read_many(&self, names: &[RecordName]) -> Vec<Result<Lookup>> {
        self.inner.read_many(names).await
    }

    async fn revision(&self, name: &RecordName) -> Result<Option<Revision>> {
        self.inner.revision(name).await
    }

    async fn write(&self, name: &RecordName, document: &Document, expect: &Expect) -> Result<Revision> {
        let point = self.point(name, document);
        self.stage.0.before(point).await;
        let answer = self.inner.write(name, document, expect).await;
        if answer.is_ok() {
            let record = Record::new(document.clone(), Layout::default());
            self.stage.0.did(Did::Stored(point, Arc::new(record)));
        }
        self.stage.0.after(point).await;
        answer
    }

    async fn remove(&self, name: &RecordName, expect: &Revision, removal: Removal) -> Result<()> {
        self.inner.remove(name, expect, removal).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<RecordName>> {
        self.inner.list(prefix).await
    }

    async fn history(&self, name: &RecordName) -> Result<Vec<Version>> {
        self.inner.history(name).await
    }

    async fn copies(&self, name: &RecordName, revision: &Revision) -> Result<Copies> {
        self.inner.copies(name, revision).await
    }

    async fn hold(&self, name: &RecordName, work: Work) -> Result<Option<Hold>> {
        self.inner.hold(name, work).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
