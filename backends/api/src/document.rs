//! A document: what a store keeps under one name.

use std::collections::BTreeMap;
use std::fmt;

use crate::Secret;

/// Field name to secret string, in name order.
///
/// `Debug` shows the names only. Two documents are compared with [`same_as`](Self::same_as), in constant time per
/// value.
#[derive(Clone, Default)]
pub struct Document {
    fields: BTreeMap<FieldName, Secret>,
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

    /// Sets a field and returns what was there.
    pub fn insert(&mut self, field: FieldName, value: Secret) -> Option<Secret> {
        self.fields.insert(field, value)
    }

    /// Drops a field and returns what was there.
    pub fn remove(&mut self, field: &str) -> Option<Secret> {
        self.fields.remove(field)
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

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether both hold the same fields with the same values.
    pub fn same_as(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().zip(other.iter()).all(|((a, x), (b, y))| a == b && x.same_as(y))
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl FromIterator<(FieldName, Secret)> for Document {
    fn from_iter<I: IntoIterator<Item = (FieldName, Secret)>>(fields: I) -> Self {
        Self { fields: fields.into_iter().collect() }
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
