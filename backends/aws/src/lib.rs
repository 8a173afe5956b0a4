#![doc = include_str!("../README.md")]
//!
//! A record is one secret, whose value is one JSON object of strings; its name is the secret's. The revision is the id of
//! the version that has the stage `AWSCURRENT`. A write puts a new version under a private stage and then moves
//! `AWSCURRENT` to it from the version that was expected: that move is the compare-and-swap, and the service decides it.
//!
//! | file | what it does |
//! |---|---|
//! | `config.rs`, `names.rs` | settings, ready to use; what may name a secret |
//! | `http.rs`, `trail.rs` | the SDK's requests over our own client: body cap, no redirects, https; what became of them |
//! | `session.rs` | credentials, region and endpoint, found once |
//! | `chain.rs`, `profile.rs`, `process.rs` | where credentials are looked for: all places, the shared files, a program |
//! | `read.rs`, `batch.rs`, `write.rs`, `advance.rs`, `state.rs`, `list.rs`, `remove.rs` | the operations |
//! | `store.rs` | [`AwsStore`], the [`Backend`](momo_cred_backend_api::Backend) |
//! | `examine.rs` | what `doctor` is told |
//! | `error.rs`, `fault.rs` | every reason with its next step; those of credentials |
//! | `answer.rs`, `codes.rs` | what an error of the SDK is; which code of a service is which |
//!
//! The SDK's own errors hold whole answers, with the secret in them: they end in `answer.rs`, where only a known code and
//! the status come out.

mod advance;
mod answer;
mod batch;
mod chain;
mod codes;
mod config;
mod error;
mod examine;
mod fault;
mod http;
mod list;
mod names;
mod process;
mod profile;
mod read;
mod remove;
mod session;
mod state;
mod store;
mod trail;
mod write;

pub use config::{AwsConfig, Given};
pub use error::Problem;
pub use fault::Fault;
pub use store::AwsStore;

/// The scheme of this store's locations, as in `aws:momo/sandbox/collection`.
pub const SCHEME: &str = "aws";

/// The private stage under which a version waits to become current. AWS's own rotation uses `AWSPENDING`, which is never
/// touched here.
pub const STAGE: &str = "momo-cred-staged";

pub(crate) const CURRENT: &str = "AWSCURRENT";
pub(crate) const PREVIOUS: &str = "AWSPREVIOUS";
pub(crate) const PENDING: &str = "AWSPENDING";
