//! `--if-older-than`: whether a credential is young enough to be left as it is.

use std::time::Duration;

use jiff::Timestamp;

use crate::cli::context::{Context, Place};
use crate::config::duration;
use crate::credential::{Field, Malformed, Record};
use crate::effective::Holder;
use crate::{Error, Kind, Result};

/// Reads the limit.
pub(super) fn limit(text: &str) -> Result<Duration> {
    duration::parse(text).map_err(|bad| {
        Error::new(Kind::Usage, "the value of --if-older-than is refused")
            .because(bad)
            .next("give an age such as 30d or 12h")
    })
}

/// Whether the credential was issued less than the limit ago. Where nothing says when, it counts as old.
pub(super) fn is_young(context: &Context, place: &Place, record: &Record, limit: Duration) -> Result<bool> {
    let holder = Holder::Record(&place.location);
    let issued = record.issued_at().map_err(|_| holder.malformed(&Malformed::Field(Field::IssuedAt)))?;
    let now = Timestamp::now();
    let Some(issued) = issued else {
        context.output.note(&format!("{} does not say when it was issued: it counts as old", place.location));
        return Ok(false);
    };
    match standing(issued, now, limit) {
        Standing::Old => Ok(false),
        Standing::Young => {
            context.output.note(&format!(
                "the credential at {} was issued at {issued}, less than {} ago; nothing to do",
                place.location,
                duration::format(limit)
            ));
            Ok(true)
        }
        // To take it for young would keep a credential for ever.
        Standing::Future => {
            Err(Error::new(Kind::Corrupt, format!("issued_at of {} lies in the future", place.location))
                .because(format!("it says {issued}, and the clock of this machine {now:.0}"))
                .at(&place.location)
                .next("if this machine's clock is wrong, put it right")
                .next("else correct issued_at in the store, or rotate without --if-older-than"))
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Young,
    Old,
    Future,
}

fn standing(issued: Timestamp, now: Timestamp, limit: Duration) -> Standing {
    let age = now.duration_since(issued);
    match age.unsigned_abs() {
        _ if age.is_negative() => Standing::Future,
        age if age >= limit => Standing::Old,
        _ => Standing::Young,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_future_is_never_young() {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let day = Duration::from_secs(24 * 3600);
        for (issued, limit, want) in [
            ("2026-05-31T00:00:01Z", day, Standing::Young),
            ("2026-05-31T00:00:00Z", day, Standing::Old),
            ("2020-01-01T00:00:00Z", day, Standing::Old),
            ("2026-06-01T00:00:00Z", day, Standing::Young),
            ("2026-06-01T00:00:01Z", day, Standing::Future),
            ("2036-06-01T00:00:00Z", day, Standing::Future),
            ("2026-06-01T00:00:00Z", Duration::ZERO, Standing::Old),
            ("2026-06-01T00:01:00Z", Duration::ZERO, Standing::Future),
        ] {
            assert_eq!(standing(issued.parse().unwrap(), now, limit), want, "{issued} {limit:?}");
        }
    }
}
