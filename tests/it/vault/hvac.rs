//! Records that Python's hvac reads after us and writes before us. `tests/run` installs it below target/tools.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use momo_gateway::{Bound, PresetUser, Product};
use serde_json::{Value, json};

use super::stage::{EXEC, IMPORT, OLD_USER, Stage, old_key};
use crate::sandbox::{installed, key};

/// A stage, and Python with hvac.
fn stage() -> Option<(Stage, PathBuf)> {
    Some((Stage::new()?, installed("target/tools/venv/bin/python")?))
}

/// Runs the driver on the record and gives what it prints.
fn hvac(stage: &Stage, python: &Path, policies: &[&str], verb: &str, input: &str) -> String {
    let driver = installed("tests/it/vault/team.py").unwrap();
    let mut command = stage.sandbox.command(python);
    command
        .arg(driver)
        .args([verb, &stage.mount, "momo/collection"])
        .env("VAULT_ADDR", stage.vault().plain_address())
        .env("VAULT_TOKEN", stage.token_of(policies));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn read(stage: &Stage, python: &Path) -> Value {
    serde_json::from_str(&hvac(stage, python, &[EXEC], "read", "")).unwrap()
}

#[test]
fn hvac_reads_what_we_write() {
    let Some((stage, python)) = stage() else { return };
    for _ in 0..2 {
        let _ = stage.run(&["provision", "--replace"]).code(0);
        let secret = read(&stage, &python);
        for (variable, field) in [
            ("MOMO_API_KEY", "api_key"),
            ("MOMO_API_USER", "api_user"),
            ("MOMO_SUBSCRIPTION_KEY", "subscription_key"),
            ("MOMO_BASE_URL", "base_url"),
            ("MOMO_CALLBACK_HOST", "callback_host"),
        ] {
            assert_eq!(secret[field], stage.served(variable), "{field}");
        }
        assert_eq!(secret["product"], "collection");
        assert!(secret.as_object().unwrap().values().all(Value::is_string), "a field that is no text");
    }
}

#[test]
fn we_read_what_hvac_writes() {
    let Some((stage, python)) = stage() else { return };
    let (id, api_key) = (OLD_USER.parse().unwrap(), old_key().value().to_owned());
    stage.gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
    let record = json!({
        "subscription_key": key(&stage.gateway), "api_user": OLD_USER, "api_key": old_key().value(),
    });
    assert_eq!(hvac(&stage, &python, &[IMPORT], "write", &record.to_string()), "1");
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    let status = stage.status();
    assert_eq!((&status["state"], &status["revision"]), (&json!("complete"), &json!("1")));
    let _ = stage.run(&["verify"]).code(0);
    let _ = stage.run(&["provision"]).code(75).says("--replace");
}

/// As text: a number that only nearly stays is another one.
#[test]
fn values_of_other_types_that_hvac_writes_survive_us() {
    let Some((stage, python)) = stage() else { return };
    let foreign = r#"{
        "list": [1, "two", null, [true]], "table": {"b": {"c": []}, "a": -7}, "none": null, "on": false,
        "count": 42, "large": 9007199254740991, "negative": -9007199254740991, "zero": 0,
        "ratio": 0.30000000000000004, "tenth": 0.1, "pi": 3.141592653589793, "thin": 1.1125369292536007e-308,
        "tiny": 5e-324, "huge": 1.7976931348623157e+308, "long": 123456789.12345679, "exp": 1.2345678901234567e-7,
        "odd": 7.2057594037927933e+16, "more": 2.2250738585072011e-308, "text": "1.0", "odd \u2603 name": "\u00e9\u2028"
    }"#;
    let number = |n: i32| format!("\"n{n}\": {:e}", (f64::from(n) * 0.731_058_578_630_004_9).exp() / 3.0);
    let many: Vec<_> = (-40..40).map(number).collect();
    let foreign = foreign.replacen('{', &format!("{{{},", many.join(",")), 1);
    hvac(&stage, &python, &[IMPORT], "write", &foreign);
    // As the server gives it back: it has its own way with numbers.
    let before = hvac(&stage, &python, &[EXEC], "read", "");
    for _ in 0..2 {
        let _ = stage.run(&["provision", "--replace"]).code(0);
    }
    let stage = stage.killed_after_the_claim();
    let _ = stage.run(&["abort"]).code(0);
    let after = hvac(&stage, &python, &[EXEC], "read", "");
    for field in fields(&before) {
        assert!(after.contains(&field), "{field} is not in: {after}");
    }
    stage.assert_settled();
}

/// The fields of an object in Python's words, each as it stands there.
fn fields(object: &str) -> Vec<String> {
    let inner = object.trim_start_matches('{').trim_end_matches('}');
    inner.split(", \"").map(|field| format!("\"{}", field.trim_start_matches('"'))).collect()
}
