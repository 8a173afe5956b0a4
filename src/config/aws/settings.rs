//! What is in force for a record in AWS: a variable over the file.

use std::ffi::OsString;

use momo_cred_backend_api::Secret;
use momo_cred_transport::HttpAddress;

use super::keys::{endpoint, endpoint_variables, profile, region};
use crate::config::fault::{Bad, Fault, because};
use crate::config::origin::Located;
use crate::config::resolve::refusal;
use crate::config::secrets::{escaped, looks_like_secret};
use crate::config::{Environment, Origin, Setting, Settings, variables};
use crate::{Error, Kind, Result};

/// Which account and region, and what may be done there. What is not set is found as the AWS SDKs find it.
#[derive(Clone, Debug)]
pub struct AwsSettings {
    /// The region.
    pub region: Option<String>,
    /// The profile of the shared files.
    pub profile: Option<String>,
    /// Credentials of the environment.
    pub credentials: Option<AwsCredentials>,
    /// Another endpoint than the region's own.
    pub endpoint: Option<HttpAddress>,
    /// The KMS key for new secrets.
    pub kms_key_id: Option<String>,
    /// Regions to which new secrets are replicated.
    pub replica_regions: Vec<String>,
    /// Whether secrets may be written that AWS itself rotates.
    pub allow_aws_rotation: bool,
    /// What a `credential_process` of the shared files gets of the environment.
    pub program_environment: Vec<(OsString, OsString)>,
    rows: Vec<Row>,
}

/// Credentials of the environment.
#[derive(Clone, Debug)]
pub struct AwsCredentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: Secret,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: Secret,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<Secret>,
}

/// A setting for people: its key below `aws`, and its value as it may be shown.
type Row = (&'static str, Setting<String>);

impl AwsSettings {
    /// What is in force for a profile: the variables of the AWS SDKs over the file.
    ///
    /// # Errors
    /// Misconfigured: naming the variable, or file and line; never a value.
    pub fn resolve(settings: &Settings, env: &Environment) -> Result<Self> {
        let keys = &settings.aws.keys;
        let mut resolver = Resolver { settings, env, rows: Vec::new() };
        let region = resolver.pick("region", &variables::AWS_REGION, keys.region.as_ref(), region)?;
        let profile = resolver.pick("profile", &variables::AWS_PROFILE, keys.profile.as_ref(), profile)?;
        let endpoints = endpoint_variables(env);
        let endpoint = resolver.pick("endpoint", endpoints, keys.endpoint.as_ref(), endpoint)?;
        let kms_key_id = resolver.of_file("kms-key-id", keys.kms_key_id.as_ref());
        let replicas = resolver.of_file("replica-regions", keys.replica_regions.as_ref());
        let allow_aws_rotation = resolver.of_file("allow-aws-rotation", keys.allow_aws_rotation.as_ref());
        let credentials = resolver.credentials()?;
        Ok(Self {
            region,
            profile,
            credentials,
            endpoint,
            kms_key_id,
            replica_regions: replicas
                .iter()
                .flat_map(|list| list.split(", "))
                .filter(|region| !region.is_empty())
                .map(str::to_owned)
                .collect(),
            allow_aws_rotation: allow_aws_rotation.unwrap_or_default(),
            program_environment: program_environment(env),
            rows: resolver.rows,
        })
    }

    /// Every setting that is set: its key below `aws`, its value for people (a secret is `set`), and where it comes from.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &str, &Origin)> {
        self.rows.iter().map(|(key, row)| (*key, row.value.as_str(), &row.origin))
    }
}

/// Two profiles with equal settings can share credentials and connections. Where a setting comes from does not matter, and
/// the environment is one.
impl PartialEq for AwsSettings {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            region,
            profile,
            endpoint,
            kms_key_id,
            replica_regions,
            allow_aws_rotation,
            credentials: _,
            program_environment: _,
            rows: _,
        } = self;
        *region == other.region
            && *profile == other.profile
            && *endpoint == other.endpoint
            && *kms_key_id == other.kms_key_id
            && *replica_regions == other.replica_regions
            && *allow_aws_rotation == other.allow_aws_rotation
    }
}

/// Collects the rows while it decides.
struct Resolver<'a> {
    settings: &'a Settings,
    env: &'a Environment,
    rows: Vec<Row>,
}

impl Resolver<'_> {
    /// The first variable that is set, else the file.
    fn pick<T: Clone + ToString, E: Fault>(
        &mut self,
        key: &'static str,
        names: &[&'static str],
        file: Option<&Located<T>>,
        read: impl Fn(&str) -> std::result::Result<T, E>,
    ) -> Result<Option<T>> {
        for variable in names {
            let Some(text) = self.env.text(variable)? else { continue };
            let origin = Origin::Environment(variable);
            if looks_like_secret(text) {
                let fault = Bad::new(
                    "it looks like a secret, and this setting takes none",
                    "take it out; replace it if it was shown somewhere",
                );
                return Err(because(refusal(&origin), &fault));
            }
            let value = read(text).map_err(|fault| because(refusal(&origin), &fault))?;
            self.note(key, &value.to_string(), origin);
            return Ok(Some(value));
        }
        Ok(self.of_file(key, file))
    }

    fn of_file<T: Clone + ToString>(&mut self, key: &'static str, file: Option<&Located<T>>) -> Option<T> {
        let Setting { value, origin } = self.settings.aws.setting(file?);
        self.note(key, &value.to_string(), origin);
        Some(value)
    }

    fn note(&mut self, key: &'static str, value: &str, origin: Origin) {
        self.rows.push((key, Setting::new(escaped(value), origin)));
    }

    fn credentials(&mut self) -> Result<Option<AwsCredentials>> {
        let [id, key, token] = variables::AWS_CREDENTIALS;
        let (access_key_id, secret_access_key) = match (self.env.secret(id)?, self.env.secret(key)?) {
            (Some(access_key_id), Some(secret_access_key)) => (access_key_id, secret_access_key),
            (None, None) if self.env.get(token).is_some() => {
                return Err(Error::new(
                    Kind::Misconfigured,
                    format!("{token} is set, and {id} and {key} are not"),
                )
                .next(format!("set all three, or unset {token}: it is of no use without the others")));
            }
            (None, None) => return Ok(None),
            (there, _) => {
                let (there, missing) = if there.is_some() { (id, key) } else { (key, id) };
                return Err(Error::new(Kind::Misconfigured, format!("{there} is set, and {missing} is not"))
                    .next(format!(
                        "set {missing} too, or unset {there}: one is of no use without the other"
                    )));
            }
        };
        self.note("credentials", "set", Origin::Environment(id));
        // As for every AWS SDK: the profile still tells region and endpoint, and not who we are.
        for (_, row) in self.rows.iter_mut().filter(|(key, _)| *key == "profile") {
            row.value.push_str(&format!(", without its credentials: {id} is set"));
        }
        let session_token = self.env.secret(token)?;
        let given =
            [(id, Some(&access_key_id)), (key, Some(&secret_access_key)), (token, session_token.as_ref())];
        for (variable, value) in given {
            // The classic mistake is a line end, which no header carries and which makes every signature wrong.
            if value.is_some_and(|value| !value.is_graphic()) {
                let fault = Bad::new(
                    "it holds white space or a control character",
                    "set it anew, without a line end",
                );
                return Err(because(refusal(&Origin::Environment(variable)), &fault));
            }
        }
        Ok(Some(AwsCredentials { access_key_id, secret_access_key, session_token }))
    }
}

/// What a program that prints credentials gets of our environment: what it takes to run, to find its own settings, and to
/// reach a keyring or a window to ask in. Nothing in it opens anything, but for the sockets, which are the user's own.
const FOR_PROGRAMS: [&str; 23] = [
    "PATH",
    "HOME",
    "LANG",
    "TZ",
    "TERM",
    "USER",
    "LOGNAME",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CA_BUNDLE",
    "AWS_VAULT_BACKEND",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "GNUPGHOME",
    "DISPLAY",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
];

fn program_environment(env: &Environment) -> Vec<(OsString, OsString)> {
    FOR_PROGRAMS.iter().filter_map(|name| Some((OsString::from(name), env.get(name)?.to_owned()))).collect()
}

/// A text of letters, digits and some more, and no secret access key in the wrong place.
pub(super) fn plain(text: &str, more: &str, most: usize) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
    let fit = (1..=most).contains(&text.len()) && text.chars().all(fits) && !is_secret_access_key(text);
    fit.then(|| text.to_owned())
}

/// 40 characters of base64. A name that somebody chose is hardly ever of that length and without any `-`, `_` or `.`.
fn is_secret_access_key(text: &str) -> bool {
    let has = |of: fn(&u8) -> bool| text.as_bytes().iter().any(of);
    text.len() == 40
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}
