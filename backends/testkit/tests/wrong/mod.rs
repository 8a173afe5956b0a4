//! Stores that are wrong in one way each.

mod flawed;
mod store;
mod table;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use momo_cred_backend_api::{Backend, RecordName, Removes, Values};
use momo_cred_backend_testkit::{Harness, MemoryStore, async_trait};

pub(crate) use table::{Flaw, TABLE};

/// What the handles of one wrong store share.
#[derive(Debug, Default)]
pub(crate) struct Common {
    /// The next write is sent twice.
    resend: AtomicBool,
    /// Some handle was closed.
    closed: AtomicBool,
    /// Every name ever written.
    written: Mutex<BTreeSet<RecordName>>,
}

/// A store in memory that has a flaw.
pub(crate) struct WrongHarness {
    store: MemoryStore,
    flaw: Flaw,
    common: Arc<Common>,
}

impl WrongHarness {
    pub(crate) fn new(flaw: Flaw) -> Self {
        let everything = MemoryStore::new();
        let mut can = everything.handle().capabilities();
        match flaw {
            Flaw::UnsupportedValueIsWritten | Flaw::AcceptsJson | Flaw::UnsupportedJsonIsWritten => {
                can.values = Values::Portable;
            }
            Flaw::RecoverableDestroys | Flaw::UnsupportedRemovalRemoves => can.remove = Removes::ForGood,
            Flaw::ListsWithoutCapability => can.list = false,
            Flaw::HistoryWithoutCapability | Flaw::RevisionHashesValuesOnly => can.history = false,
            _ => {}
        }
        Self { store: MemoryStore::with(can), flaw, common: Arc::default() }
    }
}

#[async_trait]
impl Harness for WrongHarness {
    async fn open(&self) -> Box<dyn Backend> {
        Box::new(store::Wrong::new(
            self.store.handle(),
            self.store.clone(),
            self.flaw,
            Arc::clone(&self.common),
        ))
    }

    fn name(&self, n: usize) -> RecordName {
        self.store.name(n)
    }

    fn prefix(&self) -> String {
        self.store.prefix()
    }

    fn bad_names(&self) -> Vec<RecordName> {
        self.store.bad_names()
    }

    async fn plant_foreign(&self, name: &RecordName, value: &str) -> Option<String> {
        self.store.plant_foreign(name, value).await
    }

    async fn foreign_is_intact(&self, name: &RecordName, value: &str) -> bool {
        self.store.foreign_is_intact(name, value).await
    }

    async fn plant_json(&self, name: &RecordName, json: &str) -> Option<String> {
        Harness::plant_json(&self.store, name, json).await
    }

    async fn lag(&self, name: &RecordName) -> Option<String> {
        Harness::lag(&self.store, name).await
    }

    async fn lose_next_answer(&self) -> bool {
        if self.flaw == Flaw::ResendsBlindly {
            self.common.resend.store(true, Ordering::Relaxed);
            return true;
        }
        self.store.lose_next_answer().await
    }

    async fn deny(&self, name: &RecordName) -> bool {
        Harness::deny(&self.store, name).await
    }

    async fn plant_corrupt(&self, name: &RecordName, text: &str) -> bool {
        self.store.plant_corrupt(name, text).await
    }
}
