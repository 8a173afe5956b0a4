//! How retired API users are made useless. The sandbox has no call that deletes one: each is asked for a new key, which
//! is dropped unread, and then the old key is tried. Only that proves anything: whether a new key ends the old one is
//! documented nowhere.
//!
//! In production a person revokes the user in the Partner Portal, and the old key is tried in the same way.
//!
//! The list of retired users is written once, at the end: a run that dies before has lost nothing but that, and the next
//! one asks again.

mod driver;
mod fate;
mod finish;
mod machine;

use momo_cred_backend_api::{Revision, Secret};
use uuid::Uuid;

use super::{Inputs, Seeds, Seen};
use crate::Error;
use crate::credential::Record;

pub use fate::{Fate, Revoked};
pub use machine::Revocation;

/// What a revocation sets out to do, complete before its first step.
#[derive(Debug)]
pub struct RevocationPlan {
    /// The record as it was read.
    pub seen: Seen,
    /// The keys that ask, and the product that is asked.
    pub inputs: Inputs,
    /// Whom it is about. Never the user of the record.
    pub targets: Vec<Target>,
    /// The one user it is for, where it is not for all that are retired.
    pub only: Option<Uuid>,
    /// Who revokes.
    pub by: By,
    /// The id of the claim.
    pub seeds: Seeds,
}

/// A user to be made useless, with every key of it that is known.
#[derive(Clone, Debug)]
pub struct Target {
    /// The API user.
    pub user: Uuid,
    /// Its keys, from earlier revisions or from memory.
    pub keys: Vec<Secret>,
}

/// Who revokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The provisioning API, under a claim.
    NewKey,
    /// A person, who has done it in the Partner Portal already: nothing is asked for, so no claim is needed.
    Portal,
}

/// The end of a revocation.
#[derive(Debug)]
pub enum RevocationEnd {
    /// Everything was tried that could be, and the list is as it says.
    Settled(Box<Settled>),
    /// It stopped before. The error says what is left and what to do.
    Failed(Box<Error>),
}

/// What came of it.
#[derive(Debug)]
pub struct Settled {
    /// The record as it is now.
    pub record: Record,
    /// The revision that holds it; `None` where nothing had to be written.
    pub revision: Option<Revision>,
    /// Each user, in the order of the plan.
    pub users: Vec<Revoked>,
}
