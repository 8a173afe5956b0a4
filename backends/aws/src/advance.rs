//! The move of AWSCURRENT from the version that is expected: the compare-and-swap.

use crate::session::Session;
use crate::state::{State, describe};
use crate::write::{Failure, PATIENCE, again, known, once, rest, unknown};
use crate::{CURRENT, Problem};

/// Moves AWSCURRENT. After each answer that is no success, what became of ours is looked at.
pub(crate) async fn advance(
    session: &Session,
    name: &str,
    ours: &str,
    expect: &str,
) -> Result<String, Failure> {
    let client = session.client().await.map_err(known)?;
    // The first answer that was not heard: from then on ours may be current, or have been.
    let mut unheard: Option<Problem> = None;
    let mut lags = PATIENCE.iter().take(3);
    for done in 1.. {
        let request = client
            .update_secret_version_stage()
            .secret_id(name)
            .version_stage(CURRENT)
            .move_to_version_id(ours)
            .remove_from_version_id(expect)
            .customize()
            .config_override(once());
        let problem = match session.call(request.send()).await {
            Ok(_) => return Ok(ours.to_owned()),
            Err(problem) => problem,
        };
        if problem.is_ambiguous() {
            unheard.get_or_insert(problem.clone());
        }
        // Throttled or denied: nothing of ours can have become current, and what is seen would say nothing of it.
        let look = unheard.is_some() || refused(&problem) || problem == Problem::State;
        let seen = if look { describe(session, name).await.ok() } else { None };
        match seen.as_ref().and_then(Option::as_ref).map(|state| verdict(state, ours, expect, &problem)) {
            Some(Verdict::Won) => return Ok(ours.to_owned()),
            Some(Verdict::Passed) => return Err(known(lost(seen.flatten()))),
            Some(Verdict::Deleted) if unheard.is_none() => return Err(known(Problem::Deleted)),
            Some(Verdict::Deleted | Verdict::Open) | None => {}
        }
        // Refused though nobody is seen to have come between: what is read, or what refused it, lags behind.
        let again = match lags.next() {
            Some(pause) if refused(&problem) => rest(session, *pause).await,
            _ => again(session, &problem, done).await,
        };
        if !again {
            return Err(match (unheard, problem, seen) {
                (Some(unheard), ..) => unknown(unheard),
                (None, Problem::NotFound, Some(Some(state))) if state.current() == expect => {
                    known(Problem::Lag)
                }
                (None, Problem::NotFound, Some(None)) => known(Problem::NotFound),
                (None, problem, Some(state)) if refused(&problem) => known(lost(state)),
                (None, problem, _) => known(problem),
            });
        }
    }
    Err(known(Problem::Throttled))
}

/// Whether the service found that the stage cannot be moved so.
fn refused(problem: &Problem) -> bool {
    matches!(problem, Problem::Refused(_) | Problem::NotFound)
}

/// Why a move was lost to somebody else's.
fn lost(state: Option<State>) -> Problem {
    if state.is_some_and(|state| state.deleted) { Problem::Deleted } else { Problem::Stale }
}

enum Verdict {
    /// Ours is current, or was.
    Won,
    /// Another came directly after the expected one: ours never was current, and cannot become so any more.
    Passed,
    /// The secret is scheduled for deletion, for which a move is refused.
    Deleted,
    /// Not to be told from what is seen, which may be older than what was done.
    Open,
}

/// Who has the stage, and who had it before?
fn verdict(state: &State, ours: &str, expect: &str, problem: &Problem) -> Verdict {
    if state.was(ours) {
        Verdict::Won
    } else if state.current() != expect && state.previous.as_deref() == Some(expect) {
        Verdict::Passed
    } else if state.deleted && *problem == Problem::State {
        Verdict::Deleted
    } else {
        Verdict::Open
    }
}
