//! A server and a network that fail at the worst moment: what a call says must be true.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod busy;
mod lost;
mod outage;
mod removal;

use std::time::Duration;

use momo_cred_backend_api::{Error, RecordName};
use momo_cred_backend_vault::{VaultConfig, VaultStore};
use momo_cred_transport::Deadline;
use momo_live::{KvVersion, Tap};
use support::{IMPORT, Mount, REMOVE, ROTATE, store};

/// A mount behind a proxy that fails on demand.
struct Stage {
    mount: Mount,
    tap: Tap,
    token: String,
}

impl Stage {
    fn new() -> Option<Self> {
        let mount = Mount::new(KvVersion::V2)?;
        let token = mount.token(&[IMPORT, ROTATE, REMOVE]);
        Some(Self { tap: Tap::new(mount.vault.socket()), mount, token })
    }

    fn name(&self) -> RecordName {
        self.mount.name("a")
    }

    fn config(&self) -> VaultConfig {
        support::config(&self.tap.address(), &self.token)
    }

    fn store(&self) -> VaultStore {
        store(self.config())
    }

    fn within(&self, time: Duration) -> VaultStore {
        let mut config = self.config();
        config.deadline = Deadline::after(time);
        store(config)
    }

    /// Another handle, past the proxy.
    fn other(&self) -> VaultStore {
        store(support::config(&self.mount.vault.address(), &self.token))
    }

    /// How many versions were ever written.
    fn versions(&self) -> u64 {
        let metadata = self.mount.peek(&format!("{}/metadata/momo/a", self.mount.path));
        metadata["data"]["current_version"].as_u64().unwrap_or_default()
    }
}

/// That an error says so in its reason.
#[track_caller]
fn says(error: &Error, words: &str) {
    let told = support::told(error);
    assert!(told.contains(words), "{words:?} is not in {told}");
}
