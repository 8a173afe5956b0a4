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
#[cfg(feature = "faults")]
mod points;
pub(super) mod step;

use momo_cred_backend_api::{Revision, Secret};
use uuid::Uuid;

use super::{Inputs, Seeds, Seen};
use crate::Error;
use crate::credential::{Product, Record};

pub use fate::{Fate, Revoked};
pub use machine::Revocation;

/// What a revocation sets out to do, complete before its first step.
#[derive(Debug)]
pub struct RevocationPlan {
    /// The record as it was read.
    pub seen: Seen,
    /// The keys that ask, and the product that is asked, as they are of these users.
    pub inputs: Inputs,
    /// What shows that a refusal is about the key.
    pub witness: Witness,
    /// Whom it is about. Of the user of the record no key is asked for; an earlier key of it may be tried.
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
    /// What is known of where it was made.
    pub home: Home,
}

/// What is known of where a user was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// At the gateway that is asked: a revision, a claim or memory says so. Where that does not know it, it is gone.
    Here,
    /// Only the list has it: another gateway may know it.
    Unsaid,
}

/// What shows that the gateway lets anybody in: in an outage it has been seen to refuse pairs that are good.
#[derive(Clone, Debug)]
pub enum Witness {
    /// The credential in use is of the same gateway: it gets a token in the same run.
    InUse {
        /// Its product.
        product: Product,
        /// Its subscription key.
        subscription_key: Secret,
    },
    /// The credential in use is of another gateway, and is not shown to this one: an old key got a token before a new
    /// one was asked for.
    OldKey,
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
    /// It did not begin: the preflight failed, and nothing was changed.
    Unbegun(Box<Error>),
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
