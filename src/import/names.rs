//! Under which names a credential is looked for.

use crate::credential::{Field, Product};
use crate::exec::presets::PRESETS;

/// Names and the fields they stand for: those of `--map`, our own field names, `PREFIX_FIELD`, and what known SDKs
/// read.
#[derive(Clone, Debug)]
pub struct Names {
    map: Vec<(String, Field)>,
    known: Vec<(String, Field)>,
}

impl Names {
    /// Names for a product, with a variable prefix and the pairs of `--map`. A field that is mapped is looked for
    /// under no other name.
    pub fn new(product: Product, prefix: &str, map: impl IntoIterator<Item = (String, Field)>) -> Self {
        let map: Vec<_> = map.into_iter().collect();
        let mut known: Vec<(String, Field)> = Vec::new();
        for field in Field::ALL {
            known.push((field.name().to_owned(), field));
            known.push((format!("{prefix}_{}", field.name().to_ascii_uppercase()), field));
        }
        for preset in PRESETS {
            if let Ok(mapping) = preset.mapping(product, None) {
                known.extend(mapping.iter().map(|(name, field)| (name.to_owned(), field)));
            }
        }
        known.retain(|(_, field)| map.iter().all(|(_, mapped)| mapped != field));
        Self { map, known }
    }

    /// The field that a name stands for.
    pub(super) fn field(&self, name: &str) -> Option<Field> {
        self.map.iter().chain(&self.known).find(|(known, _)| known == name).map(|(_, field)| *field)
    }

    /// Names of `--map`.
    pub(super) fn mapped(&self) -> impl Iterator<Item = &str> {
        self.map.iter().map(|(name, _)| name.as_str())
    }
}
