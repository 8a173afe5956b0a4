//! Shapes of keys and API users, checked before anything is written or sent.

use std::fmt;

use momo_cred_backend_api::Secret;
use uuid::Uuid;

use super::Field;

/// A value that does not have the shape of its field. Holds the field and the fault, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadShape {
    /// Which field.
    pub field: Field,
    /// What is wrong.
    pub fault: ShapeFault,
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapeFault {
    /// Not this many characters, but 32.
    Length(usize),
    /// Something other than hex digits.
    NotHex,
    /// White space at an end: a slip of copying.
    Space,
    /// A UUID where a key belongs: probably the API user.
    IsUuid,
    /// A key where the API user belongs: probably swapped.
    IsKey,
    /// Not a UUID in its canonical form.
    NotUuid,
}

/// Checks a subscription key or an API key: 32 hex digits, case kept.
///
/// Of the public examples all have this form; the gateway documents none.
///
/// # Errors
/// [`BadShape`], which tells a swapped API user from a slip of copying.
pub fn check_key(field: Field, value: &Secret) -> Result<(), BadShape> {
    #[expect(clippy::disallowed_methods, reason = "looks at the shape; only the verdict leaves")]
    let text = value.expose_secret();
    let fault = if text.trim() != text {
        ShapeFault::Space
    } else if text.contains('-') && Uuid::try_parse(text).is_ok() {
        ShapeFault::IsUuid
    } else if text.len() != 32 {
        ShapeFault::Length(text.chars().count())
    } else if text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    } else {
        ShapeFault::NotHex
    };
    Err(BadShape { field, fault })
}

/// Checks an API user: a UUID in its dashed form.
///
/// # Errors
/// [`BadShape`], which tells a swapped key from another slip.
pub fn check_api_user(text: &str) -> Result<Uuid, BadShape> {
    let fault = if text.trim() != text {
        ShapeFault::Space
    } else if text.len() == 36
        && let Ok(user) = Uuid::try_parse(text)
    {
        return Ok(user);
    } else if text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        ShapeFault::IsKey
    } else {
        ShapeFault::NotUuid
    };
    Err(BadShape { field: Field::ApiUser, fault })
}

impl fmt::Display for BadShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.field)?;
        match self.fault {
            ShapeFault::Length(0) => f.write_str("is empty"),
            ShapeFault::Length(1) => f.write_str("has 1 character where a key has 32 hex digits"),
            ShapeFault::Length(n) => write!(f, "has {n} characters where a key has 32 hex digits"),
            ShapeFault::NotHex => f.write_str("holds something other than the 32 hex digits of a key"),
            ShapeFault::Space => f.write_str("has white space at an end"),
            ShapeFault::IsUuid => {
                f.write_str("is a UUID: that is an API user, not a key; were they swapped?")
            }
            ShapeFault::IsKey => {
                f.write_str("is 32 hex digits: that is a key, not an API user; were they swapped?")
            }
            ShapeFault::NotUuid => {
                f.write_str("is not a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
            }
        }
    }
}

impl std::error::Error for BadShape {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_fault(text: &str) -> Option<ShapeFault> {
        check_key(Field::ApiKey, &Secret::from(text)).err().map(|bad| bad.fault)
    }

    #[test]
    fn keys() {
        assert_eq!(key_fault("0123456789abcdef0123456789ABCDEF"), None);
        assert_eq!(key_fault("0123456789abcdef0123456789abcde"), Some(ShapeFault::Length(31)));
        assert_eq!(key_fault("0123456789abcdef0123456789abcdeg"), Some(ShapeFault::NotHex));
        assert_eq!(key_fault(" 0123456789abcdef0123456789abcdef"), Some(ShapeFault::Space));
        assert_eq!(key_fault("01234567-89ab-4def-8123-456789abcdef"), Some(ShapeFault::IsUuid));
        assert_eq!(key_fault(""), Some(ShapeFault::Length(0)));
    }

    #[test]
    fn users() {
        assert!(check_api_user("01234567-89ab-4def-8123-456789abcdef").is_ok());
        let fault = |text| check_api_user(text).err().map(|bad| bad.fault);
        assert_eq!(fault("0123456789ab4def8123456789abcdef"), Some(ShapeFault::IsKey));
        assert_eq!(fault("me@example.com"), Some(ShapeFault::NotUuid));
        assert_eq!(fault("{01234567-89ab-4def-8123-456789abcdef}"), Some(ShapeFault::NotUuid));
    }
}
