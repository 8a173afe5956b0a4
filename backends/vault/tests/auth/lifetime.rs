//! `hold`: whether a token lives as long as the work may take.

use std::time::Duration;

use momo_cred_backend_api::{Backend, ErrorKind, Notice, Work};
use momo_cred_backend_vault::{Auth, TokenSource, VaultStore};
use momo_cred_transport::Deadline;
use serde_json::{Value, json};

use crate::Stage;
use crate::support::{asked, given, notices, store, told};

const WORK: u64 = 20;

fn held(stage: &Stage, mut settings: Value) -> (String, VaultStore) {
    settings["policies"] = json!([stage.policy]);
    let token = stage.mount.vault.token_with(&settings);
    let mut config = stage.with(Auth::Token(vec![TokenSource::Given(given(&token))]));
    config.deadline = Deadline::after(Duration::from_secs(WORK));
    (token, store(config))
}

#[tokio::test]
async fn a_token_that_ends_before_the_work_is_denied() {
    let Some(stage) = Stage::new() else { return };
    for settings in [
        json!({"ttl": "9s", "renewable": false}),
        json!({"ttl": "9s", "explicit_max_ttl": "10s"}),
        json!({"ttl": "9s", "type": "batch"}),
    ] {
        let (_, store) = held(&stage, settings);
        let error = store.hold(&stage.name(), Work::Renewal).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        let told = told(&error);
        assert!(told.contains("lives for") && told.contains("may take 20 s"), "{told}");
        assert!(told.contains("the token of the test") && told.contains("--timeout"), "{told}");
    }
}

#[tokio::test]
async fn a_token_that_lives_long_enough_is_not_renewed() {
    let Some(stage) = Stage::new() else { return };
    for settings in [json!({"ttl": "60s"}), json!({"period": "60s"})] {
        let (_, store) = held(&stage, settings);
        assert!(store.hold(&stage.name(), Work::Renewal).await.unwrap().is_none());
    }
    assert_eq!(asked(&stage.tap, "renew-self"), 0);
}

#[tokio::test]
async fn a_token_that_may_be_renewed_is_renewed() {
    let Some(stage) = Stage::new() else { return };
    // As long as at first is enough.
    let (token, store) = held(&stage, json!({"ttl": "21s"}));
    tokio::time::sleep(Duration::from_millis(2500)).await;
    store.hold(&stage.name(), Work::Renewal).await.unwrap();
    assert_eq!(asked(&stage.tap, "renew-self"), 1);
    assert!(stage.mount.vault.lookup(&token).unwrap()["ttl"].as_u64().unwrap() >= WORK);

    // It has to be asked for longer.
    let (token, store) = held(&stage, json!({"ttl": "9s"}));
    store.hold(&stage.name(), Work::Renewal).await.unwrap();
    assert_eq!(asked(&stage.tap, "renew-self"), 3);
    assert!(stage.mount.vault.lookup(&token).unwrap()["ttl"].as_u64().unwrap() >= WORK);
}

#[tokio::test]
async fn a_token_that_may_not_look_itself_up_passes_with_a_notice() {
    let Some(stage) = Stage::new() else { return };
    let (_, store) = held(&stage, json!({"ttl": "9s", "no_default_policy": true}));
    assert!(store.hold(&stage.name(), Work::Renewal).await.unwrap().is_none());
    let details = notices(&store, Notice::Detail);
    assert!(details.iter().any(|text| text.contains("may not look itself up")), "{details:?}");
}

#[tokio::test]
async fn a_revoked_token_is_told_before_the_work() {
    let Some(stage) = Stage::new() else { return };
    let (token, store) = held(&stage, json!({"ttl": "60s"}));
    stage.mount.vault.revoke(&token);
    let error = store.hold(&stage.name(), Work::Renewal).await.unwrap_err();
    assert!(told(&error).contains("expired, revoked or unknown"), "{error:?}");
}
