//! A credential that exists, as a file, variables or a person give it: for `import`, and for `rotate` in production.

use std::path::PathBuf;

use momo_cred_backend_api::{Document, Secret};
use uuid::Uuid;

use super::context::Context;
use super::input::{read_input, shown};
use super::keys::refused;
use crate::config::{DEFAULT_PREFIX, Settings};
use crate::credential::{Field, Fingerprint, Record, check_api_user, check_key};
use crate::effective::Effective;
use crate::import::{Format, Names, Values, from_variables, read};
use crate::lifecycle::Inputs;
use crate::prompt::{self, PromptError};
use crate::{Error, Kind, Result};

/// The largest file that is read.
const MAX: u64 = 1024 * 1024;

/// Where the values come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file, or standard input for `-`; its form where that was told.
    File(PathBuf, Option<Format>),
    /// Variables of the environment.
    Variables,
    /// A person at the terminal.
    Person,
}

/// Who takes the values: what is known before, and which flags messages may name.
#[derive(Debug)]
pub(crate) enum Taker<'a> {
    /// `import`: `--map`, and `--api-user`.
    Import { map: Vec<(String, Field)>, user: Option<&'a str> },
    /// `rotate`: the subscription key stays.
    Rotate { subscription_key: Secret },
}

/// The credential that was given, of the right shape.
#[derive(Debug)]
pub(crate) struct Given {
    /// Where the values came from, for messages.
    pub(crate) from: String,
    /// What the input said, as a record.
    pub(crate) record: Record,
    pub(crate) user: Uuid,
    pub(crate) api_key: Secret,
    pub(crate) subscription_key: Secret,
}

impl Given {
    /// Reads the values, and asks for what is missing.
    ///
    /// # Errors
    /// [`Kind::Usage`] for values of a wrong shape, for input that cannot be read, and for missing values where nobody can
    /// be asked.
    pub(crate) fn gather(
        context: &Context,
        settings: &Settings,
        source: &Source,
        taker: &Taker<'_>,
    ) -> Result<Self> {
        let (values, from) = input(context, settings, source, taker)?;
        let mut record = Record::new(Document::new(), settings.layout.clone());
        for (field, value) in values.iter() {
            let name = values.name(field).unwrap_or_default();
            if field.is_key() {
                check_key(field, value).map_err(|bad| refused(&bad, name))?;
            }
            if !matches!(field, Field::Schema | Field::IssuedAt | Field::RetiredApiUsers) {
                record.set(field, value.clone());
            }
        }
        let ask = Ask { context, from: from.as_deref(), taker };
        let subscription_key = match (record.get(Field::SubscriptionKey), taker) {
            (Some(key), _) => key.clone(),
            (None, Taker::Rotate { subscription_key }) => subscription_key.clone(),
            (None, Taker::Import { .. }) => ask.key("Subscription key", Field::SubscriptionKey)?,
        };
        let user = match (taker, record.text(Field::ApiUser)) {
            (Taker::Import { user: Some(user), .. }, _) => {
                check_api_user(user).map_err(|bad| refused(&bad, "--api-user"))?
            }
            (_, Some(user)) => {
                let name = values.name(Field::ApiUser).unwrap_or_default();
                check_api_user(user).map_err(|bad| refused(&bad, name))?
            }
            (_, None) => ask.user()?,
        };
        let api_key = match record.get(Field::ApiKey) {
            Some(key) => key.clone(),
            None => ask.key("API key", Field::ApiKey)?,
        };
        if api_key.same_as(&subscription_key) {
            return Err(Error::new(Kind::Usage, "api_key and subscription_key are the same value")
                .because("they look alike, but are two keys: one was given twice")
                .next("copy both again; nothing was changed"));
        }
        let from = from.unwrap_or_else(|| "what was typed".to_owned());
        Ok(Self { from, record, user, api_key, subscription_key })
    }

    /// What a credential of these values is made of, apart from user and key.
    pub(crate) fn inputs(&self, effective: &Effective) -> Inputs {
        Inputs {
            product: effective.product,
            target_environment: effective.target_environment.clone(),
            base_url: effective.base_url.to_string(),
            callback_host: effective.callback_host.clone(),
            subscription_key: self.subscription_key.clone(),
            secondary: self.record.get(Field::SubscriptionKeySecondary).cloned(),
            provisioning: self.record.get(Field::ProvisioningSubscriptionKey).cloned(),
        }
    }

    /// User and key as people may see them.
    pub(crate) fn described(&self) -> String {
        let key = Fingerprint::of(Field::ApiKey, &self.api_key).map(|print| print.to_string());
        format!("API user {}, API key {} (a fingerprint)", self.user, key.unwrap_or_default())
    }

    /// MTN says nowhere that production users are v4, so another version is only odd.
    pub(crate) fn warn_about_user(&self, context: &Context, effective: &Effective) {
        if self.user.get_version_num() != 4 && !effective.target_environment.is_sandbox() {
            context.output.warn(&format!(
                "API user {} is not a version 4 UUID, which is unusual for {}",
                self.user, effective.target_environment
            ));
        }
    }
}

/// Asks for what an input did not have.
struct Ask<'a> {
    context: &'a Context,
    from: Option<&'a str>,
    taker: &'a Taker<'a>,
}

impl Ask<'_> {
    fn key(&self, label: &str, field: Field) -> Result<Secret> {
        let value = prompt::secret(label).map_err(|error| self.unanswered(label, field, &error))?;
        self.context.network.deadline().restart();
        check_key(field, &value).map_err(|bad| refused(&bad, "the prompt"))?;
        Ok(value)
    }

    fn user(&self) -> Result<Uuid> {
        let typed =
            prompt::text("API user").map_err(|error| self.unanswered("API user", Field::ApiUser, &error))?;
        self.context.network.deadline().restart();
        check_api_user(&typed).map_err(|bad| refused(&bad, "the prompt"))
    }

    fn unanswered(&self, label: &str, field: Field, error: &PromptError) -> Error {
        let needed = Error::new(Kind::Usage, format!("{label} is needed and was not given"));
        let or_user = if field == Field::ApiUser { ", or give --api-user UUID" } else { "" };
        match (self.from, self.taker) {
            (Some(from), Taker::Import { .. }) => needed
                .because(format!("{from} has no {field} under a name that is looked for"))
                .because(error)
                .next(format!("name it with --map NAME={field}{or_user}")),
            (Some(from), Taker::Rotate { .. }) => needed
                .because(format!("{from} has no {field} under a name that is looked for"))
                .because(error)
                .next(format!("put a line {field}=VALUE into it; nothing was changed")),
            (None, Taker::Import { .. }) => {
                needed.because(error).next(format!("use --from FILE, --from - or --from-env{or_user}"))
            }
            (None, Taker::Rotate { .. }) => needed.because(error).next("use --from FILE or --from -"),
        }
    }
}

/// What the input has, and its name.
fn input(
    context: &Context,
    settings: &Settings,
    source: &Source,
    taker: &Taker<'_>,
) -> Result<(Values, Option<String>)> {
    let product = settings.product.as_ref().map(|setting| setting.value).unwrap_or_default();
    let prefix = settings.env.prefix.as_ref().map_or(DEFAULT_PREFIX, |setting| setting.value.as_str());
    let (map, next) = match taker {
        Taker::Import { map, .. } => (
            map.clone(),
            "correct it, name the fields with --map, or leave --from out to be asked; nothing was changed",
        ),
        Taker::Rotate { .. } => {
            (Vec::new(), "correct it, or leave --from out to be asked; nothing was changed")
        }
    };
    let names = Names::new(product, prefix, map);
    let (read, from) = match source {
        Source::File(path, format) => {
            let content = "put NAME=value lines or a JSON object into the file";
            let bytes = read_input(context, path, MAX, "--from", "the values")
                .map_err(|unread| unread.instead(content))?;
            (read(&bytes, *format, &names), shown(path))
        }
        Source::Variables => {
            let variables = context.environment.variables();
            let text = variables.filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
            (from_variables(text, &names), "the environment".to_owned())
        }
        Source::Person => return Ok((Values::default(), None)),
    };
    let values = read.map_err(|error| {
        Error::new(Kind::Usage, format!("{from} cannot be imported")).because(error).next(next)
    })?;
    Ok((values, Some(from)))
}
