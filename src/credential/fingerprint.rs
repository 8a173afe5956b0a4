//! Short digests by which people compare secrets without seeing them.

use std::fmt;

use momo_cred_backend_api::Secret;
use sha2::{Digest, Sha256};

use super::Field;

/// The first 8 hex digits of SHA-256(`momo-cred/1/` + field + `/` + value).
///
/// Made only of random 128-bit values (keys and API users): of anything guessable it would be a confirmation oracle.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 4]);

impl Fingerprint {
    /// The fingerprint of a field's value, or `None` for a field whose values can be guessed.
    pub fn of(field: Field, value: &Secret) -> Option<Self> {
        if !field.is_key() && field != Field::ApiUser {
            return None;
        }
        let mut hash = Sha256::new();
        hash.update(b"momo-cred/1/");
        hash.update(field.name());
        hash.update(b"/");
        #[expect(clippy::disallowed_methods, reason = "digest input; 32 bits of it leave")]
        hash.update(value.expose_secret());
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
}
