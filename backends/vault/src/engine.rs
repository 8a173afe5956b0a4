//! Which secrets engine a record is in, and of which version. A write in the form of version 2 on an engine of version 1
//! is taken (204) and stored as nonsense, so that nothing is written on a guess.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use momo_cred_backend_api::RecordName;
use serde::Deserialize;

use crate::Problem;
use crate::answer::Data;
use crate::call::Call;
use crate::config::{KvVersion, MountPath, Namespace, VaultConfig};
use crate::path::{self, Place};
use crate::session::Session;
use crate::wire::Again;

/// A record's place and what is known of its engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Engine {
    pub(crate) place: Place,
    pub(crate) version: KvVersion,
    /// Whether the server said so; else it is what the settings say, or what most servers have.
    pub(crate) known: bool,
}

/// What is known of engines.
#[derive(Debug)]
pub(crate) struct Engines {
    mount: Option<MountPath>,
    version: Option<KvVersion>,
    namespace: Option<Namespace>,
    /// Mount to version, as the server said.
    found: Mutex<BTreeMap<String, KvVersion>>,
}

/// The answer of `sys/internal/ui/mounts` (<https://developer.hashicorp.com/vault/api-docs/system/internal-ui-mounts>).
#[derive(Deserialize)]
struct Mount {
    path: String,
    #[serde(rename = "type")]
    kind: String,
    options: Option<Options>,
}

#[derive(Deserialize)]
struct Options {
    version: Option<String>,
}

impl Engines {
    pub(crate) fn new(config: &VaultConfig) -> Self {
        let VaultConfig { mount, kv_version, namespace, .. } = config;
        let (mount, namespace) = (mount.clone(), namespace.clone());
        Self { mount, version: *kv_version, namespace, found: Mutex::default() }
    }

    /// The version that the settings say.
    pub(crate) fn configured(&self) -> Option<KvVersion> {
        self.version
    }

    /// The mount that the settings say.
    pub(crate) fn mount(&self) -> Option<&MountPath> {
        self.mount.as_ref()
    }

    /// Where a record is as far as that is known without asking.
    pub(crate) fn guess(&self, name: &RecordName) -> Result<Engine, Problem> {
        path::check(name.as_str())?;
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let known = found.iter().find_map(|(mount, version)| Some((Place::below(name, mount)?, *version)));
        if let Some((place, version)) = known {
            return Ok(Engine { place, version, known: true });
        }
        let place = Place::guess(name, self.mount.as_ref())?;
        Ok(Engine { place, version: self.version.unwrap_or(KvVersion::V2), known: false })
    }

    /// Where a record is for certain. Settings are believed where the server tells nothing: one wrong number there, and
    /// a secret would be written as nonsense.
    pub(crate) async fn sure(&self, name: &RecordName, session: &Session) -> Result<Engine, Problem> {
        let engine = self.guess(name)?;
        if engine.known {
            return Ok(engine);
        }
        match self.ask(name.as_str(), session).await? {
            Found::Hidden(_) if self.version.is_some() => Ok(engine),
            found => found.engine(name),
        }
    }

    /// Asks the server about the engine that a path is in.
    pub(crate) async fn ask(&self, path: &str, session: &Session) -> Result<Found, Problem> {
        let heard = session.send(&Call::get(format!("sys/internal/ui/mounts/{path}")), Again::Safe).await?;
        if matches!(heard.answer.status, 400..=428 | 430..=499) && !heard.answer.is_vaults_own() {
            return Ok(Found::Hidden("something before the server keeps the version of its engines from us"));
        }
        match heard.answer.status {
            // The server makes no difference between a mount that is not there and one that is not for us.
            403 if !heard.answer.refuses_token() && heard.answer.is_vaults_own() => {
                return Ok(Found::Hidden(
                    "there is no secrets engine at this path, or none that the token may know of",
                ));
            }
            404 if heard.answer.is_vaults_own() => {
                return Ok(Found::Hidden("the server does not tell the version of a secrets engine"));
            }
            _ => {}
        }
        let Data { data }: Data<Mount> = heard.good()?.json()?;
        let mount = self.below_namespace(&data.path);
        if !matches!(&*data.kind, "kv" | "generic") {
            return Err(Problem::Mount("the path is in a secrets engine of another type than KV"));
        }
        // `path` is the server's text: it counts only where it is the beginning of what was asked.
        let plain = MountPath::new(mount).ok().filter(|mount| {
            path.strip_prefix(mount.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let Some(mount) = plain else {
            return Err(Problem::Mount("the server names another mount than the one that was asked for"));
        };
        let version = match data.options.and_then(|options| options.version).as_deref() {
            Some("2") => KvVersion::V2,
            None | Some("" | "1") => KvVersion::V1,
            Some(_) => {
                return Err(Problem::Mount(
                    "the secrets engine is of a KV version that this program does not know",
                ));
            }
        };
        if let Some(configured) = self.version.filter(|configured| *configured != version) {
            let (found, configured) = (version.number(), configured.number());
            return Err(Problem::Version { found, configured });
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert(mount.as_str().to_owned(), version);
        Ok(Found::Mount(mount.as_str().to_owned(), version))
    }

    /// Within a namespace the path may begin with it.
    fn below_namespace<'a>(&self, path: &'a str) -> &'a str {
        let namespace = self.namespace.as_ref().map_or("", Namespace::as_str);
        match path.strip_prefix(namespace).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) if !rest.is_empty() => rest,
            _ => path,
        }
    }
}

/// What the server said of a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// An engine.
    Mount(String, KvVersion),
    /// None, or none that we may know of; and which of these, for people.
    Hidden(&'static str),
}

impl Found {
    /// The place of a record in it.
    pub(crate) fn engine(self, name: &RecordName) -> Result<Engine, Problem> {
        let (mount, version) = match self {
            Self::Mount(mount, version) => (mount, version),
            Self::Hidden(why) => return Err(Problem::Mount(why)),
        };
        let place =
            Place::below(name, &mount).ok_or(Problem::Name("it names a secrets engine and nothing in it"))?;
        Ok(Engine { place, version, known: true })
    }
}
