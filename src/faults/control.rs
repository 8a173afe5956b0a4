//! Mistakes that a lifecycle could make. Each is seen to break a promise by the suite: its negative controls.

use momo_cred_backend_api::{Expect, Revision, Secret};
use uuid::Uuid;

use crate::credential::Record;

/// The variable that switches one on.
const VARIABLE: &str = "MOMO_CRED_FAULT_CONTROL";

/// Panics once a key is issued, with it in the message.
pub const PANIC: &str = "MOMO_CRED_FAULT_PANIC";

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// No claim is written, and none is looked for before publication.
    NoClaim,
    /// A resume goes on with the user of the claim that it found.
    ReusedUser,
    /// Publication rests on the number of the claim's revision alone.
    RevisionAlone,
    /// A store sends a publication again and tells what became of the second one, and nobody looks for the first one.
    Resent,
    /// The owner does not look at its lease.
    NoLease,
    /// A line of debugging was forgotten, and logs the key.
    LoggedKey,
}

impl Control {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::NoClaim, Self::ReusedUser, Self::RevisionAlone, Self::Resent, Self::NoLease, Self::LoggedKey];

    /// What switches it on: a variable and its value.
    pub const fn switch(self) -> (&'static str, &'static str) {
        let value = match self {
            Self::NoClaim => "no-claim",
            Self::ReusedUser => "reused-user",
            Self::RevisionAlone => "revision-alone",
            Self::Resent => "resent",
            Self::NoLease => "no-lease",
            Self::LoggedKey => "logged-key",
        };
        (VARIABLE, value)
    }

    /// Whether it is on.
    pub(crate) fn is_on(self) -> bool {
        let (variable, value) = self.switch();
        super::text(variable).is_some_and(|asked| asked == value)
    }
}

/// The user that a claim gives a right to where the one of the claim before is reused.
pub(crate) fn reused(seen: &Record) -> Option<Uuid> {
    let claim = Control::ReusedUser.is_on().then(|| seen.claim().ok().flatten()).flatten()?;
    claim.api_user
}

/// What becomes of a key that was issued: a forgotten line logs it, or a panic has it in its message.
pub(crate) fn key_issued(issued: &Secret) {
    let panics = super::text(PANIC).is_some();
    if !panics && !Control::LoggedKey.is_on() {
        return;
    }
    #[expect(clippy::disallowed_methods, reason = "the mistake itself, which the tests find")]
    let api_key = issued.expose_secret();
    #[expect(clippy::panic, reason = "a test looks for what a panic shows")]
    if panics {
        panic!("the key {api_key}");
    }
    tracing::trace!(api_key, "issued");
}

/// What publication expects where nothing but a revision stands against it: that of the claim, or what was read.
pub(crate) fn unfenced(claim: Option<&Revision>, read: &Revision) -> Option<Expect> {
    let revision = match claim {
        _ if Control::NoClaim.is_on() => read,
        Some(claim) if Control::RevisionAlone.is_on() => claim,
        _ => return None,
    };
    Some(Expect::Revision(revision.clone()))
}
