//! Every variable of our own that momo-cred reads, and those of Vault's and OpenBao's own clients.
//!
//! Of a list, the first that is set counts.

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
/// The time between two looks of `exec --watch`.
pub const WATCH_INTERVAL: &str = "MOMO_CRED_WATCH_INTERVAL";
/// Filter of the log on stderr, in the form of `RUST_LOG`.
pub const LOG: &str = "MOMO_CRED_LOG";
/// Secret: the subscription key for `provision`.
pub const SUBSCRIPTION_KEY: &str = "MOMO_CRED_SUBSCRIPTION_KEY";
/// Secret: the secondary subscription key, for `rotate --subscription-key` where the record has none.
pub const SUBSCRIPTION_KEY_SECONDARY: &str = "MOMO_CRED_SUBSCRIPTION_KEY_SECONDARY";
/// Secret: the subscription key that only provisions, for `provision`.
pub const PROVISIONING_SUBSCRIPTION_KEY: &str = "MOMO_CRED_PROVISIONING_SUBSCRIPTION_KEY";

/// Those that are about the one record that a command works on.
pub const OF_ONE_PROFILE: [&str; 6] = [PROFILE, STORE, PRODUCT, TARGET_ENVIRONMENT, BASE_URL, CALLBACK_HOST];

/// The Vault server's address.
pub const VAULT_ADDR: [&str; 4] = ["VAULT_AGENT_ADDR", "VAULT_ADDR", "BAO_AGENT_ADDR", "BAO_ADDR"];
/// The namespace.
pub const VAULT_NAMESPACE: [&str; 2] = ["VAULT_NAMESPACE", "BAO_NAMESPACE"];
/// The issuers that count: a file (`CACERT`) or a folder (`CAPATH`).
pub const VAULT_CA: [&str; 4] = ["VAULT_CACERT", "VAULT_CAPATH", "BAO_CACERT", "BAO_CAPATH"];
/// A client certificate.
pub const VAULT_CLIENT_CERT: [&str; 2] = ["VAULT_CLIENT_CERT", "BAO_CLIENT_CERT"];
/// The key of the client certificate: a file.
pub const VAULT_CLIENT_KEY: [&str; 2] = ["VAULT_CLIENT_KEY", "BAO_CLIENT_KEY"];
/// The name that the server's certificate must have.
pub const VAULT_TLS_SERVER_NAME: [&str; 2] = ["VAULT_TLS_SERVER_NAME", "BAO_TLS_SERVER_NAME"];
/// Whether the server's certificate is not checked. True is refused.
pub const VAULT_SKIP_VERIFY: [&str; 2] = ["VAULT_SKIP_VERIFY", "BAO_SKIP_VERIFY"];
/// The proxy. Of each pair the first supersedes the second, as in Vault's own client.
pub const VAULT_PROXY: [&str; 4] =
    ["VAULT_PROXY_ADDR", "VAULT_HTTP_PROXY", "BAO_PROXY_ADDR", "BAO_HTTP_PROXY"];
/// Secret: a token. Takes the place of every configured way to log in.
pub const VAULT_TOKEN: [&str; 2] = ["VAULT_TOKEN", "BAO_TOKEN"];
/// AppRole: the role id.
pub const VAULT_ROLE_ID: [&str; 2] = ["VAULT_ROLE_ID", "BAO_ROLE_ID"];
/// Secret: the secret id of AppRole.
pub const VAULT_SECRET_ID: [&str; 2] = ["VAULT_SECRET_ID", "BAO_SECRET_ID"];
/// Secret: the JWT of the method `jwt`.
pub const VAULT_JWT: [&str; 2] = ["VAULT_JWT", "BAO_JWT"];
/// The user of the method `userpass`.
pub const VAULT_USERNAME: [&str; 2] = ["VAULT_USERNAME", "BAO_USERNAME"];
/// Secret: the password of the method `userpass`.
pub const VAULT_PASSWORD: [&str; 2] = ["VAULT_PASSWORD", "BAO_PASSWORD"];
/// The settings file of Vault's own client, which may name a token helper. `~/.vault` without.
pub const VAULT_CONFIG_PATH: [&str; 2] = ["VAULT_CONFIG_PATH", "BAO_CONFIG_PATH"];
/// The folder in which systemd puts the credentials of a service.
pub const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
/// Region of AWS, the most important first.
pub const AWS_REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
/// Profile of the shared files of AWS.
pub const AWS_PROFILE: [&str; 1] = ["AWS_PROFILE"];
/// Another endpoint of Secrets Manager than the region's own, the most important first.
pub const AWS_ENDPOINT: [&str; 2] = ["AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"];
/// `true` where the variables above are not to count, as for every AWS SDK.
pub const AWS_IGNORE_ENDPOINTS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
/// Secrets: the access key's id, the access key, and the token of its session.
pub const AWS_CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
