//! Settings of the AWS store: `[aws]` in the file, and the variables that the AWS SDKs read.
//!
//! What the file says is read with the rest of it ([`AwsTable`]); the environment is looked at only when a record in AWS is
//! opened ([`AwsSettings::resolve`]). Credentials in the shared files of `~/.aws`, of roles and of single sign-on are found
//! by the store itself. Nothing here needs the store to be compiled in.

mod keys;
mod settings;

pub use keys::AwsTable;
pub(super) use keys::{Keys, is_overridden, read};
pub use settings::{AwsCredentials, AwsSettings};

/// The scheme of locations in AWS.
pub(super) const SCHEME: &str = "aws";
