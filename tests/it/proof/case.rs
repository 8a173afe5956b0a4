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
        }
    }

    /// What finishes it where its claim is open.
    pub(super) const fn resume(self) -> &'static [&'static str] {
        match self {
            Self::Rekey => &["resume", "--force-takeover"],
            _ => &["resume"],
        }
    }

    /// How it ends where nothing goes wrong.
    pub(super) fn code(self, store: Store) -> i32 {
        match self {
            // Somebody has to restart programs, and nobody is there.
            Self::Swap | Self::SwapMoving => 75,
            // Without the old key nothing is proven.
            Self::Revoke if store == Store::Dotenv => 69,
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
        matches!(self, Self::Rekey | Self::Swap | Self::Regenerate | Self::Revoke | Self::RevokeElsewhere)
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
        matches!(self, Self::Revoke | Self::RevokeElsewhere | Self::Compromise)
    }
}

pub(super) const COMPLETION: &[&str] = &["resume", "--consumers-restarted", "--from", REGENERATED];
pub(super) const REVOKE: &[&str] = &["revoke", "--yes"];
