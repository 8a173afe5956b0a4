//! momo-cred: credentials of the MTN MoMo Open API, from the gateway straight into a secret store and into programs.
//!
//! The library behind the `momo-cred` command. ARCHITECTURE.md is the map.

pub mod audit;
pub mod cache;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod credential;
pub mod effective;
mod error;
pub mod exec;
#[cfg(feature = "faults")]
pub mod faults;
pub mod hook;
pub mod import;
pub mod lifecycle;
pub mod momo;
mod outcome;
pub mod prompt;
pub mod registry;
mod signals;

pub use error::{Error, Kind, Result};
pub use outcome::Outcome;
