//! The one limit on all network work of a command.

use std::time::{Duration, Instant};

/// A point in monotonic time. Every call of a [`Client`](super::Client), its repetitions and its pauses end by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// What stands for a time too far away to be counted.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

impl Deadline {
    /// This much from now.
    pub fn after(total: Duration) -> Self {
        Self(Instant::now() + total.min(FAR))
    }

    /// What is left, or `None` when it is over.
    pub fn remaining(self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    pub(super) fn instant(self) -> Instant {
        self.0
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
}
