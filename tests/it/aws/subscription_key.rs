//! Another subscription key: each half is a version, and the service's clock judges its claim.

use momo_gateway::{Gateway, Operation};
use serde_json::Value;

use super::stage::{NAME, Stage};
use crate::rotate::two_halves::{self, ROTATE_KEY, Remote, with_both_keys};
use crate::sandbox::{Momo, Sandbox};

impl Remote for Stage {
    fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    fn momo(&self, args: &[&str]) -> Momo {
        self.momo(args)
    }

    fn secret(&self) -> Value {
        self.secret()
    }

    fn put(&self, record: &Value) {
        self.put(NAME, record);
    }
}

fn stage() -> Option<Stage> {
    Some(with_both_keys(Stage::new()?.with_old()))
}

#[test]
fn both_halves() {
    let Some(stage) = stage() else { return };
    two_halves::both_halves(&stage, |stage| stage.run(&ROTATE_KEY));
}

#[test]
fn a_death_at_each_step_is_gone_on_from() {
    for operation in [Operation::Token, Operation::Active] {
        let Some(stage) = stage() else { return };
        two_halves::a_death_is_gone_on_from(&stage, operation);
    }
}

#[test]
fn a_young_claim_of_another_machine_is_left_to_it() {
    let Some(stage) = stage() else { return };
    two_halves::a_young_claim_of_another_machine_is_left_to_it(&stage);
}
