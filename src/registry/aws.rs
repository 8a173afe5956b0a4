//! The row of AWS Secrets Manager.

use momo_cred_backend_aws::{AwsConfig, AwsStore, Given};

use super::{
    Arc, AwsSettings, Environment, Login, RecordName, Result, Runtime, Settings, Shown, Store, Stores,
    misconfigured,
};

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

/// The access key's id or the role, and the profile and region that lead to one.
pub(super) fn login(settings: &Settings, environment: &Environment) -> Result<Login> {
    let aws = AwsSettings::resolve(settings, environment)?;
    let endpoint = aws.endpoint.as_ref().map(ToString::to_string);
    let login = Login::of(momo_cred_backend_aws::SCHEME)
        .with_some("region", aws.region.as_deref())
        .with_some("profile", aws.profile.as_deref())
        .with_some("endpoint", endpoint.as_deref());
    let login = match &aws.credentials {
        Some(given) => login.with_secret("access-key-id", &given.access_key_id),
        None => login,
    };
    // Where the SDK finds a role by variables.
    let variables = [
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    Ok(variables.into_iter().fold(login, |login, name| {
        login.with_some(name, environment.get(name).map(|value| value.to_string_lossy()).as_deref())
    }))
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
