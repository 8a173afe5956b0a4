//! One record in one of four stores, a gateway, and what must hold of both.

use std::fmt;
use std::os::unix::process::ExitStatusExt;

use momo_cred::faults::POINT;
use momo_cred_backend_testkit::{Canary, MemoryServer};
use momo_gateway::{Bound, Config, Gateway, PresetUser, Product, Role};
use momo_live::Loopback;
use serde_json::{Value, json};

use super::case::{Case, GIVEN, REGENERATED};
use crate::sandbox::{Momo, Ran, Sandbox, key};
use crate::{aws, vault};

/// What a program does that shows what it gets.
const SERVED: &str = "printf %s/%s/%s \"$MOMO_API_USER\" \"$MOMO_API_KEY\" \"$MOMO_SUBSCRIPTION_KEY\"";

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

/// A credential as `exec` serves it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credential {
    pub(super) user: String,
    pub(super) key: String,
    pub(super) subscription_key: String,
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
    pub(super) store: Store,
    /// The gateway of a credential that was replaced by one of another gateway.
    elsewhere: Option<Gateway>,
    /// What was served before that, where it is needed.
    pub(super) first: Option<Credential>,
    /// What is served before the run under test.
    pub(super) old: Option<Credential>,
}

impl Bench {
    /// A record as a command finds it: none for the first provision, else one that works. `None` where the store's
    /// server is not installed.
    pub(super) fn new(store: Store, case: Case) -> Option<Self> {
        let gateway = case.gateway();
        let plain = |memory, gateway| Place::Plain { sandbox: Sandbox::new(), gateway, memory };
        let place = match store {
            Store::Memory => {
                let server = MemoryServer::new();
                let port = Loopback::start(move |stream| drop(server.serve(stream, |_| {})));
                plain(Some(port), gateway)
            }
            Store::Dotenv => plain(None, gateway),
            Store::Vault => {
                let stage = vault::stage::Stage::new()?.at(gateway);
                let keep = json!({ "max_versions": 1000 });
                stage.vault().root("POST", &format!("{}/config", stage.mount), &keep);
                Place::Vault(stage)
            }
            Store::Aws => Place::Aws(aws::stage::Stage::new()?.at(gateway)),
        };
        let mut bench = Self { place, store, elsewhere: None, first: None, old: None };
        bench.prepare(case);
        Some(bench)
    }

    fn prepare(&mut self, case: Case) {
        match case {
            Case::Provision => return,
            Case::Guided => self.bring_from_the_portal(),
            Case::RevokeElsewhere => self.provision_elsewhere(),
            _ => drop(self.run(&["provision"]).code(0)),
        }
        if case.is_given() {
            self.give();
        }
        self.first = self.served();
        match case {
            Case::Rollback | Case::Revoke | Case::ResumeRevoke => drop(self.run(&["rotate"]).code(0)),
            Case::RevokeElsewhere => self.move_here(),
            Case::Regenerate | Case::RegenerateMoving => {
                let _ = self.run(Case::Swap.args()).code(75);
                self.regenerate();
            }
            _ => {}
        }
        if let Some((begun, point)) = case.goes_on_with() {
            let died = self.momo(begun.args()).env(POINT, point).run();
            assert_eq!(died.status.signal(), Some(9), "{}", died.err());
        }
        self.old = self.served();
    }

    /// A credential of production.
    fn bring_from_the_portal(&self) {
        let (id, key) = ("01d00000-0000-4000-8000-000000000001", "0f0e0d0c0b0a49088706050403020100");
        self.put_user(id, key);
        let target = "target_environment=mtnuganda\n";
        self.sandbox().write("portal.env", format!("{}{target}", self.pair(id, key)), 0o600);
        let _ = self.run(&["import", "--from", "portal.env"]).code(0);
    }

    /// A credential of another gateway. From now on runs know gateways from the record and from flags alone.
    fn provision_elsewhere(&mut self) {
        let gateway = Gateway::start(Config::sandbox(2)).unwrap();
        let momo = self.momo(&["provision"]).env("MOMO_CRED_BASE_URL", gateway.base_url());
        let _ = momo.env("MOMO_CRED_SUBSCRIPTION_KEY", key(&gateway)).run().code(0);
        self.elsewhere = Some(gateway);
    }

    fn move_here(&self) {
        let momo = self.momo(&["provision", "--replace", "--base-url", self.gateway().base_url()]);
        let _ = momo.env("MOMO_CRED_SUBSCRIPTION_KEY", key(self.gateway())).run().code(0);
    }

    pub(super) fn put_user(&self, id: &str, key: &str) {
        let (id, api_key) = (id.parse().unwrap(), key.to_owned());
        self.gateway().put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
    }

    /// A pair as a file for `--from` has it.
    fn pair(&self, user: &str, key: &str) -> String {
        let subscription_key = self::key(self.gateway());
        format!("api_user={user}\napi_key={key}\nsubscription_key={subscription_key}\n")
    }

    /// A user that somebody has from elsewhere, and a file with its key and the subscription's.
    pub(super) fn give(&self) {
        self.put_user(IMPORTED, IMPORTED_KEY);
        self.sandbox().write(GIVEN, self.pair(IMPORTED, IMPORTED_KEY), 0o600);
    }

    /// Another primary subscription key, as the portal makes it, in a file. The one before is refused from now on.
    pub(super) fn regenerate(&self) {
        let key = self.gateway().regenerate_key(Role::Primary(Product::Collection));
        self.sandbox().write(REGENERATED, key, 0o600);
    }

    pub(super) fn sandbox(&self) -> &Sandbox {
        match &self.place {
            Place::Plain { sandbox, .. } => sandbox,
            Place::Vault(stage) => &stage.sandbox,
            Place::Aws(stage) => &stage.sandbox,
        }
    }

    /// From now on runs may remove the record: the policy of every day does not say so.
    pub(super) fn let_remove(&mut self) {
        if let Place::Vault(stage) = &mut self.place {
            stage.token = stage.token_of(&[vault::stage::REMOVE, vault::stage::ROTATE]);
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
        let secondary = self.gateway().key(Role::Secondary(Product::Collection)).unwrap();
        let momo = self.with_the_store(args).env("MOMO_CRED_SUBSCRIPTION_KEY_SECONDARY", secondary);
        match self.elsewhere {
            None => momo,
            Some(_) => momo.env("MOMO_CRED_BASE_URL", "").env("MOMO_CRED_SUBSCRIPTION_KEY", ""),
        }
    }

    fn with_the_store(&self, args: &[&str]) -> Momo {
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
        let ran = self.run(&["exec", "--", "sh", "-c", SERVED]);
        if ran.status.code() == Some(125) {
            let _ = ran.says("error[not-found]");
            return None;
        }
        let out = ran.code(0).out();
        let parts: Vec<_> = out.split('/').map(str::to_owned).collect();
        assert!(parts.iter().all(|part| !part.is_empty()), "half a credential");
        let [user, key, subscription_key] = parts.try_into().unwrap();
        Some(Credential { user, key, subscription_key })
    }

    pub(super) fn works(&self, credential: &Credential) -> bool {
        let pair = [Role::Primary(Product::Collection), Role::Secondary(Product::Collection)];
        [Some(self.gateway()), self.elsewhere.as_ref()].into_iter().flatten().any(|gateway| {
            pair.into_iter().any(|role| gateway.key(role).as_ref() == Some(&credential.subscription_key))
                && gateway.authenticates(&credential.user, &credential.key)
        })
    }

    /// The claims that a revision was written after, since the credential before it: the very last record of a store that
    /// numbers them. Where ids say nothing of that, also claims of whoever was beaten are between the two.
    pub(super) fn claims_before(&self, revision: &str) -> Vec<Value> {
        let Place::Aws(stage) = &self.place else {
            return vec![self.record(&(revision.parse::<u64>().unwrap() - 1).to_string())];
        };
        let earlier: Vec<_> = stage.history().into_iter().take_while(|id| id != revision).collect();
        let records = earlier.iter().rev().map(|id| self.record(id));
        records.take_while(|record| record["pending_id"].is_string()).collect()
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
}
