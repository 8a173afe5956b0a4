//! The store in memory as its own harness.

use async_trait::async_trait;
use momo_cred_backend_api::{Backend, FieldName, RecordName, Secret, Values};

use super::{Fate, MemoryStore};
use crate::Harness;

/// The field that the other program keeps.
const FOREIGN: &str = "of-another-program";

/// Its value that is no string.
const NO_STRING: &str = "of-another-program-no-string";

#[expect(clippy::expect_used, reason = "called with literals that are names")]
fn record(name: impl Into<String>) -> RecordName {
    RecordName::new(name).expect("a record name")
}

#[expect(clippy::expect_used, reason = "called with literals that are field names")]
fn field(name: &str) -> FieldName {
    FieldName::new(name).expect("a field name")
}

#[async_trait]
impl Harness for MemoryStore {
    async fn open(&self) -> Box<dyn Backend> {
        Box::new(self.handle())
    }

    fn name(&self, n: usize) -> RecordName {
        record(if n == 4 { "other/suite/4".to_owned() } else { format!("suite/{n}") })
    }

    fn prefix(&self) -> String {
        "suite/".to_owned()
    }

    fn bad_names(&self) -> Vec<RecordName> {
        vec![record("suite/a b"), record("suite/a#b"), record("suite/\u{e9}"), record("x".repeat(201))]
    }

    async fn plant_foreign(&self, name: &RecordName, value: &str) -> Option<String> {
        self.plant(name, field(FOREIGN), Secret::from(value));
        Some(FOREIGN.to_owned())
    }

    async fn foreign_is_intact(&self, name: &RecordName, value: &str) -> bool {
        self.peek(name).is_some_and(|document| {
            document.get(FOREIGN).is_some_and(|found| found.same_as(&Secret::from(value)))
        })
    }

    async fn plant_json(&self, name: &RecordName, json: &str) -> Option<String> {
        if self.shared.capabilities.values != Values::Any {
            return None;
        }
        Self::plant_json(self, name, field(NO_STRING), Secret::from(json));
        Some(NO_STRING.to_owned())
    }

    async fn lag(&self, name: &RecordName) -> Option<String> {
        Self::lag(self, name, "elsewhere");
        Some("elsewhere".to_owned())
    }

    async fn lose_next_answer(&self) -> bool {
        self.fates([Fate::LoseAnswer]);
        true
    }

    async fn deny(&self, name: &RecordName) -> bool {
        Self::deny(self, name);
        true
    }

    async fn plant_corrupt(&self, name: &RecordName, text: &str) -> bool {
        self.corrupt(name, Secret::from(text));
        true
    }
}
