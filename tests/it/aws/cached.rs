//! `cache`: what the kernel keeps while Secrets Manager is out of reach.

use momo_live::Tap;

use super::stage::{ENDPOINT, Stage, old_key};
use crate::sandbox::has_keyrings;

/// A record of its own: whoever writes to one of the same name drops what is kept of it, and other tests of this user do.
fn stage() -> Option<(Stage, String)> {
    if !has_keyrings() {
        return None;
    }
    let stage = Stage::new().map(Stage::with_old)?;
    stage.sandbox.write("named.toml", "cache = { max-age = \"10m\" }\n", 0o600);
    let name = format!("momo/{}", uuid::Uuid::new_v4());
    stage.put(&name, &stage.secret());
    Some((stage, name))
}

/// `exec` of a program that prints its key. A short time is for an outage alone.
fn args(timeout: &str) -> [&str; 8] {
    ["exec", "--config", "named.toml", "--timeout", timeout, "--", "printenv", "MOMO_API_KEY"]
}

#[test]
fn a_program_starts_with_what_was_last_good_while_the_service_is_down() {
    let Some((stage, name)) = stage() else { return };
    let tap = Tap::new(stage.socket());
    let address = tap.address();
    let start = |timeout, key: &str| {
        let momo = stage.momo(&args(timeout)).env("MOMO_CRED_STORE", format!("aws:{name}"));
        momo.env(ENDPOINT, &address).env("AWS_ACCESS_KEY_ID", key).run()
    };
    let ours = stage.account.access_key_id.clone();
    assert_eq!(start("60s", &ours).code(0).out().trim_end(), old_key().value());
    drop(tap);
    let ran = start("1s", &ours).code(0).says("gets revision").says("which may have been replaced since");
    assert_eq!(ran.out().trim_end(), old_key().value());
    let _ = start("1s", "AKIAANOTHERLOGIN").code(125).says("what is cached for this login: nothing");
}

/// The shared files name the same profile, and say who that is: another key there is another login.
#[test]
fn another_content_of_the_shared_files_is_another_login() {
    let Some((stage, name)) = stage() else { return };
    let tap = Tap::new(stage.socket());
    let address = tap.address();
    let file = stage.sandbox.root().join("home").join(".aws").join("credentials");
    let logs_in = |id: &str| {
        let account = &stage.account;
        let (key, token) = (&account.secret_access_key, &account.session_token);
        format!(
            "[default]\naws_access_key_id = {id}\naws_secret_access_key = {key}\naws_session_token = {token}\n"
        )
    };
    let start = |timeout| {
        let momo = stage.bare(&args(timeout)).env("MOMO_CRED_STORE", format!("aws:{name}"));
        momo.env("AWS_REGION", "us-east-1").env(ENDPOINT, &address).run()
    };
    stage.sandbox.write(&file, logs_in(&stage.account.access_key_id), 0o600);
    assert_eq!(start("60s").code(0).out().trim_end(), old_key().value());
    drop(tap);
    assert_eq!(start("1s").code(0).out().trim_end(), old_key().value());
    stage.sandbox.write(&file, logs_in("AKIAANOTHERLOGIN"), 0o600);
    let _ = start("1s").code(125).says("what is cached for this login: nothing");
}

/// Who logs in by a program is known only when it has run.
#[test]
fn nothing_is_kept_where_a_program_says_who_logs_in() {
    let Some((stage, name)) = stage() else { return };
    let home = stage.sandbox.root().join("home");
    let account = &stage.account;
    let printed = serde_json::json!({
        "Version": 1,
        "AccessKeyId": account.access_key_id,
        "SecretAccessKey": account.secret_access_key,
        "SessionToken": account.session_token,
    });
    let program = home.join("program");
    stage.sandbox.write(&program, format!("#!/bin/sh\necho '{printed}'\n"), 0o700);
    let config = format!("[default]\ncredential_process = {}\n", program.display());
    stage.sandbox.write(home.join(".aws").join("config"), config, 0o600);
    let momo = stage.bare(&args("60s")).env("MOMO_CRED_STORE", format!("aws:{name}"));
    let ran = momo.env("AWS_REGION", "us-east-1").env(ENDPOINT, stage.server()).run().code(0);
    assert_eq!(
        ran.says("nothing is cached of aws:").says("credential_process").out().trim_end(),
        old_key().value()
    );
}
