//! Rotation with the shipped policy, where earlier revisions stay and the server's clock judges claims.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Bound, Config, Fault, Gateway, Operation, PresetUser, Product};
use serde_json::{Value, json};

use super::stage::{EXEC, OLD_USER, ROTATE, Stage, old_key};
use crate::sandbox::until;

const REKEY: [&str; 4] = ["rotate", "--strategy", "rekey", "--yes"];

#[test]
fn the_old_credential_stays_as_a_revision_and_works() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let ran = stage.run_as(&[ROTATE], &["rotate", "--json"]).code(0);
    assert!(!ran.err().contains("no history"), "{}", ran.err());
    let result = ran.json().pop().unwrap();
    assert_eq!((&result["outcome"], &result["revision"]), (&json!("ok"), &json!("3")));
    stage.assert_settled();
    assert_eq!(stage.secret()["retired_api_users"], OLD_USER);
    assert_eq!(stage.secret()["note"], "of another team");
    let _ = stage.run_as(&[EXEC], &["verify", "--revision", "1"]).code(0);

    let young = ["rotate", "--if-older-than", "30d", "--json"];
    let ran = stage.run_as(&[EXEC], &young).code(0);
    assert_eq!(ran.json().pop().unwrap()["outcome"], "noop");
    assert_eq!(stage.status()["revision"], "3");
    // Who may only read finds out before anything is asked for.
    let before = stage.gateway.user_count();
    let _ = stage.run_as(&[EXEC], &["rotate"]).code(77).says("error[denied]");
    assert_eq!(stage.gateway.user_count(), before);
}

#[test]
fn a_run_that_is_killed_is_finished_by_the_same_command() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let stage = stage.killed_after_the_claim();
    stage.assert_open();
    let dead = stage.status()["claim"]["api_user"].clone();
    let _ = stage.run(&["rotate"]).code(0);
    assert!(stage.status()["retired_api_users"].as_array().unwrap().contains(&dead));
    stage.assert_settled();
}

#[test]
fn a_young_claim_of_another_machine_is_left_alone() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let mut record = stage.secret();
    for (name, value) in [
        ("pending_id", "00000000-0000-4000-8000-000000000001"),
        ("pending_kind", "new-user"),
        ("pending_api_user", "00000000-0000-4000-8000-000000000002"),
        ("pending_since", "2026-01-02T03:04:05Z"),
        ("pending_owner", "far.example.com:0f:1:1:1"),
        ("pending_lease", "300"),
    ] {
        record[name] = json!(value);
    }
    stage.put(&record);
    let _ = stage.run(&["rotate"]).code(75).says("its lease is 300 s");
    assert_eq!((stage.secret(), stage.gateway.requests().len()), (record, 0));
}

fn text(stage: &Stage, field: &str) -> String {
    stage.secret()[field].as_str().unwrap().to_owned()
}

#[test]
fn a_rekey_keeps_the_user_and_kills_the_key_of_the_revision_before() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let ran = stage.run_as(&[ROTATE], &REKEY).code(0);
    let key = text(&stage, "api_key");
    let _ = ran.no_leak(&[Canary::of("new key", key.as_str())]);
    assert_eq!(text(&stage, "api_user"), OLD_USER);
    assert!(stage.gateway.authenticates(OLD_USER, &key));
    assert!(stage.secret().get("pending_id").is_none());
    let _ = stage.run_as(&[EXEC], &["verify"]).code(0);
    let _ = stage.run_as(&[EXEC], &["verify", "--revision", "1"]).code(77);
}

#[test]
fn a_dead_rekey_waits_for_a_person() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    stage.gateway.script(Fault::on(Operation::CreateKey, Action::Silence).after_effect());
    let run = stage.start(&REKEY);
    until("the key to be asked for", || stage.gateway.key_requests(OLD_USER) > 0);
    run.kill();
    stage.gateway.clear_script();
    let status = stage.status();
    assert_eq!(status["claim"]["kind"], "rekey");
    assert!(status["claim"]["age_s"].is_u64());
    for command in [&["rotate"][..], &["resume"], &REKEY, &["provision", "--replace"]] {
        let _ = stage.run(command).code(75).says("holds a rekey that was not finished");
    }
    let _ = stage.run(&["abort"]).code(77).says("the claim stays");
    let _ = stage.run(&["resume", "--force-takeover"]).code(0);
    assert_eq!(stage.status()["claim"], Value::Null);
    assert!(stage.gateway.authenticates(OLD_USER, &text(&stage, "api_key")));
}

/// Production, from standard input: the revision before is what proves that the portal has revoked the old user.
#[test]
fn a_production_rotation_is_proven_by_the_revision_before() {
    let Some(stage) = Stage::new() else { return };
    let gateway = Gateway::start(Config::production(1, "mtnuganda")).unwrap();
    let new = ("01d00000-0000-4000-8000-000000000002", Canary::hex("vault new api key"));
    for (id, key) in [(OLD_USER, old_key()), (new.0, new.1.clone())] {
        let (id, api_key) = (id.parse().unwrap(), key.value().to_owned());
        gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
    }
    stage.put(&json!({
        "subscription_key": gateway.subscription_key(Product::Collection),
        "api_user": OLD_USER,
        "api_key": old_key().value(),
        "target_environment": "mtnuganda",
        "callback_host": "localhost",
    }));
    let stage = stage.by_way_of(gateway.base_url().to_owned());
    let ran = stage
        .momo(&["rotate", "--from", "-"])
        .stdin(format!("api_user={}\napi_key={}\n", new.0, new.1.value()))
        .run()
        .code(0)
        .no_leak(&[old_key(), new.1.clone()]);
    let _ = ran.says(OLD_USER).says("verify --revision 1");
    assert_eq!(
        (text(&stage, "api_user"), text(&stage, "api_key")),
        (new.0.to_owned(), new.1.value().to_owned())
    );
    let _ = stage.run(&["verify", "--revision", "1"]).code(0);
    assert!(gateway.revoke_user(OLD_USER));
    let _ = stage.run(&["verify", "--revision", "1"]).code(77);
    let _ = stage.run(&["verify"]).code(0);
}
