//! momo-cred records in HashiCorp Vault or OpenBao, in a secrets engine KV version 2 (or 1, which has no
//! compare-and-swap).
//!
//! A record's name is its whole path, the mount first: `secret/momo/sandbox/collection`. A read of a record is one
//! request, as far as the mount is the first segment or is configured; the revision is the number of the version.
//!
//! | file | what it does |
//! |---|---|
//! | `config.rs` | settings, ready to use: this crate reads no environment |
//! | `path.rs`, `engine.rs` | which path a name is; which engine of which version it is in |
//! | `call.rs` | what vaultrs's request types say, as data |
//! | `wire.rs`, `answer.rs` | onto the wire and back: headers, limits, repetition; what a status means |
//! | `session.rs`, `auth/` | who we are: one file per method of logging in |
//! | `kv2/`, `kv1.rs` | the operations of the two versions |
//! | `store.rs` | [`VaultStore`], the [`Backend`](momo_cred_backend_api::Backend) |
//! | `examine.rs` | what `doctor` is told |
//! | `error.rs` | every reason with its next step |
//!
//! Calls need a tokio runtime with io and time, the same one for the life of a handle: it keeps its connection.

mod answer;
mod auth;
mod call;
mod config;
mod engine;
mod error;
mod examine;
mod kv1;
mod kv2;
mod path;
mod session;
mod store;
mod wire;

pub use config::{Auth, Helper, KvVersion, MountPath, Namespace, SecretSource, TokenSource, VaultConfig};
pub use error::Problem;
pub use store::VaultStore;

/// The scheme of this store's locations, as in `vault:secret/momo/sandbox/collection`.
pub const SCHEME: &str = "vault";
