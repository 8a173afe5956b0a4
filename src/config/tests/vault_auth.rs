use super::vault::{line, sandbox};
use super::{Sandbox, rendered};
use crate::config::{Origin, VaultAuth, VaultSecret, VaultTokenSource};

/// A role id that a server made. It opens nothing by itself, and looks like no key.
const ROLE: &str = "db02de05-fa39-4855-059b-67221c5c2f63";

fn auth(sandbox: &Sandbox) -> VaultAuth {
    sandbox.vault().auth
}

fn with(auth: &str) -> Sandbox {
    sandbox(&format!("[vault]\nauth = {{ {auth} }}\n"))
}

fn file(path: impl Into<std::path::PathBuf>) -> VaultSecret {
    VaultSecret::File { path: path.into(), origin: Origin::BuiltIn }
}

fn given(value: &str) -> VaultSecret {
    VaultSecret::Given { value: value.into(), origin: Origin::BuiltIn }
}

#[test]
fn approle() {
    let mut sandbox = with(&format!("method = \"approle\", role-id = \"{ROLE}\", secret-id-file = \"sid\""));
    let (mount, role_id) = ("approle".to_owned(), ROLE.to_owned());
    let secret_id = Some(file(sandbox.cwd.join("sid")));
    let expected =
        VaultAuth::AppRole { mount: mount.clone(), role_id: role_id.clone(), secret_id, wrapped: None };
    assert_eq!(auth(&sandbox), expected);
    assert_eq!(sandbox.vault().origin("auth.secret-id"), Some(&line(2)));
    sandbox.set("VAULT_SECRET_ID", "s3krit");
    sandbox.set("BAO_ROLE_ID", "other");
    let VaultAuth::AppRole { role_id, secret_id, .. } = auth(&sandbox) else { panic!() };
    assert_eq!((role_id.as_str(), secret_id), ("other", Some(given("s3krit"))));
    assert_eq!(sandbox.vault().origin("auth.secret-id"), Some(&Origin::Environment("VAULT_SECRET_ID")));
    let wrapped = with(
        "method = \"approle\", mount = \"ci/approle\", role-id = \"r\", secret-id-file = \"/sid\", \
         secret-id-wrapping-path = \"auth/ci/approle/role/momo/secret-id\"",
    );
    let VaultAuth::AppRole { mount, wrapped, .. } = auth(&wrapped) else { panic!() };
    assert_eq!(
        (mount.as_str(), wrapped.as_deref()),
        ("ci/approle", Some("auth/ci/approle/role/momo/secret-id"))
    );
    // A role may ask for no secret id.
    let VaultAuth::AppRole { secret_id, .. } = auth(&with("method = \"approle\", role-id = \"r\"")) else {
        panic!()
    };
    assert_eq!(secret_id, None);
}

/// The sample of the contract.
#[test]
fn a_role_id_in_the_file_is_no_secret() {
    for role in [ROLE, "momo-collection"] {
        let sandbox = with(&format!("method = \"approle\", role-id = \"{role}\""));
        assert!(sandbox.vault().rows().any(|(key, value, _)| (key, value) == ("auth.role-id", role)));
    }
}

#[test]
fn kubernetes() {
    let jwt = |sandbox: &Sandbox| {
        let VaultAuth::Kubernetes { mount, role, jwt } = auth(sandbox) else { panic!() };
        assert_eq!((mount.as_str(), role.as_str()), ("kubernetes", "momo"));
        jwt
    };
    let default = with("method = \"kubernetes\", role = \"momo\"");
    assert_eq!(jwt(&default), file("/var/run/secrets/kubernetes.io/serviceaccount/token"));
    let other = with("method = \"kubernetes\", role = \"momo\", token-file = \"token\"");
    assert_eq!(jwt(&other), file(other.cwd.join("token")));
}

#[test]
fn jwt() {
    let mut sandbox = with("method = \"jwt\", jwt-file = \"/jwt\"");
    let expected = |role: Option<&str>, jwt| {
        let role = role.map(str::to_owned);
        VaultAuth::Jwt { mount: "jwt".to_owned(), role, jwt }
    };
    assert_eq!(auth(&sandbox), expected(None, file("/jwt")));
    sandbox.set("BAO_JWT", "s3krit");
    assert_eq!(auth(&sandbox), expected(None, given("s3krit")));
    let mut sandbox = with("method = \"jwt\", role = \"ci\"");
    sandbox.set("VAULT_JWT", "s3krit");
    assert_eq!(auth(&sandbox), expected(Some("ci"), given("s3krit")));
}

#[test]
fn userpass() {
    let mut sandbox = with("method = \"userpass\", username = \"momo\", password-file = \"/password\"");
    let expected = |username: &str, password| {
        let username = username.to_owned();
        VaultAuth::Userpass { mount: "userpass".to_owned(), username, password }
    };
    assert_eq!(auth(&sandbox), expected("momo", file("/password")));
    sandbox.set("VAULT_USERNAME", "other");
    sandbox.set("VAULT_PASSWORD", "s3krit");
    assert_eq!(auth(&sandbox), expected("other", given("s3krit")));
}

#[test]
fn cert() {
    let mut sandbox = with("method = \"cert\", name = \"momo\"");
    sandbox.set("VAULT_CLIENT_CERT", "/c.pem");
    sandbox.set("BAO_CLIENT_KEY", "/c.key");
    let expected = VaultAuth::Cert { mount: "cert".to_owned(), name: Some("momo".to_owned()) };
    assert_eq!((auth(&sandbox), sandbox.vault().identity.is_some()), (expected, true));
}

#[test]
fn a_systemd_credential_is_a_file_in_the_services_folder() {
    let mut sandbox =
        with("method = \"userpass\", username = \"u\", password-credential = \"vault-password\"");
    for folder in ["", "relative"] {
        sandbox.set("CREDENTIALS_DIRECTORY", folder);
        let error = sandbox.vault_of(&sandbox.one()).unwrap_err();
        assert!(error.to_string().starts_with("momo-cred.toml, line 2: "), "{error}");
        assert!(error.to_string().contains("CREDENTIALS_DIRECTORY is not set to a folder"), "{error}");
        sandbox.variables.pop();
    }
    sandbox.set("CREDENTIALS_DIRECTORY", "/run/credentials/momo.service");
    let VaultAuth::Userpass { password, .. } = auth(&sandbox) else { panic!() };
    assert_eq!(password, file("/run/credentials/momo.service/vault-password"));
}

#[test]
fn a_token_of_the_environment_takes_the_place_of_every_method() {
    for configured in [
        "method = \"approle\", role-id = \"r\"",
        "method = \"token\", token-file = \"/token\"",
        "method = \"cert\"",
    ] {
        let mut sandbox = with(configured);
        sandbox.set("BAO_TOKEN", "s3krit-b");
        let unset = VaultTokenSource::Unset("VAULT_TOKEN");
        let expected = vec![unset, VaultTokenSource::Given(given("s3krit-b"))];
        assert_eq!(auth(&sandbox), VaultAuth::Token(expected));
        sandbox.set("VAULT_TOKEN", "s3krit-v");
        let vault = sandbox.vault();
        assert_eq!(vault.auth, VaultAuth::Token(vec![VaultTokenSource::Given(given("s3krit-v"))]));
        assert_eq!(vault.origin("auth.method"), Some(&Origin::Environment("VAULT_TOKEN")));
        assert!(vault.rows().any(|(key, value, _)| (key, value) == ("auth.token", "set")));
        assert!(!format!("{vault:?}").contains("s3krit"));
    }
}

#[test]
fn what_is_missing_is_named_with_how_to_give_it() {
    for (configured, what, next) in [
        (
            "method = \"approle\"",
            "`vault.auth` has no `role-id`",
            "add `role-id` to it, or set VAULT_ROLE_ID",
        ),
        ("method = \"kubernetes\"", "`vault.auth` has no `role`", "add `role` to it"),
        ("method = \"jwt\"", "`vault.auth` has no jwt", "`jwt-file` or `jwt-credential`, or set VAULT_JWT"),
        ("method = \"userpass\"", "`vault.auth` has no `username`", "VAULT_USERNAME"),
        ("method = \"userpass\", username = \"u\"", "`vault.auth` has no password", "VAULT_PASSWORD"),
        ("method = \"cert\"", "needs a client certificate", "VAULT_CLIENT_CERT"),
        (
            "method = \"approle\", role-id = \"r\", secret-id-wrapping-path = \"a\"",
            "and no secret id is",
            "VAULT_SECRET_ID",
        ),
    ] {
        let sandbox = with(configured);
        let error = sandbox.vault_of(&sandbox.one()).unwrap_err();
        assert!(error.to_string().starts_with("momo-cred.toml, line 2: "), "{error}");
        assert!(error.to_string().contains(what) && rendered(&error).contains(next), "{}", rendered(&error));
    }
}
