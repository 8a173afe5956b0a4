//! A document: what a store keeps under one name.

use std::collections::BTreeMap;
use std::fmt;

use crate::Secret;

/// Field name to secret string, in name order.
///
/// A secret that other programs share may hold values that are no strings: numbers, lists, objects. They come along as
/// JSON text ([`json`](Self::json)), apart from the fields, so that whoever writes a document back keeps them. A name is
/// either a field or one of these.
///
/// `Debug` shows the names only. Two documents are compared with [`same_as`](Self::same_as), in constant time per
/// value.
#[derive(Clone, Default)]
pub struct Document {
    fields: BTreeMap<FieldName, Secret>,
    json: BTreeMap<FieldName, Secret>,
}

impl Document {
    /// An empty document, which no store accepts.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a field.
    pub fn get(&self, field: &str) -> Option<&Secret> {
        self.fields.get(field)
    }

    /// Sets a field and returns the one that was there.
    pub fn insert(&mut self, field: FieldName, value: Secret) -> Option<Secret> {
        self.json.remove(&field);
        self.fields.insert(field, value)
    }

    /// Drops whatever has this name, and returns it if it was a field.
    pub fn remove(&mut self, field: &str) -> Option<Secret> {
        self.json.remove(field);
        self.fields.remove(field)
    }

    /// Sets a value that is no string, as JSON text: for stores that read one.
    pub fn insert_json(&mut self, name: FieldName, text: Secret) {
        self.fields.remove(&name);
        self.json.insert(name, text);
    }

    /// Values that are no strings, as JSON text, in name order.
    pub fn json(&self) -> impl Iterator<Item = (&FieldName, &Secret)> {
        self.json.iter()
    }

    /// Fields and values in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&FieldName, &Secret)> {
        self.fields.iter()
    }

    /// Field names in order.
    pub fn names(&self) -> impl Iterator<Item = &FieldName> {
        self.fields.keys()
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field and no other value.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.json.is_empty()
    }

    /// Whether both hold the same fields and other values.
    pub fn same_as(&self, other: &Self) -> bool {
        let same = |one: &BTreeMap<FieldName, Secret>, other: &BTreeMap<FieldName, Secret>| {
            one.len() == other.len() && one.iter().zip(other).all(|((a, x), (b, y))| a == b && x.same_as(y))
        };
        same(&self.fields, &other.fields) && same(&self.json, &other.json)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields.keys().chain(self.json.keys())).finish()
    }
}

impl FromIterator<(FieldName, Secret)> for Document {
    fn from_iter<I: IntoIterator<Item = (FieldName, Secret)>>(fields: I) -> Self {
        Self { fields: fields.into_iter().collect(), json: BTreeMap::new() }
    }
}

/// The name of a field: 1 to 128 bytes without control characters. Not secret, and printed in messages.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldName(String);

/// A string that cannot name a field. Holds only the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidFieldName(&'static str);

impl FieldName {
    /// The longest name, in bytes.
    pub const MAX: usize = 128;

    /// Checks and wraps a name.
    ///
    /// # Errors
    /// [`InvalidFieldName`] for an empty name, one over [`MAX`](Self::MAX) bytes, or one with a control character
    /// (U+2028 and U+2029 included: line-based readers take them for line ends).
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidFieldName> {
        let name = name.into();
        if name.is_empty() {
            return Err(InvalidFieldName("it is empty"));
        }
        if name.len() > Self::MAX {
            return Err(InvalidFieldName("it is longer than 128 bytes"));
        }
        if name.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(InvalidFieldName("it holds a control character"));
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for FieldName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidFieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a field name: {}", self.0)
    }
}

impl std::error::Error for InvalidFieldName {}
