//! Supervised mode: a small process that stays, for what `execve` cannot do. Only with `--mask` or `--watch`.
//!
//! **The supervisor reads no store and holds no value.** Before anything is read it forks, and the child is momo-cred as
//! without these options: it reads, builds the environment, and becomes the program with `execve` as its last statement.
//! A look at the store, and the start of the next program, are further such children. They talk to the supervisor over a
//! socket ([`errand`]): revisions, a keyed digest of what the program was given, the automaton of the masker. So nothing
//! that a store's client leaves in memory outlives the moment, and no second login is kept.
//!
//! - `run`: the loop; `program` and `fork`: what runs, and how it is started; `monitor`: its parent on a terminal of its own
//! - `signals`: which ones, from whom, and whether the program has them already
//! - `over`: whether somebody wants an end, not a restart
//! - `terminal`: ours, while the program has one of its own
//! - `schedule`: when to look, and when to try again

pub mod errand;
mod fork;
mod monitor;
mod over;
mod program;
mod relay;
mod reports;
mod run;
mod schedule;
mod signals;
mod terminal;

use std::ffi::c_int;
use std::time::Duration;

pub use errand::{Errand, Handover, Known, Purpose};
pub use run::supervise;
pub use signals::by_name;

use crate::Outcome;

/// How long a program that is restarted has to end after TERM.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// What the command line asks of the supervisor.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Hide secrets in the program's output.
    pub mask: bool,
    /// Look at the records, and act when what the program was given has changed.
    pub watch: Option<Watch>,
}

/// How the records are watched.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// What happens on a change.
    pub action: Action,
    /// The time between two looks, give or take a fifth.
    pub interval: Duration,
}

/// What happens when the credential has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The program ends and begins anew with the new values.
    Restart,
    /// It gets a signal.
    Signal(c_int),
}

/// Who returns from [`supervise`]: the supervisor at its end, or one of its children at its beginning.
#[derive(Debug)]
pub enum Role {
    /// The program has ended, and so do we.
    Ended(Outcome),
    /// A child that has something to do.
    Errand(Errand),
}
