//! A store that fails on demand.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use momo_cred_backend_api::{
    At, Backend, Capabilities, Copies, Document, Error, ErrorKind, Expect, Finding, Hold, Location, Lookup,
    Notice, Op, Reason, RecordName, Removal, Result, Revision, Version, Work,
};

/// One failure: which call, when, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    op: Option<Op>,
    call: usize,
    after: bool,
    kind: ErrorKind,
}

impl Fault {
    /// Fails call number `call`, counted from 1, before it has an effect.
    pub fn before(call: usize) -> Self {
        Self { op: None, call, after: false, kind: ErrorKind::Unavailable }
    }

    /// Lets call number `call` through and loses its answer, whatever it was: the error's effect is unknown.
    pub fn after(call: usize) -> Self {
        Self { after: true, ..Self::before(call) }
    }

    /// Counts only the calls of one kind. `read_many` is one [`Op::Read`].
    #[must_use]
    pub fn of(self, op: Op) -> Self {
        Self { op: Some(op), ..self }
    }

    /// Fails with another kind than [`Unavailable`](ErrorKind::Unavailable).
    #[must_use]
    pub fn with(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }
}

/// What fails, and what was called. Clones share it, and so can several handles.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    faults: Vec<Fault>,
    calls: Vec<Op>,
}

impl Faults {
    /// Nothing fails.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a failure. Its number counts all calls, also those made before.
    pub fn add(&self, fault: Fault) {
        self.plan().faults.push(fault);
    }

    /// Takes all failures back and counts anew.
    pub fn clear(&self) {
        *self.plan() = Plan::default();
    }

    /// All calls so far, failed ones included.
    pub fn calls(&self) -> Vec<Op> {
        self.plan().calls.clone()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call and says how it fails.
    fn next(&self, op: Op) -> Option<Fault> {
        let mut plan = self.plan();
        plan.calls.push(op);
        let (all, same) = (plan.calls.len(), plan.calls.iter().filter(|call| **call == op).count());
        let due = |fault: &&Fault| match fault.op {
            None => fault.call == all,
            Some(of) => of == op && fault.call == same,
        };
        plan.faults.iter().find(due).copied()
    }
}

/// Why a call failed on demand.
#[derive(Debug)]
struct OnDemand;

impl fmt::Display for OnDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it was told to fail")
    }
}

impl std::error::Error for OnDemand {}

impl Reason for OnDemand {}

/// Any store, failing as its [`Faults`] say.
#[derive(Debug)]
pub struct Faulty<B: ?Sized> {
    faults: Faults,
    inner: Box<B>,
}

impl<B: Backend> Faulty<B> {
    /// Wraps a store.
    pub fn new(inner: B, faults: Faults) -> Self {
        Self::over(Box::new(inner), faults)
    }
}

impl<B: Backend + ?Sized> Faulty<B> {
    /// Wraps a store that is boxed already, such as a `Box<dyn Backend>`.
    pub fn over(inner: Box<B>, faults: Faults) -> Self {
        Self { faults, inner }
    }

    async fn call<T>(
        &self,
        op: Op,
        place: Location,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let Some(fault) = self.faults.next(op) else { return call.await };
        let error = Error::new(fault.kind, op, place).because(OnDemand);
        if !fault.after {
            return Err(error);
        }
        // The answer is lost, with what it said.
        let _lost = call.await;
        Err(error.with_unknown_effect())
    }
}

#[async_trait]
impl<B: Backend + ?Sized> Backend for Faulty<B> {
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

    /// Has no answer that could be lost, and is not counted.
    async fn examine(&self, name: &RecordName) -> Vec<Finding> {
        self.inner.examine(name).await
    }

    async fn read(&self, name: &RecordName, at: &At) -> Result<Lookup> {
        self.call(Op::Read, self.location(name), self.inner.read(name, at)).await
    }

    async fn read_many(&self, names: &[RecordName]) -> Vec<Result<Lookup>> {
        let Some(fault) = self.faults.next(Op::Read) else { return self.inner.read_many(names).await };
        if fault.after {
            let _lost = self.inner.read_many(names).await;
        }
        let fail = |name| {
            let error = Error::new(fault.kind, Op::Read, self.location(name)).because(OnDemand);
            Err(if fault.after { error.with_unknown_effect() } else { error })
        };
        names.iter().map(fail).collect()
    }

    async fn revision(&self, name: &RecordName) -> Result<Option<Revision>> {
        self.call(Op::Revision, self.location(name), self.inner.revision(name)).await
    }

    async fn write(&self, name: &RecordName, document: &Document, expect: &Expect) -> Result<Revision> {
        self.call(Op::Write, self.location(name), self.inner.write(name, document, expect)).await
    }

    async fn remove(&self, name: &RecordName, expect: &Revision, removal: Removal) -> Result<()> {
        self.call(Op::Remove, self.location(name), self.inner.remove(name, expect, removal)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<RecordName>> {
        self.call(Op::List, self.anywhere(), self.inner.list(prefix)).await
    }

    async fn history(&self, name: &RecordName) -> Result<Vec<Version>> {
        self.call(Op::History, self.location(name), self.inner.history(name)).await
    }

    async fn copies(&self, name: &RecordName, revision: &Revision) -> Result<Copies> {
        self.call(Op::Copies, self.location(name), self.inner.copies(name, revision)).await
    }

    async fn hold(&self, name: &RecordName, work: Work) -> Result<Option<Hold>> {
        self.call(Op::Hold, self.location(name), self.inner.hold(name, work)).await
    }

    /// As [`examine`](Self::examine).
    async fn close(&self) {
        self.inner.close().await;
    }
}

impl<B: Backend + ?Sized> Faulty<B> {
    /// A listing is of no one record.
    #[expect(clippy::expect_used, reason = "literals that are a name and a location")]
    fn anywhere(&self) -> Location {
        let any = self.inner.location(&RecordName::new("any").expect("a name"));
        Location::new(any.scheme(), "*", None).expect("a location")
    }
}
