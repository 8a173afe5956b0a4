//! Where an access key, a session's token and the keys must not be: in the log at its fullest, in JSON, in errors, in files.

use std::cell::RefCell;

use momo_cred_backend_testkit::{Canary, scan};

use super::stage::{ENDPOINT, Stage};
use crate::sandbox::Momo;

/// What every access token of the gateway begins with.
const ACCESS_TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSMjU2In0";

/// Every command that ends well on a record.
const COMMANDS: [&[&str]; 9] = [
    &["provision", "--replace"],
    &["status"],
    &["verify"],
    &["doctor"],
    &["list"],
    &["resume"],
    &["abort"],
    &["exec", "--explain"],
    &["provision", "--replace", "--no-verify"],
];

/// Runs at trace level and keeps what is printed: values that are not known yet are looked for in the end.
fn run(printed: &RefCell<Vec<(String, Vec<u8>)>>, momo: Momo, code: i32) {
    let ran = momo.env("MOMO_CRED_LOG", "trace").run().code(code);
    let mut printed = printed.borrow_mut();
    printed.push((format!("stdout, code {code}, {}", ran.out()), ran.stdout.clone()));
    printed.push((format!("stderr, code {code}, {}", ran.err()), ran.stderr.clone()));
}

#[test]
fn credentials_and_keys_are_nowhere() {
    let Some(stage) = Stage::new() else { return };
    let printed = RefCell::default();
    let run = |momo: Momo, code: i32| run(&printed, momo, code);
    let mut canaries = stage.canaries();
    canaries.push(Canary::of("access token", ACCESS_TOKEN));
    for more in [&["-vvv"][..], &["--json", "-vvv"], &["--json"]] {
        for command in COMMANDS {
            run(stage.momo(&[command, more].concat()), 0);
            canaries.extend(stage.secret()["api_key"].as_str().map(|key| Canary::of("api key", key)));
        }
    }
    run(stage.momo(&["exec", "-vvv", "--", "true"]), 0);
    // Failures: nothing to write over, nobody there, half a login.
    run(stage.momo(&["provision", "-vvv"]), 75);
    for command in [&["status", "-vvv"][..], &["doctor", "-vvv"], &["status", "--json", "-vvv"]] {
        let momo = stage.momo(command).env(ENDPOINT, "http://127.0.0.1:1").env("MOMO_CRED_TIMEOUT", "1s");
        run(momo, 69);
    }
    let half = stage.bare(&["status", "-vvv"]);
    run(half.env("AWS_SECRET_ACCESS_KEY", &stage.account.secret_access_key), 78);
    run(stage.momo(&["remove", "--yes", "-vvv"]), 0);
    run(stage.momo(&["remove", "--destroy", "--yes", "--json", "-vvv"]), 0);

    let printed = printed.borrow();
    for (name, bytes) in printed.iter() {
        let hits = scan(bytes, &canaries);
        assert!(hits.is_empty(), "{hits:?} in {name}");
    }
    let calls: usize = printed.iter().map(|(name, _)| name.matches("operation=").count()).sum();
    assert!(calls > 20, "the log was not at trace level: {calls} calls in it");
    stage.sandbox.assert_no_leak(&canaries, &[]);
    let left = |folder: &str| std::fs::read_dir(stage.sandbox.root().join(folder)).unwrap().count();
    assert_eq!((left("home"), left("tmp")), (0, 0), "something was left");
}

/// A program of the user's own `~/.aws` runs beside us, and may be anybody's.
#[test]
fn a_program_that_prints_credentials_gets_none_of_ours() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let home = stage.sandbox.root().join("home");
    let printed = serde_json::json!({
        "Version": 1, "AccessKeyId": stage.account.access_key_id, "SecretAccessKey": stage.account.secret_access_key,
        "SessionToken": stage.account.session_token,
    });
    stage.sandbox.write("../home/.aws/printed", printed.to_string(), 0o600);
    let script =
        format!("env > {0}/environment; cat >> {0}/environment; cat {0}/.aws/printed", home.display());
    stage.sandbox.write("../home/.aws/program", script, 0o700);
    let config = format!(
        "[profile team]\nregion = us-east-1\ncredential_process = sh {}/.aws/program\n",
        home.display()
    );
    stage.sandbox.write("../home/.aws/config", config, 0o600);
    let token = Canary::hex("vault token");
    let momo = stage.bare(&["status", "-vvv"]).env("AWS_PROFILE", "team").env("VAULT_TOKEN", token.value());
    let momo =
        momo.env(ENDPOINT, stage.server()).env("SSH_AUTH_SOCK", "/run/agent").env("MOMO_CRED_LOG", "trace");
    let _ = momo.run().no_leak(&stage.canaries()).code(0);
    let environment = std::fs::read_to_string(home.join("environment")).unwrap();
    for wanted in ["PATH=", "HOME=", "AWS_PROFILE=team", "SSH_AUTH_SOCK=/run/agent"] {
        assert!(environment.contains(wanted), "no {wanted} in {environment}");
    }
    assert!(!environment.contains("MOMO_CRED") && !environment.contains("VAULT"), "{environment}");
    let mut canaries = stage.canaries();
    canaries.push(token);
    assert!(scan(environment.as_bytes(), &canaries).is_empty(), "{environment}");
}

/// In the right place by the wrong person: keys where settings belong.
#[test]
fn a_value_in_the_wrong_place_is_not_repeated() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    // Of the shapes that AWS gives them.
    let key = Canary::of("secret access key", "Made/Up/By/The/Tests/0123456789/abcdefgh");
    let id = Canary::of("access key's id", "AKIAABCDEFGHIJKLMNOP");
    for (variable, value) in [
        ("AWS_REGION", &key),
        ("AWS_PROFILE", &key),
        (ENDPOINT, &key),
        ("AWS_REGION", &id),
        ("AWS_PROFILE", &id),
        (ENDPOINT, &id),
        ("AWS_PROFILE", &Canary::of("a session's token", stage.account.session_token.as_str())),
    ] {
        for command in ["status", "doctor"] {
            let ran = stage.momo(&[command, "-vvv"]).env(variable, value.value()).run();
            let _ = ran.no_leak(std::slice::from_ref(value)).code(78).says(variable);
        }
    }
    for setting in ["profile", "kms-key-id", "region", "endpoint"] {
        for value in [&key, &id] {
            stage.sandbox.write("momo.toml", format!("[aws]\n{setting} = {:?}\n", value.value()), 0o644);
            for command in ["status", "doctor"] {
                let ran = stage.momo(&[command, "-vvv", "--config", "momo.toml"]).run();
                let _ = ran.no_leak(std::slice::from_ref(value)).code(78).says("line 2");
            }
        }
    }
}
