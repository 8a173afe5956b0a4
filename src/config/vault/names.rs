//! Which variables take the place of which keys.

use crate::config::{Environment, variables};

/// The variables that take the place of a key below `vault`, the most important first.
pub(super) fn variables_of(key: &str) -> &'static [&'static str] {
    match key {
        "address" => &variables::VAULT_ADDR,
        "namespace" => &variables::VAULT_NAMESPACE,
        "ca-cert" | "ca-path" => &variables::VAULT_CA,
        "client-cert" => &variables::VAULT_CLIENT_CERT,
        "client-key" => &variables::VAULT_CLIENT_KEY,
        "tls-server-name" => &variables::VAULT_TLS_SERVER_NAME,
        "proxy" => &variables::VAULT_PROXY,
        "auth.role-id" => &variables::VAULT_ROLE_ID,
        "auth.secret-id" | "auth.secret-id-file" | "auth.secret-id-credential" => &variables::VAULT_SECRET_ID,
        "auth.jwt" | "auth.jwt-file" | "auth.jwt-credential" => &variables::VAULT_JWT,
        "auth.username" => &variables::VAULT_USERNAME,
        "auth.password" | "auth.password-file" | "auth.password-credential" => &variables::VAULT_PASSWORD,
        _ => &[],
    }
}

/// Whether a variable takes the place of a key of the file, given with its table: `vault.address`.
pub(in crate::config) fn is_overridden(name: &str, env: &Environment) -> bool {
    let key = name.strip_prefix("vault.").unwrap_or(name);
    let any = |variables: &[&str]| variables.iter().any(|variable| env.get(variable).is_some());
    any(variables_of(key)) || key.starts_with("auth.") && any(&variables::VAULT_TOKEN)
}
