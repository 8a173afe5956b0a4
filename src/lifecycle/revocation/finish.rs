//! How a revocation stops before its end, with what is left behind and what to do next.

use momo_cred_backend_api as api;

use super::{RevocationEnd, Revoked};
use crate::credential::Claim;
use crate::lifecycle::finish::{self, Finish};
use crate::lifecycle::{Described, KeyRole};
use crate::momo::Refusal;
use crate::{Error, Kind};

const RESUME: &str =
    "run `momo-cred resume` with the same profile: it asks again, and tries the old keys again";

fn failed(error: Error) -> RevocationEnd {
    RevocationEnd::Failed(Box::new(error))
}

/// What every lifecycle says.
fn shared(finish: Finish) -> RevocationEnd {
    match finish {
        Finish::Failed(error) | Finish::Stopped(error) => RevocationEnd::Failed(error),
        Finish::Published(_) => impossible(),
    }
}

pub(super) fn preflight_refused(refused: &[(KeyRole, Refusal)]) -> RevocationEnd {
    unbegun(finish::preflight_refused(refused, None))
}

pub(super) fn preflight_stopped(refusal: &Refusal) -> RevocationEnd {
    unbegun(finish::preflight_stopped(refusal))
}

fn unbegun(finish: Finish) -> RevocationEnd {
    match shared(finish) {
        RevocationEnd::Failed(error) => RevocationEnd::Unbegun(error),
        end => end,
    }
}

pub(super) fn impossible() -> RevocationEnd {
    shared(finish::impossible())
}

pub(super) fn not_writable() -> RevocationEnd {
    shared(finish::newer_layout())
}

pub(super) fn claim_failed(error: api::Error) -> RevocationEnd {
    let unknown = error.effect() == api::Effect::Unknown;
    let error =
        Error::from(error).because("the gateway was not asked for anything, so every key is as it was");
    failed(if unknown { error.because("the claim may be open all the same").next(RESUME) } else { error })
}

/// Says what is known of the users, which the record does not have.
fn told(error: Error, users: &[Revoked]) -> Error {
    users
        .iter()
        .fold(error, |error, revoked| error.because(format!("API user {}: {}", revoked.user, revoked.fate)))
}

fn left_open(error: Error, users: &[Revoked]) -> RevocationEnd {
    let error =
        told(error, users).because("the list of retired API users is as before; nothing else is lost");
    failed(error.next(RESUME))
}

pub(super) fn out_of_time(users: &[Revoked]) -> RevocationEnd {
    let error = Error::new(Kind::Unavailable, "the time for this run is over; not every user is revoked");
    left_open(error.next("give more time with --timeout"), users)
}

pub(super) fn store_failed(error: api::Error, users: &[Revoked]) -> RevocationEnd {
    left_open(Error::from(error), users)
}

pub(super) fn not_ours(claim: Option<&Claim>, users: &[Revoked]) -> RevocationEnd {
    let error = Error::new(Kind::Conflict, "somebody else took over this record; its list is as before");
    let error = match claim {
        Some(claim) => error.because(format!("it now holds {}", Described(claim))),
        None => error.because("our claim is not in it any more"),
    };
    failed(told(error, users).next("look with `momo-cred status`, then run `momo-cred revoke` again"))
}

pub(super) fn gone(users: &[Revoked]) -> RevocationEnd {
    let error = Error::new(Kind::Conflict, "the record was removed meanwhile, and its list with it");
    failed(told(error, users).next("bring it back in the store, then run `momo-cred revoke` again"))
}
