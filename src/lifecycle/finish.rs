//! How a lifecycle ends: published, or stopped with what is left behind and what to do next.

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Effect, Revision};
use uuid::Uuid;

use super::judge::Described;
use super::plan::KeyRole;
use crate::credential::{Claim, Record, UnknownClaim};
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
#[derive(Debug)]
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

const RESUME: &str = "run `momo-cred resume` with the same profile; it makes a new user and finishes";

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

pub(super) fn preflight_refused(refused: &[(KeyRole, Refusal)]) -> Finish {
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

/// `earlier` is the user of a first claim of this run, which was made under another key.
pub(super) fn claim_failed(error: api::Error, earlier: Option<Uuid>) -> Finish {
    let written = error.effect() == Effect::Unknown;
    let ours = Error::from(error);
    failed(match earlier {
        Some(_) => left_open(ours, earlier),
        None if written => ours
            .because("the gateway was not asked for anything; the claim may be open all the same")
            .next(RESUME),
        None => ours.because("the claim was not written, so the gateway was not asked for anything"),
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
pub(super) fn stopped(refusal: &Refusal, user: Option<Uuid>) -> Finish {
    let what = "provisioning stopped before anything was published";
    if refusal.verdict() == Verdict::Bad {
        let error = claim_stays(gateway(what.to_owned(), refusal), user);
        return failed(
            error
                .next("then provision again with the right key, or drop the claim with `momo-cred abort`")
                .next("`momo-cred resume` tries the same key once more"),
        );
    }
    let error = if refusal.verdict() == Verdict::Protocol {
        gateway(what.to_owned(), refusal)
    } else {
        // To resume is what running it again comes to here.
        Error::new(refusal.kind(), what).because(refusal)
    };
    failed(left_open(error, user))
}

pub(super) fn store_failed(error: api::Error, user: Uuid) -> Finish {
    if error.effect() == Effect::Unknown && error.op() == api::Op::Write {
        let what = format!("the credential of API user {user} may have been published all the same");
        let next = "look with `momo-cred status`; if the claim is still open, run `momo-cred resume`";
        return failed(Error::from(error).because(what).next(next));
    }
    failed(left_open(Error::from(error), Some(user)))
}

pub(super) fn out_of_time(user: Option<Uuid>) -> Finish {
    let error = Error::new(Kind::Unavailable, "the time for this run is over; nothing was published");
    failed(left_open(error, user).next("give more time with --timeout"))
}

pub(super) fn interrupted(user: Option<Uuid>) -> Finish {
    let error = Error::new(
        Kind::Unavailable,
        "stopped by a signal; nothing was published, what was there is as before",
    );
    Finish::Stopped(Box::new(left_open(error, user)))
}

fn left_open(error: Error, user: Option<Uuid>) -> Error {
    claim_stays(error, user).next(RESUME)
}

fn claim_stays(error: Error, user: Option<Uuid>) -> Error {
    match user {
        Some(user) => error.because(format!(
            "the claim stays open; API user {user} may exist at the gateway, its key was dropped and nothing is lost"
        )),
        None => error,
    }
}

pub(super) fn not_ours(claim: Option<&Claim>, orphan: Uuid) -> Finish {
    let error = Error::new(Kind::Conflict, "somebody else took over this record; nothing was published");
    let error = match claim {
        Some(claim) => error.because(format!("it now holds {}", Described(claim))),
        None => error.because("our claim is not in it any more"),
    };
    failed(orphaned(error, orphan))
}

pub(super) fn deleted(orphan: Uuid) -> Finish {
    let error = Error::new(Kind::Conflict, "the record was deleted meanwhile; nothing was published")
        .next("undelete it in the store and run `momo-cred resume`, or provision anew");
    failed(orphaned(error, orphan))
}

pub(super) fn vanished(orphan: Uuid) -> Finish {
    let error = Error::new(Kind::Conflict, "the record vanished meanwhile; nothing was published")
        .next("find out who removed it, then provision anew");
    failed(orphaned(error, orphan))
}

fn orphaned(error: Error, orphan: Uuid) -> Error {
    error.because(format!("API user {orphan} is left unused at the gateway; its key was dropped"))
}

pub(super) fn import_refused(refusal: &Refusal) -> Finish {
    failed(gateway("the credential was not proven, so nothing was written".to_owned(), refusal))
}

pub(super) fn import_write_failed(error: api::Error) -> Finish {
    failed(Error::from(error))
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
