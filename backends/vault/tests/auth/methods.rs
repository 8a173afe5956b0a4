//! Kubernetes, JWT, userpass and the TLS client certificate.

use std::path::PathBuf;

use momo_cred_backend_api::ErrorKind;
use momo_cred_backend_vault::Auth;
use momo_cred_transport::{Identity, Roots, TlsOptions};
use momo_live::{KvVersion, SigningKey, Tls, Vault, VaultOptions};
use serde_json::json;

use crate::support::{EXEC, config, given, is_found, name, read, store, told};
use crate::{Stage, in_file, mount};

#[tokio::test]
async fn kubernetes() {
    let Some(stage) = Stage::new() else { return };
    let cluster = stage.mount.vault.kubernetes(&stage.policy, &[&stage.policy]);
    let login = |jwt| Auth::Kubernetes { mount: mount("kubernetes"), role: stage.policy.clone(), jwt };
    let token = cluster.service_account_token();
    stage.reads(login(in_file(stage.file("sa-token", token)))).await;
    assert!(cluster.reviews() > 0);

    let forged = SigningKey::new().sign(&json!({"sub": "system:serviceaccount:shop:pay"}));
    stage.tap.forget();
    let words = ["kubernetes at auth/kubernetes", "forged (a setting)"];
    let auth = login(in_file(stage.file("forged", &forged)));
    stage.refuses(auth, ErrorKind::Denied, &words, &forged).await;
    let auth = Auth::Kubernetes { mount: mount("kubernetes"), role: "none".to_owned(), jwt: given(token) };
    stage.refuses(auth, ErrorKind::Denied, &["kubernetes at auth/kubernetes", "the test"], token).await;
}

#[tokio::test]
async fn jwt_with_a_role_and_with_the_mounts_own() {
    let Some(stage) = Stage::new() else { return };
    let vault = stage.mount.vault;
    let role = vault.jwt(&stage.policy, &[&stage.policy]);
    let login = |role: Option<&str>, jwt: &str| Auth::Jwt {
        mount: mount("jwt"),
        role: role.map(str::to_owned),
        jwt: given(jwt),
    };
    stage.reads(login(Some(&stage.policy), &role.token())).await;

    stage.tap.forget();
    let mut claims = role.claims();
    claims["aud"] = json!("another");
    let wrong = role.sign(&claims);
    let words = ["jwt at auth/jwt", "the test"];
    stage.refuses(login(Some(&stage.policy), &wrong), ErrorKind::Denied, &words, &wrong).await;
    stage.refuses(login(None, &role.token()), ErrorKind::Denied, &words, "").await;

    let mut config = vault.root("GET", "auth/jwt/config", &json!(null))["data"].clone();
    let config = json!({
        "jwt_validation_pubkeys": config["jwt_validation_pubkeys"].take(),
        "default_role": stage.policy,
    });
    vault.root("POST", "auth/jwt/config", &config);
    stage.reads(login(None, &role.token())).await;
}

#[tokio::test]
async fn userpass_with_an_awkward_password() {
    let Some(stage) = Stage::new() else { return };
    let password = r#" correct "horse' \battery\ {"a":1} é "#;
    let user = format!("pay.{}", stage.mount.path);
    stage.mount.vault.userpass(&user, password, &[&stage.policy]);
    let login = |password| Auth::Userpass { mount: mount("userpass"), username: user.clone(), password };
    stage.reads(login(given(password))).await;
    // One line end at the end of a file is none of the password; blanks are.
    stage.reads(login(in_file(stage.file("password", &format!("{password}\n"))))).await;

    stage.tap.forget();
    let words = ["userpass at auth/userpass", "the test"];
    stage.refuses(login(given(password.trim())), ErrorKind::Denied, &words, "horse").await;
    let two = stage.file("lines", &format!("{password}\n\n"));
    stage.refuses(login(in_file(two)), ErrorKind::Misconfigured, &["a control character"], "horse").await;
    for odd in ["a/b", "../x", "a b", ""] {
        let auth =
            Auth::Userpass { mount: mount("userpass"), username: odd.to_owned(), password: given("pw") };
        stage.refuses(auth, ErrorKind::Misconfigured, &["the user name cannot be used"], "").await;
    }
}

struct Certificates {
    vault: Vault,
}

impl Certificates {
    fn config(
        &self,
        files: Option<(PathBuf, PathBuf)>,
        role: Option<&str>,
    ) -> momo_cred_backend_vault::VaultConfig {
        let mut config = config(&self.vault.address(), "unused");
        config.auth = Auth::Cert { mount: mount("cert"), name: role.map(str::to_owned) };
        config.tls = TlsOptions {
            roots: Roots::File(self.vault.ca_cert_path()),
            identity: files.map(|(certificate, key)| Identity { certificate, key }),
        };
        config
    }
}

#[tokio::test]
async fn a_client_certificate_by_any_role_and_by_a_named_one() {
    let options = VaultOptions { tls: Tls::Trusted, ..VaultOptions::default() };
    let Some(vault) = Vault::start_with(options) else { return };
    vault.mount("secret", KvVersion::V2);
    vault.policy("exec", EXEC);
    vault.root("POST", "secret/data/momo/a", &json!({"data": {"alpha": "1"}}));
    vault.cert("web", "web.example.test", &["exec"]);
    vault.cert("batch", "batch.example.test", &["exec"]);
    let stage = Certificates { vault };
    let record = name("secret/momo/a");
    let files = |name: &str| Some(stage.vault.client_files(name));
    for role in [None, Some("web")] {
        is_found(read(&store(stage.config(files("web.example.test"), role)), &record).await);
    }
    for (files, role) in [
        (files("web.example.test"), Some("batch")),
        (files("web.example.test"), Some("none")),
        (files("other.example.test"), None),
        (None, None),
    ] {
        let error = read(&store(stage.config(files, role)), &record).await.unwrap_err();
        let told = told(&error);
        assert_eq!(error.kind(), ErrorKind::Denied, "{told}");
        assert!(told.contains("cert at auth/cert") && told.contains("the client certificate"), "{told}");
    }
}
