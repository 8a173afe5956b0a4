//! How a revocation stops before its end, with what is left behind and what to do next.

use momo_cred_backend_api as api;
use uuid::Uuid;

use super::{RevocationEnd, Revoked};
use crate::credential::Record;
use crate::lifecycle::finish::{self, Finish};
use crate::lifecycle::leftover::VERIFY_OR_ROTATE;
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

/// The record is somebody else's now. A user that it has again, and that this run has asked a key for, is in use with a key
/// that may be dead: no read of the record can keep two requests at two servers apart.
pub(super) fn not_ours(record: &Record, users: &[Revoked], renewed: &[Uuid]) -> RevocationEnd {
    let taken = "somebody else took over this record; its list is as before";
    let killed = record.api_user().ok().flatten().filter(|user| renewed.contains(user));
    let error = match killed {
        Some(user) => {
            let what = format!(
                "the credential in use may be dead: API user {user} was put back while this run asked for another key of it"
            );
            Error::new(Kind::Conflict, what).because(taken)
        }
        None => Error::new(Kind::Conflict, taken),
    };
    let error = match record.claim() {
        Ok(Some(claim)) => error.because(format!("it now holds {}", Described(&claim))),
        _ => error.because("our claim is not in it any more"),
    };
    failed(told(error, users).next(match killed {
        Some(_) => VERIFY_OR_ROTATE,
        None => "look with `momo-cred status`, then run `momo-cred revoke` again",
    }))
}

/// Our claim is there, and beside it the user that was to be asked for.
pub(super) fn in_use_again(user: Uuid, users: &[Revoked]) -> RevocationEnd {
    let what = format!("API user {user} is in use again; no key of it was asked for");
    left_open(Error::new(Kind::Conflict, what), users)
}

pub(super) fn gone(users: &[Revoked]) -> RevocationEnd {
    let error = Error::new(Kind::Conflict, "the record was removed meanwhile, and its list with it");
    failed(told(error, users).next("bring it back in the store, then run `momo-cred revoke` again"))
}
