//! Durations as people write them: `500ms`, `15s`, `2m`, `1h`, `90d`.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What a deadline of network work may be.
pub const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(3600);
/// What the lease of a claim may be.
pub const LEASE: RangeInclusive<Duration> = Duration::from_secs(30)..=Duration::from_secs(24 * 3600);

/// How long the kernel may keep a credential.
pub const CACHE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);

/// How long a hook may run.
pub const HOOK: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);

/// A text that is no duration, or not one that is allowed here. Never holds the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadDuration {
    /// Not a whole number and a unit.
    Syntax,
    /// Outside these bounds.
    Bounds(RangeInclusive<Duration>),
}

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a whole number and its unit: `ms`, `s`, `m`, `h` or `d`.
///
/// # Errors
/// [`BadDuration::Syntax`] for anything else.
pub fn parse(text: &str) -> Result<Duration, BadDuration> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at(end);
    let number: u64 = digits.parse().map_err(|_| BadDuration::Syntax)?;
    let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(BadDuration::Syntax)?;
    number.checked_mul(factor).map(Duration::from_millis).ok_or(BadDuration::Syntax)
}

/// Reads a duration that must lie within bounds.
///
/// # Errors
/// [`BadDuration`] for one outside, or for something else.
pub fn parse_within(text: &str, bounds: RangeInclusive<Duration>) -> Result<Duration, BadDuration> {
    let duration = parse(text)?;
    if bounds.contains(&duration) { Ok(duration) } else { Err(BadDuration::Bounds(bounds)) }
}

/// A duration in the largest unit that gives a whole number: the form that [`parse`] reads.
pub fn format(duration: Duration) -> String {
    let millis = duration.as_millis();
    let whole = UNITS.into_iter().rev().find(|(_, factor)| millis.is_multiple_of(u128::from(*factor)));
    match whole {
        Some((name, factor)) if millis > 0 => format!("{}{name}", millis / u128::from(factor)),
        _ => "0s".to_owned(),
    }
}

impl fmt::Display for BadDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => {
                f.write_str("not a duration: it is a whole number and ms, s, m, h or d, such as 15s")
            }
            Self::Bounds(bounds) => {
                write!(f, "not allowed: it is from {} to {}", format(*bounds.start()), format(*bounds.end()))
            }
        }
    }
}

impl std::error::Error for BadDuration {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_the_same() {
        for text in ["1ms", "500ms", "15s", "2m", "90s", "1h", "90d", "1500ms"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
        assert_eq!(format(parse("60s").unwrap()), "1m");
        assert_eq!(format(Duration::ZERO), "0s");
    }

    #[test]
    fn refuses() {
        for text in [
            "",
            "15",
            "s",
            "1.5s",
            "-1s",
            "+1s",
            "1 s",
            "1S",
            "1h30m",
            "99999999999999999999s",
            "99999999999999999d",
        ] {
            assert_eq!(parse(text), Err(BadDuration::Syntax), "{text}");
        }
        assert!(parse_within("0ms", TIMEOUT).is_err() && parse_within("61m", TIMEOUT).is_err());
        let error = parse_within("29s", LEASE).unwrap_err();
        assert_eq!(error.to_string(), "not allowed: it is from 30s to 1d");
        assert!(parse_within("24h", LEASE).is_ok());
    }
}
