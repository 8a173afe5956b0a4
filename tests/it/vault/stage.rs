//! A secrets engine of its own, a gateway, and runs of the binary with a token of a shipped policy.

use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Bound, Fault, Gateway, Operation, PresetUser, Product};
use momo_live::{KvVersion, Vault, VaultOptions};
use serde_json::{Value, json};

use crate::held::Held;
use crate::sandbox::{Momo, Ran, Sandbox, gateway, gateway_whose_keys_add_up, key, until};

pub(crate) const EXEC: &str = include_str!("../../../backends/vault/policies/exec.hcl");
pub(crate) const IMPORT: &str = include_str!("../../../backends/vault/policies/import.hcl");
pub(crate) const ROTATE: &str = include_str!("../../../backends/vault/policies/rotate.hcl");
pub(crate) const REMOVE: &str = include_str!("../../../backends/vault/policies/remove.hcl");

/// The user of the credential that is there before.
pub(crate) const OLD_USER: &str = "01d00000-0000-4000-8000-000000000001";

/// The server that tests share, or one that a test may kill.
enum Server {
    Shared(&'static Vault),
    Own(Box<Vault>),
}

impl Deref for Server {
    type Target = Vault;

    fn deref(&self) -> &Vault {
        match self {
            Self::Shared(vault) => vault,
            Self::Own(vault) => vault,
        }
    }
}

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) gateway: Gateway,
    pub(crate) mount: String,
    pub(crate) token: String,
    address: String,
    base_url: String,
    server: Server,
}

/// The key of the credential that is there before.
pub(crate) fn old_key() -> Canary {
    Canary::hex("vault old api key")
}

impl Stage {
    /// An empty engine of version 2 on the shared server, and a token that rotates.
    pub(crate) fn new() -> Option<Self> {
        Self::with(KvVersion::V2)
    }

    /// An empty engine on the shared server.
    pub(crate) fn with(version: KvVersion) -> Option<Self> {
        static SERVER: OnceLock<Option<Vault>> = OnceLock::new();
        let vault = SERVER.get_or_init(Vault::start).as_ref()?;
        Some(Self::on(Server::Shared(vault), version))
    }

    /// An empty engine on a server of its own.
    pub(crate) fn with_server(options: VaultOptions) -> Option<Self> {
        Some(Self::on(Server::Own(Box::new(Vault::start_with(options)?)), KvVersion::V2))
    }

    fn on(server: Server, version: KvVersion) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        // Of this process: what the kernel keeps of a location is the whole user's.
        let mount = format!("kv{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        server.mount(&mount, version);
        let gateway = gateway();
        let (address, base_url) = (server.address(), gateway.base_url().to_owned());
        let mut stage =
            Self { sandbox: Sandbox::new(), gateway, mount, token: String::new(), address, base_url, server };
        stage.token = stage.token_of(&[ROTATE]);
        stage
    }

    /// Another gateway, at which a new key leaves the user's older ones working.
    pub(super) fn keys_add_up(self) -> Self {
        self.at(gateway_whose_keys_add_up())
    }

    /// Another gateway.
    pub(crate) fn at(mut self, gateway: Gateway) -> Self {
        self.base_url = gateway.base_url().to_owned();
        self.gateway = gateway;
        self
    }

    /// A credential that works, among fields of others.
    pub(crate) fn with_old(self) -> Self {
        let (id, api_key) = (OLD_USER.parse().unwrap(), old_key().value().to_owned());
        self.gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
        self.put(&json!({
            "subscription_key": key(&self.gateway),
            "api_user": OLD_USER,
            "api_key": old_key().value(),
            "note": "of another team",
        }));
        self
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.server
    }

    /// The server, to kill it.
    pub(crate) fn own_vault(&mut self) -> &mut Vault {
        match &mut self.server {
            Server::Own(vault) => vault,
            Server::Shared(_) => panic!("other tests use this server, too"),
        }
    }

    /// Sends runs somewhere else than straight to the server.
    pub(crate) fn through(mut self, address: String) -> Self {
        self.address = address;
        self
    }

    /// Sends runs somewhere else than straight to the gateway.
    pub(crate) fn by_way_of(mut self, base_url: String) -> Self {
        self.base_url = base_url;
        self
    }

    /// The name of a policy made of a shipped one.
    pub(crate) fn policy(&self, hcl: &str) -> String {
        let digest = hcl.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let name = format!("{}-{digest}", self.mount);
        assert!(hcl.contains("\"secret/"), "the policy is not one that is shipped");
        self.server.policy(&name, &hcl.replace("\"secret/", &format!("\"{}/", self.mount)));
        name
    }

    /// A token of shipped policies.
    pub(crate) fn token_of(&self, policies: &[&str]) -> String {
        let names: Vec<_> = policies.iter().map(|hcl| self.policy(hcl)).collect();
        self.server.token(&names.iter().map(String::as_str).collect::<Vec<_>>(), "1h")
    }

    /// Where a record is.
    pub(crate) fn location(&self, path: &str) -> String {
        format!("vault:{}/momo/{path}", self.mount)
    }

    /// A run without a login.
    pub(crate) fn without_login(&self, args: &[&str]) -> Momo {
        self.sandbox
            .momo(args)
            .env("VAULT_ADDR", &self.address)
            .env("MOMO_CRED_STORE", self.location("collection"))
            .env("MOMO_CRED_SUBSCRIPTION_KEY", key(&self.gateway))
            .env("MOMO_CRED_BASE_URL", &self.base_url)
            .env("MOMO_CRED_CALLBACK_HOST", "localhost")
            .env("RUST_BACKTRACE", "full")
    }

    pub(crate) fn momo(&self, args: &[&str]) -> Momo {
        self.without_login(args).env("VAULT_TOKEN", &self.token)
    }

    /// Runs to the end. What is printed holds neither token nor keys.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.momo(args).run().no_leak(&self.canaries())
    }

    /// Runs with a config file that is named.
    pub(super) fn run_with(&self, config: &str, args: &[&str]) -> Ran {
        self.sandbox.write("named.toml", config, 0o600);
        let path = self.sandbox.path("named.toml");
        self.momo(args).env("MOMO_CRED_CONFIG", path).run().no_leak(&self.canaries())
    }

    /// The lines of the audit trail that such a run has written, as far as they do not differ from run to run.
    pub(super) fn audited(&self) -> Vec<[Value; 5]> {
        let trail = self.sandbox.read("audit.jsonl");
        let lines = trail.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let keys = ["command", "outcome", "error", "previous_revision", "revision"];
        lines.map(|line| keys.map(|key| line[key].clone())).collect()
    }

    /// Runs with a token of shipped policies.
    pub(crate) fn run_as(&self, policies: &[&str], args: &[&str]) -> Ran {
        let token = self.token_of(policies);
        let canaries = [Canary::of("token", token.as_str())];
        self.momo(args).env("VAULT_TOKEN", token).run().no_leak(&canaries).no_leak(&self.canaries())
    }

    fn canaries(&self) -> [Canary; 3] {
        let token = Canary::of("token", self.token.as_str());
        [token, Canary::of("subscription key", key(&self.gateway)), old_key()]
    }

    /// `status --json`.
    pub(crate) fn status(&self) -> Value {
        self.run(&["status", "--json"]).code(0).json().remove(0)
    }

    /// What a program gets that `exec` starts.
    pub(crate) fn served(&self, name: &str) -> String {
        let ran = self.momo(&["exec", "--", "printenv", name]).run().code(0);
        ran.out().trim_end().to_owned()
    }

    /// The record as it is stored.
    pub(crate) fn secret(&self) -> Value {
        self.peek("data/momo/collection")["data"]["data"].clone()
    }

    /// What the server tells its operator of a path of the engine.
    pub(crate) fn peek(&self, path: &str) -> Value {
        let path = format!("{}/{path}", self.mount);
        self.server.request("GET", &path, self.server.root_token(), &Value::Null).1
    }

    /// Writes the record as somebody else does.
    pub(crate) fn put(&self, data: &Value) {
        let path = format!("{}/data/momo/collection", self.mount);
        self.server.root("POST", &path, &json!({ "data": data }));
    }

    /// Deletes the current version as somebody else does.
    pub(crate) fn delete(&self) {
        self.server.root("DELETE", &format!("{}/data/momo/collection", self.mount), &Value::Null);
    }

    /// A claim is open, and what was there before is served.
    #[track_caller]
    pub(crate) fn assert_open(&self) {
        let status = self.status();
        assert_eq!(status["claim"]["kind"], "new-user", "{status}");
        assert_eq!(self.served("MOMO_API_KEY"), old_key().value());
    }

    /// One whole credential is there that the gateway takes, and no claim.
    #[track_caller]
    pub(crate) fn assert_settled(&self) {
        let secret = self.secret();
        let fields = secret.as_object().unwrap();
        assert!(fields.keys().all(|name| !name.starts_with("pending_")), "a claim is left");
        let text = |name: &str| secret[name].as_str().unwrap();
        assert_ne!(text("api_user"), OLD_USER);
        assert_eq!(self.gateway.key_requests(OLD_USER), 0);
        assert!(self.gateway.authenticates(text("api_user"), text("api_key")));
        assert_eq!(self.served("MOMO_API_KEY"), text("api_key"));
        let _ = self.run(&["verify"]).code(0);
    }

    /// A run that was killed when it had claimed.
    pub(crate) fn killed_after_the_claim(self) -> Self {
        self.gateway.script(Fault::on(Operation::CreateUser, Action::Silence));
        let before = self.requests(Operation::CreateUser);
        let run = self.start(&["provision", "--replace"]);
        until("the user to be asked for", || self.requests(Operation::CreateUser) > before);
        run.kill();
        self.gateway.clear_script();
        self
    }

    /// How many requests of a kind the gateway has got.
    fn requests(&self, operation: Operation) -> usize {
        self.gateway.requests().iter().filter(|request| request.operation == operation).count()
    }

    /// Starts a run whose output goes to files.
    pub(crate) fn start(&self, args: &[&str]) -> Held {
        self.begin(self.momo(args))
    }

    /// Starts a run of one's own.
    pub(crate) fn begin(&self, momo: Momo) -> Held {
        Held::begin(&self.sandbox, momo)
    }
}
