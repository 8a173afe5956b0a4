//! Whose turn it is: requests of two processes that stand still until the test lets each of them go.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::held::Held;
use crate::sandbox::PATIENCE;

/// A process in such a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    A,
    B,
}

/// A step that waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Claim,
    User,
    Key,
    Publish,
}

/// What a process did, in the order in which it was let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) who: Who,
    pub(super) step: Step,
    /// The API user that it was about.
    pub(super) user: String,
}

#[derive(Default)]
struct State {
    standing: BTreeMap<Who, Step>,
    deeds: Vec<Deed>,
    over: bool,
}

/// The gates of a test. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<(Mutex<State>, Condvar)>);

impl Turns {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called by a gate: stands until it is let go.
    pub(super) fn pass(&self, who: Who, step: Step, user: &str) {
        let mut state = self.state();
        state.standing.insert(who, step);
        self.0.1.notify_all();
        while state.standing.contains_key(&who) && !state.over {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.deeds.push(Deed { who, step, user: user.to_owned() });
    }

    /// Waits until a process stands at a gate; `None` once it has ended.
    #[track_caller]
    pub(super) fn stands(&self, who: Who, run: &mut Held) -> Option<Step> {
        let start = Instant::now();
        let mut state = self.state();
        loop {
            if let Some(step) = state.standing.get(&who) {
                return Some(*step);
            }
            if run.has_ended() {
                return None;
            }
            assert!(start.elapsed() < PATIENCE, "waited for {who:?} to come to a gate");
            // Whoever comes to a gate wakes this up; that a process has ended must be looked for.
            let look = Duration::from_millis(2);
            state = self.0.1.wait_timeout(state, look).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lets it go that stands at a gate.
    pub(super) fn let_go(&self, who: Who) {
        self.state().standing.remove(&who);
        self.0.1.notify_all();
    }

    /// Everything that was let go so far.
    pub(super) fn deeds(&self) -> Vec<Deed> {
        self.state().deeds.clone()
    }

    /// Opens all gates for good.
    pub(super) fn end(&self) {
        self.state().over = true;
        self.0.1.notify_all();
    }
}

/// Every order of `a` turns of one and `b` turns of the other.
pub(super) fn orders(a: usize, b: usize) -> Vec<Vec<Who>> {
    if a + b == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (who, left, rest) in [(Who::A, a, (a.wrapping_sub(1), b)), (Who::B, b, (a, b.wrapping_sub(1)))] {
        if left > 0 {
            all.extend(orders(rest.0, rest.1).into_iter().map(|order| [&[who], &order[..]].concat()));
        }
    }
    all
}

#[test]
fn orders_are_all_there_are() {
    assert_eq!((orders(4, 4).len(), orders(3, 4).len()), (70, 35));
    let mut all = orders(4, 4);
    all.sort();
    all.dedup();
    assert!(
        all.len() == 70 && all.iter().all(|order| order.iter().filter(|who| **who == Who::A).count() == 4)
    );
}
