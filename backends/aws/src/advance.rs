//! The move of AWSCURRENT from the version that is expected: the compare-and-swap.

use momo_cred_backend_api::Effect;
use momo_cred_transport::backoff;

use crate::session::Session;
use crate::state::describe;
use crate::write::{Failure, TIMES, known, once, rest};
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
        let seen = match verdict(session, name, ours, expect, unheard.is_some()).await {
            Verdict::Won => return Ok(ours.to_owned()),
            Verdict::Lost(problem) => return Err(known(problem)),
            Verdict::Unseen => false,
            Verdict::Open => true,
        };
        // Refused though nobody else is seen to have it, or a version that is not seen yet: what is read lags behind.
        let lags = matches!(problem, Problem::Refused(_) | Problem::NotFound);
        let again = (problem.passes() || lags) && done < TIMES;
        if !again || !rest(session, backoff(done, None)).await {
            return Err(match (unheard, problem) {
                (Some(unheard), _) => (unheard, Effect::Unknown),
                (None, Problem::Refused(_)) if seen => known(Problem::Stale),
                (None, Problem::NotFound) => known(Problem::Lag),
                (None, problem) => known(problem),
            });
        }
    }
    Err(known(Problem::Throttled))
}

enum Verdict {
    /// Ours is current, or was.
    Won,
    /// Ours never was, and cannot become so any more.
    Lost(Problem),
    /// Not to be told from what is seen.
    Open,
    /// Nothing is seen.
    Unseen,
}

/// Who has the stage, and who had it before?
async fn verdict(session: &Session, name: &str, ours: &str, expect: &str, unheard: bool) -> Verdict {
    let state = match describe(session, name).await {
        Ok(Some(state)) => state,
        Ok(None) if !unheard => return Verdict::Lost(Problem::NotFound),
        Ok(None) => return Verdict::Open,
        Err(_) => return Verdict::Unseen,
    };
    let moved = state.current.as_deref() != Some(expect);
    // Whoever is current came directly after the expected one; or ours cannot have been before it, for no move of ours
    // went unheard.
    let passed_by = moved && (!unheard || state.previous.as_deref() == Some(expect));
    if state.was(ours) {
        Verdict::Won
    } else if passed_by {
        Verdict::Lost(if state.deleted { Problem::Deleted } else { Problem::Stale })
    } else if state.deleted && !unheard {
        Verdict::Lost(Problem::Deleted)
    } else {
        Verdict::Open
    }
}
