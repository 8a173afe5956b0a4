//! Taking a secret away. The service has no compare-and-remove: what is checked is checked by a look before.

use momo_cred_backend_api::{Effect, Removal};

use crate::Problem;
use crate::session::Session;
use crate::state::{State, describe};
use crate::write::Failure;

/// The service's default, and its longest.
const WINDOW_DAYS: i64 = 30;

/// Schedules a secret for deletion, or deletes it at once and for good.
pub(crate) async fn remove(
    session: &Session,
    name: &str,
    expect: &str,
    removal: Removal,
) -> Result<(), Failure> {
    let known = |problem| (problem, Effect::NotApplied);
    match describe(session, name).await.map_err(known)? {
        None => return Err(known(Problem::NotFound)),
        Some(State { deleted: true, .. }) if removal == Removal::Recoverable => {
            return Err(known(Problem::NotFound));
        }
        Some(State { current, .. }) if current.as_deref() != Some(expect) => {
            return Err(known(Problem::Stale));
        }
        Some(_) => {}
    }
    let client = session.client().await.map_err(known)?;
    let request = client.delete_secret().secret_id(name);
    let request = match removal {
        Removal::Recoverable => request.recovery_window_in_days(WINDOW_DAYS),
        Removal::Destroy => request.force_delete_without_recovery(true),
    };
    let problem = match session.call(request.send()).await {
        Ok(_) => return Ok(()),
        Err(problem) => problem,
    };
    // It may be in the state that was asked for: the SDK asks again by itself where an answer is lost.
    let effect = match problem {
        Problem::State | Problem::NotFound => Effect::NotApplied,
        _ if problem.is_ambiguous() => Effect::Unknown,
        _ => return Err(known(problem)),
    };
    match (describe(session, name).await, removal) {
        (Ok(None), _) | (Ok(Some(State { deleted: true, .. })), Removal::Recoverable) => Ok(()),
        _ => Err((problem, effect)),
    }
}
