//! An earlier credential as a new version, with the shipped policy and the history that the server keeps.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Answer, Fault, Operation};
use serde_json::{Value, json};

use super::stage::{EXEC, OLD_USER, ROTATE, Stage, old_key};

/// A record whose credential was replaced, among fields of others that were changed since.
fn rotated() -> Option<Stage> {
    let stage = Stage::new().map(Stage::with_old)?;
    let _ = stage.run(&["rotate"]).code(0);
    let mut secret = stage.secret();
    secret["note"] = json!("changed since");
    stage.put(&secret);
    Some(stage)
}

fn text(secret: &Value, field: &str) -> String {
    secret[field].as_str().unwrap().to_owned()
}

#[test]
fn the_newest_other_credential_is_written_as_a_new_version() {
    let Some(stage) = rotated() else { return };
    let replaced = stage.secret();
    let ran = stage.run_as(&[ROTATE], &["rollback", "--json"]).code(0);
    let ran = ran.no_leak(&[Canary::of("new key", text(&replaced, "api_key"))]);
    let events = ran.json();
    let _ = ran.says("back to revision 1:").says(OLD_USER);
    let (result, steps) = events.split_last().unwrap();
    let names: Vec<_> = steps.iter().map(|event| event["steps"][0]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["token", "read", "publish", "read-back"]);
    assert_eq!((&result["command"], &result["outcome"]), (&json!("rollback"), &json!("ok")));
    assert_eq!((&result["revision"], &result["verified"]), (&json!("5"), &json!(true)));
    let secret = stage.secret();
    assert_eq!(
        (text(&secret, "api_user"), text(&secret, "api_key")),
        (OLD_USER.into(), old_key().value().into())
    );
    assert_eq!((&secret["note"], &secret["issued_at"]), (&json!("changed since"), &Value::Null));
    assert_eq!(secret["retired_api_users"], replaced["api_user"]);
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    assert_eq!(stage.gateway.key_requests(OLD_USER), 0);

    // And forward again: the list is of the gateway, and follows.
    let _ = stage.run(&["rollback"]).code(0).says("back to revision 4:");
    let secret = stage.secret();
    assert_eq!(secret["api_key"], replaced["api_key"]);
    assert_eq!(
        (&secret["issued_at"], &secret["retired_api_users"]),
        (&replaced["issued_at"], &json!(OLD_USER))
    );
}

#[test]
fn a_revision_that_is_named_is_looked_at_before_anything_is_written() {
    let Some(stage) = rotated() else { return };
    stage.put(&json!({ "note": "vacant" }));
    stage.put(&json!({ "note": "half", "api_key": old_key().value() }));
    stage.delete();
    stage.put(&{
        let mut secret = stage.peek("data/momo/collection?version=4")["data"]["data"].clone();
        secret["note"] = json!("back by hand");
        secret
    });
    for (revision, code, says) in [
        ("99", 66, "is not there"),
        ("6", 66, "was deleted"),
        ("5", 66, "holds no credential"),
        ("7", 0, "nothing to do"),
    ] {
        let _ = stage.run(&["rollback", "--to", revision]).code(code).says(says);
    }
    assert_eq!(stage.status()["revision"], "7");
    let _ = stage.run(&["rollback", "--to", "1"]).code(0).says("back to revision 1:");
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
}

#[test]
fn an_incomplete_revision_is_malformed() {
    let Some(stage) = Stage::new() else { return };
    stage.put(&json!({ "api_key": old_key().value() }));
    let stage = stage.with_old();
    let _ = stage.run(&["rollback", "--to", "1"]).code(65).says("no subscription_key").says("--to");
    let _ = stage.run(&["rollback"]).code(66).says("no earlier credential");
    assert_eq!(stage.status()["revision"], "2");
}

#[test]
fn what_the_gateway_refuses_or_cannot_tell_is_not_written() {
    let Some(stage) = rotated() else { return };
    let fault = Fault::on(Operation::Token, Action::Answer(Answer::service_unavailable()));
    stage.gateway.script(fault.forever());
    let _ = stage.run(&["rollback", "--timeout", "3s"]).code(69).says("nothing was written");
    stage.gateway.clear_script();
    assert!(stage.gateway.revoke_user(OLD_USER));
    let _ = stage.run(&["rollback"]).code(77).says("nothing was written");
    assert_eq!(stage.status()["revision"], "4");
    // Who may only read finds out, too.
    let _ = stage.run_as(&[EXEC], &["rollback"]).code(77).says("error[denied]");
}

#[test]
fn the_trail_has_a_line_and_the_hook_runs() {
    let Some(stage) = rotated() else { return };
    let config = "audit = \"audit.jsonl\"\n[profiles.default]\n";
    let ran = stage.run_with(config, &["rollback", "--json", "--hook-post", "env > hook.txt"]).code(0);
    assert_eq!(ran.json().pop().unwrap()["hook"]["outcome"], "ok");
    let hook = stage.sandbox.read("hook.txt");
    assert!(hook.contains("MOMO_CRED_HOOK_COMMAND=rollback") && hook.contains(OLD_USER), "{hook}");
    let _ = stage.run_with(config, &["rollback", "--to", "5"]).code(0);
    let _ = stage.run_with(config, &["rollback", "--to", "9"]).code(66);
    let line = |outcome: &str, error: Value, before: &str, revision: Value| {
        [json!("rollback"), json!(outcome), error, json!(before), revision]
    };
    let want = [
        line("ok", Value::Null, "4", json!("5")),
        line("noop", Value::Null, "5", json!("5")),
        line("failed", json!("not-found"), "5", Value::Null),
    ];
    assert_eq!(stage.audited(), want);
    stage.sandbox.assert_no_leak(&[old_key()], &[]);
}

#[test]
fn a_live_claim_is_left_alone_and_a_dead_one_closed() {
    let Some(stage) = rotated() else { return };
    let stage = {
        stage.gateway.script(Fault::on(Operation::CreateKey, Action::Silence));
        let run = stage.start(&["rotate"]);
        crate::sandbox::until("the claim", || stage.status()["claim"].is_object());
        let _ = stage.run(&["rollback"]).code(75).says("runs on this machine");
        run.kill();
        stage.gateway.clear_script();
        stage
    };
    let dead = stage.status()["claim"]["api_user"].clone();
    let _ = stage.run(&["rollback"]).code(0);
    let status = stage.status();
    assert_eq!(status["claim"], Value::Null);
    assert!(status["retired_api_users"].as_array().unwrap().contains(&dead));
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
}

#[test]
fn a_rekey_that_was_cut_off_waits_for_a_person_here_too() {
    let Some(stage) = rotated() else { return };
    stage.gateway.script(Fault::on(Operation::CreateKey, Action::Silence));
    let run = stage.start(&["rotate", "--strategy", "rekey", "--yes"]);
    crate::sandbox::until("the claim", || stage.status()["claim"].is_object());
    run.kill();
    let _ = stage.run(&["rollback"]).code(75).says("holds a rekey that was not finished");
}
