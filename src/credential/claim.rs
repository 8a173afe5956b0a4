//! The `pending_*` block inside a record: one rotator's right to call the gateway for one new API user.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use momo_cred_backend_api::{Document, FieldName};
use uuid::Uuid;

use super::record::{text_of, write_text};
use super::{Field, PENDING};

/// What a claim is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// A new API user and key: provision and rotate.
    NewUser,
    /// Another key for the API user of the record, which may kill the key that is in it.
    Rekey,
    /// An existing credential, in one go.
    Import,
    /// New keys that nobody keeps, for users that are retired.
    Revoke,
    /// Another subscription key, in steps between which a person acts.
    SubscriptionKey(Phase),
}

/// How far a rotation of the subscription key has come. The claim holds what the next publication takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A new API user is made under the secondary key, since the gateway refuses the one of the record with it. No
    /// `pending_phase` is written.
    Moving,
    /// The record serves the former secondary key; the former primary stands beside it and is to be regenerated.
    Swapped,
    /// The key that the portal made in place of the former primary is in the claim.
    Regenerated,
}

impl Phase {
    /// The value of `pending_phase`, where one is written.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Moving => None,
            Self::Swapped => Some("swapped"),
            Self::Regenerated => Some("regenerated"),
        }
    }

    fn from_name(name: Option<&str>) -> Option<Self> {
        [Self::Moving, Self::Swapped, Self::Regenerated].into_iter().find(|phase| phase.name() == name)
    }
}

impl ClaimKind {
    /// The value of `pending_kind`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewUser => "new-user",
            Self::Rekey => "rekey",
            Self::Import => "import",
            Self::Revoke => "revoke",
            Self::SubscriptionKey(_) => "subscription-key",
        }
    }

    /// The phase, of a kind that has some.
    pub const fn phase(self) -> Option<Phase> {
        match self {
            Self::SubscriptionKey(phase) => Some(phase),
            _ => None,
        }
    }

    fn read(name: &str, phase: Option<&str>) -> Result<Self, UnknownClaim> {
        let moving = Self::SubscriptionKey(Phase::Moving);
        let kinds = [Self::NewUser, Self::Rekey, Self::Import, Self::Revoke, moving];
        let kind = kinds.into_iter().find(|kind| kind.name() == name).ok_or(UnknownClaim::Kind)?;
        match (kind, phase) {
            (Self::SubscriptionKey(_), phase) => Phase::from_name(phase).map(Self::SubscriptionKey),
            (kind, None) => Some(kind),
            (_, Some(_)) => None,
        }
        .ok_or(UnknownClaim::Unreadable(PHASE))
    }
}

/// An open claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Random v4, new with each claim write: the fence compares it.
    pub id: Uuid,
    /// What it is for.
    pub kind: ClaimKind,
    /// The one API user that its writer may ask a key for, where it is a new one; of a revocation the one retired user
    /// that it is for, where it is not for all of them.
    pub api_user: Option<Uuid>,
    /// When it was written, by its writer's wall clock: for people, never judged by.
    pub since: Timestamp,
    /// Who wrote it, as [`Owner`](crate::lifecycle::Owner) prints itself.
    pub owner: String,
    /// How long its owner may work.
    pub lease: Duration,
}

/// A `pending_*` block that this version cannot read: a newer program's, or damaged. It is somebody's claim, and is
/// never taken over, aborted or published over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownClaim {
    /// A field of a name we do not know.
    Field(String),
    /// A kind we do not know.
    Kind,
    /// A field that is missing or cannot be read.
    Unreadable(&'static str),
}

const ID: &str = "pending_id";
const KIND: &str = "pending_kind";
const API_USER: &str = "pending_api_user";
const SINCE: &str = "pending_since";
const OWNER: &str = "pending_owner";
const LEASE: &str = "pending_lease";
const PHASE: &str = "pending_phase";

/// Inputs for which a claim may carry a new value. Never a key that the gateway issues: that lives in memory only.
pub(super) const INPUTS: [Field; 7] = [
    Field::SubscriptionKey,
    Field::SubscriptionKeySecondary,
    Field::ProvisioningSubscriptionKey,
    Field::Product,
    Field::TargetEnvironment,
    Field::BaseUrl,
    Field::CallbackHost,
];

impl Claim {
    /// The claim of a document, if it has one.
    ///
    /// # Errors
    /// [`UnknownClaim`] for one that this version cannot read as a whole.
    pub(super) fn read(document: &Document) -> Result<Option<Self>, UnknownClaim> {
        let mut open = false;
        for name in document.names().map(FieldName::as_str).filter(|name| name.starts_with(PENDING)) {
            open = true;
            let known = [ID, KIND, API_USER, SINCE, OWNER, LEASE, PHASE].contains(&name)
                || INPUTS.iter().any(|field| field.pending() == name);
            if !known {
                return Err(UnknownClaim::Field(name.to_owned()));
            }
        }
        if !open {
            return Ok(None);
        }
        let text = |name: &'static str| text_of(document, name).ok_or(UnknownClaim::Unreadable(name));
        let uuid = |name, text| Uuid::try_parse(text).map_err(|_| UnknownClaim::Unreadable(name));
        let lease = text(LEASE)?.parse().map_err(|_| UnknownClaim::Unreadable(LEASE))?;
        Ok(Some(Self {
            kind: ClaimKind::read(text(KIND)?, text_of(document, PHASE))?,
            id: uuid(ID, text(ID)?)?,
            api_user: text_of(document, API_USER).map(|text| uuid(API_USER, text)).transpose()?,
            since: text(SINCE)?.parse().map_err(|_| UnknownClaim::Unreadable(SINCE))?,
            owner: text(OWNER)?.to_owned(),
            lease: Duration::from_secs(lease),
        }))
    }

    /// Writes the block into a document that has none.
    pub(super) fn write(&self, document: &mut Document) {
        write_text(document, ID, self.id.to_string());
        write_text(document, KIND, self.kind.name().to_owned());
        if let Some(user) = self.api_user {
            write_text(document, API_USER, user.to_string());
        }
        write_text(document, SINCE, self.since.to_string());
        write_text(document, OWNER, self.owner.clone());
        write_text(document, LEASE, self.lease.as_secs().to_string());
        if let Some(phase) = self.kind.phase().and_then(Phase::name) {
            write_text(document, PHASE, phase.to_owned());
        }
    }
}

impl fmt::Display for UnknownClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, "it has the field {name:?}, which this version does not know"),
            Self::Kind => f.write_str("it is of a kind that this version does not know"),
            Self::Unreadable(name) => write!(f, "its {name} is missing or cannot be read"),
        }
    }
}

impl std::error::Error for UnknownClaim {}
