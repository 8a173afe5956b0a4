//! When a call is made again, and after which pause.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::{Diagnosis, Refusal};

/// The longest pause that a gateway may ask for.
const LONGEST: Duration = Duration::from_secs(30);
/// The pause before the first repetition; it doubles from there.
const FIRST: Duration = Duration::from_millis(300);
const TIMES: u32 = 4;

/// What may be repeated without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// A call without effect, or with the same effect each time: reads, tokens, the creation of one UUID.
    Safe,
    /// A read of something that was just made: an unknown user may be one that is not known everywhere yet.
    Fresh,
    /// A key: each success makes a new one and, it is thought, kills the last. Only what surely had no effect.
    Key,
}

impl Again {
    /// The pause before a call is made again, or `None` when it is not. `done` counts the calls made.
    pub(super) fn pause(self, refusal: &Refusal, done: u32) -> Option<Duration> {
        if done >= TIMES || !self.allows(refusal) {
            return None;
        }
        let random = RandomState::new().build_hasher().finish();
        Some(pause(done, refusal.retry_after, random))
    }

    fn allows(self, refusal: &Refusal) -> bool {
        let passes = match refusal.diagnosis {
            Diagnosis::Outage | Diagnosis::RateLimited => true,
            Diagnosis::NoAnswer(silence) => silence.passes(),
            // PyPI's `mtnmomo` waits 5 s between the calls and a Dart SDK 2 s, others none.
            Diagnosis::UnknownUser => self != Self::Safe,
            _ => false,
        };
        passes && (self != Self::Key || !refusal.ambiguous)
    }
}

/// What the gateway asks for, or a doubling pause of which half is left to chance: many jobs that failed together do
/// not come back together.
fn pause(done: u32, asked: Option<Duration>, random: u64) -> Duration {
    let full = FIRST * 2_u32.saturating_pow(done.saturating_sub(1).min(6));
    let chance = u32::try_from(random % 1000).unwrap_or_default();
    asked.map_or(full / 2, |asked| asked.min(LONGEST)) + full / 2 * chance / 1000
}

/// Reads `Retry-After`: seconds or a date (RFC 9110, 10.2.3), capped at 30 s. Anything else is no wish at all. `date`
/// is the answer's own `Date`: the two clocks need not agree.
pub(super) fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(value.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let parse = |text: &str| DateTimeParser::new().parse_timestamp(text.trim()).ok();
    let now = date.and_then(parse).unwrap_or_else(Timestamp::now);
    let wait = Duration::try_from(parse(value)?.duration_since(now)).unwrap_or_default();
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::momo::{Silence, Step, TlsFault};

    #[test]
    fn retry_after_is_seconds_or_a_date_capped_or_nothing() {
        const DATE: Option<&str> = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let secs = |value, date| retry_after(value, date).map(|wait| wait.as_secs());
        assert_eq!(secs("0", None), Some(0));
        assert_eq!(secs(" 7 ", None), Some(7));
        assert_eq!(secs("99999999", None), Some(30));
        assert_eq!(secs("999999999999999999999999999", None), Some(30));
        assert_eq!(secs("Sun, 06 Nov 1994 08:49:47 GMT", DATE), Some(10));
        assert_eq!(secs("Sun, 06 Nov 1994 08:49:27 GMT", DATE), Some(0));
        assert_eq!(secs("Sun, 06 Nov 1994 18:49:37 GMT", DATE), Some(30));
        assert_eq!(secs("Wed, 01 Dec 9999 00:00:00 GMT", None), Some(30));
        assert_eq!(secs("Sun, 06 Nov 1994 08:49:37 GMT", Some("junk")), Some(0));
        for junk in ["", "-1", "1.5", "soon", "1s", "+3", "\u{661}"] {
            assert_eq!(secs(junk, None), None, "{junk:?}");
        }
    }

    #[test]
    fn pauses_double_and_keep_half_to_chance() {
        assert_eq!(pause(1, None, 0), FIRST / 2);
        assert_eq!(pause(3, None, 0), FIRST * 2);
        assert!(pause(1, None, 999) < FIRST);
        let asked = Some(Duration::from_secs(9));
        assert!(pause(1, asked, 999) >= Duration::from_secs(9));
        assert!(pause(1, asked, 999) < Duration::from_secs(10));
    }

    #[test]
    fn only_what_is_safe_is_done_again() {
        let refusal = |diagnosis| Refusal::local(Step::CreateKey, diagnosis);
        let silent = |silence| Refusal::no_answer(Step::CreateKey, silence);
        for (refusal, safe, key) in [
            (refusal(Diagnosis::Outage), true, true),
            (refusal(Diagnosis::RateLimited), true, true),
            (refusal(Diagnosis::UnknownUser), false, true),
            (Refusal { ambiguous: true, ..refusal(Diagnosis::Outage) }, true, false),
            (silent(Silence::Unconnected), true, true),
            (silent(Silence::Unresolved), true, true),
            (silent(Silence::Unanswered), true, false),
            (silent(Silence::Broken), true, false),
            (silent(Silence::Truncated), true, false),
            (silent(Silence::Tls(TlsFault::Untrusted)), false, false),
            (silent(Silence::Deadline), false, false),
            (refusal(Diagnosis::InvalidKey), false, false),
            (refusal(Diagnosis::LoginFailed), false, false),
            (refusal(Diagnosis::Malformed), false, false),
            (refusal(Diagnosis::Intercepted), false, false),
            (refusal(Diagnosis::Quota), false, false),
        ] {
            assert_eq!(Again::Safe.allows(&refusal), safe, "{refusal}");
            assert_eq!(Again::Key.allows(&refusal), key, "{refusal}");
            assert_eq!(Again::Safe.pause(&refusal, TIMES), None);
        }
        assert!(Again::Fresh.allows(&refusal(Diagnosis::UnknownUser)));
    }
}
