//! The stores that are compiled in. The only file that names them.

use momo_cred_backend_api::{Backend, Location, RecordName};

use crate::config::Settings;
use crate::{Error, Kind, Result};

/// A store opened for one record.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub backend: Box<dyn Backend>,
    /// The record's name in it.
    pub name: RecordName,
    /// Whether its calls need an async runtime, which a program start should not pay for.
    pub runtime: Runtime,
}

/// What a store's calls run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// They never wait: plain polling will do.
    None,
    /// tokio.
    Tokio,
}

struct Row {
    scheme: &'static str,
    open: fn(&Location, &Settings) -> Result<Opened>,
}

const STORES: &[Row] = &[
    #[cfg(feature = "dotenv")]
    Row { scheme: momo_cred_backend_dotenv::SCHEME, open: dotenv },
];

/// The schemes of the stores that are compiled in.
pub fn schemes() -> Vec<&'static str> {
    STORES.iter().map(|row| row.scheme).collect()
}

/// Opens the store of a profile.
///
/// # Errors
/// [`Kind::Misconfigured`] for a scheme that is not compiled in, naming those that are; whatever opening the store
/// says.
pub fn open(settings: &Settings) -> Result<Opened> {
    let location = &settings.store.value;
    let Some(row) = STORES.iter().find(|row| row.scheme == location.scheme()) else {
        return Err(Error::new(
            Kind::Misconfigured,
            format!("this build has no store called {}", location.scheme()),
        )
        .because(format!("it was named by {}", settings.store.origin))
        .next(format!("use one of: {}", schemes().join(", "))));
    };
    (row.open)(location, settings)
}

#[cfg(feature = "dotenv")]
fn dotenv(location: &Location, settings: &Settings) -> Result<Opened> {
    use momo_cred_backend_api::Reason as _;
    use momo_cred_backend_dotenv::{DotenvConfig, DotenvStore, FieldSet, Problem};

    use crate::config::{DEFAULT_PREFIX, steering};
    use crate::credential::{ANCHORS, Field, PENDING};

    let name = location.fragment().unwrap_or(DEFAULT_PREFIX);
    let prefix = "choose another prefix after `#`, as in dotenv:.env#MOMO";
    let name = RecordName::new(name).map_err(|error| misconfigured(&error, prefix, location))?;
    steering::refuse(&format!("{name}_API_KEY")).map_err(|error| misconfigured(&error, prefix, location))?;
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
    Ok(Opened { backend: Box::new(store), name, runtime: Runtime::None })
}

#[cfg(feature = "dotenv")]
fn misconfigured(why: &dyn std::fmt::Display, next: &str, location: &Location) -> Error {
    Error::new(Kind::Misconfigured, format!("{location} cannot be used")).because(why).next(next).at(location)
}
