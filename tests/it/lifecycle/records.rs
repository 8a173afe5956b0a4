//! Records with a claim in which something must not be mixed, retired or written over.

use momo_gateway::{Action, Fault, Operation};
use serde_json::Value;

use super::stage::{OLD_USER, Stage, subscription_key};

/// The lines of a claim that another machine left for a user.
fn claim_for(user: &str) -> String {
    format!(
        "MOMO_PENDING_ID=00000000-0000-4000-8000-00000000001d\nMOMO_PENDING_KIND=new-user\nMOMO_PENDING_API_USER={user}\n\
         MOMO_PENDING_SINCE=2026-09-01T00:00:00Z\nMOMO_PENDING_OWNER=far:boot:1:1:1\nMOMO_PENDING_LEASE=300\n"
    )
}

fn append(stage: &Stage, lines: &str) {
    let text = format!("{}{lines}", stage.sandbox.read(".env"));
    stage.sandbox.write(".env", text, 0o600);
}

/// A run over a record whose subscription key is another one, with a secondary of its own.
fn over_another_pair() -> Stage {
    let stage = Stage::with_old();
    let text = stage.sandbox.read(".env");
    let text = text.replace(subscription_key().value(), "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb");
    stage.sandbox.write(".env", text, 0o600);
    append(&stage, "MOMO_SUBSCRIPTION_KEY_SECONDARY=ccccccccccccccccdddddddddddddddd\n");
    stage
}

#[test]
fn the_secondary_of_another_pair_is_not_kept() {
    let stage = over_another_pair();
    let _ = stage.run(stage.provision()).code(0);
    assert_eq!(stage.sandbox.env_value("MOMO_SUBSCRIPTION_KEY_SECONDARY"), None);
    stage.assert_settled();
}

#[test]
fn nor_does_resume_keep_it() {
    let stage = over_another_pair();
    stage.gateway.script(Fault::on(Operation::CreateKey, Action::Drop));
    let _ = stage.run(stage.provision()).code(69);
    let _ = stage.run(["resume"]).code(0);
    assert_eq!(stage.sandbox.env_value("MOMO_SUBSCRIPTION_KEY_SECONDARY"), None);
    stage.assert_settled();
}

#[test]
fn a_claim_for_the_published_user_is_resumed_with_another_and_kills_nothing() {
    let stage = Stage::with_old();
    append(&stage, &claim_for(OLD_USER));
    stage.assert_served_as_before();
    let _ = stage.run(["resume"]).code(0);
    assert_eq!(stage.gateway.key_requests(OLD_USER), 0);
    stage.assert_settled();
}

#[test]
fn abort_does_not_retire_the_published_user() {
    let stage = Stage::with_old();
    append(&stage, &claim_for(OLD_USER));
    let _ = stage.run(["abort"]).code(0);
    assert_eq!(stage.status()["retired_api_users"], Value::Array(Vec::new()));
    stage.assert_served_as_before();
}

#[test]
fn a_claim_that_cannot_be_read_is_left_alone() {
    for line in ["MOMO_PENDING_FLAVOUR=sweet\n", "MOMO_PENDING_PHASE=swapped\n"] {
        let stage = Stage::with_old();
        append(&stage, &format!("{}{line}", claim_for(OLD_USER)));
        let before = stage.file();
        let _ = stage.run(stage.provision()).code(75).says("cannot read");
        let _ = stage.run(["resume"]).code(75).says("cannot read");
        let _ = stage.run(["resume", "--force-takeover"]).code(75);
        let _ = stage.run(["abort"]).code(75).says("cannot read");
        let _ = stage.run(["abort", "--force-takeover"]).code(75);
        assert_eq!((stage.file(), stage.gateway.requests().len()), (before, 0));
        assert!(stage.status()["claim"]["unknown"].is_string());
        stage.assert_served_as_before();
    }
}

#[test]
fn a_newer_layout_is_served_and_not_written() {
    for claim in [String::new(), claim_for(OLD_USER)] {
        let stage = Stage::with_old();
        append(&stage, &format!("{claim}MOMO_SCHEMA=2\n"));
        let before = stage.file();
        let _ = stage.run(stage.provision()).code(78).says("upgrade");
        if !claim.is_empty() {
            let _ = stage.run(["resume"]).code(78).says("upgrade");
        }
        assert_eq!((stage.file(), stage.gateway.requests().len()), (before, 0));
        stage.assert_served_as_before();
    }
}

#[test]
fn nor_does_abort_write_a_newer_layout() {
    let stage = Stage::with_old();
    append(&stage, &format!("{}MOMO_SCHEMA=2\n", claim_for(OLD_USER)));
    let before = stage.file();
    let _ = stage.run(["abort"]).code(78).says("upgrade");
    assert_eq!(stage.file(), before);
}
