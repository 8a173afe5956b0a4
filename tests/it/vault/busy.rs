//! Two runs at once, and claims of other machines, which are judged by the server's clock.

use serde_json::{Value, json};

use super::stage::{OLD_USER, Stage, old_key};
use crate::gate::Gate;
use crate::sandbox::until;

#[test]
fn of_two_runs_on_an_empty_path_one_wins() {
    for _ in 0..5 {
        let Some(stage) = Stage::new() else { return };
        // Both have seen that nothing is there when they ask the gateway for the first time.
        let gates = [(); 2].map(|()| Gate::holding("", stage.gateway.address()));
        let runs = gates.each_ref().map(|gate| {
            let run = stage.begin(stage.momo(&["provision"]).env("MOMO_CRED_BASE_URL", gate.base_url()));
            gate.wait();
            run
        });
        gates.iter().for_each(Gate::open);
        let ends = runs.map(crate::held::Held::wait);
        let mut codes = ends.each_ref().map(|(code, _)| code.unwrap());
        codes.sort_unstable();
        assert_eq!(codes, [0, 75], "{ends:?}");
        let loser = &ends.iter().find(|(code, _)| *code == Some(75)).unwrap().1;
        assert!(loser.contains("error[conflict]") && loser.contains("was not asked for anything"), "{loser}");
        assert_eq!((stage.gateway.user_count(), &stage.status()["revision"]), (1, &json!("2")));
        let secret = stage.secret();
        let text = |name: &str| secret[name].as_str().unwrap();
        assert!(stage.gateway.authenticates(text("api_user"), text("api_key")));
    }
}

#[test]
fn a_run_at_work_keeps_others_out() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let gate = Gate::holding("/token/", stage.gateway.address());
    let base_url = gate.base_url();
    let stage = stage.by_way_of(base_url);
    let run = stage.start(&["provision", "--replace"]);
    gate.wait();
    let requests = stage.gateway.requests().len();
    for command in [&["provision", "--replace"][..], &["resume"], &["abort"]] {
        let _ = stage.run(command).code(75).says("error[conflict]").says("runs on this machine");
    }
    assert_eq!((&stage.status()["revision"], stage.gateway.requests().len()), (&json!("2"), requests));
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    gate.open();
    assert_eq!(run.wait().0, Some(0));
    stage.assert_settled();
}

#[test]
fn a_field_of_others_that_is_edited_during_a_run_is_kept() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let gate = Gate::holding("/token/", stage.gateway.address());
    let base_url = gate.base_url();
    let stage = stage.by_way_of(base_url);
    let run = stage.start(&["provision", "--replace"]);
    gate.wait();
    let mut secret = stage.secret();
    secret["note"] = json!("edited meanwhile");
    stage.put(&secret);
    gate.open();
    let (code, said) = run.wait();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(stage.secret()["note"], "edited meanwhile");
    stage.assert_settled();
}

/// A claim that another machine has left, with a lease in seconds.
fn claimed_elsewhere(lease: u64) -> Option<Stage> {
    let stage = Stage::new().map(Stage::with_old)?;
    let mut secret = stage.secret();
    for (name, value) in [
        ("pending_id", "00000000-0000-4000-8000-00000000001d"),
        ("pending_kind", "new-user"),
        ("pending_api_user", "0dead000-0000-4000-8000-000000000001"),
        // By its own clock, which is nobody's business.
        ("pending_since", "2001-01-01T00:00:00Z"),
        ("pending_owner", "far:00000000-0000-4000-8000-00000000b007:1:1:1"),
        ("pending_lease", &lease.to_string()),
    ] {
        secret[name] = json!(value);
    }
    stage.put(&secret);
    Some(stage)
}

#[test]
fn a_young_claim_of_another_machine_is_left_alone_unless_forced() {
    let Some(stage) = claimed_elsewhere(300) else { return };
    let status = stage.status();
    assert!(
        status["age_s"].as_u64().unwrap() < 300 && status["claim"]["age_s"] == status["age_s"],
        "{status}"
    );
    assert_eq!(status["claim"]["api_user"], "0dead000-0000-4000-8000-000000000001");
    let before = stage.secret();
    for command in [&["resume"][..], &["abort"], &["provision", "--replace"], &["remove", "--yes"]] {
        let ran = stage.run(command).code(75);
        let _ = ran.says("--force-takeover").says("its lease is 300 s");
    }
    assert_eq!((stage.secret(), stage.gateway.requests().len()), (before, 0));
    stage.assert_open();

    let _ = stage.run(&["resume", "--force-takeover"]).code(0);
    let retired = stage.status()["retired_api_users"].clone();
    assert_eq!(retired, json!(["0dead000-0000-4000-8000-000000000001", OLD_USER]));
    assert_eq!(stage.gateway.key_requests("0dead000-0000-4000-8000-000000000001"), 0);
    stage.assert_settled();
}

#[test]
fn the_servers_clock_ends_a_claim_of_another_machine() {
    let commands = [&["resume"][..], &["provision", "--replace"], &["abort"]];
    let stages = commands.map(|_| claimed_elsewhere(1));
    for (command, stage) in commands.into_iter().zip(stages) {
        let Some(stage) = stage else { return };
        until("the claim to be older than two leases", || {
            stage.status()["claim"]["age_s"].as_u64().unwrap() > 2
        });
        let _ = stage.run(command).code(0);
        assert_eq!(stage.status()["claim"], Value::Null);
    }
}
