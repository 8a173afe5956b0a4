//! The typed address of a record.

use std::fmt;
use std::str::FromStr;

/// The address of a record or of a place that holds records: `SCHEME:ADDRESS[#FRAGMENT]`, as in `dotenv:.env#MOMO`,
/// `vault:secret/momo/sandbox/collection`, `aws:momo/sandbox/collection`.
///
/// It never holds a credential: an address with a user part is refused when it is parsed. A fragment is split off
/// only where the scheme is `dotenv`; elsewhere `#` is part of the address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Location {
    scheme: String,
    address: String,
    fragment: Option<String>,
}

/// A string that is not a location. Holds only the reason, never the string: it may have been a secret put into the
/// wrong flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLocation(&'static str);

impl Location {
    /// Builds a location from its parts.
    ///
    /// # Errors
    /// [`InvalidLocation`] for a scheme that is not lower-case letters, digits and hyphens, an empty or over-long
    /// address, a control character, or a user part (`//user:password@host`).
    pub fn new(
        scheme: impl Into<String>,
        address: impl Into<String>,
        fragment: Option<String>,
    ) -> Result<Self, InvalidLocation> {
        let (scheme, address) = (scheme.into(), address.into());
        let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !scheme_ok || scheme.len() > 64 {
            return Err(InvalidLocation("it does not begin with the name of a store and a colon"));
        }
        if address.is_empty() || fragment.as_ref().is_some_and(String::is_empty) {
            return Err(InvalidLocation("a part of it is empty"));
        }
        if address.len() + fragment.as_ref().map_or(0, String::len) > 4096 {
            return Err(InvalidLocation("it is longer than 4096 bytes"));
        }
        let odd = |s: &str| s.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
        if odd(&address) || fragment.as_deref().is_some_and(odd) {
            return Err(InvalidLocation("it holds a control character"));
        }
        if address.starts_with("//") && address.contains('@') {
            return Err(InvalidLocation(
                "it holds a user or password; log in through the store's own settings",
            ));
        }
        Ok(Self { scheme, address, fragment })
    }

    /// The store: `dotenv`, `vault`, `aws` or the name of a plugin.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What the store makes of it: a path, in most.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The part after `#` of a `dotenv` location: the prefix of its variables.
    pub fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        let (scheme, rest) = text
            .split_once(':')
            .ok_or(InvalidLocation("it does not begin with the name of a store and a colon"))?;
        match rest.rsplit_once('#') {
            Some((address, fragment)) if scheme == "dotenv" => {
                Self::new(scheme, address, Some(fragment.to_owned()))
            }
            _ => Self::new(scheme, rest, None),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.address)?;
        self.fragment.as_ref().map_or(Ok(()), |fragment| write!(f, "#{fragment}"))
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for InvalidLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a location: {}", self.0)
    }
}

impl std::error::Error for InvalidLocation {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints_the_same() {
        for text in
            ["dotenv:.env#MOMO", "vault:secret/momo/sandbox/collection", "aws:momo/x#1", "my-store:a b"]
        {
            let location: Location = text.parse().unwrap();
            assert_eq!(location.to_string(), text);
        }
        let location: Location = "dotenv:a#b/.env#MOMO".parse().unwrap();
        assert_eq!((location.address(), location.fragment()), ("a#b/.env", Some("MOMO")));
        let location: Location = "aws:momo/x#1".parse().unwrap();
        assert_eq!((location.address(), location.fragment()), ("momo/x#1", None));
    }

    #[test]
    fn refuses_without_repeating() {
        for text in [
            "",
            "plain",
            ":x",
            "dotenv:",
            "dotenv:.env#",
            "Vault:x",
            "vault:a\nb",
            "vault://me:s3krit@host/x",
        ] {
            let error = text.parse::<Location>().unwrap_err();
            assert!(!error.to_string().contains("s3krit"), "{error}");
        }
    }
}
