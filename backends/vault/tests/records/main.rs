//! Records on a live server: how many requests a call costs, what the two versions of the engine make of it, and where
//! an engine is found.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod engines;
mod labels;
mod requests;
mod version1;
mod versions;
mod writers;

use momo_cred_backend_vault::{MountPath, VaultConfig, VaultStore};
use momo_live::{KvVersion, Tap};
use support::{IMPORT, Mount, REMOVE, ROTATE, store};

/// A mount, a proxy that counts, and a token that may do what this program does.
struct Stage {
    mount: Mount,
    tap: Tap,
    token: String,
}

impl Stage {
    fn new(version: KvVersion) -> Option<Self> {
        Some(Self::on(Mount::new(version)?))
    }

    fn on(mount: Mount) -> Self {
        // Version 1 has no paths of kinds; this one is for it alone.
        let plain =
            r#"path "secret/momo/*" { capabilities = ["create", "read", "update", "delete", "list"] }"#;
        let policies = [IMPORT, ROTATE, REMOVE, plain];
        Self { tap: Tap::new(mount.vault.socket()), token: mount.token(&policies), mount }
    }

    fn config(&self) -> VaultConfig {
        support::config(&self.tap.address(), &self.token)
    }

    fn configured(&self, change: impl FnOnce(&mut VaultConfig)) -> VaultStore {
        let mut config = self.config();
        change(&mut config);
        store(config)
    }

    fn store(&self) -> VaultStore {
        store(self.config())
    }

    /// Takes the requests so far, without `/v1/MOUNT/`.
    fn requests(&self) -> Vec<String> {
        let requests = self.tap.requests();
        self.tap.forget();
        requests
            .iter()
            .map(|line| line.replace("/v1/", "").replace(&format!("{}/", self.mount.path), ""))
            .collect()
    }
}

fn mount(path: &str) -> MountPath {
    MountPath::new(path).unwrap()
}
