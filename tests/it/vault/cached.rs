//! `cache`: what the kernel keeps for a start while the store is down. These tests need the keyrings of the Linux kernel,
//! which a container may not have.

use momo_cred_backend_testkit::Canary;
use momo_live::VaultOptions;
use serde_json::json;

use super::stage::{EXEC, REMOVE, Stage, old_key};
use crate::sandbox::{Momo, Ran, has_strace, until};

/// The name of the file that lets the kernel keep credentials.
const CONFIG: &str = "named.toml";

/// A server of its own, which can be sealed: it is there, and gives nothing.
fn stage(max_age: &str) -> Option<Stage> {
    let stage = Stage::with_server(VaultOptions::default()).map(Stage::with_old)?;
    stage.sandbox.write(CONFIG, format!("cache = {{ max-age = \"{max_age}\" }}\n"), 0o600);
    Some(stage)
}

/// A program is started that prints its key.
fn start(stage: &Stage, args: &[&str]) -> Ran {
    start_as(stage, &stage.token, args)
}

fn start_as(stage: &Stage, token: &str, args: &[&str]) -> Ran {
    let ran = program(stage, args).env("VAULT_TOKEN", token).run();
    let canaries = [old_key(), Canary::of("token", token)];
    assert!(momo_cred_backend_testkit::scan(&ran.stderr, &canaries).is_empty(), "{}", ran.err());
    ran
}

fn program(stage: &Stage, args: &[&str]) -> Momo {
    let config = ["exec", "--config", CONFIG, "--timeout", "1s"];
    stage.momo(&[&config, args, &["--", "printenv", "MOMO_API_KEY"]].concat())
}

/// Nothing was kept that a start could use.
#[track_caller]
fn assert_nothing_is_kept(stage: &Stage) {
    stage.vault().seal();
    let ran = start(stage, &[]).code(125).says("error[unavailable]");
    assert!(ran.out().is_empty(), "{}", ran.out());
    stage.vault().unseal();
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
    let ran = start(&stage, &[]).code(0).says("gets revision 1 of vault:").says("sealed").says("cached ");
    assert_eq!(ran.out().trim_end(), old_key().value());
    // So it is where nobody listens any more.
    stage.own_vault().kill();
    let ran = start(&stage, &[]).code(0).says("gets revision 1 of vault:");
    assert_eq!(ran.out().trim_end(), old_key().value());

    let args = ["exec", "--config", CONFIG, "--explain", "--json", "--timeout", "1s"];
    let ran = stage.run(&args).code(0).says("may have been replaced since");
    let document = ran.json().remove(0);
    let cached = &document["cached"][0];
    assert_eq!((&cached["profile"], &cached["revision"]), (&json!("default"), &json!("1")));
    assert!(cached["age_s"].is_u64() && document["variables"][0]["revision"] == "1", "{document}");

    // Without the setting, and for another login, there is nothing.
    let ran = stage.run(&["exec", "--timeout", "1s", "--", "true"]).code(125).says("error[unavailable]");
    assert!(!ran.err().contains("cached"), "{}", ran.err());
    let _ = start_as(&stage, "hvs.another", &[]).code(125).says("what is cached for this login: nothing");
}

/// Denied and not found are answers: they count, and no later outage takes them back.
#[test]
fn what_the_store_says_goes_before_what_is_kept() {
    let Some(stage) = stage("10m") else { return };
    let token = stage.token_of(&[EXEC]);
    let kept = || assert_eq!(start_as(&stage, &token, &[]).code(0).out().trim_end(), old_key().value());
    let lost = || {
        stage.vault().seal();
        let _ = start_as(&stage, &token, &[]).code(125).says("error[unavailable]");
        stage.vault().unseal();
    };
    kept();
    let secret = stage.secret();
    stage.delete();
    let _ = start_as(&stage, &token, &[]).code(125).says("error[not-found]");
    lost();
    stage.put(&secret);
    kept();
    stage.vault().revoke(&token);
    let _ = start_as(&stage, &token, &[]).code(125).says("error[denied]");
    lost();
}

/// Whoever writes, with whatever login and settings, drops it for all.
#[test]
fn a_change_of_the_record_drops_what_is_kept() {
    let Some(stage) = stage("10m") else { return };
    let keeps = || start(&stage, &[]).code(0).out();
    assert_eq!(keeps().trim_end(), old_key().value());
    let _ = stage.run(&["rotate"]).code(0);
    assert_nothing_is_kept(&stage);
    assert_ne!(keeps().trim_end(), old_key().value());
    let _ = stage.run(&["rollback", "--to", "1"]).code(0);
    assert_nothing_is_kept(&stage);
    assert_eq!(keeps().trim_end(), old_key().value());
    let _ = stage.run_as(&[EXEC, REMOVE], &["remove", "--yes"]).code(0);
    assert_nothing_is_kept(&stage);
}

/// What fails without having written leaves it: the outage it is for may be why it failed.
#[test]
fn a_rotation_that_meets_the_outage_drops_nothing() {
    let Some(stage) = stage("10m") else { return };
    let _ = start(&stage, &[]).code(0);
    stage.vault().seal();
    let _ = stage.run(&["rotate", "--timeout", "1s"]).code(69);
    assert_eq!(start(&stage, &[]).code(0).out().trim_end(), old_key().value());
    stage.vault().unseal();
    stage.delete();
    let _ = start(&stage, &[]).code(125);
}

#[test]
fn the_kernel_drops_it_when_its_time_is_over() {
    let Some(stage) = stage("1s") else { return };
    let _ = start(&stage, &[]).code(0);
    stage.vault().seal();
    until("the kernel to drop it", || start(&stage, &[]).status.code() == Some(125));
    let _ = start(&stage, &[]).code(125).says("what is cached for this login: nothing");
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
    let start = || program(&stage, &[]).under("strace", &strace).run();
    let ran = start().code(0).says("nothing is cached of vault:").says("may not be used here");
    assert_eq!((ran.out().trim_end(), ran.err().lines().count()), (old_key().value(), 1), "{}", ran.err());
    stage.vault().seal();
    let _ = start()
        .code(125)
        .says("error[unavailable]")
        .says("cached for this login: the kernel's keyring may not");
    stage.vault().unseal();
    let _ = stage.momo(&["rotate"]).under("strace", &strace).run().code(0);
}
