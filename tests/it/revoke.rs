//! Revocation on a dotenv file, which keeps no old key: new keys are asked for, and nothing is proven. Every run logs at
//! trace level with full backtraces, and what it printed is searched for values.

use momo_gateway::{Action, Fault, Operation};
use serde_json::{Value, json};

use crate::lifecycle::stage::{OLD_USER, Stage, old_key};
use crate::pty::{Pty, Status};

fn rotated() -> Stage {
    let stage = Stage::with_old();
    let _ = stage.run(["rotate"]).code(0);
    stage
}

#[test]
fn the_key_is_renewed_and_that_is_not_proven() {
    let stage = rotated();
    let result = stage.run(["revoke", "--yes", "--json"]).code(69).json().pop().unwrap();
    assert_eq!(result["revoked"], json!([{"api_user": OLD_USER, "outcome": "unproven", "proven": false}]));
    assert!(!stage.gateway.authenticates(OLD_USER, old_key().value()), "it is dead all the same");
    assert_eq!(stage.status()["retired_api_users"], json!([OLD_USER]));
    stage.assert_settled();
}

#[test]
fn killed_it_is_resumed_or_dropped_and_only_the_named_user_is_asked_for() {
    for command in ["resume", "abort", "rotate"] {
        let stage = rotated();
        let _ = stage.run(["rotate"]).code(0);
        stage.gateway.script(Fault::on(Operation::CreateKey, Action::Silence).after_effect());
        stage.hold(["revoke", "--yes", "--user", OLD_USER], Operation::CreateKey).kill();
        let claim = stage.status()["claim"].clone();
        assert_eq!((&claim["kind"], &claim["api_user"]), (&json!("revoke"), &json!(OLD_USER)));
        let _ = stage.run([command]).code(if command == "resume" { 69 } else { 0 });
        let status = stage.status();
        assert_eq!(status["claim"], Value::Null);
        let listed = status["retired_api_users"].as_array().unwrap();
        assert!(listed.contains(&json!(OLD_USER)), "{command}: {listed:?}");
        for user in listed.iter().filter(|user| **user != OLD_USER) {
            let asked = stage.gateway.key_requests(user.as_str().unwrap());
            assert_eq!(asked, 1, "{command}: one more key than its rotation asked for");
        }
        stage.assert_settled();
    }
}

#[test]
fn a_run_at_work_keeps_others_out() {
    let stage = rotated();
    stage.gateway.script(Fault::on(Operation::CreateKey, Action::Silence));
    let first = stage.hold(["revoke", "--yes"], Operation::CreateKey);
    let file = stage.file();
    let _ = stage.run(["revoke", "--yes"]).code(75).says("error[conflict]");
    let _ = stage.run(["rotate"]).code(75).says("error[conflict]");
    assert_eq!(stage.file(), file);
    first.kill();
    let _ = stage.run(["revoke", "--yes"]).code(69);
    stage.assert_settled();
}

#[test]
fn a_person_is_asked_and_no_is_no() {
    for (answer, code) in [("n", 2), ("", 2), ("y", 69)] {
        let stage = rotated();
        let (file, requests) = (stage.file(), stage.gateway.requests().len());
        let pty = Pty::open();
        let mut job = pty.run(stage.momo(["revoke"]).into_command());
        pty.wait_for("Whatever still uses their keys fails");
        pty.send(format!("{answer}\n"));
        assert_eq!(job.status(), Status::Exited(code), "{}", pty.transcript());
        let asked = stage.gateway.requests().len() > requests;
        assert_eq!(
            (asked, stage.file() == file),
            (answer == "y", true),
            "but for a claim that is gone again"
        );
        stage.assert_settled();
    }
}
