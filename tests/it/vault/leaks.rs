//! Where a token, a secret id and a key must not be: in the log at its fullest, in JSON, in errors, in files.

use std::cell::RefCell;

use momo_cred_backend_testkit::{Canary, scan};
use momo_live::Tap;

use super::stage::{EXEC, ROTATE, Stage};
use crate::sandbox::{Momo, key};

/// What every access token of the gateway begins with.
const ACCESS_TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSMjU2In0";

/// Runs at trace level and keeps what is printed. Values that are not known yet are looked for in the end.
struct Outputs<'a> {
    stage: &'a Stage,
    printed: RefCell<Vec<(String, Vec<u8>)>>,
}

impl Outputs<'_> {
    fn run(&self, momo: Momo, code: i32) {
        let ran = momo.env("MOMO_CRED_LOG", "trace").run().code(code);
        let mut printed = self.printed.borrow_mut();
        printed.push((format!("stdout, code {code}, {}", ran.out()), ran.stdout.clone()));
        printed.push((format!("stderr, code {code}, {}", ran.err()), ran.stderr.clone()));
    }

    fn assert_clean(&self, canaries: &[Canary], allowed: &[std::path::PathBuf]) {
        let printed = self.printed.borrow();
        for (name, bytes) in printed.iter() {
            let hits = scan(bytes, canaries);
            assert!(hits.is_empty(), "{hits:?} in {name}");
        }
        let all: usize = printed.iter().map(|(name, _)| name.matches("vault method=").count()).sum();
        assert!(all > 20, "the log was not at trace level: {all} requests in it");
        self.stage.sandbox.assert_no_leak(canaries, allowed);
        let home = |folder: &str| std::fs::read_dir(self.stage.sandbox.root().join(folder)).unwrap().count();
        assert_eq!((home("home"), home("tmp")), (0, 0), "something was left");
    }
}

/// Every command, and `-vvv` and `--json`.
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

#[test]
fn a_given_token_and_the_keys_are_nowhere() {
    let Some(stage) = Stage::new() else { return };
    let outputs = Outputs { stage: &stage, printed: RefCell::default() };
    let mut canaries = vec![
        Canary::of("token", stage.token.as_str()),
        Canary::of("subscription key", key(&stage.gateway)),
        Canary::of("access token", ACCESS_TOKEN),
    ];
    for more in [&["-vvv"][..], &["--json", "-vvv"], &["--json"]] {
        for command in COMMANDS {
            outputs.run(stage.momo(&[command, more].concat()), 0);
            canaries.extend(stage.secret()["api_key"].as_str().map(|key| Canary::of("api key", key)));
        }
    }
    outputs.run(stage.momo(&["exec", "-vvv", "--", "true"]), 0);
    // Failures: nothing to write over, no right, no such token, somebody else's server.
    outputs.run(stage.momo(&["provision", "-vvv"]), 75);
    let reader = stage.token_of(&[EXEC]);
    outputs.run(stage.momo(&["provision", "--replace", "--json"]).env("VAULT_TOKEN", &reader), 77);
    outputs.run(stage.momo(&["remove", "--yes", "-vvv"]).env("VAULT_TOKEN", &reader), 77);
    outputs.run(
        stage
            .momo(&["status", "-vvv"])
            .env("VAULT_ADDR", "http://127.0.0.1:1")
            .env("MOMO_CRED_TIMEOUT", "1s"),
        69,
    );
    outputs.run(stage.momo(&["status", "-vvv"]).env("VAULT_NAMESPACE", "team-a"), 78);
    stage.vault().revoke(&stage.token);
    for command in COMMANDS {
        let code = if command[0] == "exec" { 125 } else { 77 };
        outputs.run(stage.momo(&[command, &["-vvv"]].concat()), code);
    }
    canaries.push(Canary::of("the reader's token", reader));
    outputs.assert_clean(&canaries, &[]);
}

#[test]
fn a_secret_id_and_what_it_logs_in_to_are_nowhere() {
    let Some(stage) = Stage::new() else { return };
    let role = stage.vault().approle(&stage.mount, &[&stage.policy(ROTATE)]);
    let tap = Tap::new(stage.vault().socket());
    stage.sandbox.write("secret-id", format!("{}\n", role.secret_id), 0o600);
    let auth = format!("role-id = {:?}, secret-id-file = \"secret-id\"", role.role_id);
    stage.sandbox.write("momo.toml", format!("[vault]\nauth = {{ method = \"approle\", {auth} }}\n"), 0o644);
    let outputs = Outputs { stage: &stage, printed: RefCell::default() };
    let momo = |command: &[&str]| {
        let args = [&[command[0], "--config", "momo.toml", "-vvv"], &command[1..]].concat();
        stage.without_login(&args).env("VAULT_ADDR", tap.address())
    };
    let mut canaries = vec![
        Canary::of("secret id", role.secret_id.as_str()),
        Canary::of("subscription key", key(&stage.gateway)),
    ];
    for command in COMMANDS {
        outputs.run(momo(command), 0);
        canaries.extend(stage.secret()["api_key"].as_str().map(|key| Canary::of("api key", key)));
    }
    outputs.run(momo(&["exec", "--", "true"]), 0);
    let wrong = Canary::of("another secret id", "6b1ff0d9-53a1-4f0e-a5d6-0f9be1a6c9d2");
    for command in [&["status"][..], &["doctor"]] {
        outputs.run(momo(command).env("VAULT_SECRET_ID", wrong.value()), 77);
    }
    canaries.push(wrong);
    let mut tokens = tap.saw_header("x-vault-token");
    tokens.sort();
    tokens.dedup();
    assert!(tokens.len() >= COMMANDS.len(), "{} logins", tokens.len());
    canaries.extend(tokens.into_iter().map(|token| Canary::of("token of the login", token)));
    outputs.assert_clean(&canaries, &[stage.sandbox.path("secret-id")]);
}

/// In the right place by the wrong person: a record whose keys stand where texts belong, and a token as an address.
#[test]
fn a_value_in_the_wrong_place_is_not_repeated() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let token = Canary::of("token", stage.token.as_str());
    for (variable, code) in
        [("VAULT_NAMESPACE", 78), ("VAULT_ADDR", 78), ("VAULT_CACERT", 78), ("VAULT_TLS_SERVER_NAME", 78)]
    {
        let ran = stage.momo(&["status"]).env(variable, token.value()).run().code(code);
        let _ = ran.no_leak(std::slice::from_ref(&token)).says(variable);
    }
    let secret = Canary::hex("a key in the wrong field");
    let mut record = stage.secret();
    for field in
        ["api_user", "product", "target_environment", "base_url", "callback_host", "issued_at", "schema"]
    {
        let good = record[field].take();
        record[field] = serde_json::json!(secret.value());
        stage.put(&record);
        for args in [&["status"][..], &["status", "--json"], &["verify", "-vvv"], &["exec", "--explain"]] {
            let ran = stage.momo(args).env("MOMO_CRED_LOG", "trace").run();
            let _ = ran.no_leak(std::slice::from_ref(&secret));
        }
        if good.is_null() {
            record.as_object_mut().unwrap().remove(field);
        } else {
            record[field] = good;
        }
    }
}
