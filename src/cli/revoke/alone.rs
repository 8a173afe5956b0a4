//! Users that a revocation leaves alone, and why.

use std::fmt;

use uuid::Uuid;

use super::REFUSED;
use crate::cli::holders::Holding;
use crate::{Error, Kind};

/// A user of which no key was asked for.
pub(super) struct Alone {
    pub(super) user: Uuid,
    pub(super) why: Why,
}

/// Why a user was left alone.
pub(super) enum Why {
    /// Another record of the config file has it.
    Held(Holding<Uuid>),
    /// A revision has it with a gateway that nothing vouches for: what it is.
    Unvouched(String),
    /// A revision has it with settings that cannot be read.
    Unreadable,
    /// A revision has it without a subscription key.
    NoKey,
    /// Revisions have it with more than one gateway or environment.
    SeveralGateways,
    /// It is of another country than the record is now.
    OtherProduction(String),
    /// A person has to go to the portal for it, and a claim is finished.
    Later,
    /// The gateway of then could not be asked for anything.
    Unbegun(Box<Error>),
}

impl Why {
    /// Why the settings of a revision cannot be used.
    pub(super) fn of(error: &Error) -> Self {
        match error.kind() {
            Kind::Misconfigured => Self::Unvouched(error.causes().first().cloned().unwrap_or_default()),
            _ => Self::Unreadable,
        }
    }

    /// The word in JSON.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Held(_) => "in-use-elsewhere",
            Self::Later | Self::Unbegun(_) => "not-asked",
            Self::Unvouched(_)
            | Self::Unreadable
            | Self::NoKey
            | Self::SeveralGateways
            | Self::OtherProduction(_) => "left-alone",
        }
    }

    /// What to do about it.
    pub(super) fn next(&self) -> Vec<String> {
        let next = match self {
            Self::Held(holding) => {
                let rotate = format!("rotate it there: `momo-cred rotate -p {}`", holding.profile);
                return vec![rotate, "then run `momo-cred revoke` here".to_owned()];
            }
            Self::Unvouched(_) => "if that gateway is yours, say so: base-url in a trusted config file",
            Self::Unreadable | Self::NoKey | Self::SeveralGateways => {
                return vec![format!(
                    "try its old key with the settings it belongs to: `momo-cred verify --revision REVISION` {REFUSED}; \
                     the user stays on the list"
                )];
            }
            Self::OtherProduction(_) => {
                return vec![format!(
                    "revoke it in the Partner Portal there, and prove it: `momo-cred verify --revision REVISION` {REFUSED}; \
                     the user stays on the list"
                )];
            }
            Self::Later => "run `momo-cred revoke` at a terminal",
            Self::Unbegun(error) => return error.next_steps().to_vec(),
        };
        vec![next.to_owned()]
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(holding) => {
                write!(f, "NOT REVOKED: profile {} has it, too, at {}", holding.profile, holding.location)
            }
            Self::Unvouched(what) => {
                write!(
                    f,
                    "left alone: an earlier revision has it with a gateway that nothing vouches for: {what}"
                )
            }
            Self::Unreadable => {
                f.write_str("left alone: an earlier revision has it with settings that cannot be read")
            }
            Self::NoKey => f.write_str("left alone: an earlier revision has it without a subscription key"),
            Self::SeveralGateways => {
                f.write_str("left alone: earlier revisions have it with more than one gateway or environment")
            }
            Self::OtherProduction(target) => {
                write!(f, "left alone: it is of {target}, where a person revokes")
            }
            Self::Later => f.write_str("not asked: a person revokes it in the Partner Portal"),
            Self::Unbegun(error) => write!(f, "not asked: {error}"),
        }
    }
}
