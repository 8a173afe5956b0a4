//! What became of a user.

use std::fmt;

use uuid::Uuid;

use crate::momo::Refusal;

/// A user, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The API user.
    pub user: Uuid,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Every key of it that is known is refused.
    Dead,
    /// The gateway where it was made does not know the user.
    Unknown,
    /// The gateway does not know the user, and nothing says that it was made there.
    Stranger,
    /// A key of it still gets a token.
    Alive,
    /// It has a new key that nobody has, or the portal was said to have revoked it, and no old key is known to try.
    Unproven,
    /// The gateway did not say.
    Unclear(Refusal),
    /// Its keys are refused, and so is the credential in use: that proves nothing.
    Doubtful(Refusal),
    /// Its keys are refused, and nothing shows that the gateway lets anybody in.
    Unwitnessed,
    /// An earlier refusal ended the run.
    Unasked,
}

impl Fate {
    /// Whether it is proven that nobody can use the user: it leaves the list.
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::Dead | Self::Unknown)
    }

    /// The word in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Dead => "revoked",
            Self::Unknown | Self::Stranger => "unknown-user",
            Self::Alive => "still-works",
            Self::Unproven => "unproven",
            Self::Unclear(_) | Self::Doubtful(_) | Self::Unwitnessed => "inconclusive",
            Self::Unasked => "not-asked",
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dead => f.write_str("revoked: its old key is refused"),
            Self::Unknown => f.write_str("unknown to the gateway: nobody can use it"),
            Self::Stranger => {
                f.write_str("unknown to this gateway, not proven: nothing says that it was made there")
            }
            Self::Alive => f.write_str("NOT REVOKED: its old key still gets a token"),
            Self::Unproven => {
                f.write_str("renewed, not proven: no old key of it is known that could be tried")
            }
            Self::Unclear(refusal) => write!(f, "cannot be told: {refusal}"),
            Self::Doubtful(refusal) => {
                write!(f, "cannot be told: the credential in use gets no token either: {refusal}")
            }
            Self::Unwitnessed => f.write_str(
                "not proven: its old key is refused, and nothing shows that this gateway lets anybody in",
            ),
            Self::Unasked => f.write_str("not asked: the run had to stop before"),
        }
    }
}
