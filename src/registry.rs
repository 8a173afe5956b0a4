//! The stores that are compiled in, a row and a file each. Only these files name them.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "dotenv")]
mod dotenv;
#[cfg(feature = "faults")]
mod memory;
#[cfg(feature = "vault")]
mod vault;

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;
use momo_cred_backend_api::{Backend, Notice, RecordName};
use momo_cred_transport::Deadline;

use crate::cache::{Forgetting, Login};
#[cfg(feature = "aws")]
use crate::config::AwsSettings;
#[cfg(feature = "vault")]
use crate::config::VaultSettings;
use crate::config::{Environment, Origin, Settings};
use crate::{Error, Kind, Result};

/// A store opened for one record.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The store.
    pub backend: Arc<dyn Backend>,
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

/// A store, and what its calls run on.
pub type Store = (Arc<dyn Backend>, Runtime);

struct Row {
    scheme: &'static str,
    /// The name of a profile's record in its store.
    name: fn(&Settings) -> Result<RecordName>,
    open: fn(&Stores, &Settings, &Environment) -> Result<Store>,
    /// What the names of the records begin with that lie beside the one of a location.
    beside: fn(&str) -> String,
    /// Settings that are not MoMo's, for `doctor`.
    settings: fn(&Settings, &Environment) -> Result<Vec<Shown>>,
    /// Who logs in there. `None` for stores that are never out of reach, so that nothing is cached of them.
    login: Option<fn(&Settings, &Environment) -> Result<Login>>,
}

/// A setting of a store: its key, its value for people, where it comes from.
pub type Shown = (String, String, Origin);

const STORES: &[Row] = &[
    #[cfg(feature = "dotenv")]
    Row {
        scheme: momo_cred_backend_dotenv::SCHEME,
        name: dotenv::name,
        open: dotenv::open,
        // A file is one folder of records.
        beside: |_| String::new(),
        settings: dotenv::settings,
        login: None,
    },
    #[cfg(feature = "vault")]
    Row {
        scheme: momo_cred_backend_vault::SCHEME,
        name: vault::name,
        open: vault::open,
        beside: folder,
        settings: vault::settings,
        login: Some(vault::login),
    },
    #[cfg(feature = "aws")]
    Row {
        scheme: momo_cred_backend_aws::SCHEME,
        name: aws::name,
        open: aws::open,
        beside: folder,
        settings: aws::settings,
        login: Some(aws::login),
    },
    #[cfg(feature = "faults")]
    Row {
        scheme: memory::SCHEME,
        name: memory::name,
        open: memory::open,
        beside: folder,
        settings: memory::settings,
        login: None,
    },
];

/// The schemes of the stores that are compiled in.
pub fn schemes() -> Vec<&'static str> {
    STORES.iter().map(|row| row.scheme).collect()
}

/// The stores that a run has opened. Two records of one store share its connection and its login.
pub struct Stores {
    #[cfg_attr(
        not(any(feature = "vault", feature = "aws")),
        expect(dead_code, reason = "for stores that use the network")
    )]
    deadline: Deadline,
    opened: RefCell<Vec<Arc<dyn Backend>>>,
    /// Those of them of which something may be cached.
    forgetting: RefCell<Vec<Arc<Forgetting>>>,
    #[cfg(feature = "vault")]
    vaults: RefCell<Vec<(VaultSettings, Arc<momo_cred_backend_vault::VaultStore>)>>,
    #[cfg(feature = "aws")]
    accounts: RefCell<Vec<(AwsSettings, Arc<momo_cred_backend_aws::AwsStore>)>>,
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").field("opened", &self.opened.borrow().len()).finish_non_exhaustive()
    }
}

impl Stores {
    /// None yet. All of them keep to this deadline.
    pub fn new(deadline: Deadline) -> Self {
        Self {
            deadline,
            opened: RefCell::default(),
            forgetting: RefCell::default(),
            #[cfg(feature = "vault")]
            vaults: RefCell::default(),
            #[cfg(feature = "aws")]
            accounts: RefCell::default(),
        }
    }

    /// Opens the store of a profile.
    ///
    /// # Errors
    /// [`Kind::Misconfigured`] for a scheme that is not compiled in, naming those that are; whatever opening the store
    /// says.
    pub fn open(&self, settings: &Settings, environment: &Environment) -> Result<Opened> {
        let name = (row(settings)?.name)(settings)?;
        let (backend, runtime) = self.open_store(settings, environment)?;
        Ok(Opened { backend, name, runtime })
    }

    /// Opens the store of a profile for what is of no one record.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_store(&self, settings: &Settings, environment: &Environment) -> Result<Store> {
        let row = row(settings)?;
        let (store, runtime) = (row.open)(self, settings, environment)?;
        let store = if row.login.is_some() { self.forgetting(store) } else { store };
        let mut all = self.opened.borrow_mut();
        if !all.iter().any(|known| Arc::ptr_eq(known, &store)) {
            all.push(Arc::clone(&store));
        }
        Ok((store, runtime))
    }

    /// A store whose writes drop what is cached: one for each.
    fn forgetting(&self, store: Arc<dyn Backend>) -> Arc<dyn Backend> {
        let mut all = self.forgetting.borrow_mut();
        if let Some(known) = all.iter().find(|known| known.is(&store)) {
            return Arc::<Forgetting>::clone(known);
        }
        let new = Arc::new(Forgetting::new(store));
        all.push(Arc::clone(&new));
        new
    }

    /// Closes all of them, and gives what they have left to say.
    pub async fn close(&self) -> Vec<Notice> {
        let all = self.opened.take();
        join_all(all.iter().map(|store| store.close())).await;
        all.iter().flat_map(|store| store.notices()).collect()
    }
}

/// What the names of the records begin with that lie beside the one of a profile: all of a file, or one folder.
///
/// # Errors
/// As [`Stores::open`].
pub fn beside(settings: &Settings) -> Result<String> {
    Ok((row(settings)?.beside)(settings.store.value.address()))
}

/// Settings of a profile's store, for people.
///
/// # Errors
/// As [`Stores::open`].
pub fn settings(settings: &Settings, environment: &Environment) -> Result<Vec<Shown>> {
    (row(settings)?.settings)(settings, environment)
}

/// Who logs in to a profile's store, where something may be cached of it.
///
/// # Errors
/// As [`Stores::open`].
pub fn login(settings: &Settings, environment: &Environment) -> Result<Option<Login>> {
    row(settings)?.login.map(|login| login(settings, environment)).transpose()
}

fn row(settings: &Settings) -> Result<&'static Row> {
    let location = &settings.store.value;
    STORES.iter().find(|row| row.scheme == location.scheme()).ok_or_else(|| {
        Error::new(Kind::Misconfigured, format!("this build has no store called {}", location.scheme()))
            .because(format!("it was named by {}", settings.store.origin))
            .next(format!("use one of: {}", schemes().join(", ")))
    })
}

#[cfg(any(feature = "dotenv", feature = "vault", feature = "aws", feature = "faults"))]
fn misconfigured(why: &dyn fmt::Display, next: &str, location: &momo_cred_backend_api::Location) -> Error {
    Error::new(Kind::Misconfigured, format!("{location} cannot be used")).because(why).next(next).at(location)
}

/// The folder that a path is in, the path itself where it is one.
#[cfg(any(feature = "vault", feature = "aws", feature = "faults"))]
fn folder(address: &str) -> String {
    address.rfind('/').map_or_else(String::new, |at| address[..=at].to_owned())
}
