//! What becomes of a claim, of a record that was removed, and of fields of others.

use std::time::Duration;

use momo_live::Tap;
use serde_json::{Value, json};

use super::stage::{NAME, OLD_USER, Stage, old_key};
use crate::gate::Gate;
use crate::sandbox::until;

#[test]
fn a_claim_is_aborted_or_resumed() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    for command in ["resume", "abort"] {
        let ran = stage.run(&[command, "--json"]).code(0);
        assert_eq!(ran.json().pop().unwrap()["outcome"], "noop", "{command}");
    }
    let stage = stage.killed_after_the_claim();
    stage.assert_open();
    let result = stage.run(&["abort", "--json"]).code(0).json().pop().unwrap();
    assert_eq!((&result["outcome"], &result["revision"]), (&json!("ok"), &json!(stage.revision())));
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    assert_eq!(stage.status()["claim"], Value::Null);

    let stage = stage.killed_after_the_claim();
    stage.assert_open();
    let result = stage.run(&["resume", "--json"]).code(0).json().pop().unwrap();
    assert_eq!((&result["outcome"], &result["claim"]), (&json!("ok"), &Value::Null));
    stage.assert_settled();
}

#[test]
fn the_claim_of_a_new_record_is_resumed() {
    let Some(stage) = Stage::new().map(Stage::killed_after_the_claim) else { return };
    let _ = stage.run(&["exec", "--", "true"]).code(125).says("only an open claim");
    assert_eq!(stage.status()["claim"]["kind"], "new-user");
    let _ = stage.run(&["resume"]).code(0);
    stage.assert_settled();
    let _ = stage.run(&["resume"]).code(0).says("no claim is open");
}

/// A run that stands between its claim and its publication: its key was made, and is not tried yet.
fn held(stage: Stage) -> (Stage, Gate) {
    let gate = Gate::holding("/token/", stage.gateway.address());
    let base_url = gate.base_url();
    (stage.by_way_of(base_url), gate)
}

#[test]
fn a_run_that_is_killed_before_it_publishes() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (stage, gate) = held(stage);
    let run = stage.begin(stage.momo(&["provision", "--replace"]));
    gate.wait();
    run.kill();
    gate.open();
    stage.assert_open();
    let dead = stage.status()["claim"]["api_user"].clone();
    assert_eq!(stage.gateway.key_requests(dead.as_str().unwrap()), 1);
    let _ = stage.run(&["resume"]).code(0);
    assert_eq!(stage.gateway.key_requests(dead.as_str().unwrap()), 1, "a key of another run's user");
    assert!(stage.status()["retired_api_users"].as_array().unwrap().contains(&dead));
    stage.assert_settled();
}

#[test]
fn a_run_at_work_keeps_others_out() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (stage, gate) = held(stage);
    let run = stage.begin(stage.momo(&["provision", "--replace"]));
    gate.wait();
    let (before, requests) = (stage.revision(), stage.gateway.requests().len());
    for command in [&["provision", "--replace"][..], &["resume"], &["abort"]] {
        let _ = stage.run(command).code(75).says("error[conflict]").says("runs on this machine");
    }
    assert_eq!((stage.revision(), stage.gateway.requests().len()), (before, requests));
    stage.assert_open();
    gate.open();
    assert_eq!(run.wait().0, Some(0));
    stage.assert_settled();
}

#[test]
fn a_field_of_others_that_is_edited_during_a_run_is_kept() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (stage, gate) = held(stage);
    let run = stage.begin(stage.momo(&["provision", "--replace"]));
    gate.wait();
    let mut secret = stage.secret();
    secret["note"] = json!("edited meanwhile");
    secret["number"] = json!(7);
    stage.put(NAME, &secret);
    gate.open();
    let (code, said) = run.wait();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!((&stage.secret()["note"], &stage.secret()["number"]), (&json!("edited meanwhile"), &json!(7)));
    stage.assert_settled();
}

#[test]
fn a_removed_record_comes_back() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let revision = stage.revision();
    let result = stage.run(&["remove", "--yes", "--json"]).code(0).json().pop().unwrap();
    assert_eq!((&result["revision"], &result["recoverable"]), (&json!(revision), &json!(true)));
    assert_eq!(stage.status()["state"], "deleted");
    let _ = stage.run(&["remove", "--yes"]).code(66).says("--destroy");
    let _ = stage.run(&["exec", "--", "true"]).code(125);
    assert!(stage.run(&["doctor"]).code(0).out().contains("recovery window"));

    let _ = stage.run(&["provision"]).code(75).says("--replace");
    let _ = stage.run(&["provision", "--replace"]).code(0);
    stage.assert_settled();
}

#[test]
fn a_record_that_somebody_restores_is_served() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let _ = stage.run(&["remove", "--yes"]).code(0);
    stage.ask("RestoreSecret", &json!({"SecretId": NAME}));
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
}

#[test]
fn a_destroyed_record_is_gone() {
    for removed_before in [false, true] {
        let Some(stage) = Stage::new().map(Stage::with_old) else { return };
        if removed_before {
            let _ = stage.run(&["remove", "--yes"]).code(0);
        }
        let ran = stage.run(&["remove", "--destroy", "--yes", "--json"]).code(0);
        assert_eq!(ran.json().pop().unwrap()["recoverable"], false);
        assert_eq!(stage.status()["state"], "absent");
        assert_eq!(
            stage.ask("ListSecrets", &json!({"IncludePlannedDeletion": true}))["SecretList"],
            json!([])
        );
        let _ = stage.run(&["provision"]).code(0);
        stage.assert_settled();
    }
}

#[test]
fn fields_of_others_stay() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let theirs = json!({
        "note": "of another team: \u{e4} \"quoted\"\n",
        "port": 5432,
        "ratio": 0.1,
        "hosts": ["a", null, {"b": true}],
        "nothing": null,
    });
    let mut secret = stage.secret();
    for (name, value) in theirs.as_object().unwrap() {
        secret[name] = value.clone();
    }
    stage.put(NAME, &secret);
    let kept = |stage: &Stage| {
        let secret = stage.secret();
        for (name, value) in theirs.as_object().unwrap() {
            assert_eq!(secret.get(name), Some(value), "{name}");
        }
    };
    let _ = stage.run(&["provision", "--replace"]).code(0);
    kept(&stage);
    stage.assert_settled();
    let stage = stage.killed_after_the_claim();
    kept(&stage);
    let _ = stage.run(&["abort"]).code(0);
    kept(&stage);
    assert_ne!(stage.secret()["api_user"], OLD_USER);
}

/// The version is there under its private stage, and `AWSCURRENT` has not moved.
#[test]
fn a_run_that_is_killed_between_its_version_and_the_move() {
    for (moves, old) in [(1, true), (2, true), (1, false)] {
        let Some(stage) = Stage::new() else { return };
        let stage = if old { stage.with_old() } else { stage };
        let (tap, server) = (stage.tap(), stage.server());
        for _ in 1..moves {
            tap.delay("POST", "UpdateSecretVersionStage", Duration::ZERO);
        }
        // Longer than any test: the request never arrives.
        tap.delay("POST", "UpdateSecretVersionStage", Duration::from_secs(3600));
        let stage = stage.through(tap.address());
        let run = stage.begin(stage.momo(&["provision", "--replace"]));
        let asked =
            || tap.requests().iter().filter(|asked| asked.ends_with("UpdateSecretVersionStage")).count();
        until("the move to be asked for", || asked() == moves);
        run.kill();
        let stage = stage.through(server);
        match (moves, old) {
            (1, true) => {
                assert_eq!(stage.status()["claim"], Value::Null);
                assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
            }
            (_, true) => stage.assert_open(),
            (_, false) => assert_eq!(stage.status()["claim"]["kind"], "new-user"),
        }
        let next =
            if stage.status()["claim"].is_null() { &["provision", "--replace"][..] } else { &["resume"] };
        let _ = stage.run(next).code(0);
        stage.assert_settled();
    }
}

/// A run whose publication hangs, ended by a second signal: what it says.
fn ended_while_publishing(stage: &Stage, tap: &Tap, args: &[&str]) -> String {
    tap.delay("POST", "UpdateSecretVersionStage", Duration::ZERO);
    tap.delay("POST", "UpdateSecretVersionStage", Duration::from_secs(3600));
    let run = stage.begin(stage.momo(&[args, &["--timeout", "10m"]].concat()));
    let asked = || tap.requests().iter().filter(|asked| asked.ends_with("UpdateSecretVersionStage")).count();
    until("the publication to be asked for", || asked() == 2);
    run.signal(rustix::process::Signal::TERM);
    until("the signal to be noted", || run.has_said("TERM is noted"));
    run.signal(rustix::process::Signal::TERM);
    let (code, said) = run.wait();
    assert_eq!(code, None, "{said}");
    assert!(
        said.contains("may have been published all the same") && said.contains("momo-cred status"),
        "{said}"
    );
    said
}

/// A store that hangs keeps nobody from stopping the run: the second signal ends it, and says what is not known.
#[test]
fn a_second_signal_ends_a_run_whose_publication_hangs() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (tap, server) = (stage.tap(), stage.server());
    let stage = stage.through(tap.address());
    let _ = ended_while_publishing(&stage, &tap, &["rotate"]);
    let stage = stage.through(server);
    stage.assert_open();
    let _ = stage.run(&["resume"]).code(0);
    stage.assert_settled();
}

/// A rekey that is stopped there may have left a dead key, and only a person's word goes on.
#[test]
fn a_second_signal_tells_of_the_key_that_a_rekey_may_have_killed() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (tap, server) = (stage.tap(), stage.server());
    let stage = stage.through(tap.address());
    let said = ended_while_publishing(&stage, &tap, &["rotate", "--strategy", "rekey", "--yes"]);
    assert!(said.contains("the key in the record may be dead"), "{said}");
    assert!(said.contains("run `momo-cred resume --force-takeover`"), "{said}");
    let stage = stage.through(server);
    assert_eq!(stage.status()["claim"]["kind"], "rekey");
    let _ = stage.run(&["resume", "--force-takeover"]).code(0);
    stage.assert_in_use_works();
}

#[test]
fn a_secret_that_aws_rotates_gets_no_new_credential_and_can_be_tidied_up() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let secret = stage.secret();
    stage.ask("RotateSecret", &json!({"SecretId": NAME, "RotationRules": {"AutomaticallyAfterDays": 30}}));
    // moto's own rotation leaves nothing current behind.
    stage.put(NAME, &secret);
    let before = stage.revision();
    let _ = stage
        .run(&["provision", "--replace"])
        .code(78)
        .says("AWS itself rotates this secret")
        .says("allow-aws-rotation");
    assert_eq!((stage.revision(), stage.gateway.user_count()), (before, 1));
    let _ =
        stage.run(&["remove", "--yes"]).code(0).says("AWS itself rotates this secret").says("restore-secret");
    assert_eq!(stage.status()["state"], "deleted");
}
