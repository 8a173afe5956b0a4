//! Every command with the policy that is shipped for it, and its JSON.

use momo_cred_backend_testkit::Canary;
use serde_json::{Value, json};

use super::stage::{EXEC, IMPORT, REMOVE, ROTATE, Stage, old_key};
use crate::sandbox::key;

/// The environment of a program that `exec` starts.
pub(super) fn environment(out: &str) -> std::collections::BTreeMap<String, String> {
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    out.split('\0').filter_map(pair).collect()
}

#[test]
fn provisions_and_reads_with_rotate_and_exec() {
    let Some(stage) = Stage::new() else { return };
    let ran = stage.run_as(&[ROTATE], &["provision", "--json"]).code(0);
    let mut events = ran.json();
    let result = events.pop().unwrap();
    let steps: Vec<_> = events.iter().map(|event| event["steps"][0]["name"].as_str().unwrap()).collect();
    assert_eq!(steps, ["preflight", "claim", "user", "key", "token", "read", "publish", "read-back"]);
    assert_eq!((&result["outcome"], &result["revision"]), (&json!("ok"), &json!("2")));
    assert_eq!(result["location"], stage.location("collection"));
    stage.assert_settled();
    let metadata = stage.peek("metadata/momo/collection");
    assert_eq!(metadata["data"]["custom_metadata"], json!({"managed-by": "momo-cred"}));

    let status = stage.run_as(&[EXEC], &["status", "--json"]).code(0).json().remove(0);
    assert_eq!((&status["state"], &status["revision"]), (&json!("complete"), &json!("2")));
    assert!(status["age_s"].as_u64().unwrap() < 60 && status["claim"].is_null(), "{status}");
    let verified = stage.run_as(&[EXEC], &["verify", "--json"]).code(0).json().remove(0);
    assert_eq!((&verified["outcome"], &verified["verified"]), (&json!("ok"), &json!(true)));
    let of_the_claim = stage.run_as(&[EXEC], &["verify", "--revision", "1"]).code(66);
    let _ = of_the_claim.says("only an open claim");
}

#[test]
fn a_program_gets_the_values_and_no_login() {
    let Some(stage) = Stage::new() else { return };
    let _ = stage.run(&["provision"]).code(0);
    let momo = stage
        .momo(&["exec", "--", "env", "-0"])
        .env("VAULT_TOKEN", stage.token_of(&[EXEC]))
        .env("VAULT_SECRET_ID", "9f3c1f64-3a07-4f38-9d4d-000000000001")
        .env("VAULT_ROLE_ID", "9f3c1f64-3a07-4f38-9d4d-000000000002")
        .env("BAO_TOKEN", "s.000000000000000000000001");
    let environment = environment(&momo.run().code(0).out());
    let secret = stage.secret();
    for (variable, field) in [
        ("MOMO_API_KEY", "api_key"),
        ("MOMO_API_USER", "api_user"),
        ("MOMO_SUBSCRIPTION_KEY", "subscription_key"),
    ] {
        assert_eq!(environment[variable], secret[field].as_str().unwrap());
    }
    assert_eq!(environment["VAULT_ADDR"], stage.vault().plain_address());
    for name in ["VAULT_TOKEN", "VAULT_SECRET_ID", "VAULT_ROLE_ID", "BAO_TOKEN", "MOMO_CRED_STORE"] {
        assert!(!environment.contains_key(name), "{name}");
    }
    let ran = stage.run_as(&[EXEC], &["exec", "--explain", "--json"]).code(0);
    assert_eq!(ran.json()[0]["variables"][0]["revision"], "2");
}

#[test]
fn the_reading_policy_writes_and_lists_nothing() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let before = stage.secret();
    for args in [&["provision", "--replace"][..], &["remove", "--yes"], &["list"]] {
        let ran = stage.run_as(&[EXEC], args).code(77);
        let _ = ran.says("error[denied]");
    }
    assert_eq!(stage.secret(), before);
    assert_eq!(stage.gateway.user_count(), 1, "a key was asked for that could not be stored");
}

#[test]
fn imports_with_import() {
    let Some(stage) = Stage::new() else { return };
    let user = "01234567-89ab-4def-8123-456789abcdef";
    let given = |api_key: &str| {
        let text = format!("api_user={user}\napi_key={api_key}\nsubscription_key={}\n", key(&stage.gateway));
        stage.sandbox.write("given.env", text, 0o600);
    };
    given(old_key().value());
    let import = ["import", "--from", "given.env", "--no-verify", "--json"];
    let ran = stage.run_as(&[IMPORT], &import).code(0);
    assert_eq!(ran.json().pop().unwrap()["revision"], "1");
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());

    let other = Canary::hex("another api key");
    given(other.value());
    let _ = stage.run_as(&[IMPORT], &import).code(75).says("--replace");
    let ran = stage.run_as(&[IMPORT], &[&import[..], &["--replace"]].concat()).code(0);
    assert_eq!(ran.no_leak(std::slice::from_ref(&other)).json().pop().unwrap()["revision"], "2");
    assert_eq!(stage.served("MOMO_API_KEY"), other.value());
    // The gateway does not know the user: with a check nothing is written.
    let checked = ["import", "--from", "given.env", "--replace"];
    let _ = stage.run_as(&[IMPORT], &checked).code(77).says("error[denied]");
    assert_eq!(stage.status()["revision"], "2");
}

#[test]
fn resumes_and_aborts_with_rotate() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    for command in ["resume", "abort"] {
        let ran = stage.run_as(&[ROTATE], &[command, "--json"]).code(0);
        assert_eq!(ran.json().pop().unwrap()["outcome"], "noop", "{command}");
    }
    let stage = stage.killed_after_the_claim();
    stage.assert_open();
    let ran = stage.run_as(&[ROTATE], &["abort", "--json"]).code(0);
    let result = ran.json().pop().unwrap();
    assert_eq!((&result["outcome"], &result["revision"]), (&json!("ok"), &json!("3")));
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    assert_eq!(stage.status()["claim"], Value::Null);

    let stage = stage.killed_after_the_claim();
    let ran = stage.run_as(&[ROTATE], &["resume", "--json"]).code(0);
    let result = ran.json().pop().unwrap();
    assert_eq!((&result["outcome"], &result["claim"]), (&json!("ok"), &Value::Null));
    stage.assert_settled();
}

#[test]
fn lists_what_is_there() {
    let Some(stage) = Stage::new() else { return };
    for path in ["collection", "b/disbursement", "b/c/remittance"] {
        let place = stage.location(path);
        let _ = stage.momo(&["provision", "--quiet"]).env("MOMO_CRED_STORE", place).run().code(0);
    }
    let names = |args: &[&str]| {
        let document = stage.run_as(&[ROTATE], args).code(0).json().remove(0);
        let records = document["records"].as_array().unwrap().clone();
        records.iter().map(|record| record["location"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = ["b/c/remittance", "b/disbursement", "collection"].map(|path| stage.location(path));
    assert_eq!(names(&["list", "--json"]), all);
    for folder in ["b", "b/"] {
        let place = stage.location(folder);
        let ran = stage.momo(&["list", "--json", &place]);
        // Says where itself.
        let mut command = ran.into_command();
        let output = command.env_remove("MOMO_CRED_STORE").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains(&all[0]) && text.contains(&all[1]) && !text.contains(&all[2]), "{text}");
    }
    let _ = stage.run_as(&[ROTATE, REMOVE], &["remove", "--yes"]).code(0);
    assert_eq!(names(&["list", "--json"]), all[..2], "a deleted record is none");
}

#[test]
fn removes_with_remove() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let _ = stage.run_as(&[ROTATE], &["remove", "--yes"]).code(77).says("error[denied]");
    let ran = stage.run_as(&[ROTATE, REMOVE], &["remove", "--yes", "--json"]).code(0);
    let result = ran.json().pop().unwrap();
    assert_eq!((&result["revision"], &result["recoverable"]), (&json!("1"), &json!(true)));
    assert_eq!(stage.status()["state"], "deleted");
    let _ = stage.run_as(&[ROTATE, REMOVE], &["remove", "--yes"]).code(66).says("--destroy");

    let undelete = format!("{}/undelete/momo/collection", stage.mount);
    stage.vault().root("POST", &undelete, &json!({"versions": [1]}));
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    let ran = stage.run_as(&[ROTATE, REMOVE], &["remove", "--destroy", "--yes", "--json"]).code(0);
    assert_eq!(ran.json().pop().unwrap()["recoverable"], false);
    assert_eq!(stage.status()["state"], "absent");
    assert!(stage.peek("metadata/momo/collection")["data"].is_null());
}

#[test]
fn doctor_finds_what_is_there() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    for policy in [EXEC, ROTATE] {
        let report = stage.run_as(&[policy], &["doctor", "--json"]).code(0).json().remove(0);
        assert_eq!(report["outcome"], "ok");
        let findings = report["findings"].as_array().unwrap();
        assert!(findings.iter().all(|finding| finding["verdict"] != "bad"), "{report}");
        let about = |name: &str| findings.iter().any(|finding| finding["about"] == name);
        assert!(about("server") && about("token") && about("engine") && about("record"), "{report}");
        let settings = report["settings"].as_array().unwrap();
        let token = settings.iter().find(|setting| setting["key"] == "vault.auth.token").unwrap();
        assert_eq!(token["value"], "set");
    }
    stage.vault().root("POST", &format!("{}/config", stage.mount), &json!({"max_versions": 3}));
    assert!(stage.run_as(&[ROTATE], &["doctor"]).code(0).out().contains("raise max_versions"));
    let _ = stage.without_login(&["doctor"]).env("VAULT_TOKEN", "hvs.gone").run().code(77);
}

/// The label is a courtesy: whoever may not write it writes records all the same.
#[test]
fn a_record_is_written_without_the_right_to_label_it() {
    let Some(stage) = Stage::new() else { return };
    let policy = "path \"secret/data/momo/*\" {\n  capabilities = [\"create\", \"read\", \"update\"]\n}\n";
    let ran = stage.run_as(&[policy], &["provision"]).code(0);
    assert!(!ran.err().contains("warning"), "{}", ran.err());
    assert!(stage.peek("metadata/momo/collection")["data"]["custom_metadata"].is_null());
    stage.assert_settled();
}
