//! Taking a record away. The engine has no compare-and-remove: what is checked is checked by a read before.

use momo_cred_backend_api::Effect;
use vaultrs::api::kv2::requests::{DeleteSecretMetadataRequest, DeleteSecretVersionsRequest};

use super::{Current, current};
use crate::Problem;
use crate::call::Call;
use crate::path::Place;
use crate::session::Session;
use crate::wire::Again;

/// Deletes this version, so that it can be undeleted. Not whatever is the latest: a version that was written since the
/// check stays.
pub(crate) async fn remove(session: &Session, place: &Place, version: u64) -> Result<(), (Problem, Effect)> {
    match current(session, place).await.map_err(known)? {
        Current::Live(now) if now == version => {}
        Current::Live(_) => return Err(known(Problem::Stale)),
        Current::None | Current::Deleted(_) => return Err(known(Problem::Gone)),
    }
    let (mount, path) = (place.mount.clone(), place.path.clone());
    let request = DeleteSecretVersionsRequest { mount, path, versions: vec![version] };
    // Another version on top says nothing of this one.
    let gone = |now| matches!(now, Current::Deleted(now) if now == version) || now == Current::None;
    send(session, place, &Call::of(&request), Again::Safe, gone).await
}

/// Deletes the record with all its versions, for good.
pub(crate) async fn destroy(session: &Session, place: &Place, version: u64) -> Result<(), (Problem, Effect)> {
    match current(session, place).await.map_err(known)? {
        Current::Live(now) | Current::Deleted(now) if now == version => {}
        Current::Live(_) | Current::Deleted(_) => return Err(known(Problem::Stale)),
        Current::None => return Err(known(Problem::Gone)),
    }
    let request = DeleteSecretMetadataRequest { mount: place.mount.clone(), path: place.path.clone() };
    // Not safe to repeat: what somebody creates after it would go, too, under the number of the one before.
    send(session, place, &Call::of(&request), Again::Never, |now| now == Current::None).await
}

fn known(problem: Problem) -> (Problem, Effect) {
    (problem, Effect::NotApplied)
}

/// Makes the call, and where its answer is lost looks whether it was done.
async fn send(
    session: &Session,
    place: &Place,
    call: &Call,
    again: Again,
    done: impl Fn(Current) -> bool,
) -> Result<(), (Problem, Effect)> {
    let problem = match session.send(call, again).await {
        Ok(heard) if heard.answer.is_good() => return Ok(()),
        Ok(heard) => heard.problem(),
        Err(problem) => problem,
    };
    if !problem.is_ambiguous() {
        return Err(known(problem));
    }
    match current(session, place).await {
        Ok(now) if done(now) => Ok(()),
        _ => Err((problem, Effect::Unknown)),
    }
}
