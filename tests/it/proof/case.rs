//! The commands that write: what each needs before it, how it ends, and what finishes it.

use momo_gateway::{Binding, Config, Gateway};

use super::bench::Store;

/// A command that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Provision,
    Replace,
    Rotate,
    Rekey,
    Import,
    /// A rotation in production: a person has made the user.
    Guided,
    Rollback,
    /// The first half of a rotation of the subscription key.
    Swap,
    /// The same, where users are bound to the key that made them.
    SwapMoving,
    /// The second half.
    Regenerate,
    /// The same, where users are bound to the key that made them.
    RegenerateMoving,
    Revoke,
    /// The same, where the retired user is of another gateway than the credential in use.
    RevokeElsewhere,
    Compromise,
    /// The first run that goes on with a new user whose owner died.
    ResumeNewUser,
    /// The first run that goes on with a rekey whose owner died.
    ResumeRekey,
    /// The first run that goes on with a revocation whose owner died.
    ResumeRevoke,
    /// The run that drops the claim of an owner that died.
    Abort,
}

/// The file with what a person brings.
pub(super) const GIVEN: &str = "given.env";
/// The file with the subscription key that the portal has made.
pub(super) const REGENERATED: &str = "new.key";

impl Case {
    pub(super) const fn args(self) -> &'static [&'static str] {
        match self {
            Self::Provision => &["provision"],
            Self::Replace => &["provision", "--replace"],
            Self::Rotate => &["rotate"],
            Self::Rekey => &["rotate", "--strategy", "rekey", "--yes"],
            Self::Import => &["import", "--from", GIVEN, "--replace"],
            Self::Guided => &["rotate", "--from", GIVEN],
            Self::Rollback => &["rollback"],
            Self::Swap | Self::SwapMoving => &["rotate", "--subscription-key"],
            Self::Regenerate | Self::RegenerateMoving => COMPLETION,
            Self::Revoke | Self::RevokeElsewhere => REVOKE,
            Self::Compromise => &["compromise", "--yes"],
            Self::ResumeNewUser | Self::ResumeRevoke => &["resume"],
            Self::ResumeRekey => Self::Rekey.resume(),
            Self::Abort => &["abort"],
        }
    }

    /// The command that died before it, and where.
    pub(super) const fn goes_on_with(self) -> Option<(Self, &'static str)> {
        match self {
            Self::ResumeNewUser | Self::Abort => Some((Self::Rotate, "after-key")),
            Self::ResumeRekey => Some((Self::Rekey, "after-key")),
            Self::ResumeRevoke => Some((Self::Revoke, "after-renew")),
            _ => None,
        }
    }

    /// What finishes it where its claim is open.
    pub(super) const fn resume(self) -> &'static [&'static str] {
        match self {
            Self::Rekey | Self::ResumeRekey => &["resume", "--force-takeover"],
            _ => &["resume"],
        }
    }

    /// How it ends where nothing goes wrong.
    pub(super) fn code(self, store: Store) -> i32 {
        match self {
            // Somebody has to restart programs, and nobody is there.
            Self::Swap | Self::SwapMoving => 75,
            // Without the old key nothing is proven.
            Self::Revoke | Self::ResumeRevoke if store == Store::Dotenv => 69,
            _ => 0,
        }
    }

    /// The gateway that it meets.
    pub(super) fn gateway(self) -> Gateway {
        let mut config = Config::sandbox(1);
        match self {
            Self::Guided => config = Config::production(1, "mtnuganda"),
            Self::SwapMoving | Self::RegenerateMoving => config.binding = Binding::Key,
            _ => {}
        }
        Gateway::start(config).unwrap()
    }

    /// Whether the API user of the record stays.
    pub(super) fn keeps_the_user(self) -> bool {
        self.is_a_rekey()
            || matches!(self, Self::Swap | Self::Regenerate)
            || self.revokes() && self != Self::Compromise
    }

    /// Whether another subscription key is to serve.
    pub(super) fn is_of_the_subscription(self) -> bool {
        matches!(self, Self::Swap | Self::SwapMoving | Self::Regenerate | Self::RegenerateMoving)
    }

    /// Whether a person brings user and key.
    pub(super) fn is_given(self) -> bool {
        matches!(self, Self::Import | Self::Guided)
    }

    /// Whether users are to be made useless.
    pub(super) fn revokes(self) -> bool {
        matches!(self, Self::Revoke | Self::RevokeElsewhere | Self::ResumeRevoke | Self::Compromise)
    }

    /// Whether another key is asked for of the same user.
    pub(super) fn is_a_rekey(self) -> bool {
        matches!(self, Self::Rekey | Self::ResumeRekey)
    }
}

pub(super) const COMPLETION: &[&str] = &["resume", "--consumers-restarted", "--from", REGENERATED];
pub(super) const REVOKE: &[&str] = &["revoke", "--yes"];
