//! The one secret type.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// A secret string: wiped when dropped, `Debug` shows nothing, no `Display`, no serialisation.
///
/// Wiping is best effort: buffers of the operating system, TLS and HTTP are out of reach.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a string. Give it one whose capacity is its length: shrinking may leave a copy behind.
    pub fn new(value: String) -> Self {
        Self(SecretString::from(value))
    }

    /// Opens the secret. Banned by clippy outside the sites listed in ARCHITECTURE.md.
    pub fn expose_secret(&self) -> &str {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one door to secrecy; this method itself is banned elsewhere"
        )]
        self.0.expose_secret()
    }

    /// Length in bytes. Not a secret: shape errors say it.
    pub fn len(&self) -> usize {
        #[expect(clippy::disallowed_methods, reason = "only the length leaves")]
        self.expose_secret().len()
    }

    /// Whether it is the empty string.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is ASCII without white space and control characters: what a header can carry.
    pub fn is_graphic(&self) -> bool {
        #[expect(clippy::disallowed_methods, reason = "only the verdict leaves")]
        self.expose_secret().bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// Compares in time that depends on the lengths alone.
    pub fn same_as(&self, other: &Self) -> bool {
        #[expect(clippy::disallowed_methods, reason = "constant-time compare; only the verdict leaves")]
        let equal = self.expose_secret().as_bytes().ct_eq(other.expose_secret().as_bytes());
        equal.into()
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_nothing_and_compares() {
        let secret = Secret::from("s3krit");
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(..) Secret(..)");
        assert!(secret.same_as(&Secret::from("s3krit")));
        assert!(!secret.same_as(&Secret::from("s3kriu")));
        assert!(!secret.same_as(&Secret::from("")));
    }
}
