//! The row of AWS Secrets Manager.

use momo_cred_backend_aws::{AwsConfig, AwsStore, Given};

use super::{
    Arc, AwsSettings, Environment, RecordName, Result, Runtime, Settings, Shown, Store, Stores, misconfigured,
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
