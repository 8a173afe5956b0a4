//! What a [`Revocation`](super::Revocation) asks for, and what comes of it.

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Document, Expect, Lookup, Revision, Secret};
use uuid::Uuid;

use super::RevocationEnd;
use crate::credential::Product;
use crate::lifecycle::KeyRole;
use crate::momo::Refusal;

/// What the driver is to do next.
#[derive(Debug)]
pub(in crate::lifecycle) enum Effect {
    /// Ask the gateway whether this key may provision.
    Preflight(KeyRole),
    /// Write the claim.
    Claim(Document, Expect),
    /// Ask for a new key of the user and drop it unread.
    Renew(KeyRole, Uuid),
    /// Try an old key of the user before a new one is asked for: that it works shows that the gateway lets it in.
    Witness(Uuid, Secret),
    /// Try an old key of the user.
    Try(Uuid, Secret),
    /// Try the credential in use: where that is refused, too, a refusal says nothing.
    Control { product: Product, subscription_key: Secret, user: Uuid, key: Secret },
    /// Read the record before a key is asked for: how often that was done already.
    Look { round: u8 },
    /// Read the record before the list is written.
    Fence { round: u8 },
    /// Write the list.
    Settle(Document, Expect),
    /// Stop.
    Finish(Box<RevocationEnd>),
}

/// What came of an effect.
#[derive(Debug)]
pub(in crate::lifecycle) enum Event {
    Begin,
    Preflight(Result<(), Refusal>),
    Written(Result<Revision, api::Error>),
    Renewed(Result<(), Refusal>),
    Tried(Result<(), Refusal>),
    Read(Result<Lookup, api::Error>),
    /// The lease ran out before the next step.
    OutOfTime,
}
