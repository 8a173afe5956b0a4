//! Peers that are no Vault, or a malicious one: every call ends in time, with the right kind, and shows nothing of what
//! the peer said or of what it was sent.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod elsewhere;
mod logins;
mod peer;
mod reads;
mod spoiled;
mod tls;
mod writes;

use std::time::{Duration, Instant};

use momo_cred_backend_api::{Error, RecordName};
use momo_cred_backend_testkit::{Canary, scan};
use momo_cred_backend_vault::VaultConfig;
use momo_cred_transport::Deadline;
use support::{config, name, told};

/// The time that a call is given.
const DEADLINE: Duration = Duration::from_secs(2);
/// And that it may take, on a busy machine.
const BOUND: Duration = Duration::from_millis(3500);

/// What the peer says in its own words; `told` holds none of it.
const WORDS: &str = "words-0f-the-peer";

fn record() -> RecordName {
    name("secret/momo/a")
}

/// The values that must not leave: the token, and what is written.
fn canaries() -> [Canary; 2] {
    [Canary::new("token"), Canary::new("value")]
}

fn against(address: &str) -> VaultConfig {
    let mut config = config(address, canaries()[0].value());
    config.deadline = Deadline::after(DEADLINE);
    config
}

/// Asserts that a call took no longer than it may, and that its error shows nothing.
#[track_caller]
fn is_clean(what: &str, begun: Instant, error: &Error) {
    assert!(begun.elapsed() < BOUND, "{what} took {:?}", begun.elapsed());
    let told = told(error);
    assert!(!told.contains(WORDS) && !told.contains('\u{1b}'), "{what}: {told}");
    assert_eq!(scan(told.as_bytes(), &canaries()), [], "{what}: {told}");
}
