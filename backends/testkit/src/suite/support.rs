//! What several cases do.

use std::fmt::Debug;
use std::future::Future;
use std::sync::{Arc, Barrier};

use momo_cred_backend_api::{
    At, Backend, Document, Effect, Error, ErrorKind, Expect, FieldName, Lookup, RecordName, Result, Revision,
    Secret, Stored,
};

use crate::Harness;

/// How many handles race.
pub(super) const RACERS: usize = 6;

/// The result of a call that has to succeed.
#[track_caller]
#[expect(clippy::panic, reason = "this is how a case fails")]
pub(super) fn done<T>(what: &str, result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error:?}"),
    }
}

/// The error of a call that has to fail this way and change nothing.
#[track_caller]
#[expect(clippy::panic, reason = "this is how a case fails")]
pub(super) fn refused<T: Debug>(what: &str, result: Result<T>, kind: ErrorKind) -> Error {
    match result {
        Ok(value) => panic!("{what} has to be {kind:?}, and is {value:?}"),
        Err(error) => {
            assert_eq!(error.kind(), kind, "{what}: {error:?}");
            assert_eq!(error.effect(), Effect::NotApplied, "{what}: {error:?}");
            error
        }
    }
}

#[expect(clippy::expect_used, reason = "called with FIELDS and with names that a store reported")]
pub(super) fn field(name: &str) -> FieldName {
    FieldName::new(name).expect("a field name")
}

pub(super) fn document(fields: &[(&str, &str)]) -> Document {
    fields.iter().map(|(name, value)| (field(name), Secret::from(*value))).collect()
}

pub(super) async fn read(store: &dyn Backend, name: &RecordName) -> Lookup {
    done("reading", store.read(name, &At::Current).await)
}

#[track_caller]
#[expect(clippy::panic, reason = "this is how a case fails")]
pub(super) fn is_found(lookup: Lookup) -> Stored {
    match lookup {
        Lookup::Found(stored) => stored,
        other => panic!("a record has to be found, and is {other:?}"),
    }
}

pub(super) async fn found(store: &dyn Backend, name: &RecordName) -> Stored {
    is_found(read(store, name).await)
}

pub(super) async fn create(store: &dyn Backend, name: &RecordName, document: &Document) -> Revision {
    done("creating", store.write(name, document, &Expect::Absent).await)
}

pub(super) async fn replace(
    store: &dyn Backend,
    name: &RecordName,
    document: &Document,
    on: &Revision,
) -> Revision {
    done("replacing", store.write(name, document, &Expect::Revision(on.clone())).await)
}

/// Asserts that a fresh handle finds this document at this revision.
pub(super) async fn is_there(h: &dyn Harness, name: &RecordName, document: &Document, revision: &Revision) {
    let stored = found(&*h.open().await, name).await;
    assert!(
        stored.document.same_as(document),
        "the record has other content; its fields are {:?}",
        stored.document
    );
    assert_eq!(stored.revision, *revision, "the record has another revision");
}

/// Asserts that a fresh handle finds no document. What it calls that is the business of another case.
pub(super) async fn is_not_there(h: &dyn Harness, name: &RecordName) {
    let lookup = read(&*h.open().await, name).await;
    assert!(!matches!(lookup, Lookup::Found(_)), "there has to be nothing, and is {lookup:?}");
}

/// Lets every handle work in a thread of its own, all starting at once; their network stays with this runtime.
pub(super) async fn at_once<F, W, T>(handles: Vec<Box<dyn Backend>>, work: F) -> Vec<T>
where
    F: Fn(usize, Box<dyn Backend>) -> W + Clone + Send + 'static,
    W: Future<Output = T>,
    T: Send + 'static,
{
    let start = Arc::new(Barrier::new(handles.len()));
    let runtime = tokio::runtime::Handle::current();
    let mut threads = Vec::new();
    for (n, handle) in handles.into_iter().enumerate() {
        let (start, runtime, work) = (Arc::clone(&start), runtime.clone(), work.clone());
        threads.push(tokio::task::spawn_blocking(move || {
            start.wait();
            runtime.block_on(work(n, handle))
        }));
    }
    let mut results = Vec::new();
    for thread in threads {
        results.push(thread.await);
    }
    results
        .into_iter()
        .map(|result| result.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic())))
        .collect()
}

pub(super) async fn open_many(h: &dyn Harness) -> Vec<Box<dyn Backend>> {
    let mut handles = Vec::new();
    for _ in 0..RACERS {
        handles.push(h.open().await);
    }
    handles
}
