//! Writes whose answer is lost.

use std::time::Duration;

use momo_cred_backend_api::{Backend, Effect, Error, ErrorKind, Expect, Removal, Revision};
use momo_live::response;

use crate::support::{asked, create, found, one, replace};
use crate::{Stage, says};

/// What a conflict promises: this call changed nothing, and knows it.
#[track_caller]
fn is_honest(error: &Error) {
    assert!(error.kind() != ErrorKind::Conflict || error.effect() == Effect::NotApplied, "{error:?}");
}

/// The two writes there are, each on a fresh record: the expectation, and what it makes.
async fn writes(stage: &Stage) -> [(Expect, &'static str); 2] {
    let first = Revision::new("1");
    [(Expect::Absent, "1"), (Expect::Revision(first), "2")].map(|(expect, made)| {
        assert_eq!(stage.versions(), 0);
        (expect, made)
    })
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_effect_is_no_conflict() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    for (expect, made) in writes(&stage).await {
        stage.tap.lose_answer_of("POST", "/data/");
        let revision = stage.store().write(&name, &one(made), &expect).await.unwrap();
        assert_eq!((revision.as_str(), stage.versions().to_string().as_str()), (made, made));
        assert!(found(&stage.other(), &name).await.document.same_as(&one(made)));
    }
    assert_eq!(asked(&stage.tap, "POST"), 2, "sent again: {:?}", stage.tap.requests());
}

#[tokio::test]
async fn a_request_that_is_lost_before_the_effect_is_sent_again() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    for (expect, made) in writes(&stage).await {
        stage.tap.refuse("POST", "/data/");
        let revision = stage.store().write(&name, &one(made), &expect).await.unwrap();
        assert_eq!((revision.as_str(), stage.versions().to_string().as_str()), (made, made));
    }
    assert_eq!(asked(&stage.tap, "POST"), 4);
}

#[tokio::test]
async fn answers_that_are_all_lost_are_told_as_unknown() {
    let Some(stage) = Stage::new() else { return };
    for _ in 0..4 {
        stage.tap.refuse("POST", "/data/");
    }
    let error = stage.store().write(&stage.name(), &one("1"), &Expect::Absent).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown));
    says(&error, "broke before an answer");
    says(&error, "it is not known whether this took effect");
    assert_eq!(stage.versions(), 0);
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_unknown() {
    let Some(stage) = Stage::new() else { return };
    stage.tap.lose_answer_of("POST", "/data/");
    stage.tap.answer("GET", "/data/momo/a?version=1", &response(502, &[], "<html>"), 9);
    let store = stage.within(Duration::from_secs(4));
    let error = store.write(&stage.name(), &one("1"), &Expect::Absent).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown));
    assert_eq!(stage.versions(), 1);
}

/// The write took effect, its answer is lost, and another version is on top before anybody looks.
#[tokio::test]
async fn a_lost_answer_with_another_version_on_top_is_found_below_it() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    stage.tap.lose_answer_of("POST", "/data/");
    stage.tap.delay("GET", "/data/momo/a?version=1", Duration::from_millis(800));
    let (store, other, document) = (stage.store(), stage.other(), one("1"));
    let (written, second) = tokio::join!(store.write(&name, &document, &Expect::Absent), async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        replace(&other, &name, "2", &Revision::new("1")).await
    });
    assert_eq!(written.unwrap().as_str(), "1");
    assert_eq!(found(&other, &name).await.revision, second);
}

/// The request is lost, and another writer makes the version that it would have made.
#[tokio::test]
async fn a_lost_request_and_another_writer_is_a_conflict() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    let first = create(&stage.other(), &name, "1").await;
    for path in ["/data/momo/a?version=2", "/data/momo/a"] {
        stage.tap.refuse("POST", "/data/");
        // Found by looking, or by sending again.
        let method = if path.contains('?') { "GET" } else { "POST" };
        stage.tap.delay(method, path, Duration::from_millis(800));
        let (store, other, document) = (stage.store(), stage.other(), one("mine"));
        let expect = Expect::Revision(found(&other, &name).await.revision);
        let (written, _) = tokio::join!(store.write(&name, &document, &expect), async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let now = found(&other, &name).await.revision;
            replace(&other, &name, "theirs", &now).await
        });
        let error = written.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::NotApplied), "{error:?}");
        assert!(found(&other, &name).await.document.same_as(&one("theirs")));
        stage.mount.root("DELETE", "metadata/momo/a", &serde_json::Value::Null);
        assert_eq!(create(&other, &name, "1").await, first);
    }
}

/// Version 1 was made and deleted by somebody: it may have been this call that made it.
#[tokio::test]
async fn a_version_that_is_gone_again_is_unknown_and_no_conflict() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    for removal in [Removal::Recoverable, Removal::Destroy] {
        // Once found by looking, once by sending again.
        for (method, path) in [("GET", "/data/momo/a?version=1"), ("POST", "/data/")] {
            if method == "POST" && removal == Removal::Destroy {
                continue; // Sent again on a record without a trace, it makes the first version.
            }
            stage.tap.refuse("POST", "/data/");
            stage.tap.delay(method, path, Duration::from_millis(800));
            let (store, other, document) = (stage.store(), stage.other(), one("mine"));
            let (written, ()) = tokio::join!(store.write(&name, &document, &Expect::Absent), async {
                tokio::time::sleep(Duration::from_millis(400)).await;
                let theirs = create(&other, &name, "theirs").await;
                other.remove(&name, &theirs, removal).await.unwrap();
            });
            match (removal, written) {
                (Removal::Recoverable, Err(error)) => {
                    is_honest(&error);
                    assert_eq!(error.effect(), Effect::Unknown, "{error:?}");
                }
                (Removal::Destroy, Ok(revision)) => assert_eq!(revision.as_str(), "1"),
                (_, other) => panic!("{removal:?}: {other:?}"),
            }
            stage.mount.root("DELETE", "metadata/momo/a", &serde_json::Value::Null);
        }
    }
}

/// So many versions on top that nothing is left of the one in question.
#[tokio::test]
async fn a_version_that_was_pushed_out_is_unknown_and_no_conflict() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    stage.mount.root("POST", "config", &serde_json::json!({"max_versions": 1}));
    let first = create(&stage.other(), &name, "1").await;
    stage.tap.lose_answer_of("POST", "/data/");
    stage.tap.delay("GET", "/data/momo/a?version=2", Duration::from_millis(800));
    let (store, other, document) = (stage.store(), stage.other(), one("2"));
    let expect = Expect::Revision(first);
    let (written, _) = tokio::join!(store.write(&name, &document, &expect), async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        replace(&other, &name, "3", &Revision::new("2")).await
    });
    let error = written.unwrap_err();
    is_honest(&error);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown), "{error:?}");
}

#[tokio::test]
async fn a_lost_label_is_no_failure() {
    let Some(stage) = Stage::new() else { return };
    stage.tap.lose_answer_of("PATCH", "/metadata/");
    create(&stage.store(), &stage.name(), "1").await;
    assert_eq!(asked(&stage.tap, "PATCH"), 1);
}

/// A label has no time of its own beyond the deadline.
#[tokio::test]
async fn a_slow_label_ends_with_the_deadline() {
    let Some(stage) = Stage::new() else { return };
    stage.tap.delay("PATCH", "/metadata/", Duration::from_secs(10));
    let begun = std::time::Instant::now();
    create(&stage.within(Duration::from_secs(1)), &stage.name(), "1").await;
    assert!(begun.elapsed() < Duration::from_millis(1800), "{:?}", begun.elapsed());
}
