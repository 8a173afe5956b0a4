//! The name of a record inside one store.

use std::fmt;

/// The name of a record inside one store: 1 to 512 bytes in segments parted by `/`. No segment is empty, `.` or `..`,
/// and none holds a control character: two names never reach one secret. Stores may allow less.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordName(String);

/// A string that cannot name a record. Holds only the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidName(&'static str);

impl RecordName {
    /// The longest name, in bytes.
    pub const MAX: usize = 512;

    /// Checks and wraps a name.
    ///
    /// # Errors
    /// [`InvalidName`] where the rules above do not hold.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
        let name = name.into();
        if name.len() > Self::MAX {
            return Err(InvalidName("it is longer than 512 bytes"));
        }
        if name.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(InvalidName("it holds a control character"));
        }
        if name.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(InvalidName("a segment of it is empty, `.` or `..`"));
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a record name: {}", self.0)
    }
}

impl std::error::Error for InvalidName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_segments_pass() {
        for good in ["MOMO", "momo/sandbox/collection", "a b", ".env", "..."] {
            assert!(RecordName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", "a/./b", "../a", "a\nb", "a\u{2028}b", &"x".repeat(513)] {
            assert!(RecordName::new(bad).is_err(), "{bad:?}");
        }
    }
}
