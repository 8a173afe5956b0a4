//! `cache`: what the kernel keeps for a start while the store is down. These tests need the keyrings of the Linux kernel.

mod drops;
mod login;

use momo_cred_backend_testkit::Canary;
use momo_live::VaultOptions;
use serde_json::{Value, json};

use super::stage::{EXEC, REMOVE, Stage, old_key};
use crate::sandbox::{Momo, Ran, has_keyrings, has_strace, until};

/// The name of the file that lets the kernel keep credentials.
const CONFIG: &str = "named.toml";

/// Longer than any start takes while the store is there.
const UP: &str = "60s";
/// What a start waits for while it is not: it has to fail, or to do without.
const DOWN: &str = "1s";

/// A server of its own, which can be sealed: it is there, and gives nothing.
fn stage_on(options: VaultOptions) -> Option<Stage> {
    if !has_keyrings() {
        return None;
    }
    Stage::with_server(options).map(Stage::with_old)
}

fn stage(max_age: &str) -> Option<Stage> {
    let stage = stage_on(VaultOptions::default())?;
    stage.sandbox.write(CONFIG, format!("cache = {{ max-age = \"{max_age}\" }}\n"), 0o600);
    Some(stage)
}

/// A program is started that prints its key, while the store is there.
fn start(stage: &Stage, args: &[&str]) -> Ran {
    start_as(stage, &stage.token, args)
}

fn start_as(stage: &Stage, token: &str, args: &[&str]) -> Ran {
    ran(program(stage, UP, args), token)
}

/// The same, while it is not.
fn outage(stage: &Stage, args: &[&str]) -> Ran {
    outage_as(stage, &stage.token, args)
}

fn outage_as(stage: &Stage, token: &str, args: &[&str]) -> Ran {
    ran(program(stage, DOWN, args), token)
}

fn ran(momo: Momo, token: &str) -> Ran {
    let ran = momo.env("VAULT_TOKEN", token).run();
    let canaries = [old_key(), Canary::of("token", token)];
    assert!(momo_cred_backend_testkit::scan(&ran.stderr, &canaries).is_empty(), "{}", ran.err());
    ran
}

fn program(stage: &Stage, timeout: &str, args: &[&str]) -> Momo {
    let config = ["exec", "--config", CONFIG, "--timeout", timeout];
    stage.momo(&[&config, args, &["--", "printenv", "MOMO_API_KEY"]].concat())
}

/// Nothing was kept that a start could use.
#[track_caller]
fn assert_nothing_is_kept(stage: &Stage) {
    assert_nothing_is_kept_of(stage, &stage.token, &[]);
}

#[track_caller]
fn assert_nothing_is_kept_of(stage: &Stage, token: &str, args: &[&str]) {
    stage.vault().seal();
    let ran = outage_as(stage, token, args).code(125).says("error[unavailable]");
    assert!(ran.out().is_empty(), "{}", ran.out());
    stage.vault().unseal();
}

/// A second record beside that of the stage.
fn put_beside(stage: &Stage, name: &str, data: &Value) {
    let path = format!("{}/data/momo/{name}", stage.mount);
    stage.vault().root("POST", &path, &json!({ "data": data }));
}

/// Profile `a` is the record of the stage, `b` the one beside it.
fn two_profiles(stage: &Stage) -> String {
    let [a, b] = ["collection", "beside"].map(|name| stage.location(name));
    format!(
        "cache = {{ max-age = \"10m\" }}\n[profiles.a]\nstore = \"{a}\"\n\
         [profiles.b]\nstore = \"{b}\"\nenv.prefix = \"BESIDE\"\n"
    )
}

#[test]
fn a_program_starts_with_what_was_last_good_while_the_store_is_down() {
    let Some(mut stage) = stage("10m") else { return };
    // To look is no start, and leaves nothing behind.
    let _ = start(&stage, &["--explain"]).code(0);
    assert_nothing_is_kept(&stage);
    let ran = start(&stage, &[]).code(0);
    assert_eq!((ran.out().trim_end(), ran.err().as_str()), (old_key().value(), ""));
    stage.vault().seal();
    let ran = outage(&stage, &[]).code(0).says("gets revision 1 of vault:").says("sealed").says("cached ");
    assert_eq!(ran.out().trim_end(), old_key().value());
    // Whoever wants to hear nothing hears this.
    let _ = outage(&stage, &["-q"]).code(0).says("gets revision 1 of vault:");
    // So it is where nobody listens any more.
    stage.own_vault().kill();
    let ran = outage(&stage, &[]).code(0).says("gets revision 1 of vault:");
    assert_eq!(ran.out().trim_end(), old_key().value());

    let args = ["exec", "--config", CONFIG, "--explain", "--json", "--timeout", DOWN];
    let ran = stage.run(&args).code(0).says("may have been replaced since");
    let document = ran.json().remove(0);
    let cached = &document["cached"][0];
    assert_eq!((&cached["profile"], &cached["revision"]), (&json!("default"), &json!("1")));
    assert!(cached["age_s"].is_u64() && document["variables"][0]["revision"] == "1", "{document}");

    // Without the setting, and for another login, there is nothing.
    let ran = stage.run(&["exec", "--timeout", DOWN, "--", "true"]).code(125).says("error[unavailable]");
    assert!(!ran.err().contains("cached"), "{}", ran.err());
    let _ = outage_as(&stage, "hvs.another", &[]).code(125).says("what is cached for this login: nothing");
}

/// One secret may hold the keys of two products. What one profile reads there is not what the other does.
#[test]
fn profiles_that_read_other_fields_of_one_secret_have_their_own() {
    let Some(stage) = stage("10m") else { return };
    let other = Canary::hex("vault key of another product");
    let mut secret = stage.secret();
    secret["other_key"] = json!(other.value());
    stage.put(&secret);
    let config =
        "cache = { max-age = \"10m\" }\n[profiles.a]\n[profiles.b]\nfields = { api_key = \"other_key\" }\n";
    stage.sandbox.write(CONFIG, config, 0o600);
    assert_eq!(start(&stage, &["-p", "b"]).code(0).out().trim_end(), other.value());
    stage.vault().seal();
    let _ = outage(&stage, &["-p", "a"]).code(125).says("what is cached for this login: nothing");
    stage.vault().unseal();
    assert_eq!(start(&stage, &["-p", "a"]).code(0).out().trim_end(), old_key().value());
    stage.vault().seal();
    assert_eq!(outage(&stage, &["-p", "a"]).code(0).out().trim_end(), old_key().value());
    assert_eq!(outage(&stage, &["-p", "b"]).code(0).out().trim_end(), other.value());
}

#[test]
fn the_kernel_drops_it_when_its_time_is_over() {
    let Some(stage) = stage("1s") else { return };
    let _ = start(&stage, &[]).code(0);
    stage.vault().seal();
    until("the kernel to drop it", || outage(&stage, &[]).status.code() == Some(125));
    let _ = outage(&stage, &[]).code(125).says("what is cached for this login: nothing");
}

/// As most containers forbid it. That is no reason not to start.
#[test]
fn where_there_is_no_keyring_nothing_is_kept_and_programs_start() {
    if !has_strace() {
        return;
    }
    let Some(stage) = stage("10m") else { return };
    let calls = ["trace=keyctl,add_key", "inject=keyctl,add_key:error=EPERM"];
    let strace = ["-f", "-qq", "-o", "/dev/null", "-e", calls[0], "-e", calls[1]];
    let start = |timeout| program(&stage, timeout, &[]).under("strace", &strace).run();
    let ran = start(UP).code(0).says("nothing is cached of vault:").says("may not be used here");
    assert_eq!((ran.out().trim_end(), ran.err().lines().count()), (old_key().value(), 1), "{}", ran.err());
    stage.vault().seal();
    let _ = start(DOWN)
        .code(125)
        .says("error[unavailable]")
        .says("cached for this login: the kernel's keyring may not");
    stage.vault().unseal();
    let _ = stage.momo(&["rotate"]).under("strace", &strace).run().code(0);
}
