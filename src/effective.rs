//! What a credential is used with: product, target environment, gateway, callback host. Flag or variable over record
//! over profile over built-in.

use momo_cred_backend_api::Location;

use crate::config::{Origin, Setting, Settings};
use crate::credential::{Field, Malformed, Product, Record, TargetEnvironment, may_be_shown};
use crate::momo::{BaseUrl, CallbackHost};
use crate::{Error, Kind, Result};

/// The settings in force for one record.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The product.
    pub product: Product,
    /// The target environment.
    pub target_environment: TargetEnvironment,
    /// The gateway.
    pub base_url: BaseUrl,
    /// The callback host, where one is known.
    pub callback_host: Option<CallbackHost>,
}

/// What holds the values that settings are weighed against, for messages.
#[derive(Clone, Copy, Debug)]
pub enum Holder<'a> {
    /// The record there.
    Record(&'a Location),
    /// An input of `import`, by its name.
    Input(&'a str),
}

/// What the settings are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To use the record as it is: a setting that differs from it is an error.
    Use,
    /// To write it anew: settings win.
    Replace,
    /// To finish its open claim: the claim's inputs stand for the record.
    Finish,
}

impl Effective {
    /// Works out the settings in force.
    ///
    /// # Errors
    /// [`Kind::Misconfigured`] for a product or target environment that differs from the record's, and for a record
    /// whose gateway is neither built in nor loopback nor named by a trusted setting; [`Kind::Corrupt`] for a record
    /// field that does not parse.
    pub fn new(settings: &Settings, record: &Record, holder: Holder<'_>, purpose: Purpose) -> Result<Self> {
        let text = |field| match purpose {
            Purpose::Finish => record.input_text(field),
            Purpose::Use | Purpose::Replace => record.text(field),
        };
        let stored_product = parsed(text(Field::Product), Field::Product, holder)?;
        let product = pick(settings.product.as_ref(), stored_product, Field::Product, purpose, holder)?;
        let stored_target = parsed(text(Field::TargetEnvironment), Field::TargetEnvironment, holder)?;
        let setting = settings.target_environment.as_ref();
        let target = pick(setting, stored_target, Field::TargetEnvironment, purpose, holder)?
            .unwrap_or_else(TargetEnvironment::sandbox);
        Ok(Self {
            product: product.unwrap_or_default(),
            base_url: base_url(settings, text(Field::BaseUrl), &target, holder, purpose)?,
            callback_host: callback_host(settings, text(Field::CallbackHost), holder, purpose)?,
            target_environment: target,
        })
    }
}

fn parsed<T: std::str::FromStr>(text: Option<&str>, field: Field, holder: Holder<'_>) -> Result<Option<T>> {
    let Some(text) = text else { return Ok(None) };
    // What is taken from here is shown later on.
    let parsed = text.parse().ok().filter(|_| may_be_shown(field, text));
    parsed.map(Some).ok_or_else(|| holder.malformed(&Malformed::Field(field)))
}

impl Holder<'_> {
    /// The error for a value in it that cannot be used.
    pub(crate) fn malformed(self, malformed: &Malformed) -> Error {
        match self {
            Self::Record(location) => Error::new(
                Kind::Corrupt,
                format!("the record at {location} is malformed"),
            )
            .because(malformed)
            .at(location)
            .next(
                "correct it in the store, or write it anew with `provision --replace` or `import --replace`",
            ),
            Self::Input(name) => Error::new(Kind::Usage, format!("{name} cannot be imported"))
                .because(malformed)
                .next("correct it, or leave --from out to be asked; nothing was changed"),
        }
    }

    /// A failure about it: `verb` says what is wrong with it.
    fn fails(self, verb: &str) -> Error {
        match self {
            Self::Record(location) => {
                Error::new(Kind::Misconfigured, format!("the record at {location} {verb}")).at(location)
            }
            Self::Input(name) => Error::new(Kind::Misconfigured, format!("{name} {verb}")),
        }
    }

    fn belongs_together(self, field: Field) -> String {
        match self {
            Self::Record(_) => {
                "use the profile or location that belongs together, or write the record anew with --replace"
                    .to_owned()
            }
            Self::Input(_) => format!(
                "use the profile that belongs together, or take the {field} out of the input; nothing was changed"
            ),
        }
    }
}

fn pick<T: Clone + PartialEq + std::fmt::Display>(
    setting: Option<&Setting<T>>,
    stored: Option<T>,
    field: Field,
    purpose: Purpose,
    holder: Holder<'_>,
) -> Result<Option<T>> {
    match (setting, stored) {
        (Some(setting), Some(stored)) if setting.value != stored && purpose != Purpose::Replace => {
            Err(holder
                .fails(&format!("is for another {}", field.name().replace('_', " ")))
                .because(format!("it holds {stored}, and {} says {}", setting.origin, setting.value))
                .next(holder.belongs_together(field)))
        }
        (Some(setting), _) => Ok(Some(setting.value.clone())),
        (None, stored) => Ok(stored),
    }
}

/// Whether a setting outranks what the record says.
fn outranks(origin: &Origin) -> bool {
    matches!(origin, Origin::Flag(_) | Origin::Environment(_))
}

fn base_url(
    settings: &Settings,
    stored: Option<&str>,
    target: &TargetEnvironment,
    holder: Holder<'_>,
    purpose: Purpose,
) -> Result<BaseUrl> {
    if let Some(setting) = &settings.base_url
        && (outranks(&setting.origin) || purpose == Purpose::Replace || stored.is_none())
    {
        return Ok(setting.value.clone());
    }
    let Some(url) = parsed::<BaseUrl>(stored, Field::BaseUrl, holder)? else {
        return Ok(BaseUrl::default_for(target));
    };
    let trusted = url.is_built_in()
        || url.is_loopback()
        || settings.base_url.as_ref().is_some_and(|setting| setting.value == url);
    if trusted {
        return Ok(url);
    }
    Err(holder
        .fails("names a gateway that nothing vouches for")
        .because(format!("its base_url is {url}: neither one of MTN's known hosts nor a loopback address"))
        .next(format!("if it is yours, say so: --base-url {url}, or base-url in a trusted config file")))
}

fn callback_host(
    settings: &Settings,
    stored: Option<&str>,
    holder: Holder<'_>,
    purpose: Purpose,
) -> Result<Option<CallbackHost>> {
    if let Some(setting) = &settings.callback_host
        && (outranks(&setting.origin) || purpose == Purpose::Replace || stored.is_none())
    {
        return Ok(Some(setting.value.clone()));
    }
    parsed(stored, Field::CallbackHost, holder)
}
