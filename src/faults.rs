//! Points at which a test kills or stops this process, and mistakes that it switches on to see its suite find them.
//! Only with the feature `faults`, which no build that is shipped has.

mod control;
mod place;

use rustix::process::{Signal, getpid, kill_process};

pub use control::Control;
pub(crate) use control::{forgotten_line, reused, unfenced};
pub(crate) use place::{ahead, boot};

use crate::lifecycle::Effect;

/// Kills the process at a point: `after-claim`, or `after-claim:2` for the second time that it comes there.
pub const POINT: &str = "MOMO_CRED_FAULT_POINT";
/// Stops the process at a point, as SIGSTOP does.
pub const STOP: &str = "MOMO_CRED_FAULT_STOP";

/// A step of the lifecycle. Each has a point before it and one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The gateway is asked whether it would provision.
    Preflight,
    /// The claim is written.
    Claim,
    /// The user is made.
    User,
    /// Its key is asked for.
    Key,
    /// The credential is tried.
    Check,
    /// The record is read before publication.
    Fence,
    /// The credential is written.
    Publish,
    /// What was published is read.
    ReadBack,
    /// The claim is taken back.
    Withdraw,
    /// The key of a rekey is tried once more.
    Recheck,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 10] = [
        Self::Preflight,
        Self::Claim,
        Self::User,
        Self::Key,
        Self::Check,
        Self::Fence,
        Self::Publish,
        Self::ReadBack,
        Self::Withdraw,
        Self::Recheck,
    ];

    /// What it is called in the name of a point.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Claim => "claim",
            Self::User => "user",
            Self::Key => "key",
            Self::Check => "check",
            Self::Fence => "fence",
            Self::Publish => "publish",
            Self::ReadBack => "read-back",
            Self::Withdraw => "withdraw",
            Self::Recheck => "recheck",
        }
    }

    /// The step of an effect: each effect but the last has one, so that a new one without a point does not build.
    fn of(effect: &Effect, was_published: bool) -> Option<Self> {
        Some(match effect {
            Effect::Preflight(_) => Self::Preflight,
            Effect::Claim(..) => Self::Claim,
            Effect::CreateUser(..) => Self::User,
            Effect::CreateKey(..) => Self::Key,
            Effect::Check(..) if was_published => Self::Recheck,
            Effect::Check(..) => Self::Check,
            Effect::Fence => Self::Fence,
            Effect::Publish(..) => Self::Publish,
            Effect::ReadBack(_) => Self::ReadBack,
            Effect::Withdraw(..) => Self::Withdraw,
            Effect::Finish(_) => return None,
        })
    }
}

/// The names of all points.
pub fn points() -> Vec<String> {
    Step::ALL.into_iter().flat_map(|step| ["before", "after"].map(|side| name(side, step))).collect()
}

fn name(side: &str, step: Step) -> String {
    format!("{side}-{}", step.name())
}

/// The way of one lifecycle past its points.
#[derive(Debug, Default)]
pub(crate) struct Way {
    step: Option<Step>,
    was_published: bool,
    passed: Vec<String>,
}

impl Way {
    /// A step begins.
    pub(crate) fn before(&mut self, effect: &Effect) {
        self.step = Step::of(effect, self.was_published);
        self.pass("before");
    }

    /// It ended.
    pub(crate) fn after(&mut self) {
        self.was_published |= self.step == Some(Step::ReadBack);
        self.pass("after");
    }

    fn pass(&mut self, side: &str) {
        let Some(step) = self.step else { return };
        let here = name(side, step);
        self.passed.push(here.clone());
        let times = self.passed.iter().filter(|point| **point == here).count();
        for (variable, signal) in [(POINT, Signal::KILL), (STOP, Signal::STOP)] {
            let Some(wanted) = text(variable) else { continue };
            let (point, nth) = wanted.split_once(':').unwrap_or((&wanted, "1"));
            if point == here && nth.parse() == Ok(times) {
                // To oneself this cannot fail, and the signal is there before the call is over.
                let _ = kill_process(getpid(), signal);
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what only tests set is no setting")]
fn text(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}
