//! Where subscription keys come from: a file, a variable, the record, a prompt. Never an argument.

use std::path::{Path, PathBuf};

use momo_cred_backend_api::Secret;

use super::context::{Context, Place};
use super::input::{LEAKED, read_input, shown};
use crate::config::{looks_like_secret, variables};
use crate::credential::{BadShape, Field, Malformed, Record, check_key};
use crate::effective::{Effective, Holder};
use crate::lifecycle::Inputs;
use crate::prompt;
use crate::{Error, Kind, Result};

/// The longest secret file that is read.
const MAX: u64 = 4096;

/// The subscription keys of a provisioning.
pub(crate) struct Keys {
    pub(crate) subscription: Secret,
    pub(crate) secondary: Option<Secret>,
    pub(crate) provisioning: Option<Secret>,
}

/// Flags that name files with keys.
#[derive(clap::Args, Debug)]
pub(crate) struct KeyFiles {
    /// File with the product's subscription key, `-` for standard input [else MOMO_CRED_SUBSCRIPTION_KEY, the
    /// record's own, a prompt]
    #[arg(long, value_name = "FILE")]
    pub(crate) subscription_key_file: Option<PathBuf>,
    /// File with a separate provisioning key, `-` for standard input [else
    /// MOMO_CRED_PROVISIONING_SUBSCRIPTION_KEY, the record's own]
    #[arg(long, value_name = "FILE")]
    pub(crate) provisioning_key_file: Option<PathBuf>,
}

impl KeyFiles {
    /// Collects the keys: flag, then variable, then record, then prompt.
    pub(crate) fn gather(&self, context: &Context, place: &Place, record: &Record) -> Result<Keys> {
        let stdin = Path::new("-");
        if self.subscription_key_file.as_deref() == Some(stdin)
            && self.provisioning_key_file.as_deref() == Some(stdin)
        {
            return Err(Error::new(Kind::Usage, "standard input can give one key, not two")
                .next("put one of the keys into a file"));
        }
        let file = self.subscription_key_file.as_deref();
        let given = key(context, place, Field::SubscriptionKey, file, variables::SUBSCRIPTION_KEY, record)?;
        let subscription = match given {
            Some(key) => key,
            None => {
                let key = ask_subscription_key(place)?;
                context.network.deadline().restart();
                key
            }
        };
        let file = self.provisioning_key_file.as_deref();
        let variable = variables::PROVISIONING_SUBSCRIPTION_KEY;
        let provisioning = key(context, place, Field::ProvisioningSubscriptionKey, file, variable, record)?;
        // A secondary belongs to the primary that it stands beside.
        let paired = record.input(Field::SubscriptionKey).is_some_and(|known| known.same_as(&subscription));
        let secondary = record.input(Field::SubscriptionKeySecondary).filter(|_| paired).cloned();
        Ok(Keys { subscription, secondary, provisioning })
    }
}

impl Keys {
    /// What a credential of these keys is made of, apart from user and key.
    pub(crate) fn inputs(self, effective: &Effective) -> Inputs {
        Inputs {
            product: effective.product,
            target_environment: effective.target_environment.clone(),
            base_url: effective.base_url.to_string(),
            callback_host: effective.callback_host.clone(),
            subscription_key: self.subscription,
            secondary: self.secondary,
            provisioning: self.provisioning,
        }
    }

    /// The keys of a complete record, and of no claim in it; a provisioning key from the environment goes before its own.
    pub(crate) fn stored(context: &Context, place: &Place, record: &Record) -> Result<Self> {
        let mut record = record.clone();
        record.close_claim();
        let Some(subscription) = record.get(Field::SubscriptionKey).cloned() else {
            let missing = Malformed::Incomplete(vec![Field::SubscriptionKey]);
            return Err(Holder::Record(&place.location).malformed(&missing));
        };
        let variable = variables::PROVISIONING_SUBSCRIPTION_KEY;
        let provisioning = key(context, place, Field::ProvisioningSubscriptionKey, None, variable, &record)?;
        let secondary = record.get(Field::SubscriptionKeySecondary).cloned();
        Ok(Self { subscription, secondary, provisioning })
    }
}

fn key(
    context: &Context,
    place: &Place,
    field: Field,
    file: Option<&Path>,
    variable: &'static str,
    record: &Record,
) -> Result<Option<Secret>> {
    let file_flag = match field {
        Field::ProvisioningSubscriptionKey => "--provisioning-key-file",
        _ => "--subscription-key-file",
    };
    let (value, from) = if let Some(path) = file {
        (read_secret(context, path, file_flag)?, shown(path))
    } else if let Some(value) = context.environment.secret(variable)? {
        (value, variable.to_owned())
    } else if let Some(value) = record.input(field) {
        check_key(field, value).map_err(|bad| stored_key_is_bad(&bad, place, file_flag))?;
        (value.clone(), "the record".to_owned())
    } else {
        return Ok(None);
    };
    check_key(field, &value).map_err(|bad| refused(&bad, &from))?;
    Ok(Some(value))
}

/// The error for a value of the wrong shape.
pub(crate) fn refused(bad: &dyn std::fmt::Display, from: &str) -> Error {
    Error::new(Kind::Usage, format!("the value from {from} is refused"))
        .because(bad)
        .next("copy it again from the portal, without quotes or spaces; nothing was changed")
}

/// The error for a key that the record holds in another shape.
fn stored_key_is_bad(bad: &BadShape, place: &Place, flag: &str) -> Error {
    Error::new(Kind::Corrupt, format!("the record at {} is malformed", place.location))
        .at(&place.location)
        .because(bad)
        .next(format!("correct it in the store, or give the key with {flag} FILE; nothing was changed"))
}

/// A value of a flag that is no setting but looks like a secret is not repeated.
pub(crate) fn refuse_secret(flag: &str, value: &str) -> Result<()> {
    if !looks_like_secret(value) {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, format!("the value of {flag} looks like a secret"))
        .because("no setting takes one")
        .next(format!(
            "give a key with --subscription-key-file, {} or at the prompt",
            variables::SUBSCRIPTION_KEY
        ))
        .next(LEAKED))
}

/// Reads a secret from a file or standard input. One line ending at the end is dropped.
pub(crate) fn read_secret(context: &Context, path: &Path, flag: &str) -> Result<Secret> {
    let alone = "put the key alone into the file";
    let bytes = read_input(context, path, MAX, flag, "the key").map_err(|error| error.instead(alone))?;
    let mut text = bytes.as_slice();
    text = text.strip_suffix(b"\n").unwrap_or(text);
    text = text.strip_suffix(b"\r").unwrap_or(text);
    let line = std::str::from_utf8(text).ok().filter(|text| !text.chars().any(char::is_control));
    line.map(Secret::from).ok_or_else(|| {
        Error::new(Kind::Usage, format!("{} does not hold one line of text", shown(path))).next(alone)
    })
}

/// Asks for the key, saying what it will be used for.
fn ask_subscription_key(place: &Place) -> Result<Secret> {
    let label = format!("Subscription key for {}", place.location);
    let value = prompt::secret(&label).map_err(|error| {
        Error::new(Kind::Usage, "a subscription key is needed and was not given").because(error).next(
            format!(
                "give it in {} or with --subscription-key-file FILE, `-` for standard input",
                variables::SUBSCRIPTION_KEY
            ),
        )
    })?;
    check_key(Field::SubscriptionKey, &value).map_err(|bad| refused(&bad, "the prompt"))?;
    Ok(value)
}
