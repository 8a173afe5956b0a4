//! A proof of life for the length of a lifecycle.

use std::any::Any;
use std::fmt;

/// What a hold is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A new credential is to come into the record, and an old one to be given up: what would undo that is an error.
    Renewal,
    /// Nothing is issued: something is stored, tidied up or taken away. What would undo that is a notice.
    Upkeep,
}

/// Whatever a store needs to keep its proof of life: dropping it releases, and so does the death of the process.
pub struct Hold(#[expect(dead_code, reason = "kept for its destructor")] Box<dyn Any + Send + Sync>);

impl Hold {
    /// Wraps the store's guard.
    pub fn new(guard: impl Any + Send + Sync) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hold")
    }
}
