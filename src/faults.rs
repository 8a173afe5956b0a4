//! Points at which a test kills or stops this process, and mistakes that it switches on to see its suite find them.
//! Only with the feature `faults`, which no build that is shipped has.

mod control;
mod place;
mod step;

use std::sync::{Mutex, PoisonError};

use rustix::process::{Signal, getpid, kill_process};

pub use control::{Control, PANIC};
pub(crate) use control::{key_issued, reused, unfenced};
pub(crate) use place::{ahead, boot};
pub use step::Step;

use crate::lifecycle::Effect;

/// Kills the process at a point: `after-claim`, or `after-claim:2` for the second time that it comes there.
pub const POINT: &str = "MOMO_CRED_FAULT_POINT";
/// Stops the process at a point, as SIGSTOP does.
pub const STOP: &str = "MOMO_CRED_FAULT_STOP";

/// The names of all points.
pub fn points() -> Vec<String> {
    Step::ALL.into_iter().flat_map(|step| [Side::Before, Side::After].map(|side| name(side, step))).collect()
}

#[derive(Clone, Copy)]
enum Side {
    Before,
    After,
}

fn name(side: Side, step: Step) -> String {
    let side = match side {
        Side::Before => "before",
        Side::After => "after",
    };
    format!("{side}-{}", step.name())
}

/// The way of one machine past its points.
#[derive(Debug, Default)]
pub(crate) struct Way {
    step: Option<Step>,
    was_published: bool,
}

impl Way {
    /// An effect of the lifecycle begins.
    pub(crate) fn before_effect(&mut self, effect: &Effect) {
        self.before(Step::of(effect, self.was_published));
    }

    /// A step begins; none where the machine ends.
    pub(crate) fn before(&mut self, step: Option<Step>) {
        self.step = step;
        if let Some(step) = step {
            pass(Side::Before, step);
        }
    }

    /// It ended.
    pub(crate) fn after(&mut self) {
        self.was_published |= self.step == Some(Step::ReadBack);
        if let Some(step) = self.step {
            pass(Side::After, step);
        }
    }
}

/// A step that is no effect of a machine: it ends where this is dropped.
#[derive(Debug)]
pub(crate) struct Around(Step);

impl Around {
    /// It begins.
    pub(crate) fn begin(step: Step) -> Self {
        pass(Side::Before, step);
        Self(step)
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        pass(Side::After, self.0);
    }
}

/// Every point that this process has come to.
static PASSED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn pass(side: Side, step: Step) {
    let here = name(side, step);
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    passed.push(here.clone());
    let times = passed.iter().filter(|point| **point == here).count();
    for (variable, signal) in [(POINT, Signal::KILL), (STOP, Signal::STOP)] {
        let Some(wanted) = text(variable) else { continue };
        let (point, nth) = wanted.split_once(':').unwrap_or((&wanted, "1"));
        if point == here && nth.parse() == Ok(times) {
            // To oneself this cannot fail, and the signal is there before the call is over.
            let _ = kill_process(getpid(), signal);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what only tests set is no setting")]
fn text(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}
