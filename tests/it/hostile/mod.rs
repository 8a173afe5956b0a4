//! What the tests with hostile servers share.
//!
//! - `peer`: servers that are not what they are taken for
//! - `cases`: such servers that are the same for a store and for the gateway
//! - `cost`: what a run of the binary costs, and how much it may cost

mod cases;
mod cost;
mod peer;

pub(crate) use cases::{Case, breaks_off, busy, never_ends, sends_too_much};
#[cfg(feature = "faults")]
pub(crate) use cost::Cost;
pub(crate) use cost::{LIMIT, TIMEOUT, measured};
pub(crate) use peer::{Play, answer, endless, peer, perform, says, silence};
