//! Every variable of our own that momo-cred reads.

/// Profiles to use: a comma list. Same as `--profile`.
pub const PROFILE: &str = "MOMO_CRED_PROFILE";
/// The config file. Same as `--config`.
pub const CONFIG: &str = "MOMO_CRED_CONFIG";
/// The record's location. Same as `--store`.
pub const STORE: &str = "MOMO_CRED_STORE";
/// The product. Same as `--product`.
pub const PRODUCT: &str = "MOMO_CRED_PRODUCT";
/// The target environment. Same as `--target-environment`.
pub const TARGET_ENVIRONMENT: &str = "MOMO_CRED_TARGET_ENVIRONMENT";
/// The gateway's base URL. Same as `--base-url`.
pub const BASE_URL: &str = "MOMO_CRED_BASE_URL";
/// The callback host. Same as `--callback-host`.
pub const CALLBACK_HOST: &str = "MOMO_CRED_CALLBACK_HOST";
/// Deadline of all network work. Same as `--timeout`.
pub const TIMEOUT: &str = "MOMO_CRED_TIMEOUT";
/// Filter of the log on stderr, in the form of `RUST_LOG`.
pub const LOG: &str = "MOMO_CRED_LOG";
/// Secret: the subscription key for `provision`.
pub const SUBSCRIPTION_KEY: &str = "MOMO_CRED_SUBSCRIPTION_KEY";
/// Secret: the subscription key that only provisions, for `provision`.
pub const PROVISIONING_SUBSCRIPTION_KEY: &str = "MOMO_CRED_PROVISIONING_SUBSCRIPTION_KEY";
