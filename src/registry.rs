//! The stores that are compiled in. The only file that names them.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;
use momo_cred_backend_api::{Backend, Notice, RecordName};
use momo_cred_transport::Deadline;

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
    },
    #[cfg(feature = "vault")]
    Row {
        scheme: momo_cred_backend_vault::SCHEME,
        name: vault::name,
        open: vault::open,
        beside: vault::beside,
        settings: vault::settings,
    },
];

/// The schemes of the stores that are compiled in.
pub fn schemes() -> Vec<&'static str> {
    STORES.iter().map(|row| row.scheme).collect()
}

/// The stores that a run has opened. Two records of one store share its connection and its login.
pub struct Stores {
    #[cfg_attr(not(feature = "vault"), expect(dead_code, reason = "for stores that use the network"))]
    deadline: Deadline,
    opened: RefCell<Vec<Arc<dyn Backend>>>,
    #[cfg(feature = "vault")]
    vaults: RefCell<Vec<(VaultSettings, Arc<momo_cred_backend_vault::VaultStore>)>>,
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
            #[cfg(feature = "vault")]
            vaults: RefCell::default(),
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
        let store = (row(settings)?.open)(self, settings, environment)?;
        let mut all = self.opened.borrow_mut();
        if !all.iter().any(|known| Arc::ptr_eq(known, &store.0)) {
            all.push(Arc::clone(&store.0));
        }
        Ok(store)
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

fn row(settings: &Settings) -> Result<&'static Row> {
    let location = &settings.store.value;
    STORES.iter().find(|row| row.scheme == location.scheme()).ok_or_else(|| {
        Error::new(Kind::Misconfigured, format!("this build has no store called {}", location.scheme()))
            .because(format!("it was named by {}", settings.store.origin))
            .next(format!("use one of: {}", schemes().join(", ")))
    })
}

#[cfg(any(feature = "dotenv", feature = "vault"))]
fn misconfigured(why: &dyn fmt::Display, next: &str, location: &momo_cred_backend_api::Location) -> Error {
    Error::new(Kind::Misconfigured, format!("{location} cannot be used")).because(why).next(next).at(location)
}

#[cfg(feature = "dotenv")]
mod dotenv {
    use momo_cred_backend_api::Reason as _;
    use momo_cred_backend_dotenv::{DotenvConfig, DotenvStore, FieldSet, Problem};

    use super::{
        Arc, Environment, RecordName, Result, Runtime, Settings, Shown, Store, Stores, misconfigured,
    };
    use crate::config::{DEFAULT_PREFIX, steering};
    use crate::credential::{ANCHORS, Field, PENDING};

    pub(super) fn name(settings: &Settings) -> Result<RecordName> {
        let location = &settings.store.value;
        let name = location.fragment().unwrap_or(DEFAULT_PREFIX);
        let prefix = "choose another prefix after `#`, as in dotenv:.env#MOMO";
        let name = RecordName::new(name).map_err(|error| misconfigured(&error, prefix, location))?;
        steering::refuse(&format!("{name}_API_KEY"))
            .map_err(|error| misconfigured(&error, prefix, location))?;
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
        let allow = allow.map(|allow| {
            ("dotenv.allow-shared-fs".to_owned(), allow.value.to_string(), allow.origin.clone())
        });
        Ok(allow.into_iter().collect())
    }
}

#[cfg(feature = "vault")]
mod vault {
    use momo_cred_backend_api::Reason as _;
    use momo_cred_backend_vault::{
        Auth, Helper, KvVersion, MountPath, Namespace, Problem, SecretSource, TokenSource, VaultConfig,
        VaultStore,
    };
    use momo_cred_transport::TlsOptions;

    use super::{
        Arc, Environment, RecordName, Result, Runtime, Settings, Shown, Store, Stores, VaultSettings,
        misconfigured,
    };
    use crate::config::{VaultAuth, VaultKvVersion, VaultSecret, VaultTokenSource};

    pub(super) fn name(settings: &Settings) -> Result<RecordName> {
        let location = &settings.store.value;
        let next = if location.address().contains("://") {
            "name the server in VAULT_ADDR or `address` in [vault], and the record like vault:secret/momo/sandbox/collection"
        } else {
            "name the record like vault:secret/momo/sandbox/collection"
        };
        RecordName::new(location.address()).map_err(|error| misconfigured(&error, next, location))
    }

    pub(super) fn open(stores: &Stores, settings: &Settings, environment: &Environment) -> Result<Store> {
        let location = &settings.store.value;
        let vault = VaultSettings::resolve(settings, environment)?;
        let known = stores
            .vaults
            .borrow()
            .iter()
            .find(|(known, _)| *known == vault)
            .map(|(_, store)| Arc::clone(store));
        let backend = match known {
            Some(store) => store,
            None => {
                let unusable =
                    |problem: Problem| misconfigured(&problem, &problem.next().unwrap_or_default(), location);
                let config = config(&vault, stores).map_err(unusable)?;
                let store = Arc::new(VaultStore::new(config).map_err(unusable)?);
                stores.vaults.borrow_mut().push((vault, Arc::clone(&store)));
                store
            }
        };
        Ok((backend, Runtime::Tokio))
    }

    /// The folder that a path is in, the path itself where it is one.
    pub(super) fn beside(address: &str) -> String {
        address.rfind('/').map_or_else(String::new, |at| address[..=at].to_owned())
    }

    pub(super) fn settings(settings: &Settings, environment: &Environment) -> Result<Vec<Shown>> {
        let vault = VaultSettings::resolve(settings, environment)?;
        let row = |(key, value, origin): (&str, &str, &_)| {
            (format!("vault.{key}"), value.to_owned(), crate::config::Origin::clone(origin))
        };
        Ok(vault.rows().map(row).collect())
    }

    fn config(vault: &VaultSettings, stores: &Stores) -> std::result::Result<VaultConfig, Problem> {
        Ok(VaultConfig {
            address: vault.address.clone(),
            namespace: vault.namespace.as_deref().map(Namespace::new).transpose()?,
            mount: vault.mount.as_deref().map(MountPath::new).transpose()?,
            kv_version: vault.kv_version.map(|version| match version {
                VaultKvVersion::V1 => KvVersion::V1,
                VaultKvVersion::V2 => KvVersion::V2,
            }),
            allow_no_cas: vault.allow_no_cas,
            tls: TlsOptions { roots: vault.roots.clone(), identity: vault.identity.clone() },
            tls_server_name: vault.tls_server_name.clone(),
            proxy: vault.proxy.clone(),
            auth: auth(&vault.auth)?,
            revoke: vault.revoke,
            deadline: stores.deadline.clone(),
        })
    }

    fn auth(auth: &VaultAuth) -> std::result::Result<Auth, Problem> {
        let at = |mount: &str| MountPath::new(mount);
        Ok(match auth {
            VaultAuth::Token(sources) => Auth::Token(sources.iter().map(token).collect()),
            VaultAuth::AppRole { mount, role_id, secret_id, wrapped } => Auth::AppRole {
                mount: at(mount)?,
                role_id: role_id.clone(),
                secret_id: secret_id.as_ref().map(secret),
                wrapped: wrapped.as_deref().map(MountPath::new).transpose()?,
            },
            VaultAuth::Kubernetes { mount, role, jwt } => {
                Auth::Kubernetes { mount: at(mount)?, role: role.clone(), jwt: secret(jwt) }
            }
            VaultAuth::Jwt { mount, role, jwt } => {
                Auth::Jwt { mount: at(mount)?, role: role.clone(), jwt: secret(jwt) }
            }
            VaultAuth::Userpass { mount, username, password } => {
                Auth::Userpass { mount: at(mount)?, username: username.clone(), password: secret(password) }
            }
            VaultAuth::Cert { mount, name } => Auth::Cert { mount: at(mount)?, name: name.clone() },
        })
    }

    fn token(source: &VaultTokenSource) -> TokenSource {
        match source {
            VaultTokenSource::Unset(name) => TokenSource::Unset(name),
            VaultTokenSource::Given(given) => TokenSource::Given(secret(given)),
            VaultTokenSource::Helper { program, environment, origin } => TokenSource::Helper(Helper {
                program: program.clone(),
                environment: environment.clone(),
                origin: origin.to_string(),
            }),
            VaultTokenSource::File(path) => TokenSource::File(path.clone()),
        }
    }

    fn secret(secret: &VaultSecret) -> SecretSource {
        match secret {
            VaultSecret::Given { value, origin } => {
                SecretSource::Given { value: value.clone(), origin: origin.to_string() }
            }
            VaultSecret::File { path, origin } => {
                SecretSource::File { path: path.clone(), origin: origin.to_string() }
            }
        }
    }
}
