//! An account of its own, a gateway, and runs of the binary with credentials in variables.

use std::net::SocketAddr;
use std::sync::OnceLock;

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Bound, Fault, Gateway, Operation, PresetUser, Product};
use momo_live::{Account, Moto, Tap};
use serde_json::{Value, json};

use crate::held::Held;
use crate::sandbox::{Momo, Ran, Sandbox, gateway, gateway_whose_keys_add_up, key, until};

/// The user of the credential that is there before.
pub(crate) const OLD_USER: &str = "01d00000-0000-4000-8000-000000000001";

/// The name of the record of most tests.
pub(crate) const NAME: &str = "momo/collection";

/// The variable that says where Secrets Manager is.
pub(crate) const ENDPOINT: &str = "AWS_ENDPOINT_URL_SECRETS_MANAGER";

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) gateway: Gateway,
    pub(crate) account: Account,
    address: String,
    base_url: String,
    moto: &'static Moto,
}

/// The key of the credential that is there before.
pub(crate) fn old_key() -> Canary {
    Canary::hex("aws old api key")
}

impl Stage {
    /// An empty account on the shared server.
    pub(crate) fn new() -> Option<Self> {
        static MOTO: OnceLock<Option<Moto>> = OnceLock::new();
        let moto = MOTO.get_or_init(Moto::start).as_ref()?;
        let gateway = gateway();
        let (address, base_url) = (moto.address(), gateway.base_url().to_owned());
        Some(Self { sandbox: Sandbox::new(), gateway, account: moto.account(), address, base_url, moto })
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
        self.put(
            NAME,
            &json!({
                "subscription_key": key(&self.gateway),
                "api_user": OLD_USER,
                "api_key": old_key().value(),
                "note": "of another team",
            }),
        );
        self
    }

    /// A tap before the server. Runs go there by [`Stage::through`].
    pub(crate) fn tap(&self) -> Tap {
        Tap::new(self.moto.socket())
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

    /// Where the server listens.
    pub(crate) fn socket(&self) -> SocketAddr {
        self.moto.socket()
    }

    /// The server's own address.
    pub(crate) fn server(&self) -> String {
        self.moto.address()
    }

    /// A run without credentials, region and endpoint.
    pub(crate) fn bare(&self, args: &[&str]) -> Momo {
        self.sandbox
            .momo(args)
            .env("MOMO_CRED_STORE", format!("aws:{NAME}"))
            .env("MOMO_CRED_SUBSCRIPTION_KEY", key(&self.gateway))
            .env("MOMO_CRED_BASE_URL", &self.base_url)
            .env("MOMO_CRED_CALLBACK_HOST", "localhost")
            .env("RUST_BACKTRACE", "full")
    }

    /// A run with credentials, and without region and endpoint.
    pub(crate) fn with_login(&self, args: &[&str]) -> Momo {
        self.bare(args)
            .env("AWS_ACCESS_KEY_ID", &self.account.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &self.account.secret_access_key)
            .env("AWS_SESSION_TOKEN", &self.account.session_token)
    }

    pub(crate) fn momo(&self, args: &[&str]) -> Momo {
        self.with_login(args).env("AWS_REGION", "us-east-1").env(ENDPOINT, &self.address)
    }

    /// Runs to the end. What is printed holds no secret.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.momo(args).run().no_leak(&self.canaries())
    }

    pub(crate) fn canaries(&self) -> Vec<Canary> {
        vec![
            Canary::of("secret access key", self.account.secret_access_key.as_str()),
            Canary::of("session token", self.account.session_token.as_str()),
            Canary::of("subscription key", key(&self.gateway)),
            old_key(),
        ]
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

    /// Asks the service as somebody else does.
    pub(crate) fn ask(&self, operation: &str, input: &Value) -> Value {
        self.moto.done(&self.account, operation, input)
    }

    /// Writes a secret as somebody else does.
    pub(crate) fn put(&self, name: &str, data: &Value) {
        let data = data.to_string();
        let created = json!({"Name": name, "SecretString": data});
        if self.moto.request(&self.account, "CreateSecret", &created).0 != 200 {
            self.ask("PutSecretValue", &json!({"SecretId": name, "SecretString": data}));
        }
    }

    /// The record as it is stored.
    pub(crate) fn secret(&self) -> Value {
        let answer = self.ask("GetSecretValue", &json!({"SecretId": NAME, "VersionStage": "AWSCURRENT"}));
        serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap()
    }

    /// The id of the version that is current.
    pub(crate) fn revision(&self) -> String {
        let described = self.ask("DescribeSecret", &json!({"SecretId": NAME}));
        let stages = described["VersionIdsToStages"].as_object().unwrap();
        let current =
            |(_, stages): &(&String, &Value)| stages.as_array().unwrap().contains(&json!("AWSCURRENT"));
        stages.iter().find(current).unwrap().0.clone()
    }

    /// The ids of all versions, the oldest first: moto lists them in the order in which they were made.
    #[cfg(feature = "faults")]
    pub(crate) fn history(&self) -> Vec<String> {
        let asked = json!({"SecretId": NAME, "IncludeDeprecated": true});
        let listed = self.ask("ListSecretVersionIds", &asked);
        let ids = listed["Versions"].as_array().unwrap().iter();
        ids.map(|version| version["VersionId"].as_str().unwrap().to_owned()).collect()
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
        assert_eq!(self.status()["revision"], self.revision());
        let _ = self.run(&["verify"]).code(0);
    }

    /// The credential in use works and is served.
    #[track_caller]
    pub(super) fn assert_in_use_works(&self) {
        let secret = self.secret();
        let text = |name: &str| secret[name].as_str().unwrap();
        assert!(self.gateway.authenticates(text("api_user"), text("api_key")));
        assert_eq!(self.served("MOMO_API_KEY"), text("api_key"));
    }

    /// A run that was killed when it had claimed.
    pub(crate) fn killed_after_the_claim(self) -> Self {
        self.gateway.script(Fault::on(Operation::CreateUser, Action::Silence));
        let before = self.users_asked_for();
        let run = self.begin(self.momo(&["provision", "--replace"]));
        until("the user to be asked for", || self.users_asked_for() > before);
        run.kill();
        self.gateway.clear_script();
        self
    }

    fn users_asked_for(&self) -> usize {
        let requests = self.gateway.requests();
        requests.iter().filter(|request| request.operation == Operation::CreateUser).count()
    }

    /// Starts a run whose output goes to files.
    pub(crate) fn begin(&self, momo: Momo) -> Held {
        Held::begin(&self.sandbox, momo)
    }
}
