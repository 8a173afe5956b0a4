//! What the step machine asks for, and what it is told.

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Document, Expect, Lookup, Revision, Secret};
use uuid::Uuid;

use super::finish::Finish;
use super::plan::KeyRole;
use crate::momo::Refusal;

/// What the driver is to do next.
#[derive(Debug)]
pub enum Effect {
    /// Ask the gateway whether this key may provision.
    Preflight(KeyRole),
    /// Write the claim.
    Claim(Document, Expect),
    /// Make the API user with this key.
    CreateUser(KeyRole, Uuid),
    /// Ask for its key.
    CreateKey(KeyRole, Uuid),
    /// Try the credential: a token, then a product read.
    Check(Uuid, Secret),
    /// Read the record before publishing.
    Fence,
    /// Write the credential.
    Publish(Document, Expect),
    /// Read what was published, by its revision.
    ReadBack(Revision),
    /// Take the claim back.
    Withdraw(Document, Expect),
    /// Stop.
    Finish(Box<Finish>),
}

/// What came of an effect.
#[derive(Debug)]
pub enum Event {
    /// Start.
    Begin,
    /// Of [`Effect::Preflight`]; 404 for the random user asked for is the good answer.
    Preflight(Result<(), Refusal>),
    /// Of [`Effect::Claim`], [`Effect::Publish`], [`Effect::Withdraw`].
    Written(Result<Revision, api::Error>),
    /// Of [`Effect::CreateUser`].
    UserCreated(Result<(), Refusal>),
    /// Of [`Effect::CreateKey`].
    KeyCreated(Result<Secret, Refusal>),
    /// Of [`Effect::Check`].
    Checked(Result<(), Refusal>),
    /// Of [`Effect::Fence`], [`Effect::ReadBack`].
    Read(Result<Lookup, api::Error>),
    /// The lease or the time for network work ran out before the next step.
    OutOfTime,
}
