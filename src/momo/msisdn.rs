//! Phone numbers.

use std::fmt;
use std::str::FromStr;

/// A phone number as the API takes it: country code first, digits only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Msisdn(String);

/// A string that is not one. E.164 allows 15 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidMsisdn;

impl Msisdn {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Msisdn {
    type Err = InvalidMsisdn;

    fn from_str(text: &str) -> Result<Self, InvalidMsisdn> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let good = (8..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit());
        if good { Ok(Self(digits.to_owned())) } else { Err(InvalidMsisdn) }
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidMsisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a phone number: it is 8 to 15 digits with the country code first, such as 46733123450",
        )
    }
}

impl std::error::Error for InvalidMsisdn {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_digits_with_a_country_code() {
        assert_eq!("+46733123450".parse::<Msisdn>().map(|n| n.to_string()), Ok("46733123450".to_owned()));
        for bad in
            ["", "0733123450", "4673312345O", "46 733 123450", "1234567", "1234567890123456", "../balance"]
        {
            assert_eq!(bad.parse::<Msisdn>(), Err(InvalidMsisdn), "{bad}");
        }
    }
}
