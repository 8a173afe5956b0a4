//! The suite of `momo-cred-backend-testkit` on a fake that is as strict as AWS's documentation, where moto is not.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod fake;
mod support;

use fake::{Act, Fake};
use momo_cred_backend_api::{Backend, RecordName};
use momo_cred_backend_aws::AwsStore;
use momo_cred_backend_testkit::{Harness, async_trait};
use serde_json::{Value, json};
use support::{Service, config, current, name, plant, put};

struct Strict(Fake);

impl Strict {
    fn new() -> Self {
        Self(Fake::start())
    }
}

impl Service for Strict {
    fn call(&self, operation: &str, input: &Value) -> Option<Value> {
        self.0.service().call(operation, input).ok()
    }
}

#[async_trait]
impl Harness for Strict {
    async fn open(&self) -> Box<dyn Backend> {
        Box::new(AwsStore::new(config(&self.0.address())))
    }

    fn name(&self, n: usize) -> RecordName {
        name(["suite/a", "suite/b", "suite/a/b", "suite/a.b", "other"][n])
    }

    fn prefix(&self) -> String {
        "suite/".to_owned()
    }

    fn bad_names(&self) -> Vec<RecordName> {
        ["a b", "\u{e9}"].map(name).to_vec()
    }

    async fn plant_foreign(&self, name: &RecordName, value: &str) -> Option<String> {
        plant(self, name, "of-another-program", json!(value));
        Some("of-another-program".to_owned())
    }

    async fn foreign_is_intact(&self, name: &RecordName, value: &str) -> bool {
        current(self, name)["of-another-program"] == json!(value)
    }

    async fn plant_json(&self, name: &RecordName, json: &str) -> Option<String> {
        plant(self, name, "of-another-type", serde_json::from_str(json).unwrap());
        Some("of-another-type".to_owned())
    }

    async fn lag(&self, name: &RecordName) -> Option<String> {
        self.0.service().secret(name.as_str()).replicas = vec![("eu-west-3".to_owned(), "InProgress")];
        Some("eu-west-3".to_owned())
    }

    async fn lose_next_answer(&self) -> bool {
        for operation in ["CreateSecret", "PutSecretValue", "UpdateSecretVersionStage", "DeleteSecret"] {
            self.0.script(operation, Act::LoseAnswer, 1);
        }
        true
    }

    async fn deny(&self, name: &RecordName) -> bool {
        self.0.service().deny(name.as_str());
        true
    }

    async fn plant_corrupt(&self, name: &RecordName, text: &str) -> bool {
        put(self, name, text);
        true
    }
}

momo_cred_backend_testkit::suite!(Strict::new());
