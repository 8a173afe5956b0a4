//! What the suite needs from whoever runs it on a store.

use async_trait::async_trait;
use momo_cred_backend_api::{Backend, RecordName};

/// The only field names the suite writes. A store with a closed list of fields is opened with these.
pub const FIELDS: [&str; 4] = ["alpha", "beta", "counter", "gamma"];

/// One store for one test: made fresh for each case and dropped after it.
#[async_trait]
pub trait Harness: Send + Sync {
    /// Opens one more handle onto this harness's store. Handles share nothing but the store itself.
    async fn open(&self) -> Box<dyn Backend>;

    /// Names the store can hold: 0 to 3 begin with [`prefix`](Self::prefix), 4 does not. Always the same answer.
    fn name(&self, n: usize) -> RecordName;

    /// What names 0 to 3 have in common and name 4 has not.
    fn prefix(&self) -> String;

    /// Names that the store cannot hold. Empty where it can hold all.
    fn bad_names(&self) -> Vec<RecordName>;

    /// Puts `value` into an existing record as another program would, behind the store's back. Answers with the
    /// field under which a read must show it, or `None` where the store leaves foreign text out of its documents
    /// (dotenv). `value` is portable and without spaces.
    async fn plant_foreign(&self, name: &RecordName, value: &str) -> Option<String>;

    /// Whether what [`plant_foreign`](Self::plant_foreign) put there still is, looked at behind the store's back.
    async fn foreign_is_intact(&self, name: &RecordName, value: &str) -> bool;

    /// Puts a value that is no string (JSON text without white space, keys in order) into an existing record as
    /// another program would. Answers with its name, or `None` where the store has no such values.
    async fn plant_json(&self, _name: &RecordName, _json: &str) -> Option<String> {
        None
    }

    /// Has a copy of an existing record that the store makes in another place lag behind, from now on. Answers with that
    /// place, or `None` where the store makes no copies.
    async fn lag(&self, _name: &RecordName) -> Option<String> {
        None
    }

    /// Has the answer to the next write request lost after the write took effect, for a handle that is open
    /// already. `false` where there is no transport.
    async fn lose_next_answer(&self) -> bool {
        false
    }

    /// Takes from every handle the right to a record, from now on. `false` where that cannot be staged.
    async fn deny(&self, _name: &RecordName) -> bool {
        false
    }

    /// Puts in the place of a record something that is none and holds `text`: broken JSON, a line that cannot be
    /// read. `false` where that cannot be staged.
    async fn plant_corrupt(&self, _name: &RecordName, _text: &str) -> bool {
        false
    }
}
