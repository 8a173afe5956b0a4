//! How logins end: revoked at close, or on the way, and made again once.

use std::time::Duration;

use momo_cred_backend_api::{Backend, ErrorKind, Notice};
use momo_cred_backend_vault::{Auth, TokenSource};
use serde_json::json;

use crate::support::{asked, found, given, notices, read, store, told};
use crate::{Stage, mount};

fn approle(stage: &Stage) -> Auth {
    let role = stage.mount.vault.approle(&stage.policy, &[&stage.policy]);
    let secret_id = Some(given(&role.secret_id));
    Auth::AppRole { mount: mount("approle"), role_id: role.role_id, secret_id, wrapped: None }
}

#[tokio::test]
async fn a_token_that_a_login_made_is_revoked_at_close() {
    let Some(stage) = Stage::new() else { return };
    let vault = stage.mount.vault;
    let store_ = store(stage.with(approle(&stage)));
    found(&store_, &stage.name()).await;
    let [token] = &stage.tokens()[..] else { panic!("one token") };
    assert!(vault.lookup(token).is_some());
    store_.close().await;
    assert!(vault.lookup(token).is_none());
    store_.close().await;
    assert_eq!(asked(&stage.tap, "revoke-self"), 1);
    assert!(notices(&store_, Notice::Mend).is_empty());
}

#[tokio::test]
async fn a_token_that_was_given_or_is_to_stay_is_not_revoked() {
    let Some(stage) = Stage::new() else { return };
    let mut kept = stage.with(approle(&stage));
    kept.revoke = false;
    let given = stage.with(Auth::Token(vec![TokenSource::Given(given(&stage.token()))]));
    for config in [kept, given] {
        let store = store(config);
        found(&store, &stage.name()).await;
        store.close().await;
        let token = stage.tokens().pop().unwrap();
        assert!(stage.mount.vault.lookup(&token).is_some());
    }
    assert_eq!(asked(&stage.tap, "revoke"), 0);
}

#[tokio::test]
async fn a_handle_that_asked_for_nothing_has_nothing_to_close() {
    let Some(stage) = Stage::new() else { return };
    store(stage.with(approle(&stage))).close().await;
    assert_eq!(stage.tap.connections(), 0);
}

#[tokio::test]
async fn a_token_that_cannot_be_revoked_is_told_of() {
    let Some(stage) = Stage::new() else { return };
    let store = store(stage.with(approle(&stage)));
    found(&store, &stage.name()).await;
    stage.tap.answer("POST", "revoke-self", &momo_live::response(500, &[], ""), 9);
    store.close().await;
    let told = notices(&store, Notice::Mend);
    assert!(told[0].contains("could not be revoked"), "{told:?}");
}

#[tokio::test]
async fn a_login_that_ends_on_the_way_is_made_again_once() {
    let Some(stage) = Stage::new() else { return };
    let vault = stage.mount.vault;
    let store = store(stage.with(approle(&stage)));
    found(&store, &stage.name()).await;
    vault.revoke(&stage.tokens()[0]);
    found(&store, &stage.name()).await;
    assert_eq!(asked(&stage.tap, "auth/approle/login"), 2);
    let details = notices(&store, Notice::Detail);
    assert!(details.iter().any(|text| text.starts_with("the token ended; logged in again")), "{details:?}");

    vault.revoke(stage.tokens().last().unwrap());
    let error = read(&store, &stage.name()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    let told = told(&error);
    assert!(
        told.contains("expired, revoked or unknown") && told.contains("approle at auth/approle"),
        "{told}"
    );
    assert_eq!(asked(&stage.tap, "auth/approle/login"), 2);
}

#[tokio::test]
async fn a_login_of_one_second_is_made_again_when_it_is_over() {
    let Some(stage) = Stage::new() else { return };
    let vault = stage.mount.vault;
    let role =
        vault.approle_with(&stage.policy, &json!({"token_policies": [stage.policy], "token_ttl": "1s"}));
    let secret_id = Some(given(&role.secret_id));
    let auth = Auth::AppRole { mount: mount("approle"), role_id: role.role_id, secret_id, wrapped: None };
    let store = store(stage.with(auth));
    found(&store, &stage.name()).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    found(&store, &stage.name()).await;
    assert_eq!(asked(&stage.tap, "auth/approle/login"), 2);
}

#[tokio::test]
async fn calls_at_once_share_the_second_login() {
    let Some(stage) = Stage::new() else { return };
    let store = store(stage.with(approle(&stage)));
    found(&store, &stage.name()).await;
    stage.mount.vault.revoke(&stage.tokens()[0]);
    let names = vec![stage.name(); 12];
    for lookup in store.read_many(&names).await {
        crate::support::is_found(lookup);
    }
    assert_eq!(asked(&stage.tap, "auth/approle/login"), 2);
}

/// A secret id that is used up is not what the message is about.
#[tokio::test]
async fn a_second_login_that_fails_tells_that_the_first_one_ended() {
    let Some(stage) = Stage::new() else { return };
    let vault = stage.mount.vault;
    let settings = json!({"token_policies": [stage.policy], "token_ttl": "1h", "secret_id_num_uses": 1});
    let role = vault.approle_with(&stage.policy, &settings);
    let secret_id = Some(given(&role.secret_id));
    let auth = Auth::AppRole { mount: mount("approle"), role_id: role.role_id, secret_id, wrapped: None };
    let store = store(stage.with(auth));
    found(&store, &stage.name()).await;
    vault.revoke(&stage.tokens()[0]);
    let error = read(&store, &stage.name()).await.unwrap_err();
    assert!(told(&error).contains("expired, revoked or unknown"), "{error:?}");
}

#[tokio::test]
async fn a_given_token_that_is_revoked_is_denied_by_its_origin() {
    let Some(stage) = Stage::new() else { return };
    let token = stage.token();
    let store = store(stage.with(Auth::Token(vec![TokenSource::Given(given(&token))])));
    found(&store, &stage.name()).await;
    stage.mount.vault.revoke(&token);
    let error = read(&store, &stage.name()).await.unwrap_err();
    let told = told(&error);
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(told.contains("the token of the test") && told.contains("vault login"), "{told}");
    assert!(!told.contains(&token));
}

#[tokio::test]
async fn a_token_file_that_an_agent_renewed_is_read_again() {
    let Some(stage) = Stage::new() else { return };
    let token = stage.token();
    let file = stage.file("sink", &token);
    let store = store(stage.with(Auth::Token(vec![TokenSource::File(file)])));
    found(&store, &stage.name()).await;
    stage.mount.vault.revoke(&token);
    let error = read(&store, &stage.name()).await.unwrap_err();
    assert!(told(&error).contains("sink"), "{error:?}");

    let (first, second) = (stage.token(), stage.token());
    let file = stage.file("sink", &first);
    let store = crate::support::store(stage.with(Auth::Token(vec![TokenSource::File(file)])));
    found(&store, &stage.name()).await;
    stage.mount.vault.revoke(&first);
    stage.file("sink", &second);
    found(&store, &stage.name()).await;
    store.close().await;
    assert!(stage.mount.vault.lookup(&second).is_some());
}
