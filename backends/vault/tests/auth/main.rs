//! Every method of logging in on a live server: what works, what is refused and how that is told, and how long a login
//! lasts. The `aws` method is not offered, so that it is not here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod approle;
mod ending;
mod helper;
mod lifetime;
mod methods;
mod namespace;
mod token;

use std::path::{Path, PathBuf};
use std::process::Command;

use momo_cred_backend_api::{ErrorKind, RecordName};
use momo_cred_backend_vault::{Auth, SecretSource, VaultConfig};
use momo_live::{KvVersion, Tap};
use serde_json::json;
use support::{EXEC, Mount, config, read, store, told};
use tempfile::TempDir;

/// A record to read, the policy that allows it, and a proxy that sees how.
struct Stage {
    mount: Mount,
    /// The policy's name; roles are called the same.
    policy: String,
    tap: Tap,
    folder: TempDir,
}

impl Stage {
    fn new() -> Option<Self> {
        let mount = Mount::new(KvVersion::V2)?;
        mount.root("POST", "data/momo/a", &json!({"data": {"alpha": "1"}}));
        let policy = format!("{}-exec", mount.path);
        mount.vault.policy(&policy, &mount.policy(EXEC));
        let tap = Tap::new(mount.vault.socket());
        Some(Self { policy, tap, folder: tempfile::tempdir().unwrap(), mount })
    }

    fn name(&self) -> RecordName {
        self.mount.name("a")
    }

    fn with(&self, auth: Auth) -> VaultConfig {
        let mut config = config(&self.tap.address(), "unused");
        config.auth = auth;
        config
    }

    /// Another token of the policy.
    fn token(&self) -> String {
        self.mount.vault.token(&[&self.policy], "1h")
    }

    /// A file with this text, private as such files are.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        write(&path, text, "600");
        path
    }

    /// The tokens that were sent, each once.
    fn tokens(&self) -> Vec<String> {
        let mut tokens = self.tap.saw_header("x-vault-token");
        tokens.dedup();
        tokens
    }

    /// Asserts that this logs in.
    async fn reads(&self, auth: Auth) {
        let store = store(self.with(auth));
        support::is_found(read(&store, &self.name()).await);
    }

    /// Asserts that this is refused so, with these words and without the secret.
    async fn refuses(&self, auth: Auth, kind: ErrorKind, words: &[&str], secret: &str) {
        let error = read(&store(self.with(auth)), &self.name()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        let told = told(&error);
        for word in words {
            assert!(told.contains(word), "{word:?} is not in {told}");
        }
        assert!(secret.is_empty() || !told.contains(secret), "a secret is in {told}");
        assert_eq!(support::asked(&self.tap, "/data/"), 0, "{:?}", self.tap.requests());
    }
}

/// Written by another process: one that this one forks meanwhile would hold a script open, and keep it from running.
fn write(path: &Path, text: &str, mode: &str) {
    let script = r#"printf %s "$1" > "$0" && chmod "$2" "$0""#;
    let done = Command::new("sh").arg("-c").arg(script).arg(path).args([text, mode]).status().unwrap();
    assert!(done.success());
}

fn in_file(path: PathBuf) -> SecretSource {
    SecretSource::File { path, origin: "a setting".to_owned() }
}

fn mount(path: &str) -> momo_cred_backend_vault::MountPath {
    momo_cred_backend_vault::MountPath::new(path).unwrap()
}
