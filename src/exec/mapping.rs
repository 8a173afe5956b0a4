//! Which variable carries which field.

use std::fmt;

use crate::config::steering::{self, BadVariableName};
use crate::credential::Field;
use crate::{Error, Kind};

/// Variables and the fields whose values they carry, in the order in which they were given. One field may go into
/// several variables; one variable carries one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping(Vec<(String, Field)>);

/// A mapping that cannot be used. Names variables and fields, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidMapping {
    /// Not a name that every shell can hold, or one that steers how programs load.
    Name(String, BadVariableName),
    /// One variable for two fields.
    Twice(String, Field, Field),
}

impl Mapping {
    /// Adds a variable. Adding the same pair again changes nothing.
    ///
    /// # Errors
    /// [`InvalidMapping`] for a name that [`steering::refuse`] refuses, wherever it comes from, and for a variable
    /// that already carries another field.
    pub fn add(&mut self, variable: impl Into<String>, field: Field) -> Result<(), InvalidMapping> {
        let variable = variable.into();
        if let Err(bad) = steering::refuse(&variable) {
            return Err(InvalidMapping::Name(variable, bad));
        }
        match self.field(&variable) {
            None => self.0.push((variable, field)),
            Some(known) if known == field => {}
            Some(known) => return Err(InvalidMapping::Twice(variable, known, field)),
        }
        Ok(())
    }

    /// Every variable with its field.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Field)> {
        self.0.iter().map(|(variable, field)| (variable.as_str(), *field))
    }

    /// The field that a variable carries.
    pub fn field(&self, variable: &str) -> Option<Field> {
        self.iter().find(|(name, _)| *name == variable).map(|(_, field)| field)
    }

    /// Whether it names no variable.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for InvalidMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name, bad) => write!(f, "`{}` is {bad}", name.escape_debug()),
            Self::Twice(name, a, b) => write!(f, "{name} is to carry both {a} and {b}"),
        }
    }
}

impl std::error::Error for InvalidMapping {}

impl From<InvalidMapping> for Error {
    fn from(invalid: InvalidMapping) -> Self {
        let next = match &invalid {
            InvalidMapping::Name(..) => "give the variable another name in `env.names` or `env.prefix`",
            InvalidMapping::Twice(..) => "rename it in `env.names`, or leave the preset out of that table",
        };
        Self::new(Kind::Misconfigured, "the variables of the profile cannot be used")
            .because(invalid)
            .next(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_that_shells_can_hold_and_that_steer_nothing() {
        for good in ["A", "_a1", "MOMO_API_KEY"] {
            assert_eq!(Mapping::default().add(good, Field::ApiKey), Ok(()), "{good}");
        }
        for bad in ["", "1A", "A B", "A=B", "A\0", "mtn.momo.api-key", "LD_PRELOAD", "PATH", "VAULT_TOKEN"] {
            let error = Mapping::default().add(bad, Field::ApiKey);
            assert!(matches!(error, Err(InvalidMapping::Name(..))), "{bad}");
        }
    }

    #[test]
    fn one_variable_carries_one_field() {
        let mut mapping = Mapping::default();
        mapping.add("A", Field::ApiKey).unwrap();
        mapping.add("A", Field::ApiKey).unwrap();
        mapping.add("B", Field::ApiKey).unwrap();
        assert_eq!(mapping.iter().count(), 2);
        let twice = InvalidMapping::Twice("A".into(), Field::ApiKey, Field::ApiUser);
        assert_eq!(mapping.add("A", Field::ApiUser), Err(twice));
    }
}
