//! Four processes that rotate one record until each has done so 25 times, in a live Vault and in AWS as moto has it.

use std::thread;

use momo_gateway::Rotation;

use super::bench::{Bench, Credential, Store};
use super::case::Case;
use super::figures::figure;
use super::rotators::READINGS;

const PROCESSES: usize = 4;
const ROTATIONS: usize = 25;

/// What one of the four came to.
#[derive(Default)]
struct Tally {
    /// Revisions that it published.
    won: Vec<String>,
    /// Runs that another one was before.
    lost: usize,
}

/// Rotates until it has done so often enough. Whoever meets another run ends with 75 and comes again.
fn rotates(bench: &Bench) -> Tally {
    let mut tally = Tally::default();
    while tally.won.len() < ROTATIONS {
        let momo = bench.momo(&["rotate", "--json"]);
        let ran = momo.env("MOMO_CRED_LOG", "trace").env("RUST_BACKTRACE", "full").run();
        let ran = ran.no_leak(&bench.canaries());
        let code = ran.status.code();
        assert!(matches!(code, Some(0 | 75)), "{code:?}: {}", ran.err());
        if code == Some(0) {
            let result = ran.json().pop().unwrap();
            tally.won.push(result["revision"].as_str().unwrap().to_owned());
        } else {
            tally.lost += 1;
        }
    }
    tally
}

/// How many runs gave way to another one; `None` where the store's server is not installed.
fn soak_in(store: Store, reading: Rotation) -> Option<usize> {
    let bench = Bench::new(store, Case::Rotate)?;
    bench.gateway().configure(|config| config.rotation = reading);
    let tallies: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(|| rotates(&bench))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let revisions: Vec<_> = tallies.iter().flat_map(|tally| &tally.won).collect();
    let mut users = Vec::new();
    for revision in revisions {
        let record = bench.record(revision);
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        let published = Credential {
            user: text("api_user"),
            key: text("api_key"),
            subscription_key: text("subscription_key"),
        };
        assert!(bench.works(&published), "revision {revision} does not work");
        let claims = bench.claims_before(revision);
        let own = claims.iter().any(|claim| claim["pending_api_user"] == published.user.as_str());
        assert!(own, "revision {revision} was published over something else than its claim");
        users.push(published.user);
    }
    assert!(users.contains(&bench.served().unwrap().user), "what is served was published by none of them");
    users.sort();
    users.dedup();
    let all = PROCESSES * ROTATIONS;
    assert_eq!(users.len(), all, "two runs say that they published the same user");
    // Whoever lost has asked the gateway for nothing: each user but the first was published.
    assert_eq!(bench.gateway().user_count(), all + 1);
    assert!(bench.gateway().users().iter().all(|user| user.key_requests == 1));
    assert_eq!(bench.status()["claim"], serde_json::Value::Null);
    Some(tallies.iter().map(|tally| tally.lost).sum())
}

/// In both readings of what a new key does to the one before.
fn soak(store: Store) {
    let mut lost = 0;
    for reading in READINGS {
        let Some(gave_way) = soak_in(store, reading) else { return };
        lost += gave_way;
    }
    figure(
        &format!("soak, {}", format!("{store:?}").to_lowercase()),
        format_args!(
            "2 readings x {PROCESSES} processes x {ROTATIONS} rotations, {lost} runs gave way (75), 0 losses"
        ),
    );
}

#[test]
fn four_processes_rotate_in_vault() {
    soak(Store::Vault);
}

#[test]
fn four_processes_rotate_in_aws() {
    soak(Store::Aws);
}
