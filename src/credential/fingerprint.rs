//! Short digests by which people compare secrets without seeing them.

use std::fmt;

use momo_cred_backend_api::Secret;
use sha2::{Digest, Sha256};

use super::{Field, check_api_user, check_key};

/// The first 8 hex digits of SHA-256(`momo-cred/1/` + field + `/` + value).
///
/// Made only of random 128-bit values (keys and API users): of anything guessable it would be a confirmation oracle. So
/// a value that does not have the shape of one has none: what stands where a key belongs may be a password.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 4]);

impl Fingerprint {
    /// The fingerprint of a field's value, or `None` for a value that may be guessed: one of another field than a key or
    /// the API user, or one without their shape.
    pub fn of(field: Field, value: &Secret) -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "looked at for its shape; 32 bits of its digest leave")]
        let text = value.expose_secret();
        let random = match field {
            Field::ApiUser => check_api_user(text).is_ok(),
            _ => field.is_key() && check_key(field, value).is_ok(),
        };
        if !random {
            return None;
        }
        let mut hash = Sha256::new();
        hash.update(b"momo-cred/1/");
        hash.update(field.name());
        hash.update(b"/");
        hash.update(text);
        let digest = hash.finalize();
        Some(Self([digest[0], digest[1], digest[2], digest[3]]))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depends_on_field_and_value_and_is_only_for_random_values() {
        let value = Secret::from("00000000000000000000000000000000");
        let key = Fingerprint::of(Field::ApiKey, &value).unwrap().to_string();
        // printf 'momo-cred/1/api_key/%s' 00000000000000000000000000000000 | sha256sum | cut -c1-8
        assert_eq!(key, "a1cb5551");
        assert_ne!(key, Fingerprint::of(Field::SubscriptionKey, &value).unwrap().to_string());
        assert!(Fingerprint::of(Field::Product, &Secret::from("collection")).is_none());
    }

    #[test]
    fn a_value_without_the_shape_of_its_field_has_none() {
        let user = "01234567-89ab-4def-8123-456789abcdef";
        assert!(Fingerprint::of(Field::ApiUser, &Secret::from(user)).is_some());
        for guessable in
            ["", "hunter2", "0000000000000000000000000000000", "00000000000000000000000000000000 ", user]
        {
            for field in Field::ALL.into_iter().filter(|field| field.is_key()) {
                assert!(Fingerprint::of(field, &Secret::from(guessable)).is_none(), "{field} {guessable}");
            }
        }
        for guessable in ["", "admin", "00000000000000000000000000000000"] {
            assert!(Fingerprint::of(Field::ApiUser, &Secret::from(guessable)).is_none(), "{guessable}");
        }
    }
}
