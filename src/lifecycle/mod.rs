//! How a credential comes into a store without ever being lost or mixed: provision, rotate, import, rollback, resume, abort;
//! and, in [`Revocation`], how one that was replaced is made useless.
//!
//! One pure step machine ([`Machine`]) and a [`Driver`] that performs its effects. A claim is an ordinary
//! compare-and-swap write of the same record with `pending_*` fields, so the same steps serve every store. The key that
//! the gateway issues is in memory only until it is published: "key issued" is not a state that can be resumed, and
//! `resume` makes a new user instead. See [`Machine`] for the invariants.

mod compose;
mod driver;
mod finish;
mod judge;
mod leftover;
mod machine;
mod owner;
mod plan;
mod revocation;
mod signals;
mod state;
mod step;
mod world;

#[cfg(test)]
mod tests;

pub use compose::aborted;
pub use driver::{Driver, Watch};
pub use finish::{Finish, Published};
pub use judge::{Alive, ClaimStanding, Described, Evidence, Seen, Takeover, judge};
pub use machine::Machine;
pub use owner::{Life, Owner, UnreadableOwner};
pub use plan::{Check, Inputs, KeyRole, Leg, Obtain, Plan, Restored, Seeds};
pub use revocation::{
    By, Fate, Home, Revocation, RevocationEnd, RevocationPlan, Revoked, Settled, Target, Witness,
};
pub use step::{Effect, Event};
pub use world::{Here, World};
