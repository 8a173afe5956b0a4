//! AppRole.

use momo_cred_backend_api::ErrorKind;
use momo_cred_backend_vault::{Auth, SecretSource};
use momo_live::AppRole;
use serde_json::{Value, json};

use crate::support::{asked, given};
use crate::{Stage, in_file, mount};

fn role(stage: &Stage) -> AppRole {
    stage.mount.vault.approle(&stage.policy, &[&stage.policy])
}

fn login(role: &AppRole, secret_id: Option<SecretSource>) -> Auth {
    Auth::AppRole { mount: mount("approle"), role_id: role.role_id.clone(), secret_id, wrapped: None }
}

fn wrapped(role: &AppRole, token: &str) -> Auth {
    let path = mount(&format!("auth/approle/role/{}/secret-id", role.name));
    Auth::AppRole {
        mount: mount("approle"),
        role_id: role.role_id.clone(),
        secret_id: Some(given(token)),
        wrapped: Some(path),
    }
}

#[tokio::test]
async fn a_secret_id_is_given_or_in_a_file_with_a_line_end() {
    let Some(stage) = Stage::new() else { return };
    let role = role(&stage);
    stage.reads(login(&role, Some(given(&role.secret_id)))).await;
    let file = stage.file("secret-id", &format!("{}\n", role.secret_id));
    stage.reads(login(&role, Some(in_file(file)))).await;
}

#[tokio::test]
async fn a_role_may_need_no_secret_id() {
    let Some(stage) = Stage::new() else { return };
    let role = role(&stage);
    let settings = json!({"bind_secret_id": false, "token_bound_cidrs": ["127.0.0.0/8"]});
    stage.mount.vault.root("POST", &format!("auth/approle/role/{}", role.name), &settings);
    stage.reads(login(&role, None)).await;
}

#[tokio::test]
async fn a_wrong_secret_id_or_mount_is_denied_by_its_origin() {
    let Some(stage) = Stage::new() else { return };
    let role = role(&stage);
    let wrong = "5ec4e7ab-7f6b-4f3f-9b1e-aaaaaaaaaaaa";
    let words = ["approle at auth/approle", "(status 400)", "with the test"];
    stage.refuses(login(&role, Some(given(wrong))), ErrorKind::Denied, &words, wrong).await;
    let file = stage.file("old-secret-id", wrong);
    let words = ["approle at auth/approle", "old-secret-id (a setting)"];
    stage.refuses(login(&role, Some(in_file(file))), ErrorKind::Denied, &words, wrong).await;
    let words = ["approle at auth/approle", "with no secret id"];
    stage.refuses(login(&role, None), ErrorKind::Denied, &words, "").await;

    let mut elsewhere = login(&role, Some(given(&role.secret_id)));
    if let Auth::AppRole { mount: at, .. } = &mut elsewhere {
        *at = mount("ci/approle");
    }
    let words = ["approle at auth/ci/approle", "(status 403)", "where the method is mounted"];
    stage.refuses(elsewhere, ErrorKind::Denied, &words, &role.secret_id).await;
}

#[tokio::test]
async fn a_wrapped_secret_id_opens_once() {
    let Some(stage) = Stage::new() else { return };
    let role = role(&stage);
    let token = stage.mount.vault.wrapped_secret_id(&role.name, "60s");
    stage.reads(wrapped(&role, &token)).await;
    assert_eq!(asked(&stage.tap, "sys/wrapping/lookup"), 1);
    assert_eq!(asked(&stage.tap, "sys/wrapping/unwrap"), 1);

    stage.tap.forget();
    let words = ["the wrapped secret id of the test", "was opened before", "stolen"];
    stage.refuses(wrapped(&role, &token), ErrorKind::Denied, &words, &token).await;
    assert_eq!(asked(&stage.tap, "sys/wrapping/unwrap"), 0);
}

#[tokio::test]
async fn a_wrapper_that_was_made_elsewhere_stays_closed() {
    let Some(stage) = Stage::new() else { return };
    let role = role(&stage);
    let vault = stage.mount.vault;
    let other = vault.approle(&format!("{}-other", role.name), &[&stage.policy]);
    for token in [
        vault.wrap("60s", &json!({"secret_id": other.secret_id})),
        vault.wrapped_secret_id(&other.name, "60s"),
    ] {
        let words = ["made in another path than secret-id-wrapping-path"];
        stage.refuses(wrapped(&role, &token), ErrorKind::Denied, &words, &token).await;
        assert_eq!(asked(&stage.tap, "sys/wrapping/unwrap") + asked(&stage.tap, "login"), 0);
        let (status, _) = vault.request("POST", "sys/wrapping/unwrap", &token, &Value::Null);
        assert_eq!(status, 200, "it was opened");
    }
}

#[tokio::test]
async fn what_is_no_wrapper_is_refused() {
    let Some(stage) = Stage::new() else { return };
    let role = role(&stage);
    let words = ["was opened before, or is too old"];
    stage.refuses(wrapped(&role, &role.secret_id), ErrorKind::Denied, &words, &role.secret_id).await;
}

#[tokio::test]
async fn a_login_waits_for_a_server_that_is_busy() {
    let Some(stage) = Stage::new() else { return };
    let role = role(&stage);
    let busy = momo_live::response(429, &[("Retry-After", "0")], r#"{"errors":["busy"]}"#);
    stage.tap.answer("POST", "auth/approle/login", &busy, 1);
    let sealed = momo_live::response(503, &[], r#"{"errors":["Vault is sealed"]}"#);
    stage.tap.answer("POST", "auth/approle/login", &sealed, 1);
    stage.reads(login(&role, Some(given(&role.secret_id)))).await;
    assert_eq!(asked(&stage.tap, "auth/approle/login"), 3);
}

/// It may have used up a secret id.
#[tokio::test]
async fn a_login_whose_answer_is_lost_is_not_made_again() {
    let Some(stage) = Stage::new() else { return };
    let role = role(&stage);
    stage.tap.lose_answer_of("POST", "auth/approle/login");
    let auth = login(&role, Some(given(&role.secret_id)));
    stage.refuses(auth, ErrorKind::Unavailable, &["broke before an answer"], &role.secret_id).await;
    assert_eq!(asked(&stage.tap, "auth/approle/login"), 1);
}
