//! A server with its life: started, sealed, killed and started again.

use crate::binary::Binary;
use crate::certificate::{Authority, Identity};
use crate::http;
use crate::options::{ClientCertificates, Storage, Tls, VaultOptions};
use crate::process::{Keys, Launch, Listeners, Process, write};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A Vault of its own for one test, initialised and unsealed, with nothing mounted but what every Vault has.
pub struct Vault {
    // First, so that the process is gone before its folder is.
    process: Process,
    launch: Launch,
    listeners: Listeners,
    keys: Keys,
    authority: Authority,
    folder: TempDir,
}

impl Vault {
    /// Starts one in memory, without TLS. `None` without a server program; panics then if `CI` is `true`.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with(VaultOptions::default())
    }

    /// Starts one with these options; as [`Vault::start`].
    #[must_use]
    pub fn start_with(options: VaultOptions) -> Option<Self> {
        let binary = Binary::find()?;
        let folder = tempfile::Builder::new().prefix("momo-live-").tempdir().expect("a temporary folder");
        let authority = Authority::new();
        let file = |name: &str, text: &str| write(&folder.path().join(name), text);
        file("ca.pem", authority.ca_pem());
        let server = match options.tls {
            Tls::Off => None,
            Tls::Trusted => Some(authority.server()),
            Tls::Flawed(flaw) => Some(authority.flawed_server(flaw)),
        };
        if let Some(server) = &server {
            file("server.pem", &server.certificate_pem);
            file("server.key", &server.key_pem);
        }
        let mut launch = Launch {
            binary,
            folder: folder.path().to_owned(),
            storage: (options.storage == Storage::Folder).then(|| folder.path().join("storage")),
            tls: server.is_some(),
            client_ca: server.is_some() && options.client_certificates == ClientCertificates::Demanded,
            again: None,
        };
        let (process, listeners, keys) = launch.start();
        launch.again = Some(listeners);
        let keys = keys.expect("a new storage gives keys");
        let vault = Self { process, launch, listeners, keys, authority, folder };
        vault.unseal();
        Some(vault)
    }

    /// What a client is pointed at: `https://127.0.0.1:PORT` with TLS, else as [`Vault::plain_address`].
    #[must_use]
    pub fn address(&self) -> String {
        self.listeners.tls.map_or_else(|| self.plain_address(), |tls| format!("https://{tls}"))
    }

    /// The same server over plain http, also where it has TLS: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn plain_address(&self) -> String {
        format!("http://{}", self.listeners.plain)
    }

    /// The plain listener, for a [`crate::Tap`] in front of it.
    #[must_use]
    pub fn socket(&self) -> SocketAddr {
        self.listeners.plain
    }

    /// The port of [`Vault::address`] on this machine.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listeners.tls.unwrap_or(self.listeners.plain).port()
    }

    /// A token that may do everything.
    #[must_use]
    pub fn root_token(&self) -> &str {
        &self.keys.root_token
    }

    /// A PEM file with the authority that signed the server's certificate, unless that is flawed.
    #[must_use]
    pub fn ca_cert_path(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// That authority.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// A client certificate of that authority, as two files: certificate and key.
    #[must_use]
    pub fn client_files(&self, name: &str) -> (PathBuf, PathBuf) {
        let Identity { certificate_pem, key_pem } = self.authority.client(name);
        let (certificate, key) = (self.file(name, "pem"), self.file(name, "key"));
        write(&certificate, &certificate_pem);
        write(&key, &key_pem);
        (certificate, key)
    }

    /// A folder that goes with the server: its log `server.log` is there, and room for files of the test.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Asks the server over plain http. `path` is what follows `/v1/`; a body of `null` is none, as is an empty token.
    /// What is not JSON in the answer comes as `null`.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[must_use]
    pub fn request(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        self.request_with(method, path, &[("X-Vault-Token", token)], body)
    }

    /// As [`Vault::request`], with headers of your choice; those without a value are left out.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[must_use]
    pub fn request_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers: Vec<_> = headers.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
        let target = format!("/v1/{path}");
        let (status, content) = http::send(self.listeners.plain, method, &target, &headers, body.as_bytes())
            .unwrap_or_else(|error| panic!("no answer to {method} {target}: {error}"));
        (status, serde_json::from_slice(&content).unwrap_or_default())
    }

    /// Seals it: from now on it answers 503.
    pub fn seal(&self) {
        self.root("PUT", "sys/seal", &Value::Null);
    }

    /// Unseals it and waits until it works; nothing happens to one that is not sealed.
    pub fn unseal(&self) {
        self.root("PUT", "sys/unseal", &json!({"key": self.keys.unseal_key}));
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.request("GET", "sys/health", "", &Value::Null).0 != 200 {
            assert!(Instant::now() < deadline, "the Vault server does not get ready");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the process at once, as a crash does. From now on connections are refused.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same ports, unsealed, with the data of before.
    ///
    /// # Panics
    ///
    /// If its storage is not a folder.
    pub fn restart(&mut self) {
        self.restart_sealed();
        self.unseal();
    }

    /// As [`Vault::restart`], but it stays sealed, as a Vault does that nobody has unsealed yet.
    ///
    /// # Panics
    ///
    /// If its storage is not a folder.
    pub fn restart_sealed(&mut self) {
        assert!(self.launch.storage.is_some(), "a Vault in memory has nothing to start again with");
        self.process.kill();
        let (process, listeners, _) = self.launch.start();
        (self.process, self.listeners) = (process, listeners);
    }

    fn file(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.path().join(format!("client-{name}.{extension}"))
    }
}
