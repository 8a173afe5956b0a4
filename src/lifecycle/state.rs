//! Where a [`Machine`](super::Machine) stands between two steps.

use momo_cred_backend_api::{Document, Revision, Secret};
use uuid::Uuid;

use super::finish::Published;
use super::plan::KeyRole;
use crate::credential::{Claim, Record};
use crate::momo::Refusal;

/// What is waited for.
#[derive(Debug)]
pub(super) enum State {
    Start,
    Preflight { next: usize, refused: Vec<(KeyRole, Refusal)> },
    Claiming { key: KeyRole },
    CreatingUser { key: KeyRole },
    CreatingKey { key: KeyRole },
    Checking { key: KeyRole, issued: Issued },
    Fencing { issued: Issued, round: u8 },
    Publishing { issued: Issued, document: Document, round: u8 },
    ReadingBack { issued: Issued, document: Document, revision: Revision },
    Rechecking { published: Box<Published> },
    Withdrawing { cause: Refusal },
    Done,
}

/// A user and key that are not published yet.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) user: Uuid,
    pub(super) api_key: Secret,
    pub(super) key: Option<KeyRole>,
    pub(super) verified: bool,
}

/// The claim that is ours, as we wrote it, and the user that it gives a right to.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) claim: Claim,
    pub(super) user: Uuid,
    pub(super) record: Record,
    pub(super) revision: Option<Revision>,
}
