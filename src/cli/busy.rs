//! The errors for a record that somebody else works on.

use super::context::Place;
use crate::credential::Claim;
use crate::lifecycle::{Alive, Described};
use crate::{Error, Kind};

/// The record cannot be worked on now; `what` says why.
pub(super) fn busy(place: &Place, what: &str) -> Error {
    Error::new(Kind::Conflict, format!("{} {what}", place.location)).at(&place.location)
}

/// The error for a claim whose owner works on it, or may.
pub(super) fn live(place: &Place, claim: &Claim, alive: Alive) -> Error {
    let headline = match alive {
        Alive::Unfinished if claim.kind.phase().is_some() => {
            "holds a rotation of the subscription key that was not finished"
        }
        Alive::Unfinished => "holds a rekey that was not finished",
        _ => "is being worked on",
    };
    let error = busy(place, headline).because(format!("it holds {}", Described(claim)));
    let force = "run `momo-cred resume --force-takeover` if you know that its owner is gone";
    match alive {
        Alive::Running => error.because("that process runs on this machine").next("wait for it to end"),
        Alive::Young(age) => error
            .because(format!(
                "it is {} s old and its lease is {} s; it counts as dead after twice that",
                age.as_secs(),
                claim.lease.as_secs()
            ))
            .next(format!("wait, or {force}")),
        Alive::Unclear => error.because("this store has no clock to judge it by").next(force),
        Alive::Unending => error.because("a claim of this kind never expires").next(force),
        Alive::Unfinished if claim.kind.phase().is_some() => error
            .because("that process is gone, and what it has begun would be lost from sight")
            .next("finish it with `momo-cred resume`, or drop it with `momo-cred abort`"),
        Alive::Unfinished => error
            .because("that process is gone, and the key in the record may be dead")
            .next("finish it with `momo-cred resume --force-takeover`")
            .next("if the key in the record still works, `momo-cred abort` drops the claim"),
    }
}
