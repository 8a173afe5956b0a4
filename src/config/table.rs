//! Reads one table of the tree: every key is taken or refused, every value has the type asked for.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::duration;
use super::fault::{Fault, because};
use super::origin::Located;
use super::secrets::{is_named_like_secret, looks_like_secret, shown_name};
use super::suggest::nearest;
use super::syntax::Source;
use crate::{Error, Result};

/// A key with its value.
pub(super) struct Entry<'a> {
    /// The key, as written.
    pub(super) name: &'a str,
    pub(super) line: usize,
    value: &'a DeValue<'a>,
    source: &'a Source<'a>,
    /// The key with the tables it stands in, as messages name it.
    shown: String,
}

/// The entries of a table in the order of the file.
pub(super) fn entries<'a>(
    table: &'a DeTable<'a>,
    above: Option<&str>,
    source: &'a Source<'a>,
) -> Vec<Entry<'a>> {
    let mut list: Vec<(&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)> = table.iter().collect();
    list.sort_by_key(|(key, _)| key.span().start);
    list.into_iter()
        .map(|(key, value)| {
            let name: &str = key.get_ref();
            let shown = match (shown_name(name), above) {
                (None, _) => "a key".to_owned(),
                (Some(name), None) => format!("`{name}`"),
                (Some(name), Some(above)) => format!("`{above}.{name}`"),
            };
            Entry { name, line: source.line(key.span().start), value: value.get_ref(), source, shown }
        })
        .collect()
}

impl<'a> Entry<'a> {
    /// A fault of this key.
    pub(super) fn error(&self, fault: &str) -> Error {
        self.source.error(self.line, &format!("{} {fault}", self.shown))
    }

    /// A fault of a key that is not named: what is wrong is the name.
    pub(super) fn nameless(&self, fault: &str) -> Error {
        self.source.error(self.line, fault)
    }

    /// The refusal of a key that is none of these.
    pub(super) fn unknown(&self, known: &[&'static str]) -> Error {
        if is_named_like_secret(self.name) {
            return self.source.secret(self.line, &self.shown);
        }
        let error = self.error("is not a setting there is");
        match nearest(self.name, known.iter().copied()) {
            Some(meant) => error.next(format!("did you mean `{meant}`?")),
            None => error.next(format!("settings here: {}", known.join(", "))),
        }
    }

    /// The refusal of a key that is none of these, all of which are named.
    pub(super) fn unknown_of(&self, what: &str, known: &[&'static str]) -> Error {
        let error = self.error(&format!("is not a setting of {what}"));
        let error = match nearest(self.name, known.iter().copied()) {
            Some(meant) => error.next(format!("did you mean `{meant}`?")),
            None => error,
        };
        error.next(format!("settings of {what}: {}", known.join(", ")))
    }

    /// A table: its entries.
    pub(super) fn table(&self) -> Result<Vec<Self>> {
        let DeValue::Table(table) = self.value else {
            return Err(self.wrong_type("a table", "write it as a table: `[..]` above its keys, or `{ .. }`"));
        };
        let above = self.shown.strip_prefix('`').and_then(|shown| shown.strip_suffix('`'));
        Ok(entries(table, above, self.source))
    }

    /// A text.
    pub(super) fn text(&self) -> Result<&'a str> {
        let DeValue::String(text) = self.value else {
            return Err(self.wrong_type("a string", "write it as one string, in quotes"));
        };
        if looks_like_secret(text) {
            return Err(self.source.secret(self.line, &format!("the value of {}", self.shown)));
        }
        if text.is_empty() || text.len() > 4096 || text.chars().any(char::is_control) {
            let error = self.error("is empty, too long or holds a control character");
            return Err(error.next("give it a value of 1 to 4096 plain characters, or leave it out"));
        }
        Ok(text)
    }

    /// A text that is read further.
    pub(super) fn read<T, E: Fault>(
        &self,
        f: impl FnOnce(&str) -> std::result::Result<T, E>,
    ) -> Result<Located<T>> {
        let value = f(self.text()?).map_err(|fault| because(self.error("has a wrong value"), &fault))?;
        Ok(self.located(value))
    }

    /// A text of a type that reads itself.
    pub(super) fn parsed<T: FromStr<Err: Fault>>(&self) -> Result<Located<T>> {
        self.read(str::parse)
    }

    /// A text as it stands.
    pub(super) fn string(&self) -> Result<Located<String>> {
        Ok(self.located(self.text()?.to_owned()))
    }

    /// A duration.
    pub(super) fn duration(&self, bounds: std::ops::RangeInclusive<Duration>) -> Result<Located<Duration>> {
        if matches!(self.value, DeValue::Integer(_)) {
            return Err(self.wrong_type(
                "a string with its unit, such as \"15s\"",
                "write the number with its unit, in quotes",
            ));
        }
        self.read(|text| duration::parse_within(text, bounds))
    }

    /// A number that is read further. `None` is one that no `u32` can hold.
    pub(super) fn number<T, E: Fault>(
        &self,
        f: impl FnOnce(Option<u32>) -> std::result::Result<T, E>,
    ) -> Result<Located<T>> {
        let DeValue::Integer(number) = self.value else {
            return Err(self.wrong_type("a number", "write the number, without quotes"));
        };
        let value = f(u32::from_str_radix(number.as_str(), number.radix()).ok())
            .map_err(|fault| because(self.error("has a wrong value"), &fault))?;
        Ok(self.located(value))
    }

    /// Whether the value is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    /// A list of texts, each of which is read further: joined by a comma and a blank.
    pub(super) fn texts<E: Fault>(
        &self,
        f: impl Fn(&str) -> std::result::Result<String, E>,
    ) -> Result<Located<String>> {
        Ok(self.list(f)?.map(|texts| texts.join(", ")))
    }

    /// A list of texts, each of which is read further.
    pub(super) fn list<E: Fault>(
        &self,
        f: impl Fn(&str) -> std::result::Result<String, E>,
    ) -> Result<Located<Vec<String>>> {
        let DeValue::Array(list) = self.value else {
            return Err(self.wrong_type("a list of strings", "write it as a list: [\"..\", \"..\"]"));
        };
        let mut texts = Vec::new();
        for item in list.iter() {
            let DeValue::String(text) = item.get_ref() else {
                return Err(self.error("has an item that is no string").next("write each item in quotes"));
            };
            if looks_like_secret(text) {
                return Err(self.source.secret(self.line, &format!("a value of {}", self.shown)));
            }
            texts.push(f(text).map_err(|fault| because(self.error("has a wrong value"), &fault))?);
        }
        Ok(self.located(texts))
    }

    /// A path, as it stands.
    pub(super) fn path(&self) -> Result<Located<PathBuf>> {
        Ok(self.located(self.text()?.into()))
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Result<Located<bool>> {
        let DeValue::Boolean(value) = self.value else {
            return Err(self.wrong_type("true or false", "write true or false, without quotes"));
        };
        Ok(self.located(*value))
    }

    pub(super) fn located<T>(&self, value: T) -> Located<T> {
        Located { value, line: self.line }
    }

    fn wrong_type(&self, expected: &str, next: &str) -> Error {
        let given = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(&format!("is {given} where {expected} belongs")).next(next)
    }
}
