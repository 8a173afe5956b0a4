//! The names that public SDKs read. They are data: a new preset is one row of [`PRESETS`].

mod table;

use std::fmt;

pub use self::table::PRESETS;
use super::{InvalidMapping, Mapping};
use crate::credential::{Field, Product};
use crate::{Error, Kind};

/// A set of variable names that programs agree on.
///
/// In a template `{PREFIX}` stands for the prefix, `{PRODUCT}` for the product in upper case, and `{PRODUCTS}` for
/// its plural.
#[derive(Debug)]
pub struct Preset {
    /// What `--preset` and `env.preset` call it.
    pub name: &'static str,
    /// Who reads these names.
    pub reader: &'static str,
    /// Where they were read, and how far the tests go.
    pub source: &'static str,
    /// The prefix unless one is given. `None`: the names are fixed.
    pub prefix: Option<&'static str>,
    /// The products that its reader knows.
    pub products: &'static [Product],
    variables: &'static [(&'static str, Field)],
    /// Variables of one product only: slips of the reader.
    extra: &'static [(Product, &'static str, Field)],
}

/// One variable of a preset, before a prefix and a product are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// The name, possibly with `{PREFIX}`, `{PRODUCT}` or `{PRODUCTS}` in it.
    pub name: &'static str,
    /// The field that it carries.
    pub field: Field,
    /// The one product that it is for, unless it is for all.
    pub only: Option<Product>,
}

/// A preset that cannot be used as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresetError {
    /// There is no preset of that name.
    Unknown(String),
    /// Its reader has no such product.
    Product(&'static str, Product),
    /// Its names are fixed, and a prefix was given.
    Fixed(&'static str),
    /// The prefix is empty.
    Empty(&'static str),
    /// The prefix makes names that cannot be used.
    Names(InvalidMapping),
}

impl Preset {
    /// The preset of that name.
    ///
    /// # Errors
    /// [`PresetError::Unknown`].
    pub fn named(name: &str) -> Result<&'static Self, PresetError> {
        PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| PresetError::Unknown(name.to_owned()))
    }

    /// Its variables, as they are written down.
    pub fn templates(&self) -> impl Iterator<Item = Template> {
        let all = self.variables.iter().map(|(name, field)| Template { name, field: *field, only: None });
        let extra = self.extra.iter();
        all.chain(extra.map(|(only, name, field)| Template { name, field: *field, only: Some(*only) }))
    }

    /// The variables for a product.
    ///
    /// # Errors
    /// [`PresetError`] for a product that its reader does not know, a prefix where names are fixed, and a prefix that
    /// cannot begin a variable name.
    pub fn mapping(&self, product: Product, prefix: Option<&str>) -> Result<Mapping, PresetError> {
        if !self.products.contains(&product) {
            return Err(PresetError::Product(self.name, product));
        }
        let prefix = match (self.prefix, prefix) {
            (None, Some(_)) => return Err(PresetError::Fixed(self.name)),
            (None, None) => "",
            (Some(default), given) => given.unwrap_or(default),
        };
        if self.prefix.is_some() && prefix.is_empty() {
            return Err(PresetError::Empty(self.name));
        }
        let mut mapping = Mapping::default();
        let upper = product.name().to_ascii_uppercase();
        for Template { name, field, .. } in self.templates().filter(|t| t.only.is_none_or(|o| o == product)) {
            let name = name
                .replace("{PREFIX}", prefix)
                .replace("{PRODUCTS}", &format!("{upper}S"))
                .replace("{PRODUCT}", &upper);
            mapping.add(name, field).map_err(PresetError::Names)?;
        }
        Ok(mapping)
    }
}

impl fmt::Display for PresetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                let known: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
                write!(f, "there is no preset `{}`: it is one of {}", name.escape_debug(), known.join(", "))
            }
            Self::Product(preset, product) => write!(f, "preset {preset} has no names for product {product}"),
            Self::Fixed(preset) => write!(f, "the names of preset {preset} are fixed: it takes no prefix"),
            Self::Empty(preset) => write!(f, "the prefix for preset {preset} is empty"),
            Self::Names(invalid) => fmt::Display::fmt(invalid, f),
        }
    }
}

impl std::error::Error for PresetError {}

impl From<PresetError> for Error {
    fn from(error: PresetError) -> Self {
        let next = match &error {
            PresetError::Unknown(_) => "use one of these, or map names freely with `env.names`",
            PresetError::Product(..) => "use preset momo, or map names freely with `env.names`",
            PresetError::Fixed(_) => "leave out the prefix, or use preset momo",
            PresetError::Empty(_) | PresetError::Names(_) => "give a prefix such as MOMO_COLLECTION",
        };
        Self::new(Kind::Misconfigured, "the preset cannot be used").because(error).next(next)
    }
}

#[cfg(test)]
mod tests;
