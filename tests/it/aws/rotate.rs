//! Rotation in AWS: what stays as an earlier version, and a rekey that was cut off.

use momo_gateway::{Action, Fault, Operation};
use serde_json::{Value, json};

use super::stage::{OLD_USER, Stage, old_key};
use crate::sandbox::until;

#[test]
fn the_old_credential_stays_as_a_revision_and_works() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let before = stage.revision();
    let result = stage.run(&["rotate", "--json"]).code(0).json().pop().unwrap();
    assert_eq!((&result["outcome"], &result["revision"]), (&json!("ok"), &json!(stage.revision())));
    stage.assert_settled();
    assert_eq!(stage.secret()["retired_api_users"], OLD_USER);
    assert_eq!(stage.secret()["note"], "of another team");
    assert!(stage.gateway.authenticates(OLD_USER, old_key().value()));
    let _ = stage.run(&["rotate", "--if-older-than", "30d"]).code(0).says("nothing to do");
    assert_ne!(stage.revision(), before);
}

#[test]
fn a_run_that_is_killed_is_finished_by_the_same_command() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let stage = stage.killed_after_the_claim();
    stage.assert_open();
    let _ = stage.run(&["rotate"]).code(0);
    stage.assert_settled();
}

#[test]
fn a_dead_rekey_waits_for_a_person() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let rekey = ["rotate", "--strategy", "rekey", "--yes"];
    stage.gateway.script(Fault::on(Operation::CreateKey, Action::Silence).after_effect());
    let run = stage.begin(stage.momo(&rekey));
    until("the key to be asked for", || stage.gateway.key_requests(OLD_USER) > 0);
    run.kill();
    stage.gateway.clear_script();
    assert_eq!(stage.status()["claim"]["kind"], "rekey");
    for command in [&["rotate"][..], &["resume"], &rekey] {
        let _ = stage.run(command).code(75).says("holds a rekey that was not finished");
    }
    let _ = stage.run(&["abort"]).code(77).says("the claim stays");
    let _ = stage.run(&["resume", "--force-takeover"]).code(0);
    assert_eq!(stage.status()["claim"], Value::Null);
    assert_eq!(stage.secret()["api_user"], OLD_USER);
    assert!(stage.gateway.authenticates(OLD_USER, stage.secret()["api_key"].as_str().unwrap()));
    let _ = stage.run(&["verify"]).code(0);
}
