//! Under which names a store keeps our fields.

use std::collections::BTreeMap;
use std::fmt;

use momo_cred_backend_api::FieldName;

use super::{Field, PENDING};

/// Maps our field names to those of an existing secret (`fields = { api_key = "apiKey" }`). Fields that are not
/// mapped, and all `pending_*` ones, keep their own names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    mapped: BTreeMap<Field, FieldName>,
}

/// A mapping that would make two fields one, or hide a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidLayout {
    /// The name cannot be a field name in a store.
    Name(Field),
    /// Two fields would share one name.
    Shared(Field, Field),
    /// The name begins with `pending_`.
    Pending(Field),
}

impl Layout {
    /// Checks and builds a mapping.
    ///
    /// # Errors
    /// [`InvalidLayout`], naming our fields only.
    pub fn new(fields: impl IntoIterator<Item = (Field, String)>) -> Result<Self, InvalidLayout> {
        let mut mapped = BTreeMap::new();
        for (field, name) in fields {
            if name.starts_with(PENDING) {
                return Err(InvalidLayout::Pending(field));
            }
            mapped.insert(field, FieldName::new(name).map_err(|_| InvalidLayout::Name(field))?);
        }
        let layout = Self { mapped };
        for (i, a) in Field::ALL.into_iter().enumerate() {
            for b in Field::ALL.into_iter().skip(i + 1) {
                if layout.stored(a) == layout.stored(b) {
                    return Err(InvalidLayout::Shared(a, b));
                }
            }
        }
        Ok(layout)
    }

    /// The name under which the store keeps a field.
    pub fn stored(&self, field: Field) -> &str {
        self.mapped.get(&field).map_or(field.name(), FieldName::as_str)
    }
}

impl fmt::Display for InvalidLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(field) => write!(f, "the name for {field} cannot be a field name"),
            Self::Shared(a, b) => write!(f, "{a} and {b} would share one name"),
            Self::Pending(field) => {
                write!(f, "the name for {field} begins with `pending_`, which marks claims")
            }
        }
    }
}

impl std::error::Error for InvalidLayout {}
