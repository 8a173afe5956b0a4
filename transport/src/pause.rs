//! Pauses before a call is made again.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The longest pause that a server may ask for.
pub const LONGEST: Duration = Duration::from_secs(30);
/// The pause before the first repetition; it doubles from there.
const FIRST: Duration = Duration::from_millis(300);

/// The pause before a call is made again that was made `done` times: what the server asked for, or a doubling pause of
/// which half is left to chance, so that many jobs that failed together do not come back together.
pub fn backoff(done: u32, asked: Option<Duration>) -> Duration {
    pause(done, asked, RandomState::new().build_hasher().finish())
}

fn pause(done: u32, asked: Option<Duration>, random: u64) -> Duration {
    let full = FIRST * 2_u32.saturating_pow(done.saturating_sub(1).min(6));
    let chance = u32::try_from(random % 1000).unwrap_or_default();
    asked.map_or(full / 2, |asked| asked.min(LONGEST)) + full / 2 * chance / 1000
}

/// Reads `Retry-After`: seconds or a date (RFC 9110, 10.2.3), capped at 30 s. Anything else is no wish at all. `date`
/// is the answer's own `Date`: the two clocks need not agree.
pub fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(value.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let now = date.and_then(http_date).unwrap_or_else(Timestamp::now);
    let wait = Duration::try_from(http_date(value)?.duration_since(now)).unwrap_or_default();
    Some(wait.min(LONGEST))
}

/// Reads a date of a header (RFC 9110, 5.6.7).
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
