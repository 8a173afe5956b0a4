//! The suite of `momo-cred-backend-testkit` on a live server, with a token of the shipped policies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use momo_cred_backend_api::{Backend, RecordName};
use momo_cred_backend_testkit::{Harness, async_trait};
use momo_live::{KvVersion, Tap};
use serde_json::{Value, json};
use support::{EXEC, IMPORT, Mount, REMOVE, ROTATE, config, store};

/// A policy that lists the mount, and that denials are added to.
const ROOT: &str = r#"path "secret/metadata/" { capabilities = ["list"] }"#;

struct Live {
    mount: Mount,
    tap: Tap,
    token: String,
}

impl Live {
    fn new() -> Option<Self> {
        let mount = Mount::new(KvVersion::V2)?;
        // The suite lists a whole mount, which the shipped policies have no need to.
        let token = mount.token(&[EXEC, IMPORT, ROTATE, REMOVE, ROOT]);
        Some(Self { tap: Tap::new(mount.vault.socket()), mount, token })
    }

    /// The data of a record, past its policy.
    fn data(&self, name: &RecordName) -> Value {
        self.mount.peek(&self.path("data", name))["data"]["data"].clone()
    }

    fn put(&self, name: &RecordName, data: &Value) {
        let root = self.mount.vault.root_token();
        let (status, answer) =
            self.mount.vault.request("POST", &self.path("data", name), root, &json!({ "data": data }));
        assert_eq!(status, 200, "{answer}");
    }

    fn path(&self, kind: &str, name: &RecordName) -> String {
        name.as_str().replacen('/', &format!("/{kind}/"), 1)
    }

    fn plant(&self, name: &RecordName, field: &str, value: Value) {
        let mut data = self.data(name);
        data[field] = value;
        self.put(name, &data);
    }
}

#[async_trait]
impl Harness for Live {
    async fn open(&self) -> Box<dyn Backend> {
        let mut config = config(&self.tap.address(), &self.token);
        config.mount = Some(momo_cred_backend_vault::MountPath::new(&self.mount.path).unwrap());
        Box::new(store(config))
    }

    fn name(&self, n: usize) -> RecordName {
        let path = ["suite/a", "suite/b", "suite/a/b", "suite/a.b", "other"][n];
        RecordName::new(self.mount.record(path)).unwrap()
    }

    fn prefix(&self) -> String {
        self.mount.record("suite/")
    }

    fn bad_names(&self) -> Vec<RecordName> {
        let bad = ["a b", "a%2fb", "a?b", "a#b", "a*", "a\\b", "\u{e9}", &"x".repeat(256)];
        let mut names: Vec<_> =
            bad.iter().map(|name| RecordName::new(self.mount.record(name)).unwrap()).collect();
        names.push(RecordName::new("elsewhere/momo/a").unwrap());
        names.push(RecordName::new(self.mount.path.as_str()).unwrap());
        names
    }

    async fn plant_foreign(&self, name: &RecordName, value: &str) -> Option<String> {
        self.plant(name, "of-another-program", json!(value));
        Some("of-another-program".to_owned())
    }

    async fn foreign_is_intact(&self, name: &RecordName, value: &str) -> bool {
        self.data(name)["of-another-program"] == json!(value)
    }

    async fn plant_json(&self, name: &RecordName, json: &str) -> Option<String> {
        self.plant(name, "of-another-type", serde_json::from_str(json).unwrap());
        Some("of-another-type".to_owned())
    }

    async fn lose_next_answer(&self) -> bool {
        self.tap.lose_answer_of("POST", "/data/");
        true
    }

    async fn deny(&self, name: &RecordName) -> bool {
        let last = format!("{}-4", self.mount.path);
        let (_, policy) = self.mount.vault.request(
            "GET",
            &format!("sys/policies/acl/{last}"),
            self.mount.vault.root_token(),
            &Value::Null,
        );
        let mut policy = policy["data"]["policy"].as_str().unwrap().to_owned();
        for kind in ["data", "metadata", "delete"] {
            let path = self.path(kind, name);
            policy.push_str(&format!("\npath \"{path}\" {{ capabilities = [\"deny\"] }}"));
        }
        self.mount.vault.policy(&last, &policy);
        true
    }

    async fn plant_corrupt(&self, name: &RecordName, text: &str) -> bool {
        self.put(name, &json!({ "": text }));
        true
    }
}

momo_cred_backend_testkit::suite!(maybe Live::new());
