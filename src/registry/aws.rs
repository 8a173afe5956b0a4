//! The row of AWS Secrets Manager.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use momo_cred_backend_aws::{AwsConfig, AwsStore, Given};

use super::{
    Arc, AwsSettings, Environment, Login, RecordName, Result, Runtime, Settings, Shown, Store, Stores,
    misconfigured,
};
use crate::cache::content;

pub(super) fn name(settings: &Settings) -> Result<RecordName> {
    let location = &settings.store.value;
    let next = "name the record like aws:momo/sandbox/collection";
    RecordName::new(location.address()).map_err(|error| misconfigured(&error, next, location))
}

pub(super) fn open(stores: &Stores, settings: &Settings, environment: &Environment) -> Result<Store> {
    let aws = AwsSettings::resolve(settings, environment)?;
    let known =
        stores.accounts.borrow().iter().find(|(known, _)| *known == aws).map(|(_, store)| Arc::clone(store));
    let backend = known.unwrap_or_else(|| {
        let store = Arc::new(AwsStore::new(config(&aws, stores)));
        stores.accounts.borrow_mut().push((aws, Arc::clone(&store)));
        store
    });
    Ok((backend, Runtime::Tokio))
}

pub(super) fn settings(settings: &Settings, environment: &Environment) -> Result<Vec<Shown>> {
    let aws = AwsSettings::resolve(settings, environment)?;
    let row = |(key, value, origin): (&str, &str, &_)| {
        (format!("aws.{key}"), value.to_owned(), crate::config::Origin::clone(origin))
    };
    Ok(aws.rows().map(row).collect())
}

/// The access key's id; else all that the SDK finds one by: variables, and files by what they hold. Roles of the container or
/// the instance are those of this machine.
pub(super) fn login(settings: &Settings, environment: &Environment) -> Result<Login> {
    let aws = AwsSettings::resolve(settings, environment)?;
    let endpoint = aws.endpoint.as_ref().map(ToString::to_string);
    let login = Login::of(momo_cred_backend_aws::SCHEME)
        .with_some("region", aws.region.as_deref())
        .with_some("profile", aws.profile.as_deref())
        .with_some("endpoint", endpoint.as_deref());
    Ok(match &aws.credentials {
        // The files still tell region and endpoint.
        Some(given) => SHARED.into_iter().fold(
            login
                .with_secret("access-key-id", &given.access_key_id)
                .with_secret("secret-access-key", &given.secret_access_key),
            |login, (variable, default)| login.with_file(variable, &place(environment, variable, default)),
        ),
        None => found(login, environment),
    })
}

/// The shared files: the variables that name them, and where they are otherwise.
const SHARED: [(&str, &str); 2] =
    [("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")];

/// What leads to a role.
const VARIABLES: [&str; 6] = [
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
];

/// The variables that name a file with a token.
const TOKEN_FILES: [&str; 2] = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];

fn found(login: Login, environment: &Environment) -> Login {
    let mut login = VARIABLES.into_iter().fold(login, |login, name| {
        login.with_some(name, environment.get(name).map(|value| value.to_string_lossy()).as_deref())
    });
    for name in TOKEN_FILES {
        if let Some(path) = environment.get(name) {
            login = login.with_file(name, Path::new(path));
        }
    }
    for (variable, default) in SHARED {
        login = match content(&place(environment, variable, default)) {
            Ok(Some(held)) => shared(login.with_content(variable, &held), &held, environment),
            Ok(None) => login,
            Err(unknown) => login.not_known(unknown),
        };
    }
    login
}

/// What a shared file leads to, whichever of its profiles counts.
fn shared(mut login: Login, content: &[u8], environment: &Environment) -> Login {
    for line in content.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
        let (key, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        login = match key {
            b"credential_process" => {
                login.decided_by("a credential_process in the shared files of ~/.aws tells who logs in")
            }
            b"sso_session" | b"sso_start_url" => {
                login.decided_by("single sign-on in the shared files of ~/.aws tells who logs in")
            }
            b"web_identity_token_file" => {
                login.with_file("web identity", &expanded(environment, OsStr::from_bytes(value)))
            }
            _ => login,
        };
    }
    login
}

fn place(environment: &Environment, variable: &str, default: &str) -> PathBuf {
    expanded(environment, environment.get(variable).unwrap_or(default.as_ref()))
}

/// A path with the home folder in the place of `~`, as the SDK has it.
fn expanded(environment: &Environment, path: &OsStr) -> PathBuf {
    match (Path::new(path).strip_prefix("~"), environment.get("HOME")) {
        (Ok(rest), Some(home)) => Path::new(home).join(rest),
        _ => PathBuf::from(path),
    }
}

fn config(aws: &AwsSettings, stores: &Stores) -> AwsConfig {
    AwsConfig {
        region: aws.region.clone(),
        profile: aws.profile.clone(),
        given: aws.credentials.as_ref().map(|given| Given {
            access_key_id: given.access_key_id.clone(),
            secret_access_key: given.secret_access_key.clone(),
            session_token: given.session_token.clone(),
        }),
        endpoint: aws.endpoint.clone(),
        kms_key_id: aws.kms_key_id.clone(),
        replica_regions: aws.replica_regions.clone(),
        allow_aws_rotation: aws.allow_aws_rotation,
        program_environment: aws.program_environment.clone(),
        deadline: stores.deadline.clone(),
    }
}
