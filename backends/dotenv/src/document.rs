//! The text of a file: which lines are ours, and the same text with a record changed. No I/O.

mod compose;
mod heads;
mod quotes;
mod record;

pub(crate) use compose::compose;
pub(crate) use record::{Parsed, listing, parse};
