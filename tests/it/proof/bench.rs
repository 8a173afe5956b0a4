//! One record in one of four stores, a gateway, and what must hold of both.

use std::fmt;

use momo_cred_backend_testkit::{Canary, MemoryServer};
use momo_gateway::{Bound, Gateway, PresetUser, Product};
use momo_live::Loopback;
use serde_json::{Value, json};

use crate::sandbox::{Momo, Ran, Sandbox, gateway, key};
use crate::{aws, vault};

/// A run on the store in memory that a port leads to.
pub(super) fn in_memory(momo: Momo, port: &Loopback) -> Momo {
    momo.env("MOMO_CRED_STORE", "memory:collection")
        .env("MOMO_CRED_FAULT_MEMORY", port.address().port().to_string())
}

/// The user of a credential that is imported.
pub(super) const IMPORTED: &str = "1a600000-0000-4000-8000-000000000001";
pub(super) const IMPORTED_KEY: &str = "1a6f0c83d25b4e97a1480b6dce935f7a";

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    Memory,
    Dotenv,
    Vault,
    Aws,
}

/// A command that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Provision,
    Replace,
    Rotate,
    Rekey,
    Import,
}

impl Case {
    pub(super) const ALL: [Self; 5] =
        [Self::Provision, Self::Replace, Self::Rotate, Self::Rekey, Self::Import];

    pub(super) const fn args(self) -> &'static [&'static str] {
        match self {
            Self::Provision => &["provision"],
            Self::Replace => &["provision", "--replace"],
            Self::Rotate => &["rotate"],
            Self::Rekey => &["rotate", "--strategy", "rekey", "--yes"],
            Self::Import => &["import", "--from", "given.env", "--replace"],
        }
    }

    /// What finishes it where its claim is open.
    pub(super) const fn resume(self) -> &'static [&'static str] {
        match self {
            Self::Rekey => &["resume", "--force-takeover"],
            _ => &["resume"],
        }
    }
}

/// A pair as `exec` serves it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credential {
    pub(super) user: String,
    pub(super) key: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.user)
    }
}

enum Place {
    Plain { sandbox: Sandbox, gateway: Gateway, memory: Option<Loopback> },
    Vault(vault::stage::Stage),
    Aws(aws::stage::Stage),
}

pub(super) struct Bench {
    place: Place,
    /// What is served before the run under test.
    pub(super) old: Option<Credential>,
}

impl Bench {
    /// A record as a command finds it: none for the first provision, else one that works. `None` where the store's
    /// server is not installed.
    pub(super) fn new(store: Store, case: Case) -> Option<Self> {
        let plain = |memory| Place::Plain { sandbox: Sandbox::new(), gateway: gateway(), memory };
        let place = match store {
            Store::Memory => {
                let server = MemoryServer::new();
                plain(Some(Loopback::start(move |stream| drop(server.serve(stream, |_| {})))))
            }
            Store::Dotenv => plain(None),
            Store::Vault => {
                let stage = vault::stage::Stage::new()?;
                let keep = json!({ "max_versions": 1000 });
                stage.vault().root("POST", &format!("{}/config", stage.mount), &keep);
                Place::Vault(stage)
            }
            Store::Aws => Place::Aws(aws::stage::Stage::new()?),
        };
        let mut bench = Self { place, old: None };
        bench.prepare(case);
        Some(bench)
    }

    fn prepare(&mut self, case: Case) {
        if case != Case::Provision {
            let _ = self.run(&["provision"]).code(0);
            self.old = self.served();
        }
        if case == Case::Import {
            self.give();
        }
    }

    /// A user that somebody has from elsewhere, and a file with its key and the subscription's.
    pub(super) fn give(&self) {
        let (id, api_key) = (IMPORTED.parse().unwrap(), IMPORTED_KEY.to_owned());
        self.gateway().put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
        let given = format!(
            "api_user={IMPORTED}\napi_key={IMPORTED_KEY}\nsubscription_key={}\n",
            key(self.gateway())
        );
        self.sandbox().write("given.env", given, 0o600);
    }

    pub(super) fn sandbox(&self) -> &Sandbox {
        match &self.place {
            Place::Plain { sandbox, .. } => sandbox,
            Place::Vault(stage) => &stage.sandbox,
            Place::Aws(stage) => &stage.sandbox,
        }
    }

    /// What logs in to the store.
    pub(super) fn logins(&self) -> Vec<Canary> {
        match &self.place {
            Place::Plain { .. } => Vec::new(),
            Place::Vault(stage) => vec![Canary::of("the store's token", stage.token.as_str())],
            Place::Aws(stage) => stage.canaries(),
        }
    }

    pub(super) fn gateway(&self) -> &Gateway {
        match &self.place {
            Place::Plain { gateway, .. } => gateway,
            Place::Vault(stage) => &stage.gateway,
            Place::Aws(stage) => &stage.gateway,
        }
    }

    pub(super) fn momo(&self, args: &[&str]) -> Momo {
        let (sandbox, gateway, memory) = match &self.place {
            Place::Plain { sandbox, gateway, memory } => (sandbox, gateway, memory),
            Place::Vault(stage) => return stage.momo(args),
            Place::Aws(stage) => return stage.momo(args),
        };
        let momo = sandbox
            .momo(args)
            .env("MOMO_CRED_SUBSCRIPTION_KEY", key(gateway))
            .env("MOMO_CRED_BASE_URL", gateway.base_url())
            .env("MOMO_CRED_CALLBACK_HOST", "localhost");
        match memory {
            Some(port) => in_memory(momo, port),
            None => momo,
        }
    }

    pub(super) fn run(&self, args: &[&str]) -> Ran {
        self.momo(args).run()
    }

    pub(super) fn status(&self) -> Value {
        self.run(&["status", "--json"]).code(0).json().remove(0)
    }

    /// What a program gets: a whole credential, or it is not started for want of any.
    #[track_caller]
    pub(super) fn served(&self) -> Option<Credential> {
        let ran = self.run(&["exec", "--", "sh", "-c", "printf %s/%s \"$MOMO_API_USER\" \"$MOMO_API_KEY\""]);
        if ran.status.code() == Some(125) {
            let _ = ran.says("error[not-found]");
            return None;
        }
        let out = ran.code(0).out();
        let (user, key) = out.split_once('/').unwrap();
        assert!(!user.is_empty() && !key.is_empty(), "half a credential");
        Some(Credential { user: user.to_owned(), key: key.to_owned() })
    }

    pub(super) fn works(&self, credential: &Credential) -> bool {
        self.gateway().authenticates(&credential.user, &credential.key)
    }

    /// The record of a revision, as the store's operator sees it. Every revision is kept that a test makes.
    pub(super) fn record(&self, revision: &str) -> Value {
        match &self.place {
            Place::Vault(stage) => {
                stage.peek(&format!("data/momo/collection?version={revision}"))["data"]["data"].clone()
            }
            Place::Aws(stage) => {
                let asked = json!({ "SecretId": aws::stage::NAME, "VersionId": revision });
                let secret = stage.ask("GetSecretValue", &asked);
                serde_json::from_str(secret["SecretString"].as_str().unwrap()).unwrap()
            }
            Place::Plain { .. } => panic!("only servers keep every revision"),
        }
    }

    /// A credential is there that works, and no claim. Each user but those in use is listed, and at most one of them
    /// was for nothing. No key was asked for but of users that a claim names.
    #[track_caller]
    pub(super) fn assert_settled(&self, case: Case) {
        self.assert_settled_but_for(case, 1);
    }

    /// The same, where more users than one may have been made for nothing.
    #[track_caller]
    pub(super) fn assert_settled_but_for(&self, case: Case, at_most: usize) {
        let now = self.served().expect("nothing is served");
        assert!(self.works(&now), "what is served does not work");
        let status = self.status();
        assert_eq!((&status["claim"], &status["state"]), (&Value::Null, &Value::from("complete")));
        let retired: Vec<_> =
            status["retired_api_users"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        let old = self.old.as_ref().map_or("", |old| old.user.as_str());
        assert_eq!(now.user == old, case == Case::Rekey, "{} was {old} before", now.user);
        assert!(case != Case::Import || now.user == IMPORTED, "{} was published", now.user);
        let mut unused = 0;
        for user in self.gateway().users() {
            let id = user.id.to_string();
            assert!(id == now.user || retired.contains(&id.as_str()), "user {id} is listed nowhere");
            unused += usize::from(![&now.user, old, IMPORTED].contains(&id.as_str()));
            let keys = match id.as_str() {
                IMPORTED => 0,
                // Its own, the run's that died, and the one that finished it.
                id if id == old && case == Case::Rekey => 3,
                _ => 1,
            };
            assert!(user.key_requests <= keys, "{} keys were asked for user {id}", user.key_requests);
        }
        assert!(unused <= at_most, "{unused} users are of no use");
        assert_eq!(self.temporary_files(), 0, "temporary files are left");
    }

    /// Files of ours beside a dotenv file that are to be there only while it is written.
    pub(super) fn temporary_files(&self) -> usize {
        let names =
            std::fs::read_dir(self.sandbox().path(".")).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().contains(".tmp-")).count()
    }
}
