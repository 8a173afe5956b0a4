//! Engines of version 1, which have neither versions nor compare-and-swap.

use std::time::Duration;

use momo_cred_backend_api::{At, Backend, Effect, Error, ErrorKind, Expect, Lookup, Removal, Revision, Work};
use momo_cred_backend_vault::{KvVersion as Configured, VaultStore};
use momo_live::KvVersion;
use serde_json::{Value, json};

use crate::Stage;
use crate::support::{asked, create, found, is_found, name, one, read, replace, told};

fn allowed(stage: &Stage) -> VaultStore {
    stage.configured(|config| {
        config.kv_version = Some(Configured::V1);
        config.allow_no_cas = true;
    })
}

fn is_unsupported<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
    told(&error)
}

#[tokio::test]
async fn an_engine_of_version_1_is_detected_by_a_read() {
    let Some(stage) = Stage::new(KvVersion::V1) else { return };
    stage.mount.root("POST", "momo/a", &json!({"alpha": "1"}));
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let stored = found(&store, &name).await;
    assert!(stored.document.same_as(&one("1")) && stored.age.is_none());
    assert_eq!(stage.requests(), ["GET data/momo/a", "GET sys/internal/ui/mounts/momo/a", "GET momo/a"]);
    found(&store, &name).await;
    assert_eq!(stage.requests(), ["GET momo/a"]);
    is_found(stage.store().read(&name, &At::Revision(stored.revision.clone())).await);
    assert_eq!(stage.store().revision(&name).await.unwrap(), Some(stored.revision));
}

/// In the form of version 2 the server would take it and store nonsense.
#[tokio::test]
async fn without_leave_nothing_is_written() {
    let Some(stage) = Stage::new(KvVersion::V1) else { return };
    let name = stage.mount.name("a");
    let revision = Revision::new("1");
    for store in [
        stage.store(),
        stage.configured(|config| config.allow_no_cas = true),
        stage.configured(|config| config.kv_version = Some(Configured::V1)),
    ] {
        let told = is_unsupported(store.write(&name, &one("1"), &Expect::Absent).await);
        assert!(told.contains("no compare-and-swap") && told.contains("allow-no-cas = true"), "{told}");
        is_unsupported(store.write(&name, &one("1"), &Expect::Revision(revision.clone())).await);
        is_unsupported(store.hold(&name, Work::Renewal).await);
        is_unsupported(store.remove(&name, &revision, Removal::Destroy).await);
        is_unsupported(store.remove(&name, &revision, Removal::Recoverable).await);
    }
    assert_eq!([stage.mount.peek_list(""), stage.mount.peek_list("data/")], [Value::Null, Value::Null]);
    assert!(stage.tap.requests().iter().all(|line| line.starts_with("GET")), "{:?}", stage.tap.requests());
}

#[tokio::test]
async fn with_leave_a_write_is_read_back() {
    let Some(stage) = Stage::new(KvVersion::V1) else { return };
    let (store, name) = (allowed(&stage), stage.mount.name("a"));
    assert!(!store.capabilities().compare_and_swap);
    let first = create(&store, &name, "1").await;
    assert_eq!(
        stage.requests(),
        ["GET sys/internal/ui/mounts/momo/a", "GET momo/a", "POST momo/a", "GET momo/a"]
    );
    assert_eq!(stage.mount.peek(&stage.mount.record("a"))["data"], json!({"alpha": "1"}));
    let second = replace(&store, &name, "2", &first).await;

    let stale = store.write(&name, &one("3"), &Expect::Revision(first.clone())).await.unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::Conflict);
    let twice = store.write(&name, &one("3"), &Expect::Absent).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Conflict);
    is_unsupported(store.read(&name, &At::Revision(first)).await);
    is_unsupported(store.history(&name).await);
    is_unsupported(store.remove(&name, &second, Removal::Recoverable).await);
    store.remove(&name, &second, Removal::Destroy).await.unwrap();
    assert!(matches!(read(&store, &name).await, Ok(Lookup::Missing)));
}

/// It is seen by reading back, where the engine does not say so.
#[tokio::test]
async fn a_write_that_was_written_over_at_once_is_a_conflict() {
    let Some(stage) = Stage::new(KvVersion::V1) else { return };
    let (store, name) = (allowed(&stage), stage.mount.name("a"));
    let first = Expect::Revision(create(&store, &name, "1").await);
    // The first look compares, the second one reads back.
    stage.tap.delay("GET", "/momo/a", Duration::ZERO);
    stage.tap.delay("GET", "/momo/a", Duration::from_millis(800));
    let document = one("mine");
    let (written, ()) = tokio::join!(store.write(&name, &document, &first), async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        stage.mount.root("POST", "momo/a", &json!({"alpha": "theirs"}));
    });
    let error = written.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::NotApplied), "{error:?}");
    assert!(told(&error).contains("another writer wrote over the record"), "{error:?}");
}

#[tokio::test]
async fn values_of_others_stay_as_they_are() {
    let Some(stage) = Stage::new(KvVersion::V1) else { return };
    let content =
        json!({"alpha": "1", "ttl": "30m", "list": [1, 2.50, null], "n": 12_345_678_901_234_567_890_u64});
    stage.mount.root("POST", "momo/a", &content);
    let (store, name) = (allowed(&stage), stage.mount.name("a"));
    let mut stored = found(&store, &name).await;
    stored.document.insert("beta".parse_field(), "2".into());
    store.write(&name, &stored.document, &Expect::Revision(stored.revision)).await.unwrap();
    let mut expected = content;
    expected["beta"] = json!("2");
    assert_eq!(stage.mount.peek(&stage.mount.record("a"))["data"], expected);
}

trait ParseField {
    fn parse_field(&self) -> momo_cred_backend_api::FieldName;
}

impl ParseField for str {
    fn parse_field(&self) -> momo_cred_backend_api::FieldName {
        momo_cred_backend_api::FieldName::new(self).unwrap()
    }
}

/// What a write on a wrong guess leaves behind looks much like a record of version 2.
#[tokio::test]
async fn a_record_that_is_called_data_fools_no_read() {
    let Some(stage) = Stage::new(KvVersion::V1) else { return };
    stage.mount.root("POST", "data/momo/a", &json!({"data": {"alpha": "nonsense"}, "options": {"cas": 0}}));
    assert!(matches!(read(&allowed(&stage), &stage.mount.name("a")).await, Ok(Lookup::Missing)));
    let anybody =
        crate::support::store(crate::support::config(&stage.tap.address(), stage.mount.vault.root_token()));
    assert!(matches!(read(&anybody, &stage.mount.name("a")).await, Ok(Lookup::Missing)));
    stage.mount.root("POST", "momo/a", &json!({"alpha": "1"}));
    assert!(found(&anybody, &stage.mount.name("a")).await.document.same_as(&one("1")));
    let literally = name(&format!("{}/data/momo/a", stage.mount.path));
    let stored = found(&anybody, &literally).await;
    assert_eq!(stored.document.json().count(), 2);
}

/// It may be sent once: a second time it would take what somebody created after the first.
#[tokio::test]
async fn a_removal_whose_answer_is_lost_is_not_sent_again() {
    let Some(stage) = Stage::new(KvVersion::V1) else { return };
    let (store, other, name) = (allowed(&stage), allowed(&stage), stage.mount.name("a"));
    let revision = create(&store, &name, "1").await;
    stage.tap.lose_answer_of("DELETE", "");
    stage.tap.delay("DELETE", "", Duration::from_millis(800));
    let (removed, _) = tokio::join!(store.remove(&name, &revision, Removal::Destroy), async {
        while matches!(read(&other, &name).await.unwrap(), Lookup::Found(_)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        create(&other, &name, "theirs").await
    });
    assert!(removed.is_ok() || removed.unwrap_err().effect() == Effect::Unknown);
    assert_eq!(asked(&stage.tap, "DELETE"), 1);
    assert!(found(&other, &name).await.document.same_as(&one("theirs")));
}
