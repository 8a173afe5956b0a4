//! The names that public SDKs read, as data. A new preset is one row of [`PRESETS`].

use std::fmt;

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
    /// Where they were seen.
    pub source: &'static str,
    /// The prefix unless one is given. `None`: the names are fixed.
    pub prefix: Option<&'static str>,
    /// The products that its reader knows.
    pub products: &'static [Product],
    variables: &'static [(&'static str, Field)],
    /// Variables of one product only: slips of the reader.
    extra: &'static [(Product, &'static str, Field)],
}

/// All presets, in the order in which they are listed.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "momo",
        reader: "momo-cred's own names, for new programs",
        source: "the commonest roles in public applications, under a free prefix",
        prefix: Some("MOMO"),
        products: &Product::ALL,
        variables: &[
            ("{PREFIX}_SUBSCRIPTION_KEY", Field::SubscriptionKey),
            ("{PREFIX}_SUBSCRIPTION_KEY_SECONDARY", Field::SubscriptionKeySecondary),
            ("{PREFIX}_API_USER", Field::ApiUser),
            ("{PREFIX}_API_KEY", Field::ApiKey),
            ("{PREFIX}_TARGET_ENVIRONMENT", Field::TargetEnvironment),
            ("{PREFIX}_BASE_URL", Field::BaseUrl),
            ("{PREFIX}_CALLBACK_HOST", Field::CallbackHost),
        ],
        extra: &[],
    },
    Preset {
        name: "momoapi-node",
        reader: "npm mtn-momo",
        // The README takes the first four from the environment. For `baseUrl` and `environment` it names no variable;
        // theirs are the names that momoapi-python and the Go SDK use. `environment` goes out unchanged as
        // X-Target-Environment (lib/client.js), so it is `mtnuganda` and not the README's "production".
        source: "mtn-momo 2.0.0, README.md, sections Configuration, Collections and Disbursements",
        prefix: None,
        products: &[Product::Collection, Product::Disbursement],
        variables: &[
            ("{PRODUCTS}_PRIMARY_KEY", Field::SubscriptionKey),
            ("{PRODUCTS}_USER_ID", Field::ApiUser),
            ("{PRODUCTS}_USER_SECRET", Field::ApiKey),
            ("CALLBACK_HOST", Field::CallbackHost),
            ("ENVIRONMENT", Field::TargetEnvironment),
            ("BASE_URL", Field::BaseUrl),
        ],
        extra: &[],
    },
    Preset {
        name: "momoapi-python",
        reader: "PyPI mtnmomo",
        source: "mtnmomo 3.0.1, README.md and src/mtnmomo/config.py",
        prefix: None,
        products: &Product::ALL,
        variables: &[
            ("{PRODUCT}_PRIMARY_KEY", Field::SubscriptionKey),
            ("{PRODUCT}_USER_ID", Field::ApiUser),
            ("{PRODUCT}_API_SECRET", Field::ApiKey),
            ("CALLBACK_HOST", Field::CallbackHost),
            ("ENVIRONMENT", Field::TargetEnvironment),
            ("BASE_URL", Field::BaseUrl),
        ],
        // README and config.py fill DISBURSEMENT_API_SECRET from this plural, and programs copied that.
        extra: &[(Product::Disbursement, "DISBURSEMENTS_API_SECRET", Field::ApiKey)],
    },
];

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
        let extra = self.extra.iter().filter(|(only, ..)| *only == product);
        let mut mapping = Mapping::default();
        for (template, field) in
            self.variables.iter().copied().chain(extra.map(|(_, name, field)| (*name, *field)))
        {
            let product = product.name().to_ascii_uppercase();
            let name = template
                .replace("{PREFIX}", prefix)
                .replace("{PRODUCTS}", &format!("{product}S"))
                .replace("{PRODUCT}", &product);
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
mod tests {
    use super::*;

    fn names(preset: &str, product: Product, prefix: Option<&str>) -> String {
        let mapping = Preset::named(preset).unwrap().mapping(product, prefix).unwrap();
        mapping.iter().map(|(name, field)| format!("{name}={field}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn exact_names() {
        const SHARED: &str = "CALLBACK_HOST=callback_host ENVIRONMENT=target_environment BASE_URL=base_url";
        let momo = |prefix| {
            format!(
                "{prefix}_SUBSCRIPTION_KEY=subscription_key \
                 {prefix}_SUBSCRIPTION_KEY_SECONDARY=subscription_key_secondary {prefix}_API_USER=api_user \
                 {prefix}_API_KEY=api_key {prefix}_TARGET_ENVIRONMENT=target_environment {prefix}_BASE_URL=base_url \
                 {prefix}_CALLBACK_HOST=callback_host"
            )
        };
        let node = |product| {
            format!(
                "{product}_PRIMARY_KEY=subscription_key {product}_USER_ID=api_user {product}_USER_SECRET=api_key {SHARED}"
            )
        };
        let python = |product, slip| {
            format!(
                "{product}_PRIMARY_KEY=subscription_key {product}_USER_ID=api_user {product}_API_SECRET=api_key \
                 {SHARED}{slip}"
            )
        };
        for product in Product::ALL {
            assert_eq!(names("momo", product, None), momo("MOMO"));
            assert_eq!(names("momo", product, Some("PAY_2")), momo("PAY_2"));
        }
        assert_eq!(names("momoapi-node", Product::Collection, None), node("COLLECTIONS"));
        assert_eq!(names("momoapi-node", Product::Disbursement, None), node("DISBURSEMENTS"));
        assert_eq!(names("momoapi-python", Product::Collection, None), python("COLLECTION", ""));
        assert_eq!(names("momoapi-python", Product::Remittance, None), python("REMITTANCE", ""));
        let slip = " DISBURSEMENTS_API_SECRET=api_key";
        assert_eq!(names("momoapi-python", Product::Disbursement, None), python("DISBURSEMENT", slip));
    }

    #[test]
    fn every_row_gives_every_product_distinct_names_and_the_whole_credential() {
        for preset in PRESETS {
            for product in preset.products {
                let mapping = preset.mapping(*product, None).unwrap();
                let extra = preset.extra.iter().filter(|(only, ..)| only == product).count();
                assert_eq!(mapping.iter().count(), preset.variables.len() + extra, "{}", preset.name);
                for field in [Field::SubscriptionKey, Field::ApiUser, Field::ApiKey] {
                    assert!(mapping.iter().any(|(_, has)| has == field), "{} {field}", preset.name);
                }
                assert!(mapping.iter().all(|(name, _)| !name.contains(['{', '}'])));
            }
        }
    }

    #[test]
    fn refusals() {
        let map =
            |name, product, prefix| Preset::named(name).and_then(|p| p.mapping(product, prefix)).unwrap_err();
        assert_eq!(map("nosuch", Product::Collection, None), PresetError::Unknown("nosuch".into()));
        let error = map("momoapi-node", Product::Remittance, None);
        assert_eq!(error, PresetError::Product("momoapi-node", Product::Remittance));
        let error = map("momoapi-python", Product::Collection, Some("MOMO"));
        assert_eq!(error, PresetError::Fixed("momoapi-python"));
        assert_eq!(map("momo", Product::Collection, Some("")), PresetError::Empty("momo"));
        for prefix in ["1", "A-B", "A=B", "LD", "VAULT"] {
            let error = map("momo", Product::Collection, Some(prefix));
            assert!(matches!(error, PresetError::Names(InvalidMapping::Name(..))), "{prefix}");
        }
    }
}
