//! Settings of the Vault store: `[vault]` in the file, and the variables that Vault's and OpenBao's own clients read.
//!
//! What the file says is read with the rest of it ([`VaultTable`]). The environment and other files are looked at only
//! when a record in Vault is opened ([`VaultSettings::resolve`]). Nothing here needs the store to be compiled in.

mod auth_table;
mod client_file;
mod keys;
mod login;
mod names;
mod resolve;
mod settings;
mod shape;
mod table;
mod token;

pub(super) use keys::{Keys, read};
pub(super) use names::is_overridden;
pub use settings::{VaultAuth, VaultKvVersion, VaultSecret, VaultSettings, VaultTokenSource};
pub use table::VaultTable;

/// The scheme of locations in Vault.
pub(super) const SCHEME: &str = "vault";
