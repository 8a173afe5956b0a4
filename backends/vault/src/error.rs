//! Why the store failed, each with a next step. No variant holds a value or text of a server.

use std::path::{Path, PathBuf};

use momo_cred_backend_api::{Effect, Error, ErrorKind, Location, NotADocument, Op, Reason};
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
    #[error("{} ({server})", .silence.told_of("the Vault server"))]
    Silent {
        /// Why.
        silence: Silence,
        /// The server's address.
        server: String,
    },
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
    /// A login that was answered with something else than a token.
    #[error("the login by {method} at auth/{mount} was answered, and not with a token")]
    NoGrant {
        /// The method.
        method: &'static str,
        /// Where it is mounted.
        mount: String,
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
    #[error("the record is not there any more")]
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
    /// What was written is gone again: somebody else wrote at the same moment.
    #[error("another writer wrote over the record at this moment")]
    Overwritten,
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}

impl From<NotADocument> for Problem {
    fn from(not: NotADocument) -> Self {
        Self::Corrupt(not.why())
    }
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
            Self::Silent { silence, .. } if silence.is_misconfiguration() => ErrorKind::Misconfigured,
            Self::Silent { .. } | Self::Sealed | Self::Unavailable(_) | Self::RateLimited => {
                ErrorKind::Unavailable
            }
            Self::Redirect(_) | Self::TooLarge(_) | Self::NotVault { .. } | Self::NoGrant { .. } => {
                ErrorKind::Protocol
            }
            Self::Denied { .. }
            | Self::TokenInvalid { .. }
            | Self::Login { .. }
            | Self::Wrapped { .. }
            | Self::ShortLived { .. } => ErrorKind::Denied,
            Self::NoCas | Self::NoHistory | Self::NoRecovery => ErrorKind::Unsupported,
            Self::Exists | Self::Deleted { .. } | Self::Gone | Self::Stale | Self::Overwritten => {
                ErrorKind::Conflict
            }
            Self::Corrupt(_) => ErrorKind::Corrupt,
        }
    }

    /// Whether a write that failed so may have taken effect all the same. What the server says in place of the effect
    /// does not.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self {
            Self::Silent { silence, .. } => silence.was_sent(),
            // 5xx may come from whatever stands before the server, after it has done its work.
            Self::Unavailable(status) => *status >= 500,
            // Who gets these two is to send the same again elsewhere (RFC 9110, 15.4.8): it was not done here.
            Self::Redirect(307 | 308) => false,
            Self::TooLarge(_) | Self::NotVault { .. } | Self::Redirect(_) => true,
            _ => false,
        }
    }

    /// Whether time was up before anything was heard.
    pub(crate) fn is_cut(&self) -> bool {
        use Silence::{ConnectTimeout, Deadline, Unanswered};
        matches!(self, Self::Silent { silence: ConnectTimeout | Deadline | Unanswered, .. })
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
            Self::Client(_) => "name PEM files that can be read: `ca-cert`, `ca-path`, `client-cert` and `client-key` in [vault], or VAULT_CACERT, VAULT_CAPATH, VAULT_CLIENT_CERT and VAULT_CLIENT_KEY".to_owned(),
            Self::Name(_) => {
                "name it like vault:secret/momo/sandbox/collection: first where the engine is mounted, then the path in it"
                    .to_owned()
            }
            Self::Empty => "use `remove` to take a record away".to_owned(),
            Self::Silent { silence, .. } => match silence {
                Silence::Deadline | Silence::Unanswered | Silence::ConnectTimeout => {
                    "run it again later, or give more time with --timeout"
                }
                Silence::Unresolved => "check the address, which `momo-cred doctor` shows with what set it, and the name service of this machine",
                Silence::Unconnected => "check the address, which `momo-cred doctor` shows with what set it, and that the server runs",
                Silence::Tls(TlsFault::Untrusted) => {
                    "name the file with the issuer of the server's certificate: VAULT_CACERT, or `ca-cert` in [vault]"
                }
                Silence::Tls(TlsFault::Time) => "check this machine's clock, and the server's certificate",
                Silence::Tls(TlsFault::Name) => {
                    "use the name that the certificate is for, or say it in VAULT_TLS_SERVER_NAME"
                }
                Silence::Tls(_) => {
                    "check that the server speaks TLS 1.2 or later; one on this machine that speaks none (vault server -dev) has an address with http://"
                }
                Silence::Broken | Silence::Truncated => "run it again; check what stands between here and the server",
            }
            .to_owned(),
            Self::Redirect(_) => {
                "set VAULT_ADDR to where it leads, such as the active node, or have the standby forward requests"
                    .to_owned()
            }
            Self::TooLarge(_) | Self::NotVault { .. } | Self::NoGrant { .. } => {
                "check that VAULT_ADDR is a Vault or OpenBao server, with https:// if it speaks TLS, and what stands before it"
                    .to_owned()
            }
            Self::Sealed => "have it unsealed (vault operator unseal), then run it again".to_owned(),
            Self::Unavailable(_) => "run it again later; if it stays so, the server's log says why".to_owned(),
            Self::RateLimited => "wait, then run it again with fewer requests at a time".to_owned(),
            Self::Denied { .. } => {
                "see with `momo-cred doctor` what the token may do, and ask for a policy; the README of the Vault backend has the smallest ones"
                    .to_owned()
            }
            Self::TokenInvalid { .. } => {
                "set a VAULT_TOKEN that is valid, or unset it and log in: by `vault login`, or by `auth` in [vault]"
                    .to_owned()
            }
            Self::Refused(_) => {
                "run `momo-cred doctor`; if it finds nothing, the server's audit log says what is wrong".to_owned()
            }
            Self::NoToken { .. } => {
                "log in (vault login), set VAULT_TOKEN, or choose a method: auth = { method = \"approle\", .. } in [vault]"
                    .to_owned()
            }
            Self::Source { .. } => {
                "check that the file or variable is there and holds the bare value; a file may end in one line end".to_owned()
            }
            Self::Helper { .. } => {
                "run it by hand with the argument `get`: it has to print a token and nothing else; `vault login` stores one"
                    .to_owned()
            }
            Self::Login { method, status, .. } => match (*method, *status) {
                // Wrong secrets are 400 in these; a path without a method wants a token, of whom it does not say.
                (_, 404) | ("approle" | "cert" | "jwt", 403) => "check where the method is mounted: `mount` of `auth` in [vault], and the namespace",
                ("approle", _) => {
                    "check the role id, and the secret id, which may be used up or too old; if they are right, `mount` of `auth`"
                }
                ("userpass", 403) => "check where the method is mounted: `mount` of `auth` in [vault]; after a few failures the server also locks the user for a while",
                ("userpass", _) => "check user name and password; if they are right, `mount` of `auth`",
                ("cert", _) => "check that the method knows the certificate or its issuer, then `name` and `mount` of `auth`",
                _ => "check the role, and which issuer, audience and subject it accepts; if they are right, `mount` of `auth`",
            }
            .to_owned(),
            Self::Wrapped { .. } => {
                "have a new one made; unless you opened it yourself, or the path is wrong, treat the secret id as stolen".to_owned()
            }
            Self::ShortLived { .. } => "use a token that lives longer, or give less time with --timeout".to_owned(),
            Self::Namespace { .. } => {
                "check VAULT_NAMESPACE, or `namespace` in [vault], and whose token it is; a community server has none: unset it there"
                    .to_owned()
            }
            Self::Mount(_) => "check the first part of the path, or name the mount: `mount` in [vault]".to_owned(),
            Self::Version { .. } => "correct `kv-version` in [vault], or leave it out".to_owned(),
            Self::NoCas => {
                "use a version 2 engine (vault kv enable-versioning), or set kv-version = 1 and allow-no-cas = true in [vault]"
                    .to_owned()
            }
            Self::NoHistory | Self::NoRecovery => "use a version 2 engine (vault kv enable-versioning)".to_owned(),
            Self::Exists => "look at it with `momo-cred status`; write over it with --replace".to_owned(),
            Self::Deleted { version } => {
                format!("undelete it (vault kv undelete -versions={version} PATH), or write over it with --replace")
            }
            Self::Gone => "look at what is there with `momo-cred status`, and run it again".to_owned(),
            Self::Stale | Self::Overwritten => "look at it with `momo-cred status`, and run it again".to_owned(),
            Self::Revision => "see `momo-cred status` for the current one".to_owned(),
            Self::Corrupt(_) => "look at it with `vault kv get`; it has to be an object with string fields".to_owned(),
        })
    }
}
