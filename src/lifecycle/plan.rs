//! What a lifecycle sets out to do, complete before its first step.

use std::time::Duration;

use jiff::Timestamp;
use momo_cred_backend_api::Secret;
use uuid::Uuid;

use super::{Seen, World};
use crate::credential::{Claim, ClaimKind, Field, Phase, Product, Record, TargetEnvironment};
use crate::momo::CallbackHost;

/// Everything the steps need besides store and gateway. Pure data: the same plan and the same events always take the
/// same way.
#[derive(Debug)]
pub struct Plan {
    /// The record as it was read.
    pub seen: Seen,
    /// What the credential is made of, apart from the user and its key.
    pub inputs: Inputs,
    /// Where user and key come from.
    pub obtain: Obtain,
    /// Whether the credential is tried before it is published.
    pub check: Check,
    /// Ids for the claim, and for a second one under the product's own key.
    pub seeds: Seeds,
}

/// What a credential is made of, apart from the user and its key. A claim holds all of it, so that any machine can
/// finish.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The product.
    pub product: Product,
    /// The target environment.
    pub target_environment: TargetEnvironment,
    /// The gateway.
    pub base_url: String,
    /// The callback host; needed where a user is made.
    pub callback_host: Option<CallbackHost>,
    /// The product's primary key.
    pub subscription_key: Secret,
    /// Its secondary key.
    pub secondary: Option<Secret>,
    /// A key that provisions in place of the product's own.
    pub provisioning: Option<Secret>,
}

/// Where user and key come from.
#[derive(Debug)]
pub enum Obtain {
    /// The provisioning API: a new user, and a key for it.
    NewUser,
    /// The provisioning API: another key for the user of the record (`rekey`).
    NewKey {
        /// The API user.
        user: Uuid,
    },
    /// A person or a file, which had them from the Partner Portal or from before.
    Imported {
        /// The API user.
        user: Uuid,
        /// Its key.
        api_key: Secret,
    },
    /// An earlier revision of the same record, checked like an import and written as it was.
    Restored(Box<Restored>),
    /// The record: they stay, and the subscription key changes.
    Kept {
        /// The API user.
        user: Uuid,
        /// Its key.
        api_key: Secret,
        /// Which change it is.
        leg: Leg,
    },
    /// The provisioning API, since the gateway refuses the user of the record with another subscription key than the
    /// one that made it.
    Moved {
        /// Which change it is.
        leg: Leg,
    },
}

/// The two changes of a rotation of the subscription key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// To the secondary key. The same write opens the claim under which the primary is regenerated.
    Swap,
    /// To the regenerated key, which ends it.
    Completion,
}

/// The credential of an earlier revision.
#[derive(Debug)]
pub struct Restored {
    /// The record as that revision has it.
    pub record: Record,
    /// Its API user.
    pub user: Uuid,
    /// Its key.
    pub api_key: Secret,
}

impl Obtain {
    /// The user and key that are there before anything is asked for: nothing is issued, so no claim is needed.
    pub(super) fn given(&self) -> Option<(Uuid, &Secret)> {
        match self {
            Self::Imported { user, api_key } => Some((*user, api_key)),
            Self::Restored(restored) => Some((restored.user, &restored.api_key)),
            Self::NewUser | Self::NewKey { .. } | Self::Kept { .. } | Self::Moved { .. } => None,
        }
    }
}

/// Whether a credential is tried before it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Token and product read.
    Full,
    /// `--no-verify`.
    Skipped,
}

/// Random ids and the identity for claims, drawn before the first step so that the steps are pure.
#[derive(Clone, Debug)]
pub struct Seeds {
    ids: [(Uuid, Uuid); 2],
    /// How many of them a claim has used before this plan was changed.
    used: usize,
    since: Timestamp,
    owner: String,
    lease: Duration,
}

impl Seeds {
    /// Draws ids.
    pub fn draw(world: &dyn World, lease: Duration) -> Self {
        Self {
            ids: [(world.uuid(), world.uuid()), (world.uuid(), world.uuid())],
            used: 0,
            since: world.now(),
            owner: world.owner().to_string(),
            lease,
        }
    }

    /// When the plan was made, by the wall clock.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// The claim of a revocation, which brings no user of its own.
    pub(super) fn revocation(&self, only: Option<Uuid>) -> Claim {
        let [(id, _), _] = self.ids;
        self.claim(id, ClaimKind::Revoke, only)
    }

    fn claim(&self, id: Uuid, kind: ClaimKind, api_user: Option<Uuid>) -> Claim {
        Claim { id, kind, api_user, since: self.since, owner: self.owner.clone(), lease: self.lease }
    }
}

impl Plan {
    /// The claim of the first or second attempt, and the API user that it gives a right to: a new one each time, but for
    /// another key of the record's own.
    pub(super) fn claim(&self, attempt: usize) -> Option<(Claim, Uuid)> {
        let (id, new) = *self.seeds.ids.get(self.seeds.used + attempt)?;
        #[cfg(feature = "faults")]
        let new = crate::faults::reused(&self.seen.record).unwrap_or(new);
        match self.obtain {
            Obtain::NewUser => Some((self.seeds.claim(id, ClaimKind::NewUser, Some(new)), new)),
            Obtain::NewKey { user } => Some((self.seeds.claim(id, ClaimKind::Rekey, None), user)),
            Obtain::Kept { user, leg: Leg::Completion, .. } => {
                let kind = ClaimKind::SubscriptionKey(Phase::Regenerated);
                Some((self.seeds.claim(id, kind, None), user))
            }
            Obtain::Moved { leg } => {
                let phase = if leg == Leg::Swap { Phase::Moving } else { Phase::Regenerated };
                Some((self.seeds.claim(id, ClaimKind::SubscriptionKey(phase), Some(new)), new))
            }
            Obtain::Imported { .. } | Obtain::Restored(_) | Obtain::Kept { leg: Leg::Swap, .. } => None,
        }
    }

    /// The claim that the publication opens.
    pub(super) fn next_claim(&self) -> Option<Claim> {
        let leg = match self.obtain {
            Obtain::Kept { leg, .. } | Obtain::Moved { leg } => leg,
            _ => return None,
        };
        let (id, _) = *self.seeds.ids.last().filter(|_| leg == Leg::Swap)?;
        Some(self.seeds.claim(id, ClaimKind::SubscriptionKey(Phase::Swapped), None))
    }

    /// Goes on with a new user where the one of the record is refused. An id that a claim has used is not used again.
    pub(super) fn move_user(&mut self, leg: Leg) {
        if leg == Leg::Completion {
            self.seeds.used = 1;
        }
        self.obtain = Obtain::Moved { leg };
    }

    /// The new users of the first `attempts` claims.
    pub(super) fn new_users(&self, attempts: usize) -> impl Iterator<Item = Uuid> {
        (0..attempts).filter_map(|attempt| self.claim(attempt)?.0.api_user)
    }

    /// What the claim is for that a run before this one has left. After a rekey, the key in the record may be dead.
    pub(super) fn open_kind(&self) -> Option<ClaimKind> {
        self.seen.record.claim().ok().flatten().map(|claim| claim.kind)
    }
}

impl Inputs {
    /// The inputs as fields of a record.
    pub(super) fn fields(&self) -> Vec<(Field, Secret)> {
        let mut fields = vec![
            (Field::SubscriptionKey, self.subscription_key.clone()),
            (Field::Product, Secret::from(self.product.name())),
            (Field::TargetEnvironment, Secret::from(self.target_environment.as_str())),
            (Field::BaseUrl, Secret::from(self.base_url.as_str())),
        ];
        let optional = [
            (Field::SubscriptionKeySecondary, self.secondary.clone()),
            (Field::ProvisioningSubscriptionKey, self.provisioning.clone()),
            (Field::CallbackHost, self.callback_host.as_ref().map(|host| Secret::from(host.as_str()))),
        ];
        fields.extend(optional.into_iter().filter_map(|(field, value)| Some((field, value?))));
        fields
    }

    /// The keys that may provision, in the order they are tried.
    pub fn provisioning_keys(&self) -> Vec<(KeyRole, &Secret)> {
        let keys = [
            (KeyRole::Provisioning, self.provisioning.as_ref()),
            (KeyRole::Primary, Some(&self.subscription_key)),
            (KeyRole::Secondary, self.secondary.as_ref()),
        ];
        keys.into_iter().filter_map(|(role, key)| Some((role, key?))).collect()
    }
}

/// Which of the keys made a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// The separate provisioning key.
    Provisioning,
    /// The product's primary key.
    Primary,
    /// The product's secondary key.
    Secondary,
}

impl KeyRole {
    /// The field it is kept in.
    pub const fn field(self) -> Field {
        match self {
            Self::Provisioning => Field::ProvisioningSubscriptionKey,
            Self::Primary => Field::SubscriptionKey,
            Self::Secondary => Field::SubscriptionKeySecondary,
        }
    }
}
