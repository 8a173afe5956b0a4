//! Taking a secret away. The service has no compare-and-remove: what is checked is checked by a look before.

use momo_cred_backend_api::Removal;

use crate::Problem;
use crate::session::Session;
use crate::state::{State, describe};
use crate::write::{Failure, PATIENCE, again, known, once, rest, unknown};

/// The service's default, and its longest.
const WINDOW_DAYS: i64 = 30;

/// Schedules a secret for deletion, or deletes it at once and for good.
pub(crate) async fn remove(
    session: &Session,
    name: &str,
    expect: &str,
    removal: Removal,
) -> Result<(), Failure> {
    let client = session.client().await.map_err(known)?;
    let mut unheard = false;
    for done in 1.. {
        // Before each attempt: what somebody wrote meanwhile is not ours to take.
        match describe(session, name).await.map_err(known)? {
            state if gone(state.as_ref(), removal) && unheard => return Ok(()),
            state if gone(state.as_ref(), removal) => return Err(known(Problem::NotFound)),
            None => return Err(known(Problem::NotFound)),
            Some(state) if state.current() != expect => return Err(known(Problem::Stale)),
            Some(_) => {}
        }
        let request = client.delete_secret().secret_id(name);
        let request = match removal {
            Removal::Recoverable => request.recovery_window_in_days(WINDOW_DAYS),
            Removal::Destroy => request.force_delete_without_recovery(true),
        };
        let problem = match session.call(request.customize().config_override(once()).send()).await {
            Ok(_) => return Ok(()),
            Err(problem) => problem,
        };
        unheard |= problem.is_ambiguous();
        if problem.is_ambiguous() || matches!(problem, Problem::State | Problem::NotFound) {
            let still = settle(session, name, removal, problem.clone()).await?;
            // To delete for good once more could take what somebody makes in this moment.
            if still && removal == Removal::Destroy {
                return Err(unknown(problem));
            }
            if !still {
                return Ok(());
            }
        }
        if !again(session, &problem, done).await {
            return Err(if unheard { unknown(problem) } else { known(problem) });
        }
    }
    Err(known(Problem::Throttled))
}

/// An answer was lost, or the state of the secret does not allow it: it may be in the one that was asked for. Whether it is
/// still there.
async fn settle(session: &Session, name: &str, removal: Removal, problem: Problem) -> Result<bool, Failure> {
    let failed = |problem: Problem| if problem.is_ambiguous() { unknown(problem) } else { known(problem) };
    let mut pauses = PATIENCE.iter();
    loop {
        let state = describe(session, name).await.map_err(|_| failed(problem.clone()))?;
        if gone(state.as_ref(), removal) {
            return Ok(false);
        }
        if problem == Problem::State && state.is_some_and(|state| state.is_replicated()) {
            return Err(known(Problem::Replicated));
        }
        match pauses.next() {
            Some(pause) if rest(session, *pause).await => {}
            _ if problem.is_ambiguous() => return Ok(true),
            _ => return Err(known(problem)),
        }
    }
}

/// Whether a secret is as a removal leaves it.
fn gone(state: Option<&State>, removal: Removal) -> bool {
    match state {
        None => true,
        Some(state) => state.deleted && removal == Removal::Recoverable,
    }
}
