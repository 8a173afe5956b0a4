//! Whether somebody wants an end, not a restart.

use std::ffi::c_int;
use std::time::Instant;

use super::GRACE;

/// What was asked of the program, whatever it made of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing.
    #[default]
    No,
    /// To end, or to leave what it is at: both are what Ctrl-C says.
    Until(Instant),
    /// To end.
    ForGood,
}

impl Over {
    /// Hears a signal that the program gets.
    pub(super) fn hear(&mut self, signal: c_int, now: Instant) {
        match (signal, *self) {
            (libc::SIGTERM, _) => *self = Self::ForGood,
            (libc::SIGINT | libc::SIGQUIT, Self::No | Self::Until(_)) => *self = Self::Until(now + GRACE),
            _ => {}
        }
    }

    /// Whether it still counts.
    pub(super) fn is_set(self, now: Instant) -> bool {
        match self {
            Self::No => false,
            Self::Until(at) => now < at,
            Self::ForGood => true,
        }
    }

    /// When it counts no more.
    pub(super) fn until(self, now: Instant) -> Option<Instant> {
        match self {
            Self::Until(at) => Some(at).filter(|at| now < *at),
            Self::No | Self::ForGood => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ctrl_c_counts_for_a_while_and_term_for_good() {
        let (mut over, now) = (Over::default(), Instant::now());
        over.hear(libc::SIGHUP, now);
        assert!(!over.is_set(now));
        for signal in [libc::SIGINT, libc::SIGQUIT] {
            over.hear(signal, now);
            assert_eq!((over.is_set(now), over.until(now)), (true, Some(now + GRACE)));
            assert_eq!((over.is_set(now + GRACE), over.until(now + GRACE)), (false, None));
        }
        over.hear(libc::SIGTERM, now);
        over.hear(libc::SIGINT, now);
        assert_eq!((over.is_set(now + GRACE * 1000), over.until(now)), (true, None));
    }
}
