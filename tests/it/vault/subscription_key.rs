//! Another subscription key: the shipped policy is enough, and the server's clock judges its claim.

use momo_gateway::{Gateway, Operation};
use serde_json::{Value, json};

use super::stage::{ROTATE, Stage};
use crate::pty::{Pty, Status};
use crate::rotate::two_halves::{self, ROTATE_KEY, Remote, canaries, regenerated, secondary, with_both_keys};
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
        self.put(record);
    }
}

fn stage() -> Option<Stage> {
    Some(with_both_keys(Stage::new()?.with_old()))
}

#[test]
fn both_halves() {
    let Some(stage) = stage() else { return };
    two_halves::both_halves(&stage, |stage| stage.run_as(&[ROTATE], &ROTATE_KEY));
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

/// What comes to the record while a person works: another team's edit is kept, another machine's run is not written over.
#[test]
fn what_others_do_meanwhile_is_kept() {
    for (field, changed, status) in
        [("note", "edited meanwhile", 0), ("pending_id", "00000000-0000-4000-8000-000000000009", 75)]
    {
        let Some(stage) = stage() else { return };
        let pty = Pty::open();
        let mut job = pty.run(stage.momo(&ROTATE_KEY).into_command());
        pty.wait_for("[y/N]");
        pty.send("y\n");
        pty.wait_for("New primary subscription key");
        let mut record = stage.secret();
        record[field] = json!(changed);
        stage.put(&record);
        let new = regenerated(&stage);
        pty.wait_for_silence();
        pty.send(format!("{new}\n"));
        assert_eq!(job.status(), Status::Exited(status), "{}", pty.transcript());
        assert_eq!(stage.secret()[field], changed);
        let served = stage.served("MOMO_SUBSCRIPTION_KEY");
        assert!(served == if status == 0 { new } else { secondary(&stage) });
        let transcript = pty.transcript();
        assert!(canaries(&stage).iter().all(|canary| !transcript.contains(canary.value())));
    }
}
