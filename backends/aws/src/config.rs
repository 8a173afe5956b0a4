//! Settings of the store.

use std::ffi::OsString;

use momo_cred_backend_api::Secret;
use momo_cred_transport::{Deadline, HttpAddress};

/// Which account and region, and what may be done there. What is not set is found as the AWS SDKs find it: variables,
/// the shared files of `~/.aws`, web identity, container and instance roles.
#[derive(Clone, Debug)]
pub struct AwsConfig {
    /// The region.
    pub region: Option<String>,
    /// The profile of the shared files.
    pub profile: Option<String>,
    /// Credentials that are there already, as variables give them. They go before all other places.
    pub given: Option<Given>,
    /// Another endpoint than the region's own.
    pub endpoint: Option<HttpAddress>,
    /// The KMS key that new secrets are encrypted with, in place of the account's own for Secrets Manager.
    pub kms_key_id: Option<String>,
    /// Regions to which new secrets are replicated.
    pub replica_regions: Vec<String>,
    /// Lets secrets be written that AWS itself rotates. Its Lambda may hold an older copy, and put that back.
    pub allow_aws_rotation: bool,
    /// What a `credential_process` of the shared files gets of our environment.
    pub program_environment: Vec<(OsString, OsString)>,
    /// The end of all network work.
    pub deadline: Deadline,
}

/// Credentials that are there already.
#[derive(Clone, Debug)]
pub struct Given {
    /// The access key's id.
    pub access_key_id: Secret,
    /// The access key.
    pub secret_access_key: Secret,
    /// The token of a session, where the key belongs to one.
    pub session_token: Option<Secret>,
}
