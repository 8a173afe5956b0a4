//! When what is kept goes: what the store says, who changes the record, and who read it before that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{
    CONFIG, DOWN, EXEC, REMOVE, UP, assert_nothing_is_kept, assert_nothing_is_kept_of, old_key, outage,
    program, put_beside, stage, start, start_as, two_profiles, until,
};
use crate::gate::{Fate, base_url, detour};
use crate::held::Held;

/// Denied and not found are answers: they count, and no later outage takes them back.
#[test]
fn what_the_store_says_goes_before_what_is_kept() {
    let Some(stage) = stage("10m") else { return };
    let token = stage.token_of(&[EXEC]);
    let kept = || assert_eq!(start_as(&stage, &token, &[]).code(0).out().trim_end(), old_key().value());
    let lost = || assert_nothing_is_kept_of(&stage, &token, &[]);
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

/// Whoever hears it: also a command that starts nothing, with another login.
#[test]
fn what_any_command_hears_drops_what_is_kept() {
    let Some(stage) = stage("10m") else { return };
    let kept = || assert_eq!(start(&stage, &[]).code(0).out().trim_end(), old_key().value());
    let secret = stage.secret();
    kept();
    stage.delete();
    let _ = stage.run(&["status"]).code(0);
    stage.put(&secret);
    assert_nothing_is_kept(&stage);
    kept();
    let _ = stage.momo(&["status"]).env("VAULT_TOKEN", "hvs.nobody").run().code(77);
    assert_nothing_is_kept(&stage);
    kept();
    stage.put(&serde_json::json!({ "api_user": "no user" }));
    let _ = stage.run(&["verify"]);
    stage.put(&secret);
    assert_nothing_is_kept(&stage);
}

/// The first failure is told. The answers on the other records have been heard all the same.
#[test]
fn an_answer_counts_beside_a_failure_of_another_profile() {
    let Some(stage) = stage("10m") else { return };
    let secret = stage.secret();
    put_beside(&stage, "beside", &secret);
    stage.sandbox.write(CONFIG, two_profiles(&stage), 0o600);
    let run =
        |timeout, profiles| program(&stage, timeout, &["-p", profiles]).env("MOMO_CRED_STORE", "").run();
    let _ = run(UP, "a,b").code(0);
    stage.delete();
    // Not a failure of the store: the record has no key.
    let mut incomplete = secret.clone();
    incomplete.as_object_mut().unwrap().remove("api_key");
    put_beside(&stage, "beside", &incomplete);
    let _ = run(UP, "a,b").code(125).says("error[not-found]");
    put_beside(&stage, "beside", &secret);
    stage.vault().seal();
    let _ = run(DOWN, "b").code(125).says("what is cached for this login: nothing");
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

/// A start waits for its second record while the first one, which it has read, is rotated. It starts with what it has read,
/// and no later start does.
#[test]
fn a_start_that_read_before_a_change_keeps_nothing() {
    let Some(stage) = stage("10m") else { return };
    let [read, waits, goes_on] = [(); 3].map(|()| Arc::new(AtomicBool::new(false)));
    let proxy = detour(stage.vault().socket(), {
        let [read, waits, goes_on] = [&read, &waits, &goes_on].map(Arc::clone);
        move |line| match line.split(' ').nth(1) {
            Some(path) if path.ends_with("/data/momo/collection") => Fate::Noted(Arc::clone(&read)),
            Some(path) if path.ends_with("/data/momo/beside") => {
                waits.store(true, Ordering::Release);
                until("the test to go on", || goes_on.load(Ordering::Acquire));
                Fate::Passes
            }
            _ => Fate::Passes,
        }
    });
    let stage = stage.through(base_url(&proxy));
    put_beside(&stage, "beside", &stage.secret());
    stage.sandbox.write(CONFIG, two_profiles(&stage), 0o600);
    let run = |timeout, profiles| program(&stage, timeout, &["-p", profiles]).env("MOMO_CRED_STORE", "");
    let held = Held::begin(&stage.sandbox, run(UP, "a,b"));
    until("both records to be asked for", || read.load(Ordering::Acquire) && waits.load(Ordering::Acquire));
    let _ = stage.run(&["rotate"]).code(0);
    goes_on.store(true, Ordering::Release);
    let (code, said) = held.wait();
    assert_eq!((code, said.as_str()), (Some(0), ""));
    stage.vault().seal();
    let _ = run(DOWN, "a").run().code(125).says("what is cached for this login: nothing");
    // Nobody has changed that one.
    let _ = run(DOWN, "a,b").run().code(125);
    let _ = stage
        .momo(&["exec", "--config", CONFIG, "--timeout", DOWN, "-p", "b", "--", "printenv", "BESIDE_API_KEY"])
        .env("MOMO_CRED_STORE", "")
        .run()
        .code(0)
        .says("gets revision 1");
}

/// What fails without having written leaves it: the outage it is for may be why it failed.
#[test]
fn a_rotation_that_meets_the_outage_drops_nothing() {
    let Some(stage) = stage("10m") else { return };
    let _ = start(&stage, &[]).code(0);
    stage.vault().seal();
    let _ = stage.run(&["rotate", "--timeout", DOWN]).code(69);
    assert_eq!(outage(&stage, &[]).code(0).out().trim_end(), old_key().value());
    stage.vault().unseal();
    stage.delete();
    let _ = start(&stage, &[]).code(125);
}
