//! When the records are looked at, and what is said of it.

use std::time::{Duration, Instant};

/// The longest time between two looks while the store is down.
const LONGEST: Duration = Duration::from_secs(300);

/// The looks at the records.
#[derive(Debug)]
pub(super) struct Schedule {
    interval: Duration,
    next: Instant,
    /// Looks and starts that failed for a store that is down, in a row.
    failures: u32,
    /// What was said of the last failure.
    said: Option<String>,
}

impl Schedule {
    /// The first look comes one interval after the start.
    pub(super) fn new(interval: Duration, now: Instant, chance: u32) -> Self {
        let mut schedule = Self { interval, next: now, failures: 0, said: None };
        schedule.wait(now, chance);
        schedule
    }

    /// When to look next.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// A look succeeded. What to say, if one before did not.
    pub(super) fn succeeded(&mut self, now: Instant, chance: u32) -> Option<&'static str> {
        self.failures = 0;
        self.wait(now, chance);
        self.said.take().map(|_| "the records can be looked at again")
    }

    /// A look failed, or a start that followed from one. The line to say, unless the same was said last.
    pub(super) fn failed(&mut self, now: Instant, chance: u32, line: String, down: bool) -> Option<String> {
        self.failures = if down { self.failures.saturating_add(1) } else { 0 };
        self.wait(now, chance);
        if self.said.as_ref() == Some(&line) {
            return None;
        }
        self.said = Some(line.clone());
        Some(line)
    }

    /// Twice the interval for each failure, at most five minutes; then a fifth more or less, so that many processes that
    /// began together do not ask together.
    fn wait(&mut self, now: Instant, chance: u32) {
        let longer = self.interval.saturating_mul(1 << self.failures.min(16));
        let wait = longer.min(LONGEST.max(self.interval));
        self.next = now + wait.mul_f64(0.8 + 0.4 * part(chance));
    }
}

/// How long a restart waits, so that a fleet does not restart at once: up to a third of the interval.
pub(super) fn splay(interval: Duration, chance: u32) -> Duration {
    interval.mul_f64(part(chance) / 3.0)
}

/// A random number as a part of one.
fn part(chance: u32) -> f64 {
    f64::from(chance) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn waits(schedule: &Schedule, now: Instant) -> Duration {
        Duration::from_millis((schedule.next() - now).as_secs_f64().mul_add(1000.0, 0.5) as u64)
    }

    #[test]
    fn the_interval_is_kept_give_or_take_a_fifth() {
        let now = Instant::now();
        for (chance, seconds) in [(0, 48), (u32::MAX / 2, 60), (u32::MAX, 72)] {
            let schedule = Schedule::new(MINUTE, now, chance);
            assert_eq!(waits(&schedule, now).as_secs(), seconds);
        }
        assert_eq!(splay(MINUTE, 0), Duration::ZERO);
        assert_eq!(splay(MINUTE, u32::MAX).as_secs(), 20);
    }

    #[test]
    fn a_store_that_is_down_is_asked_less_often_and_told_of_once() {
        let (now, middle) = (Instant::now(), u32::MAX / 2);
        let mut schedule = Schedule::new(MINUTE, now, middle);
        assert_eq!(schedule.succeeded(now, middle), None);
        let mut fail = |text: &str, down| {
            let said = schedule.failed(now, middle, text.to_owned(), down);
            (said.is_some(), waits(&schedule, now).as_secs())
        };
        assert_eq!(fail("down", true), (true, 120));
        assert_eq!(fail("down", true), (false, 240));
        assert_eq!(fail("down", true), (false, 300));
        assert_eq!(fail("down", true), (false, 300));
        assert_eq!(fail("broken record", false), (true, 60));
        assert!(schedule.succeeded(now, middle).is_some());
        assert_eq!((schedule.succeeded(now, middle), waits(&schedule, now).as_secs()), (None, 60));
    }

    #[test]
    fn an_interval_beyond_the_longest_is_kept() {
        let now = Instant::now();
        let mut schedule = Schedule::new(MINUTE * 60, now, u32::MAX / 2);
        let _ = schedule.failed(now, u32::MAX / 2, String::new(), true);
        assert_eq!(waits(&schedule, now).as_secs(), 3600);
    }
}
