//! What `[aws]` may say.

use std::path::PathBuf;

use momo_cred_transport::{HttpAddress, InvalidAddress};

use super::settings::plain;
use crate::Result;
use crate::config::fault::Bad;
use crate::config::origin::{Located, Origin};
use crate::config::table::Entry;
use crate::config::{Environment, Found, Setting, variables};

/// `[aws]`, or the table of that name in a profile.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Keys {
    pub(super) region: Option<Located<String>>,
    pub(super) profile: Option<Located<String>>,
    pub(super) endpoint: Option<Located<HttpAddress>>,
    pub(super) kms_key_id: Option<Located<String>>,
    pub(super) replica_regions: Option<Located<String>>,
    pub(super) allow_aws_rotation: Option<Located<bool>>,
}

const KEYS: &[&str] =
    &["region", "profile", "endpoint", "kms-key-id", "replica-regions", "allow-aws-rotation"];

/// Reads the table.
pub(in crate::config) fn read(entry: &Entry<'_>) -> Result<Keys> {
    let mut keys = Keys::default();
    for entry in entry.table()? {
        match entry.name {
            "region" => keys.region = Some(entry.read(region)?),
            "profile" => keys.profile = Some(entry.read(profile)?),
            "endpoint" => keys.endpoint = Some(entry.read(endpoint)?),
            "kms-key-id" => keys.kms_key_id = Some(entry.read(kms_key)?),
            "replica-regions" => keys.replica_regions = Some(entry.texts(region)?),
            "allow-aws-rotation" => keys.allow_aws_rotation = Some(entry.boolean()?),
            _ => return Err(entry.unknown(KEYS)),
        }
    }
    Ok(keys)
}

pub(super) fn region(text: &str) -> std::result::Result<String, Bad> {
    plain(text, "-", 32).ok_or_else(|| Bad::new("it cannot be a region", "write it like eu-west-1"))
}

pub(super) fn profile(text: &str) -> std::result::Result<String, Bad> {
    plain(text, "-_.@+/ :", 128).ok_or_else(|| {
        Bad::new("it cannot be the name of a profile", "use the name of a profile in ~/.aws/config")
    })
}

pub(super) fn endpoint(text: &str) -> std::result::Result<HttpAddress, Bad> {
    text.parse().map_err(|fault| {
        let next = match fault {
            InvalidAddress::Plain => "begin it with https://, or use an endpoint on this machine",
            InvalidAddress::UserInfo => "take what stands before the @ out: requests are signed",
            _ => "give scheme and host, such as https://secretsmanager.eu-west-1.amazonaws.com",
        };
        Bad::new(fault.to_string(), next)
    })
}

fn kms_key(text: &str) -> std::result::Result<String, Bad> {
    plain(text, "-_/:", 2048).ok_or_else(|| {
        Bad::new("it cannot be a KMS key", "give its id, its ARN, or an alias such as alias/momo")
    })
}

impl Keys {
    /// What can send a secret elsewhere or log in as somebody else, each with its table: `aws.endpoint`.
    pub(in crate::config) fn sensitive(&self) -> Vec<(String, Located<String>)> {
        let endpoint = self.endpoint.as_ref();
        let keys = [
            ("aws.profile", self.profile.clone()),
            ("aws.endpoint", endpoint.map(|key| Located { value: key.value.to_string(), line: key.line })),
            ("aws.kms-key-id", self.kms_key_id.clone()),
            ("aws.replica-regions", self.replica_regions.clone()),
        ];
        keys.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// Whether a variable takes the place of a key of the file, given with its table: `aws.endpoint`.
pub(in crate::config) fn is_overridden(name: &str, env: &Environment) -> bool {
    let variables: &[&str] = match name {
        "aws.profile" => &variables::AWS_PROFILE,
        "aws.endpoint" => endpoint_variables(env),
        _ => &[],
    };
    variables.iter().any(|variable| env.get(variable).is_some())
}

/// The variables that name an endpoint, unless they are not to count, as for every AWS SDK. One that does not count takes
/// no key's place.
pub(super) fn endpoint_variables(env: &Environment) -> &'static [&'static str] {
    let ignored = env.get(variables::AWS_IGNORE_ENDPOINTS);
    if ignored.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        &[]
    } else {
        &variables::AWS_ENDPOINT
    }
}

/// What the file says on AWS for one profile: the profile's own table, or else that of the file.
#[derive(Clone, Debug, Default)]
pub struct AwsTable {
    pub(super) keys: Keys,
    file: PathBuf,
}

impl AwsTable {
    pub(in crate::config) fn new(keys: Option<Keys>, found: Option<&Found>) -> Self {
        let file = found.map(|found| found.shown().to_path_buf()).unwrap_or_default();
        Self { keys: keys.unwrap_or_default(), file }
    }

    /// Whether a sensitive key, given with its table, is taken from this line.
    pub(in crate::config) fn has(&self, name: &str, line: usize) -> bool {
        self.keys.sensitive().iter().any(|(known, value)| known == name && value.line == line)
    }

    /// A value and where it is.
    pub(super) fn setting<T: Clone>(&self, key: &Located<T>) -> Setting<T> {
        Setting::new(key.value.clone(), Origin::File { path: self.file.clone(), line: key.line })
    }
}
