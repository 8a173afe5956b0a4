//! The suite of `momo-cred-backend-testkit` on an engine of version 1, which the settings allow to be written.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use momo_cred_backend_api::{Backend, RecordName};
use momo_cred_backend_testkit::{Harness, async_trait};
use momo_cred_backend_vault::MountPath;
use momo_live::{KvVersion, Tap};
use serde_json::{Value, json};
use support::{Mount, config, store};

const POLICY: &str = r#"
path "secret/*" { capabilities = ["create", "read", "update", "delete", "list"] }
"#;

struct Live {
    mount: Mount,
    tap: Tap,
    token: String,
}

impl Live {
    fn new() -> Option<Self> {
        let mount = Mount::new(KvVersion::V1)?;
        let token = mount.token(&[POLICY]);
        Some(Self { tap: Tap::new(mount.vault.socket()), mount, token })
    }

    fn data(&self, name: &RecordName) -> Value {
        self.mount.peek(name.as_str())["data"].clone()
    }

    fn plant(&self, name: &RecordName, field: &str, value: Value) {
        let mut data = self.data(name);
        data[field] = value;
        self.mount.vault.root("POST", name.as_str(), &data);
    }
}

#[async_trait]
impl Harness for Live {
    async fn open(&self) -> Box<dyn Backend> {
        let mut config = config(&self.tap.address(), &self.token);
        config.mount = Some(MountPath::new(&self.mount.path).unwrap());
        config.kv_version = Some(momo_cred_backend_vault::KvVersion::V1);
        config.allow_no_cas = true;
        Box::new(store(config))
    }

    fn name(&self, n: usize) -> RecordName {
        self.mount.name(["suite/a", "suite/b", "suite/a/b", "suite/a.b", "other"][n])
    }

    fn prefix(&self) -> String {
        self.mount.record("suite/")
    }

    fn bad_names(&self) -> Vec<RecordName> {
        ["a b", "a%2fb", "a?b", "a#b", "\u{e9}"].map(|name| self.mount.name(name)).to_vec()
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
        self.tap.lose_answer_of("POST", &format!("{}/", self.mount.path));
        true
    }

    async fn deny(&self, name: &RecordName) -> bool {
        let policy = format!("{}-0", self.mount.path);
        let so_far = self.mount.peek(&format!("sys/policies/acl/{policy}"));
        let so_far = so_far["data"]["policy"].as_str().unwrap();
        let denied = format!("{so_far}\npath \"{name}\" {{ capabilities = [\"deny\"] }}");
        self.mount.vault.policy(&policy, &denied);
        true
    }

    async fn plant_corrupt(&self, name: &RecordName, text: &str) -> bool {
        self.mount.vault.root("POST", name.as_str(), &json!({ "": text }));
        true
    }
}

momo_cred_backend_testkit::suite!(maybe Live::new());
