//! What a test puts into a server before it looks at it: mounts, policies, tokens.

use crate::vault::Vault;
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// The two key/value engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvVersion {
    /// Without versions.
    V1,
    /// With versions and check-and-set.
    V2,
}

impl Vault {
    /// Asks with the root token and gives the answer.
    ///
    /// # Panics
    ///
    /// If it is not a success.
    pub fn root(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.request(method, path, self.root_token(), body);
        assert!((200..300).contains(&status), "{method} {path} answered {status}: {answer}");
        answer
    }

    /// Mounts a key/value engine and waits until it takes requests.
    ///
    /// # Panics
    ///
    /// If it does not within half a minute.
    pub fn mount(&self, path: &str, version: KvVersion) {
        let number = if version == KvVersion::V1 { "1" } else { "2" };
        self.root(
            "POST",
            &format!("sys/mounts/{path}"),
            &json!({"type": "kv", "options": {"version": number}}),
        );
        // A new engine of version 2 answers 400 until it has upgraded its empty storage.
        let deadline = Instant::now() + Duration::from_secs(30);
        while version == KvVersion::V2
            && self.request("GET", &format!("{path}/config"), self.root_token(), &Value::Null).0 != 200
        {
            assert!(Instant::now() < deadline, "{path} does not get ready");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Writes a policy.
    pub fn policy(&self, name: &str, hcl: &str) {
        self.root("PUT", &format!("sys/policies/acl/{name}"), &json!({"policy": hcl}));
    }

    /// Makes a token with these policies (and `default`), which ends with `ttl`, like `1h`.
    #[must_use]
    pub fn token(&self, policies: &[&str], ttl: &str) -> String {
        self.token_with(&json!({"policies": policies, "ttl": ttl}))
    }

    /// Makes a token; `settings` are those of `auth/token/create`, such as `period`, `num_uses`, `renewable`.
    #[must_use]
    pub fn token_with(&self, settings: &Value) -> String {
        text(&self.root("POST", "auth/token/create", settings), "/auth/client_token")
    }

    /// Wraps any JSON object and gives the token that unwraps it once within `ttl`.
    #[must_use]
    pub fn wrap(&self, ttl: &str, content: &Value) -> String {
        self.wrapped("POST", "sys/wrapping/wrap", ttl, content)
    }

    /// Asks with the root token for an answer in a wrapper, and gives the token that unwraps it.
    ///
    /// # Panics
    ///
    /// If there is no wrapper.
    #[must_use]
    pub fn wrapped(&self, method: &str, path: &str, ttl: &str, body: &Value) -> String {
        let headers = [("X-Vault-Token", self.root_token()), ("X-Vault-Wrap-TTL", ttl)];
        text(&self.request_with(method, path, &headers, body).1, "/wrap_info/token")
    }

    /// Revokes a token.
    pub fn revoke(&self, token: &str) {
        self.root("POST", "auth/token/revoke", &json!({"token": token}));
    }

    /// What the server says of a token: policies, `ttl`, `num_uses`; `None` if it does not know it.
    #[must_use]
    pub fn lookup(&self, token: &str) -> Option<Value> {
        let (status, mut answer) =
            self.request("POST", "auth/token/lookup", self.root_token(), &json!({"token": token}));
        (status == 200).then(|| answer["data"].take())
    }

    /// Writes every request and answer to the file it names, as the server's audit log does: values as HMACs.
    #[must_use]
    pub fn audit(&self) -> std::path::PathBuf {
        let path = self.folder().join("audit.log");
        self.root("PUT", "sys/audit/file", &json!({"type": "file", "options": {"file_path": path}}));
        path
    }
}

/// A text in an answer.
pub(crate) fn text(answer: &Value, pointer: &str) -> String {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no {pointer} in the answer: {answer}")).to_owned()
}
