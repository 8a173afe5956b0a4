//! Reads an existing credential out of what people have: a dotenv file, JSON, variables.

mod dotenv;
mod json;
mod names;

use std::fmt;

use momo_cred_backend_api::Secret;

pub use names::Names;

use crate::credential::Field;

/// How an input is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `NAME=value` lines.
    Dotenv,
    /// One JSON object; objects inside it are looked through.
    Json,
}

/// An input that cannot be read. Says the line or the name, never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputError {
    /// Not UTF-8.
    NotText,
    /// A line that is wanted and cannot be read.
    Line(usize, &'static str),
    /// Not JSON, or not an object.
    NotAnObject(usize),
    /// A wanted member that is not a string.
    NotAString(String),
    /// Two names with two values for one field.
    TwoValues(Field, String, String),
    /// A name of `--map` that the input does not have.
    NotThere(String),
}

/// What an input gave: fields with the name each was found under.
#[derive(Debug, Default)]
pub struct Values(Vec<(Field, String, Secret)>);

impl Values {
    /// A field's value.
    pub fn get(&self, field: Field) -> Option<&Secret> {
        self.0.iter().find(|(known, ..)| *known == field).map(|(_, _, value)| value)
    }

    /// The name a field was found under.
    pub fn name(&self, field: Field) -> Option<&str> {
        self.0.iter().find(|(known, ..)| *known == field).map(|(_, name, _)| name.as_str())
    }

    /// Fields and values.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Secret)> {
        self.0.iter().map(|(field, _, value)| (*field, value))
    }

    /// Takes a name that the input has.
    fn take(&mut self, names: &Names, name: &str, value: Secret) -> Result<(), InputError> {
        let Some(field) = names.field(name) else { return Ok(()) };
        if value.is_empty() {
            return Ok(());
        }
        match self.0.iter().find(|(known, ..)| *known == field) {
            None => self.0.push((field, name.to_owned(), value)),
            Some((_, _, known)) if known.same_as(&value) => {}
            Some((_, earlier, _)) => {
                return Err(InputError::TwoValues(field, earlier.clone(), name.to_owned()));
            }
        }
        Ok(())
    }

    fn complete(self, names: &Names) -> Result<Self, InputError> {
        match names.mapped().find(|name| !self.0.iter().any(|(_, found, _)| found == name)) {
            Some(missing) => Err(InputError::NotThere(missing.to_owned())),
            None => Ok(self),
        }
    }
}

/// Reads an input. Without a format, one that begins with `{` is JSON.
///
/// # Errors
/// [`InputError`], without a value.
pub fn read(bytes: &[u8], format: Option<Format>, names: &Names) -> Result<Values, InputError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| InputError::NotText)?;
    let guess = if text.trim_start().starts_with('{') { Format::Json } else { Format::Dotenv };
    match format.unwrap_or(guess) {
        Format::Dotenv => dotenv::read(text, names),
        Format::Json => json::read(text, names),
    }
}

/// Reads variables, as of an environment.
///
/// # Errors
/// [`InputError`], without a value.
pub fn from_variables<'a>(
    variables: impl Iterator<Item = (&'a str, &'a str)>,
    names: &Names,
) -> Result<Values, InputError> {
    let mut values = Values::default();
    for (name, value) in variables {
        values.take(names, name, Secret::from(value))?;
    }
    values.complete(names)
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("it is not UTF-8 text"),
            Self::Line(line, why) => write!(f, "line {line}: {why}"),
            Self::NotAnObject(line) => write!(f, "it is not a JSON object (line {line})"),
            Self::NotAString(name) => write!(f, "the member {name} is not a string"),
            Self::TwoValues(field, a, b) => write!(f, "{a} and {b} give two values for {field}"),
            Self::NotThere(name) => write!(f, "--map names {name}, which is not there"),
        }
    }
}

impl std::error::Error for InputError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Product;

    const KEY: &str = "11111111111111111111111111111111";
    const OTHER: &str = "22222222222222222222222222222222";

    fn names(map: &[(&str, Field)]) -> Names {
        Names::new(Product::Collection, "MOMO", map.iter().map(|(name, field)| ((*name).to_owned(), *field)))
    }

    fn found(
        text: &str,
        format: Option<Format>,
        map: &[(&str, Field)],
    ) -> Result<Vec<(Field, String)>, InputError> {
        let values = read(text.as_bytes(), format, &names(map))?;
        let name = |field| (field, values.name(field).unwrap_or_default().to_owned());
        Ok(values.iter().map(|(field, _)| name(field)).collect())
    }

    #[test]
    fn dotenv_takes_what_it_knows_and_leaves_the_rest_unread() {
        let text = format!(
            "# a comment\nexport MOMO_API_KEY='{KEY}'\r\nMOMO_SUBSCRIPTION_KEY = \"{OTHER}\"\nSTRIPE=$(rm -rf)\nbroken line\n"
        );
        let want = vec![
            (Field::ApiKey, "MOMO_API_KEY".to_owned()),
            (Field::SubscriptionKey, "MOMO_SUBSCRIPTION_KEY".to_owned()),
        ];
        assert_eq!(found(&text, None, &[]), Ok(want));
        let values = read(text.as_bytes(), None, &names(&[])).unwrap();
        assert!(values.get(Field::ApiKey).unwrap().same_as(&Secret::from(KEY)));
    }

    #[test]
    fn a_wanted_line_that_cannot_be_read_is_named_by_number() {
        for (line, why) in [
            ("MOMO_API_KEY='abc", "the quote is not closed"),
            ("MOMO_API_KEY=\"a\\nb\"", "it has an escape, which readers take differently"),
            ("MOMO_API_KEY=$OTHER", "it has a `$` or a backtick, which some readers expand"),
            ("MOMO_API_KEY=a b", "it has a space outside quotes"),
        ] {
            assert_eq!(found(&format!("A=1\n{line}\n"), None, &[]), Err(InputError::Line(2, why)), "{line}");
        }
    }

    #[test]
    fn json_looks_through_objects_and_takes_sdk_names() {
        let text = format!(
            r#"{{"momo": {{"COLLECTION_USER_ID": "u", "api_key": "{KEY}"}}, "port": 80, "list": [{{"api_key": "{OTHER}"}}]}}"#
        );
        let mut want = found(&text, None, &[]).unwrap();
        want.sort();
        assert_eq!(
            want,
            [(Field::ApiUser, "COLLECTION_USER_ID".to_owned()), (Field::ApiKey, "api_key".to_owned())]
        );
        assert_eq!(found(r#"{"api_key": 5}"#, None, &[]), Err(InputError::NotAString("api_key".to_owned())));
        assert_eq!(found("{\n\"api_key\": \"s3krit", None, &[]), Err(InputError::NotAnObject(2)));
        assert_eq!(found("[]", Some(Format::Json), &[]), Err(InputError::NotAnObject(1)));
    }

    #[test]
    fn two_names_for_one_field_must_agree_and_a_map_decides() {
        let text = format!("MOMO_API_KEY={KEY}\nCOLLECTION_API_SECRET={OTHER}\n");
        assert!(matches!(found(&text, None, &[]), Err(InputError::TwoValues(Field::ApiKey, ..))));
        let map = [("COLLECTION_API_SECRET", Field::ApiKey)];
        assert_eq!(found(&text, None, &map), Ok(vec![(Field::ApiKey, "COLLECTION_API_SECRET".to_owned())]));
        assert_eq!(found("A=1", None, &map), Err(InputError::NotThere("COLLECTION_API_SECRET".to_owned())));
    }
}
