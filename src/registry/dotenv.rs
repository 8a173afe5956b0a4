//! The row of dotenv files.

use momo_cred_backend_api::Reason as _;
use momo_cred_backend_dotenv::{DotenvConfig, DotenvStore, FieldSet, Problem};

use super::{Arc, Environment, RecordName, Result, Runtime, Settings, Shown, Store, Stores, misconfigured};
use crate::config::{DEFAULT_PREFIX, steering};
use crate::credential::{ANCHORS, Field, PENDING};

pub(super) fn name(settings: &Settings) -> Result<RecordName> {
    let location = &settings.store.value;
    let name = location.fragment().unwrap_or(DEFAULT_PREFIX);
    let prefix = "choose another prefix after `#`, as in dotenv:.env#MOMO";
    let name = RecordName::new(name).map_err(|error| misconfigured(&error, prefix, location))?;
    steering::refuse(&format!("{name}_API_KEY")).map_err(|error| misconfigured(&error, prefix, location))?;
    Ok(name)
}

pub(super) fn open(_: &Stores, settings: &Settings, _: &Environment) -> Result<Store> {
    let location = &settings.store.value;
    let unusable = |problem: Problem| {
        let next = problem.next().unwrap_or_else(|| "name another file with --store".to_owned());
        misconfigured(&problem, &next, location)
    };
    let names: Vec<_> = Field::ALL.into_iter().map(|field| settings.layout.stored(field)).collect();
    let anchors: Vec<_> = ANCHORS
        .iter()
        .filter_map(|name| Field::from_name(name))
        .map(|field| settings.layout.stored(field))
        .collect();
    let config = DotenvConfig {
        path: location.address().into(),
        fields: FieldSet::new(&names, &[PENDING], &anchors).map_err(unusable)?,
        allow_shared_fs: settings.dotenv_allow_shared_fs.as_ref().is_some_and(|setting| setting.value),
    };
    let store = DotenvStore::new(config).map_err(unusable)?;
    Ok((Arc::new(store), Runtime::None))
}

#[expect(clippy::unnecessary_wraps, reason = "a row of the table")]
pub(super) fn settings(settings: &Settings, _: &Environment) -> Result<Vec<Shown>> {
    let allow = settings.dotenv_allow_shared_fs.as_ref();
    let allow = allow
        .map(|allow| ("dotenv.allow-shared-fs".to_owned(), allow.value.to_string(), allow.origin.clone()));
    Ok(allow.into_iter().collect())
}
