//! Namespaces, which a community server ignores: what one that has them says is played.

use momo_cred_backend_api::{Backend, ErrorKind, Work};
use momo_cred_backend_vault::{Auth, Namespace, TokenSource, VaultConfig};
use momo_live::response;
use serde_json::json;

use crate::support::{asked, found, given, read, store, told};
use crate::{Stage, mount};

fn in_team(stage: &Stage, auth: Auth) -> VaultConfig {
    let mut config = stage.with(auth);
    config.namespace = Some(Namespace::new("team-a").unwrap());
    config
}

fn with_token(stage: &Stage) -> VaultConfig {
    in_team(stage, Auth::Token(vec![TokenSource::Given(given(&stage.token()))]))
}

/// Has the server say once in which namespace the token is.
fn play(stage: &Stage, namespace: &str) {
    let body = json!({"data": {"ttl": 0, "namespace_path": namespace}}).to_string();
    stage.tap.answer("GET", "auth/token/lookup-self", &response(200, &[], &body), 1);
}

#[tokio::test]
async fn a_server_without_namespaces_is_asked_for_no_record() {
    let Some(stage) = Stage::new() else { return };
    let store = store(with_token(&stage));
    for _ in 0..2 {
        let error = read(&store, &stage.name()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misconfigured);
        let told = told(&error);
        assert!(told.contains("does not confirm the namespace team-a"), "{told}");
        assert!(
            told.contains("answers from its root namespace") && told.contains("unset it there"),
            "{told}"
        );
    }
    let error = store.hold(&stage.name(), Work::Renewal).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert!(
        stage.tap.requests().iter().all(|line| line.ends_with("lookup-self")),
        "{:?}",
        stage.tap.requests()
    );
}

#[tokio::test]
async fn a_confirmed_namespace_is_asked_about_once_and_sent_each_time() {
    let Some(stage) = Stage::new() else { return };
    play(&stage, "team-a/");
    let store = store(with_token(&stage));
    found(&store, &stage.name()).await;
    let names = vec![stage.name(); 4];
    for lookup in store.read_many(&names).await {
        crate::support::is_found(lookup);
    }
    assert_eq!(asked(&stage.tap, "lookup-self"), 1);
    let sent = stage.tap.saw_header("x-vault-namespace");
    assert_eq!(sent, vec!["team-a"; stage.tap.requests().len()]);
}

#[tokio::test]
async fn another_namespace_is_refused() {
    let Some(stage) = Stage::new() else { return };
    for other in ["team-b/", "team-a/child/", "team"] {
        play(&stage, other);
        let error = read(&store(with_token(&stage)), &stage.name()).await.unwrap_err();
        let told = told(&error);
        assert_eq!(error.kind(), ErrorKind::Misconfigured, "{told}");
        assert!(told.contains("the token belongs to another one"), "{told}");
    }
    assert_eq!(asked(&stage.tap, "/data/"), 0);
}

#[tokio::test]
async fn a_login_to_the_wrong_namespace_is_revoked_also_when_it_is_the_second() {
    let Some(stage) = Stage::new() else { return };
    let vault = stage.mount.vault;
    let role = vault.approle(&stage.policy, &[&stage.policy]);
    let auth = Auth::AppRole {
        mount: mount("approle"),
        role_id: role.role_id.clone(),
        secret_id: Some(given(&role.secret_id)),
        wrapped: None,
    };
    let first = store(in_team(&stage, auth.clone()));
    read(&first, &stage.name()).await.unwrap_err();
    assert!(vault.lookup(stage.tokens().last().unwrap()).is_none());

    play(&stage, "team-a");
    let second = store(in_team(&stage, auth));
    found(&second, &stage.name()).await;
    vault.revoke(stage.tokens().last().unwrap());
    let error = read(&second, &stage.name()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    let last = stage.tokens().pop().unwrap();
    second.close().await;
    assert!(vault.lookup(&last).is_none());
}

#[tokio::test]
async fn a_token_that_may_not_look_itself_up_confirms_nothing() {
    let Some(stage) = Stage::new() else { return };
    let settings = json!({"policies": [stage.policy], "no_default_policy": true});
    let token = stage.mount.vault.token_with(&settings);
    let config = in_team(&stage, Auth::Token(vec![TokenSource::Given(given(&token))]));
    let error = read(&store(config), &stage.name()).await.unwrap_err();
    assert!(told(&error).contains("may not look itself up"), "{error:?}");
    assert_eq!(asked(&stage.tap, "/data/"), 0);
}
