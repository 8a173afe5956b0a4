//! `exec --watch` on a live server: what a look costs, and what an outage does.

use momo_cred_backend_testkit::Canary;
use rustix::process::Signal;
use serde_json::json;

use super::counts::tapped;
use super::stage::{EXEC, OLD_USER, Stage};
use crate::sandbox::{key, until};
use crate::supervise::{PROBE, Supervised, log, until_logged};

/// The looks that come after a start: metadata alone where the policy has it, else the record after that was refused.
#[test]
fn a_look_asks_for_metadata_alone_where_the_policy_allows() {
    for policy in ["", EXEC] {
        let Some(mut stage) = Stage::new().map(Stage::with_old) else { return };
        if !policy.is_empty() {
            stage.token = stage.token_of(&[policy]);
        }
        let (stage, tap) = tapped(stage);
        stage.sandbox.write("probe.py", PROBE, 0o644);
        let momo = stage.momo(&["exec", "--watch=HUP", "--", "python3", "probe.py"]);
        let supervised = Supervised::start(&stage.sandbox, momo.env("MOMO_CRED_WATCH_INTERVAL", "100ms"));
        until_logged(&stage.sandbox, "began");
        // Which kind of engine it is, is asked for before each metadata: nothing configures it here.
        let asked = || {
            let all = tap.requests();
            let kinds = all.iter().map(|line| line.split('/').nth(3).unwrap().to_owned());
            kinds.filter(|kind| kind != "internal").take(6).collect::<Vec<_>>()
        };
        until("three looks", || asked().len() == 6);
        let expected = match policy {
            "" => ["data", "metadata", "metadata", "metadata", "metadata", "metadata"],
            _ => ["data", "metadata", "data", "metadata", "data", "metadata"],
        };
        assert_eq!(asked(), expected);
        let new = Canary::hex("another key in vault");
        stage.put(&json!({
            "subscription_key": key(&stage.gateway), "api_user": OLD_USER, "api_key": new.value(), "pending_note": "1",
        }));
        until_logged(&stage.sandbox, "got 1");
        // A field of others is no change.
        stage.put(&json!({
            "subscription_key": key(&stage.gateway), "api_user": OLD_USER, "api_key": new.value(), "note": "2",
        }));
        let before = tap.requests().len();
        until("looks after it", || tap.requests().len() >= before + 8);
        assert_eq!(log(&stage.sandbox).len(), 2, "{:?}", log(&stage.sandbox));
        supervised.signal(Signal::KILL);
    }
}

#[test]
fn a_store_that_is_down_is_told_of_once_and_the_program_runs_on() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (stage, tap) = tapped(stage);
    stage.sandbox.write("probe.py", PROBE, 0o644);
    let momo = stage.momo(&["exec", "--watch=HUP", "--timeout", "2s", "--", "python3", "probe.py"]);
    let supervised = Supervised::start(&stage.sandbox, momo.env("MOMO_CRED_WATCH_INTERVAL", "100ms"));
    until_logged(&stage.sandbox, "began");
    drop(tap);
    until("the word", || supervised.said().contains("cannot look for changes"));
    until_logged(&stage.sandbox, "began");
    assert_eq!(supervised.said().matches("cannot look").count(), 1, "{}", supervised.said());
    supervised.signal(Signal::USR1);
    until_logged(&stage.sandbox, "got 10");
}
