//! The suite of `momo-cred-backend-testkit` on moto. What moto does not do as AWS does, `conformance_fake.rs` proves.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use momo_cred_backend_api::{Backend, RecordName};
use momo_cred_backend_testkit::{Harness, async_trait};
use serde_json::{Value, json};
use support::{OnMoto, name};

struct Live(OnMoto);

impl Live {
    fn new() -> Option<Self> {
        OnMoto::new().map(Self)
    }

    fn value(&self, name: &RecordName) -> Value {
        let answer = self.0.moto.done(&self.0.account, "GetSecretValue", &json!({"SecretId": name.as_str()}));
        serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap()
    }

    /// Puts a value as another program does, or makes the secret.
    fn put(&self, name: &RecordName, value: &str) {
        let input = json!({"SecretId": name.as_str(), "SecretString": value});
        if self.0.moto.request(&self.0.account, "PutSecretValue", &input).0 != 200 {
            let input = json!({"Name": name.as_str(), "SecretString": value});
            self.0.moto.done(&self.0.account, "CreateSecret", &input);
        }
    }

    fn plant(&self, name: &RecordName, field: &str, value: Value) {
        let mut all = self.value(name);
        all[field] = value;
        self.put(name, &all.to_string());
    }
}

#[async_trait]
impl Harness for Live {
    async fn open(&self) -> Box<dyn Backend> {
        Box::new(self.0.store())
    }

    fn name(&self, n: usize) -> RecordName {
        name(["suite/a", "suite/b", "suite/a/b", "suite/a.b@c=d+e_f-g", "other"][n])
    }

    fn prefix(&self) -> String {
        "suite/".to_owned()
    }

    fn bad_names(&self) -> Vec<RecordName> {
        ["a b", "a:b", "a%2fb", "a?b", "a#b", "a*", "a\\b", "\u{e9}"].map(name).to_vec()
    }

    async fn plant_foreign(&self, name: &RecordName, value: &str) -> Option<String> {
        self.plant(name, "of-another-program", json!(value));
        Some("of-another-program".to_owned())
    }

    async fn foreign_is_intact(&self, name: &RecordName, value: &str) -> bool {
        self.value(name)["of-another-program"] == json!(value)
    }

    async fn plant_json(&self, name: &RecordName, json: &str) -> Option<String> {
        self.plant(name, "of-another-type", serde_json::from_str(json).unwrap());
        Some("of-another-type".to_owned())
    }

    async fn lose_next_answer(&self) -> bool {
        // Whichever comes first: a creation or a move.
        self.0.tap.lose_answer_of("POST", "CreateSecret");
        self.0.tap.lose_answer_of("POST", "UpdateSecretVersionStage");
        true
    }

    async fn plant_corrupt(&self, name: &RecordName, text: &str) -> bool {
        self.put(name, text);
        true
    }
}

momo_cred_backend_testkit::suite!(maybe Live::new());
