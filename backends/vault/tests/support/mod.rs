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

use momo_cred_backend_api::{
    At, Backend, Document, Error, Expect, FieldName, Lookup, Notice, RecordName, Revision, Secret, Stored,
};
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

    /// The same as a name.
    pub(crate) fn name(&self, path: &str) -> RecordName {
        name(&self.record(path))
    }

    /// Settings with a token of these policies.
    pub(crate) fn config(&self, address: &str, policies: &[&str]) -> VaultConfig {
        config(address, &self.token(policies))
    }

    /// Asks as the operator for something below the mount.
    pub(crate) fn root(&self, method: &str, path: &str, body: &serde_json::Value) -> serde_json::Value {
        self.vault.root(method, &format!("{}/{path}", self.path), body)
    }

    /// What is listed below a path of the mount, `null` for nothing.
    pub(crate) fn peek_list(&self, path: &str) -> serde_json::Value {
        self.peek(&format!("{}/{path}?list=true", self.path))["data"]["keys"].clone()
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

pub(crate) fn name(text: &str) -> RecordName {
    RecordName::new(text).unwrap()
}

pub(crate) fn document(fields: &[(&str, &str)]) -> Document {
    let field = |(name, value): &(&str, &str)| (FieldName::new(*name).unwrap(), Secret::from(*value));
    fields.iter().map(field).collect()
}

/// A document with one field.
pub(crate) fn one(value: &str) -> Document {
    document(&[("alpha", value)])
}

pub(crate) async fn create(store: &VaultStore, name: &RecordName, value: &str) -> Revision {
    store.write(name, &one(value), &Expect::Absent).await.unwrap()
}

pub(crate) async fn replace(store: &VaultStore, name: &RecordName, value: &str, on: &Revision) -> Revision {
    store.write(name, &one(value), &Expect::Revision(on.clone())).await.unwrap()
}

pub(crate) async fn read(store: &VaultStore, name: &RecordName) -> Result<Lookup, Error> {
    store.read(name, &At::Current).await
}

#[track_caller]
pub(crate) fn is_found(lookup: Result<Lookup, Error>) -> Stored {
    match lookup {
        Ok(Lookup::Found(stored)) => stored,
        other => panic!("a record has to be found, and is {other:?}"),
    }
}

pub(crate) async fn found(store: &VaultStore, name: &RecordName) -> Stored {
    is_found(read(store, name).await)
}

/// All that is ever shown of an error.
pub(crate) fn told(error: &Error) -> String {
    let reason = error.reason().unwrap();
    let mut text = format!("{error} {error:?} {error:#?} {reason} {reason:?} {:?}", reason.next());
    let mut cause = std::error::Error::source(error);
    while let Some(now) = cause {
        text.push_str(&format!(" {now} {now:?}"));
        cause = now.source();
    }
    text
}

/// Takes the notices of this kind: `Notice::Mend` or `Notice::Detail`.
pub(crate) fn notices(store: &VaultStore, kind: fn(String) -> Notice) -> Vec<String> {
    let notices = store.notices().into_iter();
    notices.filter(|notice| *notice == kind(notice.text().to_owned())).map(|n| n.text().to_owned()).collect()
}

/// The requests so far whose first line holds this.
pub(crate) fn asked(tap: &momo_live::Tap, part: &str) -> usize {
    tap.requests().iter().filter(|line| line.contains(part)).count()
}
