use momo_cred_transport::{Identity, Roots};

use super::Sandbox;
use crate::Result;
use crate::config::{Origin, Settings, VaultKvVersion, VaultSettings};

/// A sandbox whose file, named on the command line and so trusted, has a record in Vault in its only profile.
pub(super) fn sandbox(toml: &str) -> Sandbox {
    let mut sandbox = Sandbox::with(&format!("{toml}\n[profiles.default]\nstore = \"vault:secret/momo\"\n"));
    sandbox.flags.config = Some("momo-cred.toml".into());
    sandbox
}

impl Sandbox {
    pub(super) fn vault_of(&self, settings: &Settings) -> Result<VaultSettings> {
        VaultSettings::resolve(settings, &self.env())
    }

    pub(super) fn vault(&self) -> VaultSettings {
        self.vault_of(&self.one()).unwrap()
    }
}

pub(super) fn line(line: usize) -> Origin {
    Origin::File { path: "momo-cred.toml".into(), line }
}

const FULL: &str = r#"[vault]
address = "https://vault.example.com:8200/"
namespace = "team-a/"
mount = "kv/momo"
kv-version = 1
allow-no-cas = true
ca-cert = "tls/ca.pem"
client-cert = "/etc/vault/client.pem"
client-key = "../client.key"
tls-server-name = "vault.internal"
proxy = "http://proxy.example.com:3128"
auth = { method = "cert", revoke = false }
"#;

#[test]
fn every_key_is_read_with_its_origin() {
    let sandbox = sandbox(FULL);
    let vault = sandbox.vault();
    assert_eq!(vault.address.as_str(), "https://vault.example.com:8200");
    assert_eq!((vault.namespace.as_deref(), vault.mount.as_deref()), (Some("team-a"), Some("kv/momo")));
    assert_eq!((vault.kv_version, vault.allow_no_cas), (Some(VaultKvVersion::V1), true));
    assert_eq!(vault.roots, Roots::File(sandbox.cwd.join("tls/ca.pem")));
    let key = sandbox.cwd.join("../client.key");
    assert_eq!(vault.identity, Some(Identity { certificate: "/etc/vault/client.pem".into(), key }));
    assert_eq!(vault.tls_server_name.as_deref(), Some("vault.internal"));
    assert_eq!(vault.proxy.as_ref().unwrap().as_str(), "http://proxy.example.com:3128");
    assert!(!vault.revoke);
    for (key, at) in
        [("address", 2), ("namespace", 3), ("kv-version", 5), ("ca-cert", 7), ("auth.method", 12)]
    {
        assert_eq!(vault.origin(key), Some(&line(at)), "{key}");
    }
    let rows: Vec<_> = vault.rows().map(|(key, value, _)| format!("{key}={value}")).collect();
    assert_eq!(rows.len(), 12, "{rows:?}");
    assert!(rows.contains(&"kv-version=1".to_owned()) && rows.contains(&"auth.revoke=false".to_owned()));
}

#[test]
fn without_settings_it_is_where_vaults_own_client_would_be() {
    let sandbox = sandbox("");
    let vault = sandbox.vault();
    assert_eq!(vault.address.as_str(), "https://127.0.0.1:8200");
    assert_eq!(vault.origin("address"), Some(&Origin::BuiltIn));
    assert_eq!((vault.roots, vault.identity, vault.proxy), (Roots::System, None, None));
    assert!(vault.revoke && !vault.allow_no_cas && vault.mount.is_none());
}

#[test]
fn vault_over_bao_over_the_file() {
    let mut sandbox = sandbox(FULL);
    let pairs = [
        ("address", "ADDR", "https://vault.example.net:8200"),
        ("namespace", "NAMESPACE", "team-b"),
        ("ca-cert", "CACERT", "/ca.pem"),
        ("client-cert", "CLIENT_CERT", "/client.pem"),
        ("client-key", "CLIENT_KEY", "/client.key"),
        ("tls-server-name", "TLS_SERVER_NAME", "vault.example.net"),
        ("proxy", "HTTP_PROXY", "http://other.example.com:3128"),
    ];
    for brand in ["BAO", "VAULT"] {
        for (key, name, value) in pairs {
            let variable = format!("{brand}_{name}");
            sandbox.set(&variable, "");
            assert_ne!(sandbox.vault().origin(key).unwrap().to_string(), variable, "empty is unset");
            sandbox.variables.pop();
            sandbox.set(&variable, value);
            let vault = sandbox.vault();
            let row = vault.rows().find(|(known, ..)| *known == key).unwrap();
            assert_eq!((row.1, row.2.to_string()), (value, variable));
        }
    }
    for variable in ["BAO_PROXY_ADDR", "VAULT_PROXY_ADDR"] {
        let before = sandbox.vault().origin("proxy").cloned();
        sandbox.set(variable, "http://third.example.com:3128");
        let after = sandbox.vault().origin("proxy").cloned();
        // OpenBao's supersedes its own pair only.
        assert_eq!(after != before, variable == "VAULT_PROXY_ADDR", "{variable}");
    }
}

/// The environment as a whole goes before the file: a folder of it takes the place of a file named there.
#[test]
fn issuers_of_one_source_count() {
    let mut sandbox = sandbox("[vault]\nca-path = \"issuers\"\n");
    assert_eq!(sandbox.vault().roots, Roots::Folder(sandbox.cwd.join("issuers")));
    sandbox.set("BAO_CACERT", "ca.pem");
    assert_eq!(sandbox.vault().roots, Roots::File(sandbox.cwd.join("ca.pem")));
    sandbox.set("VAULT_CAPATH", "folder");
    let vault = sandbox.vault();
    assert_eq!(vault.roots, Roots::Folder(sandbox.cwd.join("folder")));
    assert_eq!(vault.origin("ca-path"), Some(&Origin::Environment("VAULT_CAPATH")));
    sandbox.set("VAULT_CACERT", "/x.pem");
    assert_eq!(sandbox.vault().roots, Roots::File("/x.pem".into()));
}

#[test]
fn relative_paths_start_from_the_file_or_from_the_working_directory() {
    let mut sandbox = sandbox("[vault]\nclient-cert = \"a.pem\"\n");
    let repo = sandbox.cwd.clone();
    sandbox.cwd = repo.join("deep");
    std::fs::create_dir(&sandbox.cwd).unwrap();
    sandbox.flags.config = Some("../momo-cred.toml".into());
    sandbox.set("VAULT_CLIENT_KEY", "a.key");
    let identity = sandbox.vault().identity.unwrap();
    assert_eq!(identity.key, sandbox.cwd.join("a.key"));
    assert_eq!(identity.certificate.canonicalize().ok(), None);
    sandbox.file("work/repo/a.pem", "");
    assert_eq!(identity.certificate.canonicalize().unwrap(), repo.join("a.pem"));
}

#[test]
fn the_table_of_a_profile_takes_the_place_of_the_files_and_of_its_parents() {
    let mut sandbox = Sandbox::with(
        r#"[vault]
address = "https://top.example.com"
namespace = "top"
[profiles.plain]
store = "vault:a"
[profiles.parent]
store = "vault:b"
[profiles.parent.vault]
address = "https://parent.example.com"
mount = "parent"
[profiles.heir]
extends = "parent"
[profiles.child]
extends = "parent"
vault = { address = "https://child.example.com" }
"#,
    );
    sandbox.flags.config = Some("momo-cred.toml".into());
    for (profile, address, namespace, mount) in [
        ("plain", "https://top.example.com", Some("top"), None),
        ("parent", "https://parent.example.com", None, Some("parent")),
        ("heir", "https://parent.example.com", None, Some("parent")),
        ("child", "https://child.example.com", None, None),
    ] {
        sandbox.flags.profiles = vec![profile.into()];
        let vault = sandbox.vault();
        let (found, mounted) = (vault.namespace.as_deref(), vault.mount.as_deref());
        assert_eq!((vault.address.as_str(), found, mounted), (address, namespace, mount), "{profile}");
    }
}

#[test]
fn equal_settings_are_equal_wherever_they_come_from() {
    let approle = "auth = { method = \"approle\", role-id = \"r\" }";
    let mut one = sandbox(&format!("[vault]\n\n\n{approle}\n"));
    let mut two = sandbox(&format!("[vault]\n{approle}\n"));
    for sandbox in [&mut one, &mut two] {
        sandbox.set("VAULT_ADDR", "https://vault.example.com");
    }
    one.set("VAULT_SECRET_ID", "s3krit");
    two.set("BAO_SECRET_ID", "s3krit");
    assert_eq!(one.vault(), two.vault());
    two.set("VAULT_SECRET_ID", "s3kriu");
    assert_ne!(one.vault(), two.vault());
    two.variables.pop();
    two.set("VAULT_NAMESPACE", "team-a");
    assert_ne!(one.vault(), two.vault());
}
