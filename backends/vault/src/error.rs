//! Why the store failed, each with a next step. No variant holds a value or text of a server.

use std::path::{Path, PathBuf};

use momo_cred_backend_api::{Effect, Error, ErrorKind, Location, Op, Reason};
use momo_cred_transport::{ClientError, Silence, TlsFault};

/// Why a Vault store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A setting cannot be used.
    #[error("{what} cannot be used: {why}")]
    Setting {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The HTTP client could not be built.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The name cannot be a path in a secrets engine.
    #[error("the path is unusable: {0}")]
    Name(&'static str),
    /// A document without fields.
    #[error("a record needs at least one field")]
    Empty,
    /// No answer.
    #[error("{}", .0.told_of("the Vault server"))]
    Silent(Silence),
    /// A redirect, which is never followed: the token would go along.
    #[error(
        "the server answers with a redirect (status {0}), which is not followed: the token would go with it"
    )]
    Redirect(u16),
    /// An answer over the cap.
    #[error("the answer (status {0}) is larger than any of Vault")]
    TooLarge(u16),
    /// An answer that Vault does not give.
    #[error("the answer (status {status}) is none of Vault's: {what}")]
    NotVault {
        /// The status.
        status: u16,
        /// What is odd about it.
        what: &'static str,
    },
    /// The server is sealed, or was never initialised.
    #[error("the server is sealed (status 503)")]
    Sealed,
    /// The server cannot answer now.
    #[error("the server cannot answer now (status {0})")]
    Unavailable(u16),
    /// Too many requests.
    #[error("the server limits requests, and the limit is reached (status 429)")]
    RateLimited,
    /// The token has no right to this path.
    #[error("permission denied (status 403) to {who}")]
    Denied {
        /// The login, for people.
        who: String,
    },
    /// The token is no token any more.
    #[error("the token is expired, revoked or unknown (status 403): {who}")]
    TokenInvalid {
        /// The login, for people.
        who: String,
    },
    /// The request was found wrong.
    #[error("the server finds the request wrong (status {0})")]
    Refused(u16),
    /// Nothing to log in with.
    #[error("there is no token: {}", .tried.join(", "))]
    NoToken {
        /// Where it was looked for.
        tried: Vec<String>,
    },
    /// A secret for logging in cannot be read.
    #[error("the {what} of {origin} cannot be used: {why}")]
    Source {
        /// What is read: `token`, `secret id`.
        what: &'static str,
        /// Where from.
        origin: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The token helper failed.
    #[error("the token helper {} {why}", shown(program))]
    Helper {
        /// The program.
        program: PathBuf,
        /// How.
        why: &'static str,
    },
    /// The login was refused.
    #[error("the login by {method} at auth/{mount} was refused (status {status}), with {origin}")]
    Login {
        /// The method.
        method: &'static str,
        /// Where it is mounted.
        mount: String,
        /// The status.
        status: u16,
        /// Where its secret is from.
        origin: String,
    },
    /// A wrapped secret id that was made elsewhere than expected, or was opened before.
    #[error("the wrapped secret id of {origin} {why}")]
    Wrapped {
        /// Where it is from.
        origin: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The token does not live as long as the work may take.
    #[error("the token lives for {ttl} s more, and the work may take {work} s: {who}")]
    ShortLived {
        /// What is left, in seconds.
        ttl: u64,
        /// The deadline of the command, in seconds.
        work: u64,
        /// The login, for people.
        who: String,
    },
    /// The server does not confirm the namespace.
    #[error("the server does not confirm the namespace {namespace}: {why}")]
    Namespace {
        /// The namespace configured.
        namespace: String,
        /// What it says instead.
        why: &'static str,
    },
    /// No secrets engine of type KV there.
    #[error("{0}")]
    Mount(&'static str),
    /// The version that the engine has is not the one configured.
    #[error("the secrets engine is KV version {found}, and version {configured} is configured")]
    Version {
        /// What it is.
        found: u8,
        /// What the settings say.
        configured: u8,
    },
    /// Version 1 has no compare-and-swap.
    #[error(
        "the secrets engine is KV version 1, which has no compare-and-swap: two writers could overwrite each other"
    )]
    NoCas,
    /// Version 1 has no history.
    #[error("the secrets engine is KV version 1, which keeps no earlier versions")]
    NoHistory,
    /// Version 1 cannot bring back what was removed.
    #[error("the secrets engine is KV version 1, which cannot bring back what was removed")]
    NoRecovery,
    /// The record exists already.
    #[error("the record exists already")]
    Exists,
    /// The record is deleted, which is not absent.
    #[error("the record was deleted (its current version is {version}), which is not absent")]
    Deleted {
        /// The current version.
        version: u64,
    },
    /// The record is not there.
    #[error("there is no such record")]
    Gone,
    /// The record is at another version.
    #[error("the record was changed since it was read")]
    Stale,
    /// A revision that no version of this store has.
    #[error("a revision here is the number of a version")]
    Revision,
    /// What is stored is no record.
    #[error("what is stored is no record: {0}")]
    Corrupt(&'static str),
    /// What was written did not read back.
    #[error("what was written does not read back the same")]
    ReadBack,
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}

impl Problem {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Setting { .. }
            | Self::Client(_)
            | Self::Name(_)
            | Self::Empty
            | Self::NoToken { .. }
            | Self::Source { .. }
            | Self::Helper { .. }
            | Self::Namespace { .. }
            | Self::Mount(_)
            | Self::Version { .. }
            | Self::Revision
            | Self::Refused(_) => ErrorKind::Misconfigured,
            Self::Silent(Silence::Tls(_)) => ErrorKind::Misconfigured,
            Self::Silent(_) | Self::Sealed | Self::Unavailable(_) | Self::RateLimited => {
                ErrorKind::Unavailable
            }
            Self::Redirect(_) | Self::TooLarge(_) | Self::NotVault { .. } => ErrorKind::Protocol,
            Self::Denied { .. }
            | Self::TokenInvalid { .. }
            | Self::Login { .. }
            | Self::Wrapped { .. }
            | Self::ShortLived { .. } => ErrorKind::Denied,
            Self::NoCas | Self::NoHistory | Self::NoRecovery => ErrorKind::Unsupported,
            Self::Exists | Self::Deleted { .. } | Self::Gone | Self::Stale => ErrorKind::Conflict,
            Self::Corrupt(_) => ErrorKind::Corrupt,
            Self::ReadBack => ErrorKind::Other,
        }
    }

    /// Whether a write that failed so may have taken effect all the same. What the server says in place of the effect
    /// does not.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self {
            Self::Silent(silence) => silence.was_sent(),
            // 5xx may come from whatever stands before the server, after it has done its work.
            Self::Unavailable(status) => *status >= 500,
            Self::TooLarge(_) | Self::NotVault { .. } | Self::Redirect(_) => true,
            _ => false,
        }
    }

    /// The error of a call.
    pub(crate) fn at(self, op: Op, location: Location) -> Error {
        self.with_effect(op, location, Effect::NotApplied)
    }

    /// The error of a call that may have taken effect.
    pub(crate) fn with_effect(self, op: Op, location: Location, effect: Effect) -> Error {
        let error = Error::new(self.kind(), op, location);
        let error = if effect == Effect::Unknown { error.with_unknown_effect() } else { error };
        error.because(self)
    }
}

impl Reason for Problem {
    fn next(&self) -> Option<String> {
        Some(match self {
            Self::Setting { .. } => "correct it in the config file or the environment".to_owned(),
            Self::Client(_) => "check the certificate files named by ca-cert, ca-path, client-cert and client-key, or VAULT_CACERT and its like".to_owned(),
            Self::Name(_) => "name the record like vault:secret/momo/sandbox/collection".to_owned(),
            Self::Empty => "use `remove` to take a record away".to_owned(),
            Self::Silent(silence) => match silence {
                Silence::Deadline | Silence::Unanswered | Silence::ConnectTimeout => {
                    "run it again later, or give more time with --timeout"
                }
                Silence::Unresolved => "check VAULT_ADDR, or `address` in [vault], and the name service of this machine",
                Silence::Unconnected => "check VAULT_ADDR, or `address` in [vault], and that the server runs",
                Silence::Tls(TlsFault::Untrusted) => {
                    "name the file with the issuer of the server's certificate: VAULT_CACERT, or `ca-cert` in [vault]"
                }
                Silence::Tls(TlsFault::Time) => "check this machine's clock, and the server's certificate",
                Silence::Tls(TlsFault::Name) => {
                    "use the name that the certificate is for, or say it in VAULT_TLS_SERVER_NAME"
                }
                Silence::Tls(_) => "check that the address is that of a Vault server that speaks TLS 1.2 or later",
                Silence::Broken | Silence::Truncated => "run it again; check what stands between here and the server",
            }
            .to_owned(),
            Self::Redirect(_) => {
                "set VAULT_ADDR to the active node, or have the standby forward requests instead of redirecting them"
                    .to_owned()
            }
            Self::TooLarge(_) | Self::NotVault { .. } => {
                "check that VAULT_ADDR is a Vault or OpenBao server, and what stands before it".to_owned()
            }
            Self::Sealed => "unseal it (vault operator unseal), then run it again".to_owned(),
            Self::Unavailable(_) => "run it again later".to_owned(),
            Self::RateLimited => "wait, then run it again with fewer requests at a time".to_owned(),
            Self::Denied { .. } => {
                "ask for a policy that allows it; the README of the Vault backend has the smallest ones".to_owned()
            }
            Self::TokenInvalid { .. } => "log in again (vault login), or use an auth method in [vault]".to_owned(),
            Self::Refused(_) => "run `momo-cred doctor`; if it finds nothing, report it".to_owned(),
            Self::NoToken { .. } => {
                "log in (vault login), set VAULT_TOKEN, or choose a method: auth = { method = \"approle\", .. } in [vault]"
                    .to_owned()
            }
            Self::Source { .. } => "check the file or the variable: it holds the bare value and perhaps one line end".to_owned(),
            Self::Helper { .. } => "run it by hand with the argument `get`; it prints a token and nothing else".to_owned(),
            Self::Login { .. } => {
                "check the role, its secret and the mount of the method; a secret id may be used up".to_owned()
            }
            Self::Wrapped { .. } => {
                "treat the secret id as stolen unless you opened it yourself; have a new one made".to_owned()
            }
            Self::ShortLived { .. } => "log in again for longer, or give less time with --timeout".to_owned(),
            Self::Namespace { .. } => {
                "check VAULT_NAMESPACE; a community server has no namespaces: unset it there".to_owned()
            }
            Self::Mount(_) => "check the first part of the path, or name the mount: `mount` in [vault]".to_owned(),
            Self::Version { .. } => "correct `kv-version` in [vault], or leave it out".to_owned(),
            Self::NoCas => {
                "use a version 2 engine (vault kv enable-versioning), or set kv-version = 1 and allow-no-cas = true in [vault]"
                    .to_owned()
            }
            Self::NoHistory | Self::NoRecovery => "use a version 2 engine (vault kv enable-versioning)".to_owned(),
            Self::Exists => "read the record first and replace what was seen".to_owned(),
            Self::Deleted { version } => {
                format!("undelete it (vault kv undelete -versions={version} PATH), or write over it with --replace")
            }
            Self::Gone => "create the record instead".to_owned(),
            Self::Stale => "read the record again and decide anew".to_owned(),
            Self::Revision => "see `momo-cred status` for the current one".to_owned(),
            Self::Corrupt(_) => "look at it with `vault kv get`; it has to be an object with string fields".to_owned(),
            Self::ReadBack => "read the record, and find out who else writes it".to_owned(),
        })
    }
}
