//! A live server for tests, shared by all tests of a binary, and stores on it.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, not all used by each binary"
)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use momo_cred_backend_vault::{Auth, SecretSource, TokenSource, VaultConfig, VaultStore};
use momo_cred_transport::{Deadline, TlsOptions};
use momo_live::{KvVersion, Vault};

pub(crate) const EXEC: &str = include_str!("../../policies/exec.hcl");
pub(crate) const IMPORT: &str = include_str!("../../policies/import.hcl");
pub(crate) const ROTATE: &str = include_str!("../../policies/rotate.hcl");
pub(crate) const REMOVE: &str = include_str!("../../policies/remove.hcl");

/// The server, or none where there is no program for it (which fails under CI).
pub(crate) fn vault() -> Option<&'static Vault> {
    static SERVER: OnceLock<Option<Vault>> = OnceLock::new();
    SERVER.get_or_init(Vault::start).as_ref()
}

/// A secrets engine of its own for a test, and policies on it.
pub(crate) struct Mount {
    pub(crate) vault: &'static Vault,
    pub(crate) path: String,
}

impl Mount {
    pub(crate) fn new(version: KvVersion) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let vault = vault()?;
        let path = format!("kv{}", COUNT.fetch_add(1, Ordering::Relaxed));
        vault.mount(&path, version);
        Some(Self { vault, path })
    }

    /// A shipped policy, for this mount.
    pub(crate) fn policy(&self, hcl: &str) -> String {
        hcl.replace("\"secret/", &format!("\"{}/", self.path))
    }

    /// A token that these policies together make, and no root token.
    pub(crate) fn token(&self, policies: &[&str]) -> String {
        let names: Vec<_> = (0..policies.len()).map(|n| format!("{}-{n}", self.path)).collect();
        for (name, hcl) in names.iter().zip(policies) {
            self.vault.policy(name, &self.policy(hcl));
        }
        self.vault.token(&names.iter().map(String::as_str).collect::<Vec<_>>(), "1h")
    }

    /// The full path of a record.
    pub(crate) fn record(&self, path: &str) -> String {
        format!("{}/momo/{path}", self.path)
    }

    /// Reads what is there as the operator.
    pub(crate) fn peek(&self, path: &str) -> serde_json::Value {
        let root = self.vault.root_token();
        self.vault.request("GET", path, root, &serde_json::Value::Null).1
    }
}

/// Settings with a token and nothing else.
pub(crate) fn config(address: &str, token: &str) -> VaultConfig {
    VaultConfig {
        address: address.parse().unwrap(),
        namespace: None,
        mount: None,
        kv_version: None,
        allow_no_cas: false,
        tls: TlsOptions::default(),
        tls_server_name: None,
        proxy: None,
        auth: Auth::Token(vec![TokenSource::Given(given(token))]),
        revoke: true,
        deadline: Deadline::after(Duration::from_secs(20)),
    }
}

pub(crate) fn given(value: &str) -> SecretSource {
    SecretSource::Given { value: value.into(), origin: "the test".to_owned() }
}

pub(crate) fn store(config: VaultConfig) -> VaultStore {
    VaultStore::new(config).unwrap()
}
