//! Values of `X-Target-Environment`.

use std::fmt;
use std::str::FromStr;

/// The value of `X-Target-Environment`: `sandbox`, or the wallet system of one country.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetEnvironment(String);

/// A string that cannot be a target environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTarget(&'static str);

/// The production values of MTN's own list as of 2026-09. Most SDKs know only twelve of them, and the list grows, so
/// an unknown `mtn*` value is a warning.
const COUNTRIES: [&str; 14] = [
    "mtnbenin",
    "mtncameroon",
    "mtncongo",
    "mtnghana",
    "mtnguineaconakry",
    "mtnivorycoast",
    "mtnliberia",
    "mtnnigeria",
    "mtnrwanda",
    "mtnsouthafrica",
    "mtnsouthsudan",
    "mtnswaziland",
    "mtnuganda",
    "mtnzambia",
];

impl TargetEnvironment {
    /// The sandbox.
    pub fn sandbox() -> Self {
        Self("sandbox".to_owned())
    }

    /// Whether this is the sandbox: the only one with a provisioning API.
    pub fn is_sandbox(&self) -> bool {
        self.0 == "sandbox"
    }

    /// Whether it is on the list above.
    pub fn is_known(&self) -> bool {
        self.is_sandbox() || COUNTRIES.contains(&self.0.as_str())
    }

    /// The value as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TargetEnvironment {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        match text {
            "production" | "prod" | "live" => {
                return Err(InvalidTarget(
                    "production has one value per country, such as mtnuganda or mtnghana",
                ));
            }
            "mtnci" => return Err(InvalidTarget("Côte d'Ivoire is mtnivorycoast")),
            _ => {}
        }
        let lower = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let country = text.strip_prefix("mtn").is_some_and(|rest| !rest.is_empty());
        if text.len() > 64 || !lower || !(text == "sandbox" || country) {
            return Err(InvalidTarget(
                "it is sandbox, or mtn and a country in lower case, such as mtnuganda",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for TargetEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a target environment: {}", self.0)
    }
}

impl std::error::Error for InvalidTarget {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_countries_known_or_not_and_explains_the_usual_mistakes() {
        assert!("mtnuganda".parse::<TargetEnvironment>().unwrap().is_known());
        assert!(!"mtnatlantis".parse::<TargetEnvironment>().unwrap().is_known());
        for bad in ["", "production", "live", "mtnci", "mtn", "MTNUganda", "uganda", "mtn uganda"] {
            assert!(bad.parse::<TargetEnvironment>().is_err(), "{bad}");
        }
    }
}
