//! The row of the store in a test's memory. Only with the feature `faults`.

use momo_cred_backend_testkit::RemoteStore;

use super::{Arc, Environment, RecordName, Result, Runtime, Settings, Shown, Store, Stores, misconfigured};

pub(super) const SCHEME: &str = RemoteStore::SCHEME;

/// The variable that names the test's port.
const PORT: &str = "MOMO_CRED_FAULT_MEMORY";

pub(super) fn name(settings: &Settings) -> Result<RecordName> {
    let location = &settings.store.value;
    RecordName::new(location.address())
        .map_err(|error| misconfigured(&error, "name the record like memory:collection", location))
}

pub(super) fn open(_: &Stores, settings: &Settings, environment: &Environment) -> Result<Store> {
    let port = environment.text(PORT)?.and_then(|port| port.parse().ok());
    let port = port.ok_or_else(|| {
        misconfigured(&"no port of a test is known", "set MOMO_CRED_FAULT_MEMORY", &settings.store.value)
    })?;
    Ok((Arc::new(RemoteStore::new(port)), Runtime::None))
}

#[expect(clippy::unnecessary_wraps, reason = "a row of the table")]
pub(super) fn settings(_: &Settings, _: &Environment) -> Result<Vec<Shown>> {
    Ok(Vec::new())
}
