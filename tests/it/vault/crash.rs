//! Answers that are lost, and deaths of server and client between claim and publication.

use momo_gateway::Operation;
use momo_live::{Storage, Tap, VaultOptions};
use serde_json::json;

use super::stage::{Stage, old_key};
use crate::gate::Gate;

/// A run that stands between its claim and its publication: its key was made, and is not tried yet.
fn held(stage: Stage) -> (Stage, Gate) {
    let gate = Gate::holding("/token/", stage.gateway.address());
    let base_url = gate.base_url();
    (stage.by_way_of(base_url), gate)
}

/// A stage on a server that outlives its own death.
fn own_server() -> Option<Stage> {
    Stage::with_server(VaultOptions { storage: Storage::Folder, ..VaultOptions::default() })
}

/// Which write an answer is lost of: the first is the claim, the second the publication.
const WRITES: [usize; 2] = [1, 2];

#[test]
fn a_lost_answer_to_a_write_is_settled() {
    for write in WRITES {
        for old in [false, true] {
            let Some(stage) = Stage::new() else { return };
            let stage = if old { stage.with_old() } else { stage };
            let tap = Tap::new(stage.vault().socket());
            tap.lose_nth_answer_of("POST", "/data/", write);
            let stage = stage.through(tap.address());
            let _ = stage.run(&["provision", "--replace"]).code(0);
            // The write that was done is not done again.
            let writes = tap.requests().iter().filter(|line| line.starts_with("POST ")).count();
            assert_eq!(writes, 2, "{:?}", tap.requests());
            assert_eq!(stage.status()["revision"], if old { "3" } else { "2" });
            assert_eq!(stage.gateway.user_count(), if old { 2 } else { 1 });
            stage.assert_settled();
        }
    }
}

#[test]
fn a_write_that_never_arrived_is_sent_again() {
    for write in WRITES {
        let Some(stage) = Stage::new().map(Stage::with_old) else { return };
        let (stage, gate) = held(stage);
        let tap = Tap::new(stage.vault().socket());
        let stage = stage.through(tap.address());
        if write == 1 {
            tap.refuse("POST", "/data/");
        }
        let run = stage.start(&["provision", "--replace"]);
        gate.wait();
        if write == 2 {
            tap.refuse("POST", "/data/");
        }
        gate.open();
        assert_eq!(run.wait().0, Some(0));
        let writes = tap.requests().iter().filter(|line| line.starts_with("POST ")).count();
        assert_eq!(writes, 3, "{:?}", tap.requests());
        assert_eq!(stage.status()["revision"], "3");
        stage.assert_settled();
    }
}

#[test]
fn a_lost_answer_to_a_read_is_asked_for_again() {
    // What is there, what is there now, the fence, what was published.
    for read in 1..=4 {
        let Some(stage) = Stage::new().map(Stage::with_old) else { return };
        let tap = Tap::new(stage.vault().socket());
        tap.lose_nth_answer_of("GET", "/data/", read);
        let stage = stage.through(tap.address());
        let _ = stage.run(&["provision", "--replace"]).code(0);
        let reads =
            tap.requests().iter().filter(|line| line.contains("/data/") && line.starts_with("GET ")).count();
        assert_eq!((reads, stage.gateway.user_count()), (5, 2), "{:?}", tap.requests());
        stage.assert_settled();
    }
}

#[test]
fn a_claim_whose_fate_stays_open_stops_the_run_before_anything_is_made() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let tap = Tap::new(stage.vault().socket());
    tap.lose_answer_of("POST", "/data/");
    // Nor is there an answer to what became of it.
    for _ in 0..8 {
        tap.refuse("GET", "?version=2");
    }
    let stage = stage.through(tap.address());
    let ran = stage.run(&["provision", "--replace", "--timeout", "5s"]).code(69);
    let _ = ran.says("momo-cred resume").says("the claim may be open all the same");
    assert_eq!(stage.gateway.user_count(), 1, "a user was made without a claim that is known of");
    let address = stage.vault().plain_address();
    let stage = stage.through(address);
    stage.assert_open();
    let _ = stage.run(&["resume"]).code(0);
    stage.assert_settled();
}

#[test]
fn a_server_that_dies_between_claim_and_publication() {
    let Some(stage) = own_server().map(Stage::with_old) else { return };
    let (mut stage, gate) = held(stage);
    let run = stage.start(&["provision", "--replace", "--timeout", "5s"]);
    gate.wait();
    stage.own_vault().kill();
    gate.open();
    let (code, said) = run.wait();
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("error[unavailable]") && said.contains("momo-cred resume"), "{said}");
    let _ = stage.run(&["exec", "--timeout", "1s", "--", "true"]).code(125).says("error[unavailable]");

    // It comes back sealed, as a server does that nobody has unsealed yet.
    stage.own_vault().restart_sealed();
    std::thread::scope(|scope| {
        let stage = &stage;
        for command in ["status", "resume", "abort"] {
            scope.spawn(move || stage.run(&[command]).code(69).says("sealed").status);
        }
        scope.spawn(|| assert!(stage.run(&["doctor"]).code(69).out().contains("sealed")));
        scope.spawn(|| stage.run(&["exec", "--", "true"]).code(125).says("sealed").status);
    });
    stage.own_vault().unseal();
    stage.assert_open();
    let _ = stage.run(&["resume"]).code(0);
    assert_eq!(stage.gateway.user_count(), 3, "the old one, the one of the claim, the published one");
    stage.assert_settled();
}

#[test]
fn a_server_that_comes_back_in_time_is_published_to() {
    let Some(stage) = own_server().map(Stage::with_old) else { return };
    let (stage, gate) = held(stage);
    let run = stage.start(&["provision", "--replace"]);
    gate.wait();
    stage.vault().seal();
    gate.open();
    // The token is tried, then the product: from then on the store is asked.
    crate::sandbox::until("the product to be read", || {
        stage.gateway.requests().iter().any(|request| request.operation == Operation::Active)
    });
    stage.vault().unseal();
    let (code, said) = run.wait();
    assert_eq!(code, Some(0), "{said}");
    stage.assert_settled();
}

#[test]
fn a_client_that_is_killed_between_claim_and_publication() {
    for stage in [Stage::new().map(Stage::with_old), Stage::new()] {
        let Some(stage) = stage else { return };
        let old = stage.secret()["api_key"] == old_key().value();
        let (stage, gate) = held(stage);
        let run = stage.start(&["provision", "--replace"]);
        gate.wait();
        run.kill();
        gate.open();
        if old {
            stage.assert_open();
        } else {
            let _ = stage.run(&["exec", "--", "true"]).code(125).says("only an open claim");
        }
        let dead = stage.status()["claim"]["api_user"].clone();
        assert_eq!(stage.gateway.key_requests(dead.as_str().unwrap()), 1);
        let _ = stage.run(&["resume"]).code(0);
        assert_eq!(stage.gateway.key_requests(dead.as_str().unwrap()), 1, "a key of another run's user");
        assert!(stage.status()["retired_api_users"].as_array().unwrap().contains(&dead));
        stage.assert_settled();
        let _ = stage.run(&["resume"]).code(0).says("no claim is open");
    }
}

/// The engine keeps only so many versions: a claim and a publication are two, and what was served stays served.
#[test]
fn a_history_of_one_version_is_enough_to_publish() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    stage.vault().root("POST", &format!("{}/config", stage.mount), &json!({"max_versions": 1}));
    let _ = stage.run(&["provision", "--replace"]).code(0);
    stage.assert_settled();
}
