//! The suite of `momo-cred-backend-testkit` on moto. What moto does not do as AWS does, `conformance_fake.rs` proves.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use momo_cred_backend_api::{Backend, RecordName};
use momo_cred_backend_testkit::{Harness, async_trait};
use serde_json::{Value, json};
use support::{OnMoto, Service, current, name, plant, put};

struct Live(OnMoto);

impl Live {
    fn new() -> Option<Self> {
        OnMoto::new().map(Self)
    }
}

impl Service for Live {
    fn call(&self, operation: &str, input: &Value) -> Option<Value> {
        let (status, answer) = self.0.moto.request(&self.0.account, operation, input);
        (status == 200).then_some(answer)
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

    async fn lose_next_answer(&self) -> bool {
        // Whichever comes first: a creation or a move.
        self.0.tap.lose_answer_of("POST", "CreateSecret");
        self.0.tap.lose_answer_of("POST", "UpdateSecretVersionStage");
        true
    }

    async fn plant_corrupt(&self, name: &RecordName, text: &str) -> bool {
        put(self, name, text);
        true
    }
}

momo_cred_backend_testkit::suite!(maybe Live::new());
