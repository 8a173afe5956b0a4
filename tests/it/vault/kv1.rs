//! The secrets engine of version 1, which has no compare-and-swap: writing there takes two words of a person.

use momo_live::KvVersion;
use serde_json::{Value, json};

use super::stage::{EXEC, OLD_USER, REMOVE, ROTATE, Stage, old_key};
use crate::sandbox::{Ran, key};

/// The shipped policies are for version 2, whose paths have a word more.
fn policy(hcl: &str) -> String {
    hcl.replace("secret/data/", "secret/").replace("secret/metadata/", "secret/")
}

/// A stage whose token may do on version 1 what rotating and removing takes on version 2.
fn stage() -> Option<Stage> {
    let mut stage = Stage::with(KvVersion::V1)?;
    let all =
        "path \"secret/momo/*\" {\n  capabilities = [\"create\", \"read\", \"update\", \"delete\"]\n}\n";
    stage.token = stage.token_of(&[all, "path \"secret/momo/\" { capabilities = [\"list\"] }"]);
    Some(stage)
}

fn secret(stage: &Stage) -> Value {
    stage.peek("momo/collection")["data"].clone()
}

/// Runs with lines of `[vault]`.
fn run(stage: &Stage, lines: &str, args: &[&str]) -> Ran {
    stage.sandbox.write("momo.toml", format!("[vault]\n{lines}\n"), 0o644);
    let (command, rest) = args.split_first().unwrap();
    stage.run(&[&[*command, "--config", "momo.toml"], rest].concat())
}

const TOLD: &str = "kv-version = 1\nallow-no-cas = true";

#[test]
fn provision_takes_the_setting_and_the_flag() {
    let Some(stage) = stage() else { return };
    for (lines, args) in [
        ("", &["provision"][..]),
        ("", &["provision", "--yes"]),
        ("kv-version = 1", &["provision"]),
        ("kv-version = 1", &["provision", "--yes"]),
        ("allow-no-cas = true", &["provision", "--yes"]),
        (TOLD, &["provision"]),
        ("kv-version = 2", &["provision", "--yes"]),
    ] {
        let ran = run(&stage, lines, args).code(78);
        assert!(
            ran.err().contains("version 1") || ran.err().contains("--yes"),
            "{lines} {args:?}: {}",
            ran.err()
        );
        assert_eq!((secret(&stage), stage.gateway.user_count()), (Value::Null, 0), "{lines} {args:?}");
    }
    let _ = run(&stage, TOLD, &["provision", "--yes"]).code(0);
    let stored = secret(&stage);
    let text = |name: &str| stored[name].as_str().unwrap();
    assert!(stage.gateway.authenticates(text("api_user"), text("api_key")));
    assert!(stored.get("pending_id").is_none());
    // To read it nothing has to be set.
    assert_eq!(stage.served("MOMO_API_KEY"), text("api_key"));
    let status = run(&stage, "", &["status", "--json"]).code(0).json().remove(0);
    assert_eq!((&status["state"], &status["age_s"]), (&json!("complete"), &Value::Null));
    let _ = run(&stage, TOLD, &["verify"]).code(0);
    let _ = run(&stage, TOLD, &["provision", "--yes", "--replace"]).code(0);
    assert_ne!(secret(&stage)["api_user"], stored["api_user"]);
    let _ = run(&stage, TOLD, &["verify", "--revision", "1"]).code(78);
}

#[test]
fn rotate_takes_the_flag_and_a_rekey_is_refused() {
    let Some(stage) = stage() else { return };
    let _ = run(&stage, TOLD, &["provision", "--yes"]).code(0);
    let (before, users) = (secret(&stage), stage.gateway.user_count());
    let _ = run(&stage, TOLD, &["rotate"]).code(78).says("--yes");
    let rekey = ["rotate", "--strategy", "rekey", "--yes"];
    let _ = run(&stage, TOLD, &rekey).code(78).says("a rekey kills the key in use");
    assert_eq!((secret(&stage), stage.gateway.user_count()), (before.clone(), users));
    let _ = run(&stage, TOLD, &["rotate", "--yes"]).code(0).says("keeps no history");
    let stored = secret(&stage);
    assert_eq!(stored["retired_api_users"], before["api_user"]);
    assert!(stored.get("pending_id").is_none());
}

#[test]
fn import_takes_the_setting() {
    let Some(stage) = stage() else { return };
    let text = format!(
        "api_user={OLD_USER}\napi_key={}\nsubscription_key={}\n",
        old_key().value(),
        key(&stage.gateway)
    );
    stage.sandbox.write("given.env", text, 0o600);
    let import = ["import", "--from", "given.env", "--no-verify"];
    for lines in ["", "kv-version = 1", "allow-no-cas = true"] {
        let _ = run(&stage, lines, &import).code(78).says("allow-no-cas = true");
    }
    assert!(secret(&stage).is_null());
    let _ = run(&stage, TOLD, &import).code(0);
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    let _ = run(&stage, TOLD, &import).code(75).says("--replace");
    let _ = run(&stage, TOLD, &[&import[..], &["--replace"]].concat()).code(0);
}

#[test]
fn removal_is_for_good_and_has_to_be_told_so() {
    let Some(stage) = stage() else { return };
    let record =
        json!({"api_user": OLD_USER, "api_key": old_key().value(), "subscription_key": key(&stage.gateway)});
    stage.vault().root("POST", &format!("{}/momo/collection", stage.mount), &record);
    // What is set says nothing of version 1, and the engine cannot bring a record back.
    let _ = run(&stage, "", &["remove", "--yes"]).code(78);
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    let ran = run(&stage, TOLD, &["list", "--json"]).code(0);
    assert_eq!(ran.json()[0]["records"][0]["location"], stage.location("collection"));
    let ran = run(&stage, TOLD, &["remove", "--yes", "--json"]).code(0);
    assert_eq!(ran.json().pop().unwrap()["recoverable"], false);
    assert!(secret(&stage).is_null());
    let _ = run(&stage, TOLD, &["exec", "--", "true"]).code(125).says("error[not-found]");
}

/// The shipped policies with one word taken out of their paths are those of version 1.
#[test]
fn the_policies_of_version_2_fit_without_their_extra_word() {
    let Some(mut stage) = Stage::with(KvVersion::V1) else { return };
    stage.token = stage.token_of(&[&policy(ROTATE)]);
    let _ = run(&stage, TOLD, &["provision", "--yes"]).code(0);
    stage.token = stage.token_of(&[&policy(EXEC)]);
    let _ = run(&stage, TOLD, &["exec", "--", "true"]).code(0);
    let _ = run(&stage, TOLD, &["remove", "--yes"]).code(77);
    stage.token = stage.token_of(&[&policy(REMOVE), &policy(ROTATE)]);
    let _ = run(&stage, TOLD, &["remove", "--yes"]).code(0);
}
