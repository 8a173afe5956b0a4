//! What of a stored record may be shown. A key pasted into the wrong field must not be printed from there.

use jiff::Timestamp;

use super::{Field, Product, Record, TargetEnvironment, check_api_user};
use crate::config::looks_like_secret;
use crate::momo::{BaseUrl, CallbackHost};

impl Record {
    /// The text of a field that is no key, if it has the form of its field and nothing in it looks like a secret.
    pub fn shown(&self, field: Field) -> Option<&str> {
        self.text(field).filter(|text| may_be_shown(field, text))
    }
}

/// Whether a text is what its field holds, and nothing that looks like a secret.
pub(crate) fn may_be_shown(field: Field, text: &str) -> bool {
    let formed = match field {
        Field::ApiUser => return check_api_user(text).is_ok(),
        Field::Product => text.parse::<Product>().is_ok(),
        Field::TargetEnvironment => text.parse::<TargetEnvironment>().is_ok(),
        Field::BaseUrl => text.parse::<BaseUrl>().is_ok(),
        Field::CallbackHost => text.parse::<CallbackHost>().is_ok(),
        Field::Schema => text.len() <= 4 && text.parse::<u32>().is_ok(),
        Field::IssuedAt => text.parse::<Timestamp>().is_ok(),
        Field::RetiredApiUsers => text.split(',').all(|user| check_api_user(user.trim()).is_ok()),
        Field::SubscriptionKey
        | Field::SubscriptionKeySecondary
        | Field::ProvisioningSubscriptionKey
        | Field::ApiKey => false,
    };
    formed && (field == Field::RetiredApiUsers || !looks_like_secret(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_from_no_field() {
        for key in ["0123456789abcdef0123456789abcdef", "mtn0123456789abcdef0123456789abcdef", "s3krit"] {
            for text in [key.to_owned(), format!("https://{key}.example.com"), format!("{key}.example.com")] {
                for field in Field::ALL.into_iter().filter(|_| key != "s3krit" || text == key) {
                    assert!(
                        field == Field::CallbackHost && key == "s3krit" || !may_be_shown(field, &text),
                        "{field} {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_belongs_into_a_field_is_shown() {
        for (field, text) in [
            (Field::ApiUser, "01234567-89ab-4def-8123-456789abcdef"),
            (Field::Product, "remittance"),
            (Field::TargetEnvironment, "mtnuganda"),
            (Field::BaseUrl, "https://sandbox.momodeveloper.mtn.com"),
            (Field::CallbackHost, "pay.example.com"),
            (Field::Schema, "1"),
            (Field::IssuedAt, "2026-11-21T10:00:00Z"),
        ] {
            assert!(may_be_shown(field, text), "{field}");
        }
    }
}
