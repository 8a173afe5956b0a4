//! Settings of the store.

use std::ffi::OsString;
use std::path::PathBuf;

use momo_cred_backend_api::Secret;
use momo_cred_transport::{Deadline, HttpAddress, ProxyUrl, TlsOptions};

use crate::Problem;

/// Where the server is, how to log in, and what may be done there.
#[derive(Clone, Debug)]
pub struct VaultConfig {
    /// The server.
    pub address: HttpAddress,
    /// The namespace (Vault Enterprise, HCP, OpenBao). With one, the server has to confirm it before any record is asked
    /// for: the community server ignores the header and answers from the root.
    pub namespace: Option<Namespace>,
    /// Where the secrets engine is mounted. Without, the first segment of a name is tried, and the server asked if that
    /// is wrong.
    pub mount: Option<MountPath>,
    /// The engine's version. Without, 2 is tried. The server is asked before any write, and has to agree where it tells.
    pub kv_version: Option<KvVersion>,
    /// Lets records be written on version 1, which has no compare-and-swap.
    pub allow_no_cas: bool,
    /// Whom to trust, and a certificate of our own.
    pub tls: TlsOptions,
    /// The name that the server's certificate is for, where it is not the host of the address.
    pub tls_server_name: Option<String>,
    /// The proxy.
    pub proxy: Option<ProxyUrl>,
    /// How to log in.
    pub auth: Auth,
    /// Whether a token that was made by logging in is revoked when the handle is closed.
    pub revoke: bool,
    /// The end of all network work.
    pub deadline: Deadline,
}

/// The version of a KV secrets engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KvVersion {
    /// No versions, no compare-and-swap.
    V1,
    /// Versions and compare-and-swap.
    V2,
}

impl KvVersion {
    /// The number, as Vault's `options.version` has it.
    pub const fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
}

/// A namespace: segments parted by `/`, without one at either end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Namespace(String);

impl Namespace {
    /// Checks a namespace. One `/` at its end, as Vault prints it, is dropped.
    ///
    /// # Errors
    /// [`Problem::Setting`].
    pub fn new(text: &str) -> Result<Self, Problem> {
        segments(text).map(Self).ok_or(Problem::Setting {
            what: "the namespace",
            why: "it is letters, digits and `-_.` in segments parted by `/`",
        })
    }

    /// The namespace.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a secrets engine or an auth method is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MountPath(String);

impl MountPath {
    /// Checks a mount path. One `/` at its end, as Vault prints it, is dropped.
    ///
    /// # Errors
    /// [`Problem::Setting`].
    pub fn new(text: &str) -> Result<Self, Problem> {
        segments(text).map(Self).ok_or(Problem::Setting {
            what: "the mount",
            why: "it is letters, digits and `-_.` in segments parted by `/`",
        })
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Plain segments: what every server and proxy takes for the same path.
fn segments(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let plain = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    (text.len() <= 512 && text.split('/').all(plain)).then(|| text.to_owned())
}

/// How to log in. Each method is a file under `auth/`.
#[derive(Clone, Debug)]
pub enum Auth {
    /// A token that exists already: the first of these sources that has one.
    Token(Vec<TokenSource>),
    /// AppRole.
    AppRole {
        /// Where the method is mounted.
        mount: MountPath,
        /// The role. Not a secret by itself.
        role_id: String,
        /// The secret id, where the role asks for one.
        secret_id: Option<SecretSource>,
        /// That the secret id is wrapped, and in which path it was made: `auth/approle/role/NAME/secret-id`.
        wrapped: Option<MountPath>,
    },
    /// A Kubernetes service account.
    Kubernetes {
        /// Where the method is mounted.
        mount: MountPath,
        /// The role.
        role: String,
        /// The service account's token.
        jwt: SecretSource,
    },
    /// A JWT of any issuer, such as a CI job's id token.
    Jwt {
        /// Where the method is mounted.
        mount: MountPath,
        /// The role, where the mount has no default one.
        role: Option<String>,
        /// The JWT.
        jwt: SecretSource,
    },
    /// User name and password.
    Userpass {
        /// Where the method is mounted.
        mount: MountPath,
        /// The user.
        username: String,
        /// The password.
        password: SecretSource,
    },
    /// The TLS client certificate of [`VaultConfig::tls`].
    Cert {
        /// Where the method is mounted.
        mount: MountPath,
        /// The certificate role, where not any will do.
        name: Option<String>,
    },
}

/// Where a token may come from.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// It was looked for there, and there is none: for messages.
    Unset(&'static str),
    /// It is given.
    Given(SecretSource),
    /// A program that prints it when called with `get`, as Vault's `token_helper` setting names one.
    Helper(Helper),
    /// A file that need not be there, such as `~/.vault-token`.
    File(PathBuf),
}

/// A token helper.
#[derive(Clone, Debug)]
pub struct Helper {
    /// The program: an absolute path.
    pub program: PathBuf,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// What names it, for messages.
    pub origin: String,
}

/// Where a secret for logging in comes from.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// It is given.
    Given {
        /// The secret.
        value: Secret,
        /// What gave it, for messages: `VAULT_TOKEN`.
        origin: String,
    },
    /// A file, read when it is needed and again for a second login: whoever renews it may have done so.
    File {
        /// The file.
        path: PathBuf,
        /// What names it, for messages.
        origin: String,
    },
}

impl Auth {
    /// The method's name, as Vault has it.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::AppRole { .. } => "approle",
            Self::Kubernetes { .. } => "kubernetes",
            Self::Jwt { .. } => "jwt",
            Self::Userpass { .. } => "userpass",
            Self::Cert { .. } => "cert",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_and_namespaces_are_plain_segments() {
        for good in ["secret", "team-a/kv", "team_a/kv.v2/"] {
            assert!(MountPath::new(good).is_ok() && Namespace::new(good).is_ok(), "{good}");
        }
        for bad in ["", "/", "/a", "a//b", "a/../b", "a b", "a?b", "a\nb", "\u{e9}", "a//"] {
            assert!(MountPath::new(bad).is_err() && Namespace::new(bad).is_err(), "{bad:?}");
        }
    }
}
