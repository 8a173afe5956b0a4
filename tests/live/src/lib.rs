//! Starts real servers for tests: a [`Vault`] on a loopback port, in memory unless told otherwise, and what a login to
//! it needs (certificates, signed tokens, a cluster and a cloud that vouch for a caller); AWS Secrets Manager as
//! [`Moto`] has it. A [`Loopback`] serves whatever a test brings. A [`Tap`] in front of them counts requests, and loses or replaces answers. Everything that a helper
//! starts ends when it is dropped.
//!
//! ```
//! use momo_live::{KvVersion, Tap, Vault};
//!
//! let Some(vault) = Vault::start() else { return };
//! vault.mount("secret", KvVersion::V2);
//! vault.policy("reader", r#"path "secret/data/*" { capabilities = ["read"] }"#);
//! let token = vault.token(&["reader"], "1h");
//! let tap = Tap::new(vault.socket());
//! // ... point a client at `tap.address()` with `token`, then ask what it did:
//! assert_eq!(tap.requests().len(), 0);
//! # let _ = token;
//! ```
//!
//! The server is `vault` or `bao` from `PATH`, else the one that `tests/run live` builds from
//! `tests/live/vault-server`. Without any, [`Vault::start`] gives `None` after saying so, and panics in CI; so does
//! [`Moto::start`] without what `tests/run live` installs. All helpers panic when a step of the set-up fails: there is
//! no test without it.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

mod auth;
mod binary;
mod certificate;
mod http;
mod jwt;
mod loopback;
mod message;
mod moto;
mod options;
mod outside;
mod process;
mod rule;
mod setup;
mod tap;
mod vault;

pub use auth::{AppRole, Aws, JwtRole, Kubernetes};
pub use certificate::{Authority, Flaw, Identity};
pub use jwt::SigningKey;
pub use loopback::Loopback;
pub use moto::{Account, Moto};
pub use options::{ClientCertificates, Storage, Tls, VaultOptions};
pub use setup::KvVersion;
pub use tap::{Tap, response};
pub use vault::Vault;
