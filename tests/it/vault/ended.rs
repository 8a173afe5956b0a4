//! Tokens that end between claim and publication, rights that are missing, and records that were deleted.

use serde_json::{Value, json};

use super::stage::{EXEC, OLD_USER, ROTATE, Stage, old_key};
use crate::gate::Gate;
use crate::sandbox::key;

/// Holds runs between claim and publication.
fn held(stage: Stage) -> (Stage, Gate) {
    let gate = Gate::holding("/token/", stage.gateway.address());
    let base_url = gate.base_url();
    (stage.by_way_of(base_url), gate)
}

#[test]
fn a_given_token_that_ends_leaves_the_claim() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (mut stage, gate) = held(stage);
    let run = stage.start(&["provision", "--replace"]);
    gate.wait();
    stage.vault().revoke(&stage.token);
    gate.open();
    let (code, said) = run.wait();
    assert_eq!(code, Some(77), "{said}");
    assert!(said.contains("error[denied]") && said.contains("VAULT_TOKEN"), "{said}");
    assert!(said.contains("momo-cred resume"), "{said}");
    let _ = stage.run(&["resume"]).code(77).says("expired, revoked or unknown");
    stage.token = stage.token_of(&[ROTATE]);
    stage.assert_open();
    let _ = stage.run(&["resume"]).code(0);
    stage.assert_settled();
}

#[test]
fn a_login_that_ends_is_made_again_once() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let role = stage.vault().approle(&stage.mount, &[&stage.policy(ROTATE)]);
    stage.sandbox.write("momo.toml", "[vault]\nauth = { method = \"approle\" }\n", 0o644);
    let (stage, gate) = held(stage);
    let tap = momo_live::Tap::new(stage.vault().socket());
    let momo = stage
        .without_login(&["provision", "--replace", "--config", "momo.toml", "-v"])
        .env("VAULT_ADDR", tap.address())
        .env("VAULT_ROLE_ID", &role.role_id)
        .env("VAULT_SECRET_ID", &role.secret_id);
    let run = stage.begin(momo);
    gate.wait();
    let token = tap.saw_header("x-vault-token").pop().unwrap();
    stage.vault().revoke(&token);
    gate.open();
    let (code, said) = run.wait();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("logged in again"), "{said}");
    let of = |path: &str| tap.requests().iter().filter(|line| line.ends_with(path)).count();
    assert_eq!((of("/approle/login"), of("/revoke-self")), (2, 1));
    let second = tap.saw_header("x-vault-token").pop().unwrap();
    assert_ne!(second, token);
    assert_eq!(stage.vault().lookup(&second), None, "the second token is left");
    stage.assert_settled();
}

#[test]
fn a_secret_id_that_is_used_up_leaves_the_claim() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let settings =
        json!({"token_policies": [stage.policy(ROTATE)], "token_ttl": "1h", "secret_id_num_uses": 1});
    let role = stage.vault().approle_with(&stage.mount, &settings);
    stage.sandbox.write("momo.toml", "[vault]\nauth = { method = \"approle\" }\n", 0o644);
    let (stage, gate) = held(stage);
    let tap = momo_live::Tap::new(stage.vault().socket());
    let momo = stage
        .without_login(&["provision", "--replace", "--config", "momo.toml"])
        .env("VAULT_ADDR", tap.address())
        .env("VAULT_ROLE_ID", &role.role_id)
        .env("VAULT_SECRET_ID", &role.secret_id);
    let run = stage.begin(momo);
    gate.wait();
    stage.vault().revoke(&tap.saw_header("x-vault-token").pop().unwrap());
    gate.open();
    let (code, said) = run.wait();
    assert_eq!(code, Some(77), "{said}");
    stage.assert_open();
    let _ = stage.run(&["resume"]).code(0);
    stage.assert_settled();
}

/// A claim that could not be published helps nobody.
#[test]
fn a_token_that_does_not_live_long_enough_claims_nothing() {
    let Some(mut stage) = Stage::new().map(Stage::with_old) else { return };
    let policy = stage.policy(ROTATE);
    let settings = json!({"policies": [policy], "ttl": "50s", "explicit_max_ttl": "50s"});
    stage.token = stage.vault().token_with(&settings);
    let _ = stage.run(&["provision", "--replace"]).code(77).says("--timeout");
    assert_eq!((&stage.status()["revision"], stage.gateway.requests().len()), (&json!("1"), 0));
    let _ = stage.run(&["provision", "--replace", "--timeout", "20s"]).code(0);
    stage.assert_settled();
}

#[test]
fn a_missing_right_is_told_as_such() {
    let Some(mut stage) = Stage::new().map(Stage::with_old) else { return };
    let requests = stage.gateway.requests().len();
    stage.token = stage.vault().token(&["default"], "1h");
    for command in [&["status"][..], &["verify"], &["provision", "--replace"], &["resume"], &["abort"]] {
        let _ = stage.run(command).code(77).says("error[denied]").says("policy");
    }
    let _ = stage.run(&["exec", "--", "true"]).code(125).says("error[denied]");
    let document = stage.run(&["status", "--json"]).code(77).json().pop().unwrap();
    let error = &document["error"];
    assert_eq!((&error["kind"], &error["op"]), (&json!("denied"), &json!("read")));
    assert_eq!((&error["exit_code"], &error["location"]), (&json!(77), &json!(stage.location("collection"))));
    // Reading is allowed, writing is not: told before the gateway makes a key.
    stage.token = stage.token_of(&[EXEC]);
    let _ = stage.run(&["provision", "--replace"]).code(77).says("the gateway was not asked for anything");
    assert_eq!(stage.gateway.user_count(), 1);
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    assert!(stage.gateway.requests().len() <= requests + 1, "more than the preflight");

    stage.token = "hvs.thisIsNoTokenThatAnybodyKnows".to_owned();
    let _ = stage.run(&["status"]).code(77).says("expired, revoked or unknown");
    let _ = stage.run(&["exec", "--", "true"]).code(125).says("expired, revoked or unknown");
    let _ = stage.without_login(&["status"]).run().code(78).says("VAULT_TOKEN is not set");
}

#[test]
fn a_deleted_record_is_not_absent() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    stage.delete();
    assert_eq!(stage.status()["state"], "deleted");
    let _ = stage.run(&["exec", "--", "true"]).code(125).says("error[not-found]").says("undelete");
    let _ = stage.run(&["verify"]).code(66).says("undelete");
    let _ = stage.run(&["provision"]).code(75).says("undelete").says("--replace");
    let text = format!(
        "api_user={OLD_USER}\napi_key={}\nsubscription_key={}\n",
        old_key().value(),
        key(&stage.gateway)
    );
    stage.sandbox.write("given.env", text, 0o600);
    let import = ["import", "--from", "given.env", "--no-verify"];
    let _ = stage.run(&import).code(75).says("undelete");
    assert_eq!((stage.gateway.requests().len(), stage.status()["state"].clone()), (0, json!("deleted")));

    let _ = stage.run(&[&import[..], &["--replace"]].concat()).code(0);
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    stage.delete();
    let _ = stage.run(&["provision", "--replace"]).code(0);
    assert_eq!(stage.status()["revision"], "4");
    stage.assert_settled();
}

#[test]
fn a_record_that_is_deleted_during_a_run_stays_deleted() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (stage, gate) = held(stage);
    let run = stage.start(&["provision", "--replace"]);
    gate.wait();
    stage.delete();
    gate.open();
    let (code, said) = run.wait();
    assert_eq!(code, Some(75), "{said}");
    assert!(said.contains("undelete"), "{said}");
    assert_eq!(stage.status()["state"], "deleted");
    assert_eq!(stage.secret(), Value::Null);
}

/// Numbers of versions begin anew then, and somebody else's claim may have that of ours: a revision alone is no fence.
#[test]
fn a_record_that_is_destroyed_and_made_anew_during_a_run_is_left_alone() {
    for anew in [false, true] {
        let Some(stage) = Stage::new().map(Stage::with_old) else { return };
        let (stage, gate) = held(stage);
        let run = stage.start(&["provision", "--replace"]);
        gate.wait();
        let mut theirs = stage.secret();
        theirs["pending_id"] = json!("00000000-0000-4000-8000-00000000001d");
        theirs["pending_api_user"] = json!("0dead000-0000-4000-8000-000000000001");
        stage.vault().root("DELETE", &format!("{}/metadata/momo/collection", stage.mount), &Value::Null);
        if anew {
            stage.put(&theirs);
            stage.put(&theirs);
            assert_eq!(stage.status()["revision"], "2", "that of the claim");
        }
        gate.open();
        let (code, said) = run.wait();
        assert_eq!(code, Some(75), "{said}");
        assert_eq!(stage.secret(), if anew { theirs } else { Value::Null });
    }
}
