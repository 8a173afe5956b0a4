//! Another subscription key: the shipped policy is enough, and the server's clock judges its claim.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Fault, Operation, Product, Role};
use serde_json::{Value, json};

use super::stage::{OLD_USER, ROTATE, Stage};
use crate::pty::{Pty, Status};
use crate::sandbox::until;

const ROTATE_KEY: [&str; 2] = ["rotate", "--subscription-key"];
const GO_ON: [&str; 4] = ["resume", "--consumers-restarted", "--from", "-"];

fn secondary(stage: &Stage) -> String {
    stage.gateway.key(Role::Secondary(Product::Collection)).unwrap()
}

/// A credential with both keys of its subscription.
fn stage() -> Option<Stage> {
    let stage = Stage::new()?.with_old();
    let mut record = stage.secret();
    record["subscription_key_secondary"] = json!(secondary(&stage));
    stage.put(&record);
    Some(stage)
}

fn canaries(stage: &Stage) -> [Canary; 2] {
    let new = stage.gateway.subscription_key(Product::Collection);
    [Canary::of("secondary", secondary(stage)), Canary::of("new", new)]
}

fn regenerated(stage: &Stage) -> String {
    stage.gateway.regenerate_key(Role::Primary(Product::Collection))
}

#[track_caller]
fn assert_swapped(stage: &Stage) {
    assert_eq!(stage.status()["claim"]["phase"], "swapped");
    assert!(stage.served("MOMO_SUBSCRIPTION_KEY") == secondary(stage));
    let _ = stage.run(&["verify"]).code(0);
}

#[track_caller]
fn assert_completed(stage: &Stage) {
    let secret = stage.secret();
    assert!(secret["subscription_key"] == *stage.gateway.subscription_key(Product::Collection));
    assert!(secret["subscription_key_secondary"] == *secondary(stage));
    assert_eq!((&secret["api_user"], &secret["note"]), (&json!(OLD_USER), &json!("of another team")));
    assert!(secret.as_object().unwrap().keys().all(|name| !name.starts_with("pending_")));
    assert_eq!(stage.status()["claim"], Value::Null);
    assert_eq!(stage.gateway.key_requests(OLD_USER), 0);
    let _ = stage.run(&["verify"]).code(0);
}

#[test]
fn both_halves() {
    let Some(stage) = stage() else { return };
    let _ = stage.run_as(&[ROTATE], &ROTATE_KEY).code(75).no_leak(&canaries(&stage));
    assert_swapped(&stage);
    let new = regenerated(&stage);
    let ran = stage.momo(&GO_ON).stdin(new).run().code(0).no_leak(&canaries(&stage));
    let _ = ran.says("is refused now");
    assert_completed(&stage);
}

#[test]
fn a_death_at_each_step_is_gone_on_from() {
    for operation in [Operation::Token, Operation::Active] {
        let Some(stage) = stage() else { return };
        let asked =
            || stage.gateway.requests().iter().filter(|request| request.operation == operation).count();
        let killed = |momo| {
            stage.gateway.script(Fault::on(operation, Action::Silence));
            let before = asked();
            let run = stage.begin(momo);
            until("the gateway to be asked", || asked() > before);
            run.kill();
            stage.gateway.clear_script();
        };
        let before = stage.secret();
        killed(stage.momo(&ROTATE_KEY));
        assert_eq!(stage.secret(), before);
        let _ = stage.run(&ROTATE_KEY).code(75);
        assert_swapped(&stage);
        let path = stage.sandbox.root().join("home").join("new.key");
        stage.sandbox.write(&path, regenerated(&stage), 0o600);
        killed(stage.momo(&["resume", "--consumers-restarted", "--from", path.to_str().unwrap()]));
        assert_eq!(stage.status()["claim"]["phase"], "regenerated");
        assert!(stage.served("MOMO_SUBSCRIPTION_KEY") == secondary(&stage));
        let _ = stage.run(&["resume"]).code(0);
        assert_completed(&stage);
    }
}

/// The server's clock judges the claim of another machine; a person may know better.
#[test]
fn a_young_claim_of_another_machine_is_left_to_it() {
    let Some(stage) = stage() else { return };
    let _ = stage.run(&ROTATE_KEY).code(75);
    let mut record = stage.secret();
    record["pending_owner"] = json!("far.example.com:0f:1:1:1");
    stage.put(&record);
    let new = regenerated(&stage);
    for command in [&["resume"][..], &ROTATE_KEY, &["abort"]] {
        let _ = stage.run(command).code(75).says("its lease is 300 s");
    }
    assert_eq!(stage.secret(), record);
    let forced = ["resume", "--force-takeover", "--consumers-restarted", "--from", "-"];
    let _ = stage.momo(&forced).stdin(new).run().code(0).no_leak(&canaries(&stage));
    assert_completed(&stage);
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
