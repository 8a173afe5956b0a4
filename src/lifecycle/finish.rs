//! How a lifecycle ends: published, or stopped with what is left behind and what to do next.

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Effect, Revision};
use uuid::Uuid;

use super::judge::Described;
use super::leftover::Leftover;
use super::plan::KeyRole;
use crate::credential::{Claim, ClaimKind, Phase, Record, UnknownClaim};
use crate::momo::{Diagnosis, Refusal, Verdict};
use crate::{Error, Kind};

/// The end of a lifecycle.
#[derive(Debug)]
pub enum Finish {
    /// The credential is in the store and was read back.
    Published(Box<Published>),
    /// It is not. The error says what is left and what to do.
    Failed(Box<Error>),
    /// A signal stopped the run before it was. The error says what is left; the process is to end by the signal.
    Stopped(Box<Error>),
}

/// A published credential.
#[derive(Clone, Debug)]
pub struct Published {
    /// The revision that holds it.
    pub revision: Revision,
    /// The record as it was read back.
    pub record: Record,
    /// Its API user.
    pub user: Uuid,
    /// Which key made the user; `None` for an import.
    pub key: Option<KeyRole>,
    /// Whether it was tried at the gateway before.
    pub verified: bool,
}

impl Finish {
    /// The same, with the claim that this run leaves open.
    pub(super) fn leaving(self, claim: Option<&Claim>) -> Self {
        let with = |error: Box<Error>| match claim {
            Some(claim) => Box::new(error.about(claim, None)),
            None => error,
        };
        match self {
            Self::Failed(error) => Self::Failed(with(error)),
            Self::Stopped(error) => Self::Stopped(with(error)),
            published @ Self::Published(_) => published,
        }
    }
}

fn failed(error: Error) -> Finish {
    Finish::Failed(Box::new(error))
}

/// Adds what the gateway said.
fn gateway(what: String, refusal: &Refusal) -> Error {
    let error = Error::new(refusal.kind(), what).because(refusal);
    match refusal.next() {
        Some(next) => error.next(next),
        None => error,
    }
}

/// `open` is what a run before this one has left.
pub(super) fn preflight_refused(refused: &[(KeyRole, Refusal)], open: Option<ClaimKind>) -> Finish {
    let every_key = refused.iter().all(|(_, refusal)| refusal.kind() == Kind::Denied);
    let what = if every_key {
        match refused.len() {
            1 => "the gateway refuses the subscription key; nothing was changed",
            _ => "the gateway refuses every subscription key there is; nothing was changed",
        }
    } else {
        "the gateway cannot provision; nothing was changed"
    };
    let mut error = match refused.last() {
        // Only the user of a rekey is looked for.
        Some((_, refusal)) if refusal.diagnosis == Diagnosis::UnknownUser => gateway(
            "the gateway does not know the API user; nothing was changed".to_owned(),
            refusal,
        )
        .next(match open {
            Some(ClaimKind::Rekey) => {
                "if the user is gone for good, take the pending fields out of the record by hand, then get a \
                         new one: `momo-cred rotate`"
            }
            _ => "if the user is gone for good, get a new one: `momo-cred rotate`",
        }),
        Some((_, refusal)) => gateway(what.to_owned(), refusal),
        None => Error::new(Kind::Usage, "there is no subscription key to provision with"),
    };
    for (role, refusal) in refused.iter().filter(|_| refused.len() > 1) {
        error = error.tried(format!("{}: {refusal}", role.field()));
    }
    failed(error)
}

pub(super) fn preflight_stopped(refusal: &Refusal) -> Finish {
    let what = "the gateway cannot provision now; nothing was changed";
    if refusal.diagnosis == Diagnosis::Outage {
        // The usual advice is about a credential that there is not yet.
        return failed(Error::new(refusal.kind(), what).because(refusal).next("run it again later"));
    }
    failed(gateway(what.to_owned(), refusal))
}

pub(super) fn newer_layout() -> Finish {
    failed(
        Error::new(Kind::Misconfigured, "the record is of a newer layout")
            .next("upgrade momo-cred; nothing was changed"),
    )
}

pub(super) fn unknown_claim(unknown: &UnknownClaim) -> Finish {
    failed(
        Error::new(Kind::Conflict, "the record holds a claim that this version cannot read")
            .because(unknown)
            .next("finish it with the version that made it; nothing was changed"),
    )
}

/// `earlier` is what a first claim of this run leaves, which was made under another key.
pub(super) fn claim_failed(error: api::Error, earlier: Leftover, kind: ClaimKind) -> Finish {
    let written = error.effect() == Effect::Unknown;
    let ours = Error::from(error);
    failed(match (earlier, kind) {
        (Leftover::NewUser(_), _) => earlier.left_open(ours),
        (_, ClaimKind::SubscriptionKey(Phase::Regenerated)) if !written => {
            ours.because("the new subscription key was not stored; the portal's profile page shows it again")
                .next("look with `momo-cred status`; if the claim is still open, run `momo-cred resume`")
        }
        _ if !written => ours.because("the claim was not written, so the gateway was not asked for anything"),
        (_, ClaimKind::Rekey) => ours
            .because("the gateway was not asked for anything, so the key is as it was; the claim may be open all the same")
            .next("look with `momo-cred status`; if a claim is open, drop it with `momo-cred abort`"),
        (_, ClaimKind::SubscriptionKey(_)) => ours
            .because("the claim may hold the new subscription key all the same; the record serves the other one")
            .next(Leftover::SubscriptionKey.resume()),
        _ => ours
            .because("the gateway was not asked for anything; the claim may be open all the same")
            .next(earlier.resume()),
    })
}

/// Refused for good; the claim was taken back if the store let us.
pub(super) fn refused(refusal: &Refusal, withdrawn: bool) -> Finish {
    let error = gateway("the gateway refuses to provision".to_owned(), refusal);
    failed(if withdrawn {
        error.because("the claim was taken back and the record is as before")
    } else {
        error.because("the claim could not be taken back").next("run `momo-cred abort` to drop it")
    })
}

/// Stopped with the claim left open. To resume after a refusal would bring the same refusal.
pub(super) fn stopped(refusal: &Refusal, left: Leftover) -> Finish {
    let what = format!("{} stopped before anything was published", left.work());
    if refusal.verdict() == Verdict::Bad && matches!(left, Leftover::NewUser(_)) {
        let error = left.claim_stays(gateway(what, refusal));
        return failed(
            error
                .next("then provision again with the right key, or drop the claim with `momo-cred abort`")
                .next("`momo-cred resume` tries the same key once more"),
        );
    }
    if refusal.verdict() == Verdict::Bad && left == Leftover::SubscriptionKey {
        return failed(left.claim_stays(gateway(what, refusal)).next(
            "give the right key with `momo-cred resume --from FILE`; `momo-cred resume` tries the same one again",
        ));
    }
    let error = if refusal.verdict() == Verdict::Protocol {
        gateway(what, refusal)
    } else {
        // To resume is what running it again comes to here.
        Error::new(refusal.kind(), what).because(refusal)
    };
    failed(left.left_open(error))
}

pub(super) fn store_failed(error: api::Error, left: Leftover) -> Finish {
    failed(left.left_open(Error::from(error)))
}

/// The store was asked to publish, and what became of that cannot be read.
pub(super) fn perhaps_published(error: api::Error, user: Uuid, left: Leftover) -> Finish {
    failed(uncertain(Error::from(error), user, left))
}

/// Adds that the credential may be published or not, and how to find out.
fn uncertain(error: Error, user: Uuid, left: Leftover) -> Error {
    let error =
        error.because(format!("the credential of API user {user} may have been published all the same"));
    match left {
        Leftover::Rekey(_) => error.because("if it was not, the key in the record may be dead").next(
            "look with `momo-cred status`; if the claim is still open, run `momo-cred resume --force-takeover`",
        ),
        _ => error.next("look with `momo-cred status`; if the claim is still open, run `momo-cred resume`"),
    }
}

pub(super) fn out_of_time(left: Leftover) -> Finish {
    let error = Error::new(Kind::Unavailable, "the time for this run is over; nothing was published");
    failed(left.left_open(error).next("give more time with --timeout"))
}

/// A signal stopped the run when the store was asked to publish.
pub(super) fn interrupted_publishing(user: Uuid, left: Leftover) -> Finish {
    let error = Error::new(Kind::Unavailable, "stopped by a signal while the credential was being published");
    Finish::Stopped(Box::new(uncertain(error, user, left)))
}

pub(super) fn interrupted(left: Leftover) -> Finish {
    let what = match left {
        Leftover::Rekey(_) => "stopped by a signal; nothing was published",
        _ => "stopped by a signal; nothing was published, what was there is as before",
    };
    Finish::Stopped(Box::new(left.left_open(Error::new(Kind::Unavailable, what))))
}

pub(super) fn not_ours(claim: Option<&Claim>, left: Leftover) -> Finish {
    let error = Error::new(Kind::Conflict, "somebody else took over this record; nothing was published");
    let error = match claim {
        Some(claim) => error.because(format!("it now holds {}", Described(claim))).about(claim, None),
        None => error.because("our claim is not in it any more"),
    };
    failed(left.orphaned(error))
}

pub(super) fn deleted(left: Leftover) -> Finish {
    let error = Error::new(Kind::Conflict, "the record was deleted meanwhile; nothing was published")
        .next("undelete it in the store and run `momo-cred resume`, or provision anew");
    failed(left.orphaned(error))
}

pub(super) fn vanished(left: Leftover) -> Finish {
    let error = Error::new(Kind::Conflict, "the record vanished meanwhile; nothing was published")
        .next("find out who removed it, then provision anew");
    failed(left.orphaned(error))
}

/// The key of a rekey passed its check, was published, and is refused now.
pub(super) fn refused_after_publication(refusal: &Refusal, revision: &Revision) -> Finish {
    let what = format!("the new key was published as revision {revision} and is refused now");
    failed(
        Error::new(refusal.kind(), what)
            .because(refusal)
            .because("somebody may have asked for another key of the same API user")
            .next(
                "run `momo-cred verify`; if it is still refused, get a new API user with `momo-cred rotate`",
            ),
    )
}

pub(super) fn import_refused(refusal: &Refusal) -> Finish {
    failed(gateway("the credential was not proven, so nothing was written".to_owned(), refusal))
}

/// Before the first write of a rotation of the subscription key.
pub(super) fn secondary_refused(refusal: &Refusal) -> Finish {
    let what = "the secondary subscription key was not proven, so nothing was written";
    if refusal.diagnosis == Diagnosis::InvalidKey {
        // The usual advice is about a key that has another one beside it.
        return failed(Error::new(refusal.kind(), what).because(refusal).next(
            "copy the secondary key from the portal's profile page into the record, or take it out of the record to be \
             asked for it",
        ));
    }
    failed(gateway(what.to_owned(), refusal))
}

/// That first write did not succeed.
pub(super) fn swap_failed(error: api::Error) -> Finish {
    let unknown = error.effect() == Effect::Unknown;
    let error = Error::from(error);
    failed(if unknown {
        error
            .because("the record may serve the secondary key all the same, which works")
            .next("look with `momo-cred status`; if a claim is open, run `momo-cred resume`")
    } else {
        error.because("nothing was changed, and both subscription keys work as before")
    })
}

/// The user of the record is refused with another subscription key, and no other can be made.
pub(super) fn move_needs_a_host(left: Leftover) -> Finish {
    let error = Error::new(Kind::Usage, "a callback host is needed to make an API user, and none is set")
        .because("the gateway refuses the API user of the record with the other subscription key")
        .next(
            "give --callback-host pay.example.com, or --callback-host localhost if you take no callbacks yet",
        );
    failed(left.claim_stays(error))
}

/// The one write of an import. A person may hold the only copy of what was to be stored: the portal shows a key once.
pub(super) fn import_write_failed(error: api::Error) -> Finish {
    let unknown = error.effect() == Effect::Unknown;
    let error = Error::from(error);
    failed(if unknown {
        error
            .because("the credential may be stored all the same: keep what shows its key, such as the portal's popup, open")
            .next("look with `momo-cred status`; if it is stored, close the popup once `momo-cred verify` passes")
            .next("if it is not, run the same command again")
    } else {
        error
    })
}

/// The one write of a rollback.
pub(super) fn restoration_failed(error: api::Error) -> Finish {
    let unknown = error.effect() == Effect::Unknown;
    let error = Error::from(error);
    failed(if unknown {
        error
            .because("the record may hold the earlier credential all the same, which works")
            .next("look with `momo-cred status`; if it does not, run `momo-cred rollback` again")
    } else {
        error
    })
}

pub(super) fn read_back_differs(revision: &Revision) -> Finish {
    failed(
        Error::new(
            Kind::Corrupt,
            format!("what the store returns as revision {revision} is not what was written"),
        )
        .next("look at the record with `momo-cred status`; nothing was \"fixed\""),
    )
}

pub(super) fn read_back_failed(error: api::Error, revision: &Revision) -> Finish {
    failed(
        Error::from(error)
            .because(format!(
                "the credential was published as revision {revision}, but could not be read back"
            ))
            .next("run `momo-cred verify`"),
    )
}

pub(super) fn impossible() -> Finish {
    failed(Error::new(Kind::Internal, "the lifecycle got an answer that does not belong to its step"))
}
