//! What a [`crate::Tap`] does to the requests that match, instead of passing them on.

use std::time::Duration;

/// What happens to a request.
#[derive(Clone)]
pub(crate) enum Action {
    /// It is processed; its answer is not passed on and the connection is closed.
    LoseAnswer,
    /// The connection is closed and the server never sees it.
    Refuse,
    /// These bytes are the answer, and the server never sees it.
    Answer(Vec<u8>),
    /// It waits before it is passed on.
    Delay(Duration),
}

/// One instruction: which requests, after how many of them, for how many.
pub(crate) struct Rule {
    pub(crate) method: String,
    pub(crate) part: String,
    pub(crate) skip: usize,
    pub(crate) times: usize,
    pub(crate) action: Action,
}

/// The action for this request, of the first rule that has one left.
pub(crate) fn next(rules: &mut Vec<Rule>, method: &str, target: &str) -> Option<Action> {
    let mut chosen = None;
    for rule in rules.iter_mut().filter(|rule| rule.method == method && target.contains(&rule.part)) {
        if rule.skip > 0 {
            rule.skip -= 1;
        } else if rule.times > 0 {
            rule.times -= 1;
            chosen = Some(rule.action.clone());
            break;
        }
    }
    rules.retain(|rule| rule.times > 0);
    chosen
}
