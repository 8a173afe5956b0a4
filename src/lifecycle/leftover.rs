//! What a run that stops leaves behind, in words: an open claim, a user that nobody needs, a key that may be dead.

use uuid::Uuid;

use crate::Error;

/// What to do about a credential in use that may be dead.
pub(super) const VERIFY_OR_ROTATE: &str =
    "run `momo-cred verify`; if the credential is refused, get a new one with `momo-cred rotate`";

/// What stays behind when a run stops before its publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leftover {
    /// Nothing: no claim was written.
    Nothing,
    /// A claim, and perhaps its new API user.
    NewUser(Uuid),
    /// A claim of kind `rekey`. A key was asked for, so the one in the record may be dead.
    Rekey(Uuid),
    /// A claim that holds the new subscription key.
    SubscriptionKey,
}

impl Leftover {
    /// What was under way, as headlines call it.
    pub(super) const fn work(self) -> &'static str {
        match self {
            Self::Nothing | Self::NewUser(_) => "provisioning",
            Self::Rekey(_) => "the rekey",
            Self::SubscriptionKey => "the rotation of the subscription key",
        }
    }

    /// How it goes on.
    pub(super) const fn resume(self) -> &'static str {
        match self {
            Self::Nothing | Self::NewUser(_) => "run `momo-cred resume`; it makes a new user and finishes",
            Self::Rekey(_) => "run `momo-cred resume --force-takeover`; it asks for another key and finishes",
            Self::SubscriptionKey => {
                "run `momo-cred resume`; it tries the new subscription key again and finishes"
            }
        }
    }

    /// Says what stays, and how it goes on.
    pub(super) fn left_open(self, error: Error) -> Error {
        self.claim_stays(error).next(self.resume())
    }

    /// Says what stays.
    pub(super) fn claim_stays(self, error: Error) -> Error {
        match self {
            Self::Nothing => error,
            Self::NewUser(user) => error.because(format!(
                "the claim stays open; API user {user} may exist at the gateway, its key was dropped and nothing is lost"
            )),
            Self::Rekey(user) => error.because(format!(
                "the claim stays open; a new key may have been made for API user {user} and was dropped, so the key in \
                 the record may be dead"
            )),
            Self::SubscriptionKey => error.because(
                "the claim stays open and holds the new subscription key; the record serves the other one as before",
            ),
        }
    }

    /// Says what stays where the claim is not ours any more.
    pub(super) fn orphaned(self, error: Error) -> Error {
        match self {
            Self::Nothing => error,
            Self::NewUser(user) => error
                .because(format!("API user {user} is left unused at the gateway; its key was dropped")),
            Self::Rekey(user) => error
                .because(format!(
                    "a new key was made for API user {user} and was dropped: the key in the record may be dead"
                ))
                .next(VERIFY_OR_ROTATE),
            Self::SubscriptionKey => error
                .because("the new subscription key was dropped; the portal's profile page shows it again"),
        }
    }
}
