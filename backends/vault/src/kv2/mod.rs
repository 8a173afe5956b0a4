//! The secrets engine KV version 2.

mod label;
mod list;
mod read;
mod remove;
mod versions;
mod write;

pub(crate) use label::label;
pub(crate) use list::{AT_ONCE, list, walk};
pub(crate) use read::{Found, read};
pub(crate) use remove::{destroy, remove};
pub(crate) use versions::{Current, current, history};
pub(crate) use write::{Written, write};

use std::time::Duration;

use jiff::Timestamp;
use momo_cred_backend_api::Revision;

use crate::Problem;

/// The version that a revision names.
pub(crate) fn version(revision: &Revision) -> Result<u64, Problem> {
    let text = revision.as_str();
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|version| plain && *version > 0).ok_or(Problem::Revision)
}

pub(crate) fn revision(version: u64) -> Revision {
    Revision::new(version.to_string())
}

/// A moment that the server names; an empty text is none.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// How long ago something was made, by the server's clock alone.
pub(crate) fn age(made: &str, now: Option<Timestamp>) -> Option<Duration> {
    // `Date` counts whole seconds, so that a version can seem to be made after its own answer.
    let age = now?.duration_since(moment(made)?);
    Some(Duration::try_from(age).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_a_number() {
        assert_eq!(version(&Revision::new("12")), Ok(12));
        for bad in ["", "0", "01", "-1", "+1", "1.0", "x", "99999999999999999999999"] {
            assert_eq!(version(&Revision::new(bad)), Err(Problem::Revision), "{bad}");
        }
    }

    #[test]
    fn ages_are_by_the_servers_clock() {
        let now = moment("2026-11-21T13:00:10Z");
        assert_eq!(age("2026-11-21T13:00:00.123456789Z", now).map(|age| age.as_secs()), Some(9));
        assert_eq!(age("2026-11-21T13:00:10.9Z", now), Some(Duration::ZERO));
        assert_eq!(age("2026-11-21T13:00:10.9Z", None), None);
        assert_eq!(age("s3krit", now), None);
    }

    proptest::proptest! {
        #[test]
        fn a_version_and_its_revision_are_the_same(number in 1_u64.., text in ".{0,20}") {
            assert_eq!(version(&revision(number)), Ok(number));
            if let Ok(number) = version(&Revision::new(text.as_str())) {
                assert_eq!(revision(number).as_str(), text);
            }
        }
    }
}
