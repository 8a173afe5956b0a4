//! Settings: finding `momo-cred.toml`, reading it, deciding what in it may be trusted, and resolving profiles.
//!
//! Every value keeps its [`Origin`]. A flag wins over a variable, a variable over the file, the file over what is
//! built in; what a record says comes between, and is the caller's part.
//!
//! No error of this module repeats a value that could be a secret: it names file, line and key.

mod aws;
mod discover;
pub mod duration;
mod environment;
mod fault;
mod file;
mod hook;
mod load;
mod origin;
mod pins;
mod profile;
mod resolve;
mod schema;
mod secrets;
pub mod steering;
pub mod suggest;
mod syntax;
mod table;
#[cfg(test)]
mod tests;
mod trust;
pub mod variables;
mod vault;

pub use aws::{AwsCredentials, AwsSettings, AwsTable};
pub use environment::Environment;
pub use file::{Found, FoundBy};
pub use hook::HookCommand;
pub use load::Config;
pub use origin::{Origin, Setting};
pub use pins::{approve, is_approved, revoke};
pub use resolve::{EnvSettings, Overrides, Settings};
pub use secrets::looks_like_secret;
pub use trust::Sensitive;
pub use vault::{VaultAuth, VaultKvVersion, VaultSecret, VaultSettings, VaultTable, VaultTokenSource};

/// The name of the file.
pub const FILE_NAME: &str = "momo-cred.toml";
/// The profile used when none is chosen.
pub const DEFAULT_PROFILE: &str = "default";
/// Prefix of the variables of a dotenv record, unless the location has another.
pub const DEFAULT_PREFIX: &str = "MOMO";
