use super::Sandbox;
use super::found::Table;
use crate::config::{Settings, approve};
use crate::{Error, Result};

const VAULT: Table = Table("vault");

fn found(toml: &str) -> Sandbox {
    VAULT.found(toml)
}

fn resolve(sandbox: &Sandbox) -> Result<Vec<Settings>> {
    VAULT.resolve(sandbox)
}

fn error(sandbox: &Sandbox) -> Error {
    VAULT.refused(sandbox)
}

#[test]
fn a_location_alone_needs_no_approval() {
    let sandbox = found("[vault]\nmount = \"kv\"\nkv-version = 1\nallow-no-cas = true\n");
    assert!(resolve(&sandbox).is_ok());
    assert!(sandbox.all().is_err(), "without the store, it is a program to run");
}

#[test]
fn where_vault_is_and_how_to_log_in_there_is_sensitive() {
    VAULT.assert_sensitive([
        ("address = \"https://vault.example.com/\"", "address", "https://vault.example.com"),
        ("address = \"http://127.0.0.1:8200\"", "address", "http://127.0.0.1:8200"),
        ("namespace = \"team-a\"", "namespace", "team-a"),
        ("ca-cert = \"/ca.pem\"", "ca-cert", "/ca.pem"),
        ("ca-path = \"/ca\"", "ca-path", "/ca"),
        ("client-cert = \"/c.pem\"", "client-cert", "/c.pem"),
        ("client-key = \"/c.key\"", "client-key", "/c.key"),
        ("tls-server-name = \"vault.internal\"", "tls-server-name", "vault.internal"),
        ("proxy = \"http://proxy.example.com:3128\"", "proxy", "http://proxy.example.com:3128"),
        ("auth.method = \"token\"", "auth.method", "token"),
    ]);
    let message = error(&found(
        "[vault]\nauth = { method = \"approle\", mount = \"m\", revoke = false, role-id = \"r\", \
         secret-id-file = \"sid\", secret-id-wrapping-path = \"p\" }\n",
    ));
    for key in ["method", "mount", "revoke", "role-id", "secret-id-file", "secret-id-wrapping-path"] {
        assert!(message.to_string().contains(&format!("line 4: `vault.auth.{key}` is ")), "{key}: {message}");
    }
}

#[test]
fn only_what_is_used_counts() {
    let mut sandbox = VAULT.assert_only_what_is_used_counts("address", "mount = \"kv\"");
    assert_eq!(sandbox.load().unwrap().sensitive_settings(&["dotenv", "vault"]).len(), 2);
    // Where the record is may be said elsewhere.
    sandbox.flags.profiles = vec!["env".into()];
    sandbox.flags.store = Some("vault:a".into());
    assert!(resolve(&sandbox).is_err());
    sandbox.flags.profiles = vec!["top".into()];
    sandbox.flags.store = Some("dotenv:.env".into());
    assert!(resolve(&sandbox).is_ok());
}

#[test]
fn a_variable_takes_the_place_of_what_it_overrides_and_of_no_more() {
    VAULT.assert_overridden([
        ("address = \"https://x.example.com\"", "VAULT_ADDR", "https://mine.example.com"),
        ("address = \"https://x.example.com\"", "BAO_ADDR", "https://mine.example.com"),
        ("namespace = \"x\"", "VAULT_NAMESPACE", "mine"),
        ("ca-cert = \"x\"", "VAULT_CACERT", "/mine"),
        ("ca-cert = \"x\"", "BAO_CAPATH", "/mine"),
        ("ca-path = \"x\"", "VAULT_CACERT", "/mine"),
        ("client-cert = \"x\"", "VAULT_CLIENT_CERT", "/mine"),
        ("client-key = \"x\"", "VAULT_CLIENT_KEY", "/mine"),
        ("tls-server-name = \"x\"", "VAULT_TLS_SERVER_NAME", "mine"),
        ("proxy = \"http://x.example.com\"", "VAULT_HTTP_PROXY", "http://mine.example.com"),
        ("auth = { method = \"approle\", role-id = \"x\" }", "VAULT_TOKEN", "mine"),
        ("auth = { method = \"approle\", role-id = \"x\" }", "BAO_TOKEN", "mine"),
    ]);
    let mut sandbox = found(
        "[vault]\naddress = \"https://x.example.com\"\nauth = { method = \"approle\", role-id = \"x\", \
         secret-id-file = \"y\" }\n",
    );
    sandbox.set("VAULT_TOKEN", "mine");
    let message = error(&sandbox).to_string();
    assert!(message.contains("vault.address") && !message.contains("vault.auth"), "{message}");
    sandbox.variables.pop();
    sandbox.set("VAULT_ROLE_ID", "mine");
    let message = error(&sandbox).to_string();
    assert!(message.contains("auth.secret-id-file") && !message.contains("auth.role-id"), "{message}");
}

#[test]
fn the_same_setting_in_the_users_own_file_is_fine() {
    let sandbox = found("[vault]\naddress = \"https://vault.example.com\"\nnamespace = \"a\"\n");
    let own = |text: &str| sandbox.file(".config/momo-cred/momo-cred.toml", text);
    own("[vault]\naddress = \"https://vault.example.com/\"\n");
    let message = error(&sandbox).to_string();
    assert!(message.contains("vault.namespace") && !message.contains("vault.address"), "{message}");
    own("[profiles.x.vault]\naddress = \"https://vault.example.com\"\nnamespace = \"a\"\n");
    assert!(resolve(&sandbox).is_ok(), "a profile's table counts, too");
    own("[vault]\naddress = \"https://vault.example.com\"\ntls-server-name = \"a\"\n");
    error(&sandbox);
}

/// The same text in two folders names two files.
#[test]
fn relative_paths_are_compared_by_where_they_lead() {
    let sandbox = found("[vault]\nca-cert = \"ca.pem\"\nauth = { method = \"token\", token-file = \"t\" }\n");
    let own = ".config/momo-cred/momo-cred.toml";
    sandbox.file(own, "[vault]\nca-cert = \"ca.pem\"\nauth = { method = \"token\", token-file = \"t\" }\n");
    let message = error(&sandbox).to_string();
    assert!(message.contains(&format!("is {}", sandbox.cwd.join("ca.pem").display())), "{message}");
    assert!(message.contains("auth.token-file") && !message.contains("auth.method"), "{message}");
    let (ca, token) = (sandbox.cwd.join("ca.pem"), sandbox.cwd.join("t"));
    sandbox.file(
        own,
        format!(
            "[vault]\nca-cert = \"{}\"\nauth = {{ method = \"token\", token-file = \"{}\" }}\n",
            ca.display(),
            token.display()
        ),
    );
    assert!(resolve(&sandbox).is_ok());
}

#[test]
fn an_approval_covers_it() {
    let sandbox = found("[vault]\naddress = \"https://vault.example.com\"\n");
    approve(sandbox.load().unwrap().found().unwrap(), &sandbox.env()).unwrap();
    assert!(resolve(&sandbox).is_ok());
}
