//! The steps between which a process may die.

use crate::lifecycle::Effect;

/// A step of a command. Each has a point before it and one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The gateway is asked whether it would provision.
    Preflight,
    /// The claim is written.
    Claim,
    /// The user is made.
    User,
    /// Its key is asked for.
    Key,
    /// The credential is tried.
    Check,
    /// The record is read before publication.
    Fence,
    /// The credential is written.
    Publish,
    /// What was published is read.
    ReadBack,
    /// The claim is taken back.
    Withdraw,
    /// The key of a rekey is tried once more.
    Recheck,
    /// The hook runs, if there is one.
    Hook,
    /// The gateway is asked whether it would give new keys to retired users.
    RevokePreflight,
    /// The claim of a revocation is written.
    RevokeClaim,
    /// An old key is tried before a new one is asked for, where the credential in use is of another gateway.
    Witness,
    /// The record is read before a retired user is asked a key for.
    RevokeLook,
    /// A retired user is given a key that nobody keeps.
    Renew,
    /// An old key of it is tried.
    OldKey,
    /// The credential in use is tried.
    InUse,
    /// The record is read before the list is written.
    RevokeFence,
    /// The list is written.
    Settle,
    /// The record is written without the claim that is given up.
    Abort,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 21] = [
        Self::Preflight,
        Self::Claim,
        Self::User,
        Self::Key,
        Self::Check,
        Self::Fence,
        Self::Publish,
        Self::ReadBack,
        Self::Withdraw,
        Self::Recheck,
        Self::Hook,
        Self::RevokePreflight,
        Self::RevokeClaim,
        Self::Witness,
        Self::RevokeLook,
        Self::Renew,
        Self::OldKey,
        Self::InUse,
        Self::RevokeFence,
        Self::Settle,
        Self::Abort,
    ];

    /// What it is called in the name of a point.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Claim => "claim",
            Self::User => "user",
            Self::Key => "key",
            Self::Check => "check",
            Self::Fence => "fence",
            Self::Publish => "publish",
            Self::ReadBack => "read-back",
            Self::Withdraw => "withdraw",
            Self::Recheck => "recheck",
            Self::Hook => "hook",
            Self::RevokePreflight => "revoke-preflight",
            Self::RevokeClaim => "revoke-claim",
            Self::Witness => "witness",
            Self::RevokeLook => "revoke-look",
            Self::Renew => "renew",
            Self::OldKey => "old-key",
            Self::InUse => "in-use",
            Self::RevokeFence => "revoke-fence",
            Self::Settle => "settle",
            Self::Abort => "abort",
        }
    }

    /// The step of an effect: each effect but the last has one, so that a new one without a point does not build.
    pub(super) const fn of(effect: &Effect, was_published: bool) -> Option<Self> {
        Some(match effect {
            Effect::Preflight(_) => Self::Preflight,
            Effect::Claim(..) => Self::Claim,
            Effect::CreateUser(..) => Self::User,
            Effect::CreateKey(..) => Self::Key,
            Effect::Check(..) if was_published => Self::Recheck,
            Effect::Check(..) => Self::Check,
            Effect::Fence => Self::Fence,
            Effect::Publish(..) => Self::Publish,
            Effect::ReadBack(_) => Self::ReadBack,
            Effect::Withdraw(..) => Self::Withdraw,
            Effect::Finish(_) => return None,
        })
    }
}
