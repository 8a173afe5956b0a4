//! What is in force for a record in Vault: plain data, from which the store's settings are made.

use std::ffi::OsString;
use std::path::PathBuf;

use momo_cred_backend_api::Secret;
use momo_cred_transport::{HttpAddress, Identity, ProxyUrl, Roots};

use crate::config::secrets::{escaped, looks_like_secret};
use crate::config::{Origin, Setting};

/// Where the server is, how to log in, and what may be done there.
#[derive(Clone, Debug)]
pub struct VaultSettings {
    /// The server.
    pub address: HttpAddress,
    /// The namespace: plain segments parted by `/`.
    pub namespace: Option<String>,
    /// Where the secrets engine is mounted: plain segments parted by `/`.
    pub mount: Option<String>,
    /// The engine's version.
    pub kv_version: Option<VaultKvVersion>,
    /// Whether records may be written on version 1, which has no compare-and-swap.
    pub allow_no_cas: bool,
    /// Whom to trust.
    pub roots: Roots,
    /// A certificate of our own. Always there where [`VaultAuth::Cert`] needs it.
    pub identity: Option<Identity>,
    /// The name that the server's certificate must have, where not the host of the address.
    pub tls_server_name: Option<String>,
    /// The proxy.
    pub proxy: Option<ProxyUrl>,
    /// How to log in.
    pub auth: VaultAuth,
    /// Whether a token that was made by logging in is revoked in the end.
    pub revoke: bool,
    pub(super) rows: Vec<Row>,
}

/// A setting for people: its key below `vault`, and its value as it may be shown.
pub(super) type Row = (&'static str, Setting<String>);

/// The version of a KV secrets engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultKvVersion {
    /// No versions, no compare-and-swap.
    V1,
    /// Versions and compare-and-swap.
    V2,
}

/// How to log in.
#[derive(Clone, Debug, PartialEq)]
pub enum VaultAuth {
    /// A token that exists already: the first of these sources that has one.
    Token(Vec<VaultTokenSource>),
    /// AppRole.
    AppRole {
        /// Where the method is mounted.
        mount: String,
        /// The role.
        role_id: String,
        /// The secret id, or the token that wraps it.
        secret_id: Option<VaultSecret>,
        /// That the secret id is wrapped, and in which path it was made.
        wrapped: Option<String>,
    },
    /// A Kubernetes service account.
    Kubernetes {
        /// Where the method is mounted.
        mount: String,
        /// The role.
        role: String,
        /// The service account's token.
        jwt: VaultSecret,
    },
    /// A JWT of any issuer.
    Jwt {
        /// Where the method is mounted.
        mount: String,
        /// The role, where the mount has no default one.
        role: Option<String>,
        /// The JWT.
        jwt: VaultSecret,
    },
    /// User name and password.
    Userpass {
        /// Where the method is mounted.
        mount: String,
        /// The user.
        username: String,
        /// The password.
        password: VaultSecret,
    },
    /// The TLS client certificate.
    Cert {
        /// Where the method is mounted.
        mount: String,
        /// The certificate role, where not any will do.
        name: Option<String>,
    },
}

/// Where a token may come from.
#[derive(Clone, Debug, PartialEq)]
pub enum VaultTokenSource {
    /// This variable was looked at and is not set.
    Unset(&'static str),
    /// It is given.
    Given(VaultSecret),
    /// A program that prints it, which a setting of Vault's own client names.
    Helper {
        /// An absolute path.
        program: PathBuf,
        /// The program's whole environment.
        environment: Vec<(OsString, OsString)>,
        /// What names it.
        origin: Origin,
    },
    /// A file that need not be there.
    File(PathBuf),
}

/// Where a secret for logging in comes from.
#[derive(Clone, Debug)]
pub enum VaultSecret {
    /// It is given.
    Given {
        /// The secret, as it was given: white space around it included.
        value: Secret,
        /// What gave it.
        origin: Origin,
    },
    /// A file that must be there.
    File {
        /// An absolute path.
        path: PathBuf,
        /// What names it.
        origin: Origin,
    },
}

impl VaultSettings {
    /// Every setting that is set, and the built-in ones that matter: its key below `vault`, its value for people (a secret
    /// is `set`), and where it comes from.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &str, &Origin)> {
        self.rows.iter().map(|(key, row)| (*key, row.value.as_str(), &row.origin))
    }

    /// Where a setting comes from, by its key below `vault`: `address`, `auth.method`.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.rows.iter().find(|(known, _)| *known == key).map(|(_, row)| &row.origin)
    }
}

/// Two profiles with equal settings can share a connection and a login. Where a setting comes from does not matter.
impl PartialEq for VaultSettings {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            address,
            namespace,
            mount,
            kv_version,
            allow_no_cas,
            roots,
            identity,
            tls_server_name,
            proxy,
            auth,
            revoke,
            rows: _,
        } = self;
        *address == other.address
            && *namespace == other.namespace
            && *mount == other.mount
            && *kv_version == other.kv_version
            && *allow_no_cas == other.allow_no_cas
            && *roots == other.roots
            && *identity == other.identity
            && *tls_server_name == other.tls_server_name
            && *proxy == other.proxy
            && *auth == other.auth
            && *revoke == other.revoke
    }
}

/// By value, in constant time. Where a secret comes from does not matter.
impl PartialEq for VaultSecret {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Given { value, .. }, Self::Given { value: other, .. }) => value.same_as(other),
            (Self::File { path, .. }, Self::File { path: other, .. }) => path == other,
            _ => false,
        }
    }
}

/// A text for people: a role id may be anything.
pub(super) fn shown(text: &str) -> String {
    if looks_like_secret(text) { "set".to_owned() } else { escaped(text) }
}
