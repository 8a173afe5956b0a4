//! The drill for a leaked key, on a dotenv file: memory alone has the old key, and still proves that it is dead. Every run
//! logs at trace level with full backtraces, and what it printed is searched for values.
//!
//! - `portal`: production, where a person makes the new user, or another key of the same

mod portal;

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Answer, Fault, Operation};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::lifecycle::stage::{OLD_USER, Stage, old_key};
use crate::pty::{Pty, Status};

const COMPROMISE: [&str; 3] = ["compromise", "--yes", "--json"];

fn old_works(stage: &Stage) -> bool {
    stage.gateway.authenticates(OLD_USER, old_key().value())
}

#[test]
fn the_leaked_key_is_replaced_and_proven_dead_though_no_store_has_it_any_more() {
    let stage = Stage::with_old();
    let before = stage.status();
    let ran = stage.run(COMPROMISE).code(0).says("its old key is refused").says("replaced: API user");
    let events = ran.json();
    let (result, steps) = events.split_last().unwrap();
    let names: Vec<_> = steps.iter().map(|event| event["steps"][0]["name"].as_str().unwrap()).collect();
    let rotation = ["preflight", "claim", "user", "key", "token", "read", "publish", "read-back"];
    let want: Vec<_> =
        rotation.into_iter().chain(["preflight", "claim", "renew", "old-key", "in-use", "settle"]).collect();
    assert_eq!(names, want);
    assert_eq!(result["steps"].as_array().unwrap().len(), want.len());
    assert!(events.iter().filter(|event| event["event"] == "result").count() == 1);
    assert_eq!((&result["command"], &result["outcome"]), (&json!("compromise"), &json!("ok")));
    assert_eq!(result["revoked"], json!([{"api_user": OLD_USER, "outcome": "revoked", "proven": true}]));
    assert_eq!((&result["holders"], &result["claim"]), (&json!([]), &Value::Null));
    assert_eq!(result["replaced"]["api_user"], OLD_USER);
    let old_print = &before["fields"]["api_key"]["fingerprint"];
    assert_eq!(&result["replaced"]["api_key"]["fingerprint"], old_print);
    let status = stage.status();
    assert_ne!(&status["fields"]["api_key"]["fingerprint"], old_print);
    assert_eq!(result["fields"]["api_key"], status["fields"]["api_key"]);
    assert_eq!((&result["revision"], &status["retired_api_users"]), (&status["revision"], &json!([])));
    assert!(!old_works(&stage));
    let _ = stage.run(["verify"]).code(0);
    stage.assert_clean();
}

/// The one value that no test can learn from the store: it must not be there.
#[test]
fn the_key_that_nobody_keeps_is_nowhere() {
    let stage = Stage::with_old();
    let nobodys = Canary::hex("a key that nobody keeps");
    stage.gateway.script(Fault::on(Operation::CreateKey, Action::Key(nobodys.value().to_owned())).skip(1));
    let _ = stage.run(COMPROMISE).code(0).no_leak(std::slice::from_ref(&nobodys));
    assert!(stage.gateway.authenticates(OLD_USER, nobodys.value()), "it was not issued");
    stage.sandbox.assert_no_leak(&[nobodys], &[]);
}

#[test]
fn where_keys_add_up_the_new_one_stands_and_the_old_is_not_revoked() {
    let stage = Stage::with_old().keys_add_up();
    let ran = stage.run(COMPROMISE).code(77).says("error[denied]: NOT REVOKED");
    let result = ran.json().pop().unwrap();
    assert_eq!(
        (&result["outcome"], &result["revoked"][0]["outcome"]),
        (&json!("bad"), &json!("still-works"))
    );
    assert!(old_works(&stage));
    stage.assert_settled();
}

/// What is judged is what has leaked. That nothing is proven of a user from before is usual for a file.
#[test]
fn an_older_user_that_stays_unproven_is_a_warning() {
    let stage = Stage::with_old();
    let _ = stage.run(["rotate"]).code(0);
    let second = stage.status()["fields"]["api_user"]["value"].clone();
    let ran = stage.run(COMPROMISE).code(0).says("warning: API user").says("it stays on the list");
    let result = ran.json().pop().unwrap();
    let entry =
        |user: &Value, outcome, proven| json!({"api_user": user, "outcome": outcome, "proven": proven});
    let want = [entry(&second, "revoked", true), entry(&json!(OLD_USER), "unproven", false)];
    assert_eq!((&result["outcome"], &result["revoked"]), (&json!("ok"), &json!(want)));
    assert_eq!(stage.status()["retired_api_users"], json!([OLD_USER]));
    stage.assert_clean();
}

/// What has leaked goes first: whatever fails after it is told, and does not keep it alive.
#[test]
fn an_older_user_cannot_hold_it_up() {
    let stage = Stage::with_old();
    let _ = stage.run(["rotate"]).code(0);
    let down = Fault::on(Operation::CreateKey, Action::Answer(Answer::service_unavailable()));
    stage.gateway.script(down.skip(2).forever());
    let result = stage.run(COMPROMISE).code(0).json().pop().unwrap();
    let outcomes: Vec<_> = result["revoked"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["revoked", "inconclusive"]);
    stage.gateway.clear_script();
}

#[test]
fn an_outage_after_the_rotation_is_told_and_revoke_finishes() {
    for operation in [Operation::Token, Operation::CreateKey] {
        let stage = Stage::with_old();
        let down = Fault::on(operation, Action::Answer(Answer::service_unavailable()));
        stage.gateway.script(down.skip(1).forever());
        let result = stage.run(COMPROMISE).code(69).json().pop().unwrap();
        assert_eq!(result["revoked"][0]["outcome"], "inconclusive");
        stage.gateway.clear_script();
        assert_eq!(stage.status()["retired_api_users"], json!([OLD_USER]));
        // Nobody has the old key any more: it is renewed, which is not proof.
        let _ = stage.run(["revoke", "--yes"]).code(69);
        assert!(!old_works(&stage));
        stage.assert_settled();
    }
}

#[test]
fn a_rotation_that_fails_revokes_nothing() {
    let stage = Stage::with_old();
    stage.gateway.script(Fault::on(Operation::CreateKey, Action::Drop));
    let _ = stage.run(COMPROMISE).code(69);
    assert!(old_works(&stage));
    stage.assert_served_as_before();
    let _ = stage.run(["resume"]).code(0);
    stage.assert_settled();
}

/// Where it is killed, and what a fresh process then has to do.
#[test]
fn killed_anywhere_what_is_stored_works() {
    for (skip, operation) in [(0, Operation::CreateKey), (1, Operation::CreateKey), (1, Operation::Token)] {
        let stage = Stage::with_old();
        let silence = Fault::on(operation, Action::Silence).after_effect();
        stage.gateway.script(silence.skip(skip));
        let before = stage.requests(operation);
        let run = stage.start(COMPROMISE);
        crate::sandbox::until("the step", || stage.requests(operation) > before + skip as usize);
        run.kill();
        let kind = if skip == 0 { "new-user" } else { "revoke" };
        assert_eq!(stage.status()["claim"]["kind"], kind);
        // Memory had the old key: nothing proves anything any more.
        let _ = stage.run(["resume"]).code(if skip == 0 { 0 } else { 69 });
        assert_eq!(old_works(&stage), skip == 0);
        let _ = stage.run(["revoke", "--yes"]).code(69);
        assert!(!old_works(&stage));
        stage.assert_settled();
    }
}

#[test]
fn a_signal_during_the_rotation_ends_it_after_the_publication_and_says_what_is_left() {
    let stage = Stage::with_old();
    let gate = crate::gate::Gate::holding("/token/", stage.gateway.address());
    let stage = stage.through(gate.base_url());
    let run = stage.start(["compromise", "--yes"]);
    gate.wait();
    run.signal(Signal::TERM);
    run.until_delivered(Signal::TERM);
    std::thread::sleep(std::time::Duration::from_millis(200));
    gate.open();
    let (status, said) = run.wait();
    assert_eq!(status.code(), None, "{said}");
    assert!(said.contains("was not revoked") && said.contains("momo-cred revoke"), "{said}");
    assert!(old_works(&stage));
    stage.assert_settled();
}

/// Once the new credential is published signals are obeyed again: the rest is finished by `revoke`.
#[test]
fn a_signal_after_the_rotation_and_its_hook_ends_it() {
    for hook in ["", "true"] {
        let stage = Stage::with_old();
        stage.gateway.script(Fault::on(Operation::CreateKey, Action::Silence).skip(1));
        let before = stage.requests(Operation::CreateKey);
        let run = match hook {
            "" => stage.start(["compromise", "--yes"]),
            hook => stage.start(["compromise", "--yes", "--hook-post", hook]),
        };
        crate::sandbox::until("the old user to be renewed", || {
            stage.requests(Operation::CreateKey) == before + 2
        });
        run.signal(Signal::TERM);
        let (status, said) = run.wait();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(Signal::TERM.as_raw()),
            "{said}"
        );
        stage.gateway.clear_script();
        assert_eq!(stage.status()["claim"]["kind"], "revoke");
        let _ = stage.run(["resume"]).code(69);
        stage.assert_settled();
    }
}

#[test]
fn a_person_is_asked_and_no_is_no() {
    for (answer, code) in [("n", 2), ("y", 0)] {
        let stage = Stage::with_old();
        let file = stage.file();
        let pty = Pty::open();
        let mut job = pty.run(stage.momo(["compromise"]).into_command());
        pty.wait_for("make its key useless?");
        pty.send(format!("{answer}\n"));
        assert_eq!(job.status(), Status::Exited(code), "{}", pty.transcript());
        assert_eq!((old_works(&stage), stage.file() == file), (answer == "n", answer == "n"));
        assert!(!pty.transcript().contains(old_key().value()));
    }
}
