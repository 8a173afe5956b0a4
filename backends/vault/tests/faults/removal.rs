//! Removals whose answer is lost.

use std::time::Duration;

use momo_cred_backend_api::{Backend, Effect, ErrorKind, Lookup, Removal};

use crate::Stage;
use crate::support::{asked, create, found, one, read, replace};

#[tokio::test]
async fn a_lost_answer_or_request_is_settled() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    for (removal, method, path) in
        [(Removal::Recoverable, "POST", "/delete/"), (Removal::Destroy, "DELETE", "/metadata/")]
    {
        for lost_after in [true, false] {
            let revision = create(&stage.other(), &name, "1").await;
            if lost_after {
                stage.tap.lose_answer_of(method, path);
            } else {
                stage.tap.refuse(method, path);
            }
            let removed = stage.store().remove(&name, &revision, removal).await;
            let lookup = read(&stage.other(), &name).await.unwrap();
            if removal == Removal::Destroy && !lost_after {
                // Sent again it could take what somebody created meanwhile: it is told, and sent once.
                assert_eq!(removed.unwrap_err().effect(), Effect::Unknown);
                assert!(matches!(lookup, Lookup::Found(_)));
            } else {
                removed.unwrap();
                assert!(!matches!(lookup, Lookup::Found(_)), "{removal:?}: {lookup:?}");
            }
            stage.mount.root("DELETE", "metadata/momo/a", &serde_json::Value::Null);
        }
    }
}

/// A second request to destroy would take it under the number of the one before: both are version 1.
#[tokio::test]
async fn a_record_that_is_created_after_a_lost_answer_survives() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    let first = create(&stage.other(), &name, "1").await;
    stage.tap.lose_answer_of("DELETE", "/metadata/");
    // Were it sent again, then after the other writer.
    stage.tap.delay("DELETE", "/metadata/", Duration::from_millis(800));
    let (store, other) = (stage.store(), stage.other());
    let (removed, theirs) = tokio::join!(store.remove(&name, &first, Removal::Destroy), async {
        while matches!(read(&other, &name).await.unwrap(), Lookup::Found(_)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        create(&other, &name, "theirs").await
    });
    // Seen gone before the other writer came, or not: both are true.
    assert!(removed.is_ok() || removed.unwrap_err().effect() == Effect::Unknown);
    assert_eq!(asked(&stage.tap, "DELETE"), 1);
    let left = found(&other, &name).await;
    assert!(left.document.same_as(&one("theirs")) && left.revision == theirs && theirs == first);
}

#[tokio::test]
async fn answers_that_are_all_lost_are_settled_by_a_look() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    let revision = create(&stage.other(), &name, "1").await;
    for _ in 0..4 {
        stage.tap.lose_answer_of("POST", "/delete/");
    }
    stage.store().remove(&name, &revision, Removal::Recoverable).await.unwrap();
    assert_eq!(asked(&stage.tap, "/delete/"), 4);
}

#[tokio::test]
async fn requests_that_are_all_lost_are_told_as_unknown() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    let revision = create(&stage.other(), &name, "1").await;
    for (removal, method, path) in
        [(Removal::Recoverable, "POST", "/delete/"), (Removal::Destroy, "DELETE", "/metadata/")]
    {
        for _ in 0..4 {
            stage.tap.refuse(method, path);
        }
        let error = stage.store().remove(&name, &revision, removal).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown));
        found(&stage.other(), &name).await;
    }
}

/// A version that somebody put on top is no sign that the one below was taken away.
#[tokio::test]
async fn another_version_on_top_settles_nothing() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    let first = create(&stage.other(), &name, "1").await;
    for _ in 0..4 {
        stage.tap.refuse("POST", "/delete/");
    }
    let (store, other) = (stage.store(), stage.other());
    let (removed, _) = tokio::join!(store.remove(&name, &first, Removal::Recoverable), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        replace(&other, &name, "2", &first).await
    });
    let error = removed.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown));
}
