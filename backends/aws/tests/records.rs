//! What the service says of records: several at once, ages, versions that are gone, and what would undo a write.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod support;

use std::time::Duration;

use fake::{Act, Fake, RECORD, store, with_secret};
use momo_cred_backend_api::{At, Backend, Effect, ErrorKind, Expect, Lookup, Reason, Revision, Work};
use momo_cred_backend_aws::{AwsStore, Problem};
use serde_json::json;
use support::{config, document, found, name, problem};

#[tokio::test]
async fn a_hold_refuses_what_would_undo_a_write() {
    let fake = with_secret(RECORD);
    let (strict, a) = (store(&fake), name("a"));
    let mut config = config(&fake.address());
    config.allow_aws_rotation = true;
    let lax = AwsStore::new(config);
    assert!(strict.hold(&a, Work::Renewal).await.unwrap().is_none());

    fake.service().secret("a").rotation_enabled = true;
    let error = strict.hold(&a, Work::Renewal).await.unwrap_err();
    assert_eq!(problem(&error), Some(&Problem::Rotated));
    assert!(error.reason().and_then(Reason::next).unwrap().contains("allow-aws-rotation"));
    assert!(lax.hold(&a, Work::Renewal).await.is_ok() && strict.read(&a, &At::Current).await.is_ok());

    let pending = json!({
        "SecretId": "a", "SecretString": RECORD, "ClientRequestToken": "b".repeat(32), "VersionStages": ["AWSPENDING"],
    });
    fake.done("PutSecretValue", &pending);
    assert_eq!(problem(&lax.hold(&a, Work::Renewal).await.unwrap_err()), Some(&Problem::Rotating));
    let findings = lax.examine(&a).await;
    assert!(findings.iter().any(|finding| finding.about == "rotation"), "{findings:?}");

    let replica = with_secret(RECORD);
    replica.service().secret("a").primary_region = Some("eu-west-1".to_owned());
    let on_replica = store(&replica);
    let error = on_replica.hold(&a, Work::Renewal).await.unwrap_err();
    assert_eq!(problem(&error), Some(&Problem::Replica));
    assert!(matches!(on_replica.read(&a, &At::Current).await, Ok(Lookup::Found(_))));
    replica.service().secret("a").primary_region = Some("us-east-1".to_owned());
    assert!(on_replica.hold(&a, Work::Renewal).await.is_ok());
}

#[tokio::test]
async fn a_version_that_was_collected_is_missing() {
    let fake = with_secret(RECORD);
    let (store, a) = (store(&fake), name("a"));
    let mut at = Revision::new("a".repeat(32));
    for value in ["2", "3", "4"] {
        at = store.write(&a, &document(value), &Expect::Revision(at)).await.unwrap();
    }
    assert_eq!(store.history(&a).await.unwrap().len(), 4);
    assert_eq!(fake.connections(), 1, "a connection is kept");
    fake.service().collect("a");
    assert_eq!(store.history(&a).await.unwrap().len(), 2);
    let old = store.read(&a, &At::Revision(Revision::new("a".repeat(32)))).await;
    assert!(matches!(old, Ok(Lookup::Missing)), "{old:?}");
}

#[tokio::test]
async fn a_hundred_young_versions_are_a_quota() {
    let fake = with_secret(RECORD);
    fake.service().others_write("a", 99);
    let (store, a) = (store(&fake), name("a"));
    let current = found(&store, &a).await.revision;
    let error = store.write(&a, &document("2"), &Expect::Revision(current)).await.unwrap_err();
    assert_eq!(problem(&error), Some(&Problem::Quota), "{error:?}");
    assert_eq!(error.effect(), Effect::NotApplied);
}

#[tokio::test]
async fn ages_are_by_the_clock_of_the_service() {
    let fake = Fake::start();
    fake.service().ahead = 7200.0;
    let (store, a) = (store(&fake), name("a"));
    store.write(&a, &document("1"), &Expect::Absent).await.unwrap();
    let age = found(&store, &a).await.age.unwrap();
    assert!(age < Duration::from_secs(5), "{age:?}");
    fake.service().ahead = 7260.0;
    let age = found(&store, &a).await.age.unwrap();
    assert!((58..65).contains(&age.as_secs()), "{age:?}");
}

#[tokio::test]
async fn a_batch_that_is_not_allowed_or_half_answered_is_made_up_by_single_reads() {
    let fake = with_secret(RECORD);
    for n in ["b", "c", "d"] {
        let token = n.repeat(32);
        fake.done("CreateSecret", &json!({"Name": n, "SecretString": RECORD, "ClientRequestToken": token}));
    }
    fake.service().deny("d");
    let store = store(&fake);
    let names = ["a", "b", "c", "d", "absent"].map(name);
    for allowed in [true, false] {
        if !allowed {
            fake.script("BatchGetSecretValue", Act::Fail("AccessDeniedException", 400), 1);
        }
        fake.asked();
        let answers = store.read_many(&names).await;
        assert!(answers[..3].iter().all(|answer| matches!(answer, Ok(Lookup::Found(_)))), "{answers:?}");
        assert_eq!(answers[3].as_ref().unwrap_err().kind(), ErrorKind::Denied);
        assert!(matches!(answers[4], Ok(Lookup::Missing)));
        assert_eq!(fake.asked().len(), if allowed { 3 } else { 6 });
    }
}

/// What stops all is no reason to ask for each.
#[tokio::test]
async fn a_batch_that_fails_for_all_is_not_asked_again_one_by_one() {
    for (code, status, kind) in [
        ("ThrottlingException", 400, ErrorKind::Unavailable),
        ("InternalServiceError", 500, ErrorKind::Unavailable),
        ("ExpiredTokenException", 400, ErrorKind::Denied),
    ] {
        let fake = with_secret(RECORD);
        fake.script("BatchGetSecretValue", Act::Fail(code, status), 99);
        let answers = store(&fake).read_many(&["a", "b", "c", "d"].map(name)).await;
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().kind() == kind), "{answers:?}");
        let asked = fake.asked();
        assert!(asked.len() <= 3, "{code}: {asked:?}");
    }
}
