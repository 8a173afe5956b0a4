//! The one limit on all network work of a command.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The end of all network work: every call that shares it, with its repetitions and its pauses, ends by it. Clones
/// share one clock, which starts with the first look at it: what a command does before, such as asking a person, costs
/// nothing.
#[derive(Clone, Debug)]
pub struct Deadline(Arc<Mutex<Clock>>);

#[derive(Clone, Copy, Debug)]
struct Clock {
    total: Duration,
    started: Option<Instant>,
}

/// What stands for a time too far away to be counted.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

impl Deadline {
    /// This much from the first call on.
    pub fn after(total: Duration) -> Self {
        Self(Arc::new(Mutex::new(Clock { total: total.min(FAR), started: None })))
    }

    /// The whole of it.
    pub fn total(&self) -> Duration {
        self.clock().total
    }

    /// What is left, or `None` when it is over.
    pub fn remaining(&self) -> Option<Duration> {
        self.instant().checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// When it is over.
    pub fn instant(&self) -> Instant {
        let mut clock = self.clock();
        *clock.started.get_or_insert_with(Instant::now) + clock.total
    }

    /// Begins another piece of work, for which there is this much from its first call on.
    pub fn begin(&self, total: Duration) {
        *self.clock() = Clock { total: total.min(FAR), started: None };
    }

    /// Starts anew with the next call: a person was asked in between, who may take any time.
    pub fn restart(&self) {
        self.clock().started = None;
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_never_overflows() {
        assert_eq!(Deadline::after(Duration::ZERO).remaining(), None);
        assert!(Deadline::after(Duration::MAX).remaining().is_some());
    }

    #[test]
    fn clones_share_a_clock_that_starts_with_the_first_look() {
        let one = Deadline::after(Duration::from_secs(3600));
        let other = one.clone();
        let end = one.instant();
        assert_eq!(other.instant(), end);
        other.restart();
        assert!(one.instant() >= end);
    }
}
