use super::vault::sandbox;
use super::{KEY, Sandbox, rendered};
use crate::Kind;

#[test]
fn wrong_values_are_not_repeated() {
    for (line, cause) in [
        ("address = \"https://me:s3krit@vault.example.com\"", "it holds a user name or password"),
        ("address = \"s3krit:8200\"", "it must begin with https://"),
        ("address = \"s3krit\"", "it is not a URL"),
        ("address = \"http://s3krit.example.com\"", "plain http is for this machine only"),
        ("address = \"https://vault.example.com/?s3krit\"", "it has a query or fragment"),
        ("address = \"unix:///run/s3krit.sock\"", "it is a socket"),
        ("namespace = \"s3 krit\"", "segments parted by `/`"),
        ("mount = \"/s3krit\"", "segments parted by `/`"),
        ("kv-version = 3", "has the versions 1 and 2"),
        ("kv-version = -1", "has the versions 1 and 2"),
        ("kv-version = 99999999999999999999", "has the versions 1 and 2"),
        ("kv-version = \"2\"", "is a string where a number belongs"),
        ("allow-no-cas = \"s3krit\"", "where true or false belongs"),
        ("ca-cert = 5", "is a number where a string belongs"),
        ("tls-server-name = \"https://s3krit\"", "it is not a host name"),
        ("proxy = \"http://u:s3krit@proxy.example.com\"", "it holds a user name or password"),
        ("auth = \"s3krit\"", "is a string where a table belongs"),
        ("auth = { role-id = \"s3krit\" }", "`vault.auth` has no `method`"),
        ("auth = { method = \"s3krit\" }", "there is no such method here"),
        ("auth = { method = \"cert\", mount = \"s3 krit\" }", "segments parted by `/`"),
        ("auth = { method = \"cert\", revoke = \"s3krit\" }", "where true or false belongs"),
        (
            "auth = { method = \"jwt\", jwt-credential = \"s3krit/x\" }",
            "it is the name of one file, without a folder",
        ),
        (
            "auth = { method = \"jwt\", jwt-file = \"s3krit\", jwt-credential = \"s3krit\" }",
            "stands beside `jwt-file`, and one of them is enough",
        ),
    ] {
        let error = sandbox(&format!("[vault]\n{line}\n")).error();
        assert_eq!(error.kind(), Kind::Misconfigured, "{line}");
        assert!(error.to_string().starts_with("momo-cred.toml, line 2: "), "{line}: {error}");
        assert!(error.to_string().contains(cause), "{line}: {error}");
        assert!(!rendered(&error).contains("krit") && !error.next_steps().is_empty(), "{line}: {error}");
    }
    let error = sandbox("[vault]\nca-cert = \"a\"\nca-path = \"b\"\n").error();
    assert!(error.to_string().contains("line 3: `vault.ca-path` is the second of"), "{error}");
}

#[test]
fn other_methods_are_refused_with_those_there_are() {
    for method in ["aws", "gcp", "azure", "github", "ldap", "oidc", "AppRole"] {
        let error = sandbox(&format!("[vault]\nauth.method = \"{method}\"\n")).error();
        assert_eq!(error.next_steps(), ["use one of: token, approle, kubernetes, jwt, userpass, cert"]);
    }
}

#[test]
fn a_key_of_another_method_is_refused_with_those_there_are() {
    for (auth, key, known) in [
        ("method = \"token\", role = \"r\"", "role", "method, mount, revoke, token-file"),
        (
            "role = \"r\", method = \"approle\"",
            "role",
            "method, mount, revoke, role-id, secret-id-file, secret-id-credential, secret-id-wrapping-path",
        ),
        ("method = \"kubernetes\", jwt-file = \"f\"", "jwt-file", "method, mount, revoke, role, token-file"),
        (
            "method = \"jwt\", token-file = \"f\"",
            "token-file",
            "method, mount, revoke, role, jwt-file, jwt-credential",
        ),
        (
            "method = \"userpass\", user = \"f\"",
            "user",
            "method, mount, revoke, username, password-file, password-credential",
        ),
        ("method = \"cert\", role = \"f\"", "role", "method, mount, revoke, name"),
    ] {
        let error = sandbox(&format!("[vault]\nauth = {{ {auth} }}\n")).error();
        let what = format!("`vault.auth.{key}` is not a setting of the method ");
        assert!(error.to_string().contains(&what), "{error}");
        assert!(error.next_steps().last().unwrap().ends_with(known), "{error:?}");
    }
    let error = sandbox("[vault]\nadress = \"x\"\n").error();
    assert_eq!(error.next_steps(), ["did you mean `address`?"]);
    let error = Sandbox::with("[profiles.a.vault]\nx = 1\n").error();
    assert!(error.to_string().contains("`profiles.a.vault.x` is not a setting there is"), "{error}");
}

#[test]
fn secrets_in_the_file_are_refused_with_where_they_belong() {
    for (line, key, variable) in [
        ("token = \"s3krit\"", "token", "VAULT_TOKEN"),
        ("auth = { method = \"approle\", secret-id = \"s3krit\" }", "auth.secret-id", "VAULT_SECRET_ID"),
        ("auth = { token = \"s3krit\" }", "auth.token", "VAULT_TOKEN"),
        ("auth = { method = \"token\", token = \"s3krit\" }", "auth.token", "VAULT_TOKEN"),
        ("auth = { method = \"jwt\", jwt = \"s3krit\" }", "auth.jwt", "VAULT_JWT"),
        ("auth = { method = \"userpass\", password = \"s3krit\" }", "auth.password", "VAULT_PASSWORD"),
    ] {
        let error = sandbox(&format!("[vault]\n{line}\n")).error();
        let what = format!("momo-cred.toml, line 2: `vault.{key}` is a secret, and a config file holds none");
        assert!(error.to_string().starts_with(&what), "{error}");
        assert!(
            error.next_steps()[0].contains(variable) && !rendered(&error).contains("s3krit"),
            "{error:?}"
        );
    }
    for line in [
        format!("namespace = \"{KEY}\""),
        format!("client-key = \"/x/{KEY}\""),
        "auth = { method = \"approle\", role-id = \"hvs.CAESIJ0123456789abcdef\" }".to_owned(),
        format!("auth = {{ method = \"approle\", role-id = \"{KEY}\" }}"),
        format!("{KEY} = 1"),
        format!("auth = {{ method = \"cert\", {KEY} = 1 }}"),
    ] {
        let error = sandbox(&format!("[vault]\n{line}\n")).error();
        assert!(!rendered(&error).contains(KEY) && !rendered(&error).contains("CAESIJ"), "{error}");
    }
}

#[test]
fn wrong_values_of_variables_are_not_repeated() {
    for (variable, value) in [
        ("VAULT_ADDR", "https://me:s3krit@vault.example.com"),
        ("BAO_ADDR", "unix:///s3krit.sock"),
        ("VAULT_NAMESPACE", "s3 krit"),
        ("VAULT_NAMESPACE", "hvs.CAESIJ0123456789abcdefkrit"),
        ("VAULT_CACERT", "hvs.CAESIJ0123456789abcdefkrit"),
        ("VAULT_CLIENT_KEY", "hvs.CAESIJ0123456789abcdefkrit"),
        ("VAULT_TLS_SERVER_NAME", "s3/krit"),
        ("VAULT_PROXY_ADDR", "http://u:s3krit@proxy.example.com"),
        ("BAO_HTTP_PROXY", "s3krit"),
        ("VAULT_SKIP_VERIFY", "s3krit"),
        ("VAULT_ROLE_ID", "s3\u{1b}krit"),
        ("VAULT_USERNAME", "s3\nkrit"),
    ] {
        let method = if variable.ends_with("ROLE_ID") { "approle" } else { "userpass" };
        let mut sandbox = sandbox(&format!("[vault]\nauth.method = \"{method}\"\n"));
        sandbox.set(variable, value);
        let error = sandbox.vault_of(&sandbox.one()).unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured, "{variable}");
        assert!(error.to_string().starts_with(&format!("the value of {variable} is refused: ")), "{error}");
        assert!(!rendered(&error).contains("krit") && !error.next_steps().is_empty(), "{error}");
    }
}

#[test]
fn half_a_client_certificate_is_told() {
    let mut sandbox = sandbox("");
    sandbox.set("VAULT_CLIENT_CERT", "/c.pem");
    let error = sandbox.vault_of(&sandbox.one()).unwrap_err();
    assert_eq!(error.to_string(), "VAULT_CLIENT_CERT names `client-cert`, and nothing names `client-key`");
    sandbox.variables.pop();
    sandbox.set("BAO_CLIENT_KEY", "/c.key");
    let error = sandbox.vault_of(&sandbox.one()).unwrap_err();
    assert!(error.next_steps()[0].contains("VAULT_CLIENT_CERT"), "{error:?}");
}

/// The words of Go's strconv.ParseBool, and nothing else.
#[test]
fn the_check_of_certificates_cannot_be_switched_off() {
    for brand in ["VAULT_SKIP_VERIFY", "BAO_SKIP_VERIFY"] {
        for (value, why) in [
            ("", None),
            ("0", None),
            ("f", None),
            ("F", None),
            ("false", None),
            ("FALSE", None),
            ("False", None),
            ("1", Some("always checks")),
            ("t", Some("always checks")),
            ("T", Some("always checks")),
            ("true", Some("always checks")),
            ("TRUE", Some("always checks")),
            ("True", Some("always checks")),
            ("no", Some("neither true nor false")),
            ("fAlse", Some("neither true nor false")),
            ("tRUE", Some("neither true nor false")),
            (" false", Some("neither true nor false")),
            ("2", Some("neither true nor false")),
        ] {
            let mut sandbox = sandbox("");
            sandbox.set(brand, value);
            let settings = sandbox.one();
            match (sandbox.vault_of(&settings), why) {
                (Ok(_), None) => {}
                (Err(error), Some(why)) => {
                    assert_eq!(error.kind().exit_code(), 78);
                    assert!(
                        error.to_string().contains(why) && error.next_steps()[0].contains(brand),
                        "{error}"
                    );
                }
                (other, _) => panic!("{value:?}: {other:?}"),
            }
        }
    }
    let mut both = sandbox("");
    both.set("BAO_SKIP_VERIFY", "true");
    both.set("VAULT_SKIP_VERIFY", "false");
    both.vault();
}
