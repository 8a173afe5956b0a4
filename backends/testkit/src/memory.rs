//! A strict store in memory.

mod handle;
mod harness;
mod state;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use momo_cred_backend_api::{Capabilities, Document, FieldName, Op, RecordName, Removes, Secret, Values};

pub use handle::MemoryHandle;
use state::{Content, State};

/// A store in memory, stricter than real ones: every name, value and expectation is checked, a revision is never
/// used twice, and a hold keeps all other handles from writing.
///
/// Clones share one store. Nothing in it is global, and its clock moves only by [`advance`](Self::advance).
#[derive(Clone, Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    capabilities: Capabilities,
    holds: bool,
    clock: bool,
    handles: AtomicU64,
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that reached the store. What is refused before any I/O is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which method; `read_many` counts as one [`Op::Read`].
    pub op: Op,
    /// The records it named; none for a listing.
    pub names: Vec<RecordName>,
}

/// What becomes of one request of a write or removal. A store that hears nothing asks what became of it, which is a
/// request too, and sends again if nothing did, three times in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and so does its answer.
    Deliver,
    /// It never arrives.
    LoseRequest,
    /// It takes effect and its answer is lost.
    LoseAnswer,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store that can do everything and hold any value.
    pub fn new() -> Self {
        Self::with(Capabilities {
            compare_and_swap: true,
            compare_and_remove: true,
            history: true,
            list: true,
            remove: Removes::Recoverably,
            undelete: Some("MemoryStore::undelete"),
            values: Values::Any,
        })
    }

    /// An empty store that can do just this. Values that are no strings go with [`Values::Any`].
    pub fn with(capabilities: Capabilities) -> Self {
        Self::build(capabilities, true, true)
    }

    /// An empty store with the same capabilities that has no holds.
    #[must_use]
    pub fn without_holds(self) -> Self {
        Self::build(self.shared.capabilities, false, self.shared.clock)
    }

    /// An empty store with the same capabilities that has no clock: the age of its versions is unknown.
    #[must_use]
    pub fn without_clock(self) -> Self {
        Self::build(self.shared.capabilities, self.shared.holds, false)
    }

    fn build(capabilities: Capabilities, holds: bool, clock: bool) -> Self {
        let (handles, state) = (AtomicU64::new(0), Mutex::new(State::default()));
        Self { shared: Arc::new(Shared { capabilities, holds, clock, handles, state }) }
    }

    /// Opens a handle.
    pub fn handle(&self) -> MemoryHandle {
        MemoryHandle::new(Arc::clone(&self.shared), self.shared.handles.fetch_add(1, Ordering::Relaxed))
    }

    /// Moves the store's clock.
    pub fn advance(&self, by: Duration) {
        self.shared.state().now += by;
    }

    /// Lays down the fate of the next requests of writes and removals, in order. Later ones are delivered.
    pub fn fates(&self, fates: impl IntoIterator<Item = Fate>) {
        self.shared.state().fates.extend(fates);
    }

    /// Refuses all access to a record from now on.
    pub fn deny(&self, name: &RecordName) {
        self.shared.state().denied.insert(name.clone());
    }

    /// Gives access to a record back.
    pub fn allow(&self, name: &RecordName) {
        self.shared.state().denied.remove(name);
    }

    /// Has a copy of a record lag behind in another place, from now on.
    pub fn lag(&self, name: &RecordName, place: impl Into<String>) {
        self.shared.state().lagging.insert(name.clone(), place.into());
    }

    /// Sets a field of a record as another program would: as a new version, whatever is there and whoever holds it.
    pub fn plant(&self, name: &RecordName, field: FieldName, value: Secret) {
        let mut state = self.shared.state();
        let mut document = state.document(name).cloned().unwrap_or_default();
        document.insert(field, value);
        state.append(name, Content::Record(document));
    }

    /// Sets a value of a record that is no string, as [`plant`](Self::plant) sets a field.
    pub fn plant_json(&self, name: &RecordName, field: FieldName, text: Secret) {
        let mut state = self.shared.state();
        let mut document = state.document(name).cloned().unwrap_or_default();
        document.insert_json(field, text);
        state.append(name, Content::Record(document));
    }

    /// Puts something in the place of a record that is none.
    pub fn corrupt(&self, name: &RecordName, text: Secret) {
        self.shared.state().append(name, Content::Garbage(text));
    }

    /// Brings a recoverably removed record back, as the store's own tools would.
    pub fn undelete(&self, name: &RecordName) {
        self.shared.state().undelete(name);
    }

    /// The document under a name, past all checks and uncounted.
    pub fn peek(&self, name: &RecordName) -> Option<Document> {
        self.shared.state().document(name).cloned()
    }

    /// Every version of a record that is a document, oldest first, past all checks and uncounted.
    pub fn peek_all(&self, name: &RecordName) -> Vec<Document> {
        self.shared.state().documents(name)
    }

    /// All calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.clone()
    }

    /// How often a method was called so far.
    pub fn count(&self, op: Op) -> usize {
        self.shared.state().calls.iter().filter(|call| call.op == op).count()
    }

    /// Forgets all calls so far.
    pub fn forget_calls(&self) {
        self.shared.state().calls.clear();
    }
}
