//! What Vault's own client left: a token helper or a token file.

use std::ffi::OsString;
use std::os::unix::fs::symlink;

use super::vault::sandbox;
use super::{Sandbox, mode, rendered};
use crate::config::{Origin, VaultAuth, VaultTokenSource};

fn sources(sandbox: &Sandbox) -> Vec<VaultTokenSource> {
    let VaultAuth::Token(sources) = sandbox.vault().auth else { panic!() };
    sources
}

fn error(sandbox: &Sandbox) -> String {
    rendered(&sandbox.vault_of(&sandbox.one()).unwrap_err())
}

#[test]
fn without_a_helper_the_token_file_of_the_home_is_left() {
    for table in ["", "[vault]\nauth.method = \"token\"\n"] {
        let mut sandbox = sandbox(table);
        let unset = ["VAULT_TOKEN", "BAO_TOKEN"].map(VaultTokenSource::Unset);
        let mut expected = unset.to_vec();
        expected.push(VaultTokenSource::File(sandbox.home().join(".vault-token")));
        assert_eq!(sources(&sandbox), expected);
        sandbox.file(".vault", "# token_helper = \"/bin/x\"\n");
        assert_eq!(sources(&sandbox), expected);
        sandbox.set("VAULT_CONFIG_PATH", "/dev/null");
        assert_eq!(sources(&sandbox), expected);
        sandbox.variables.clear();
        assert_eq!(sources(&sandbox), unset, "without a home");
    }
    let folder = sandbox("");
    folder.file(".vault/plugins", "");
    assert!(matches!(sources(&folder).last(), Some(VaultTokenSource::File(_))));
}

#[test]
fn a_helper_gets_a_cleared_environment() {
    let mut sandbox = sandbox("[vault]\naddress = \"https://vault.example.com\"\n");
    let settings = sandbox.file(".vault", "\ntoken_helper = \"/opt/none/helper\"\n");
    for (name, value) in [
        ("PATH", "/bin"),
        ("VAULT_ADDR", "https://other.example.com/"),
        ("VAULT_NAMESPACE", "team-a"),
        ("AWS_SECRET_ACCESS_KEY", "s3krit"),
        ("MOMO_CRED_SUBSCRIPTION_KEY", "s3krit"),
        ("TZ", ""),
    ] {
        sandbox.set(name, value);
    }
    let Some(VaultTokenSource::Helper { program, environment, origin }) = sources(&sandbox).pop() else {
        panic!()
    };
    assert_eq!(program.to_str(), Some("/opt/none/helper"));
    assert_eq!(origin, Origin::File { path: settings, line: 2 });
    let home = sandbox.home();
    let expected =
        [("PATH", "/bin"), ("HOME", home.to_str().unwrap()), ("VAULT_ADDR", "https://other.example.com")];
    assert_eq!(environment, expected.map(|(name, value)| (OsString::from(name), OsString::from(value))));
}

#[test]
fn the_settings_file_may_be_named() {
    let mut sandbox = sandbox("");
    sandbox.file("work/repo/vault.hcl", "token_helper = \"/opt/none/b\"");
    sandbox.file(".vault", "token_helper = \"/opt/none/a\"");
    let program = |sandbox: &Sandbox| match sources(sandbox).pop() {
        Some(VaultTokenSource::Helper { program, .. }) => program.to_str().unwrap().to_owned(),
        other => format!("{other:?}"),
    };
    assert_eq!(program(&sandbox), "/opt/none/a");
    sandbox.set("BAO_CONFIG_PATH", "vault.hcl");
    assert_eq!(program(&sandbox), "/opt/none/b");
    sandbox.set("VAULT_CONFIG_PATH", "none.hcl");
    assert!(program(&sandbox).contains(".vault-token"), "as for Vault's own client, a missing one is empty");
}

#[test]
fn with_another_way_to_log_in_the_file_is_not_looked_at() {
    for (table, token) in [
        ("[vault]\nauth = { method = \"approle\", role-id = \"r\" }\n", ""),
        ("[vault]\nauth = { method = \"token\", token-file = \"/t\" }\n", ""),
        ("", "s3krit"),
    ] {
        let mut sandbox = sandbox(table);
        sandbox.file(".vault", "token_helper = nonsense");
        sandbox.set("VAULT_TOKEN", token);
        sandbox.vault();
    }
}

#[test]
fn a_helper_must_be_a_path_that_only_we_decide() {
    let sandbox = sandbox("");
    for (text, what) in [
        ("\ntoken_helper = \"vault-token-s3krit\"", "line 2: `token_helper` is not an absolute path"),
        ("token_helper = s3krit", "line 1: `token_helper` is not a path in quotes"),
    ] {
        sandbox.file(".vault", text);
        let error = error(&sandbox);
        assert!(error.contains(what) && !error.contains("s3krit"), "{error}");
    }
    let program = sandbox.file("helper", "");
    let path = sandbox.file(".vault", format!("token_helper = \"{}\"", program.display()));
    sandbox.vault();
    mode(&program, 0o777);
    assert!(error(&sandbox).contains("names a program that can be written by others"));
    mode(&program, 0o755);
    mode(&path, 0o664);
    let refused = error(&sandbox);
    assert!(
        refused.contains(".vault, can be written by others") && refused.contains("chmod go-w"),
        "{refused}"
    );
    std::fs::remove_file(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    assert!(error(&sandbox).contains("is not a regular file"));
    std::fs::remove_file(&path).unwrap();
    sandbox.file(".vault", vec![b'#'; 65 * 1024]);
    assert!(error(&sandbox).contains("is larger than"));
}
