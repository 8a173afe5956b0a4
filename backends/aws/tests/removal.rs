//! Removals and what comes back from them, when answers are lost, reads lag, or others write.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod support;

use fake::{Act, Fake, hasty, store, with_record};
use momo_cred_backend_api::{At, Backend, Effect, ErrorKind, Expect, Lookup, Reason, Removal, Revision};
use momo_cred_backend_aws::AwsStore;
use serde_json::json;
use support::{assert_error, at, config, document, found, holds, name};

#[tokio::test]
async fn a_deleted_secret_is_not_absent_and_comes_back_by_its_revision() {
    let (fake, one, first) = with_record().await;
    let a = name("a");
    one.remove(&a, &first, Removal::Recoverable).await.unwrap();
    let error = one.write(&a, &document("2"), &Expect::Absent).await;
    let error = assert_error(error, ErrorKind::Conflict, Effect::NotApplied);
    assert!(error.reason().and_then(Reason::next).unwrap().contains("restore-secret"));
    let stale = one.write(&a, &document("2"), &at(&Revision::new("0".repeat(36)))).await;
    assert_error(stale, ErrorKind::Conflict, Effect::NotApplied);
    assert!(matches!(one.read(&a, &At::Current).await, Ok(Lookup::Deleted { .. })), "still deleted");

    let other = store(&fake);
    let (two, three) = (document("2"), document("3"));
    let expect = at(&first);
    let (left, right) =
        futures_util::future::join(one.write(&a, &two, &expect), other.write(&a, &three, &expect)).await;
    let (revision, value, lost) = match (left, right) {
        (Ok(revision), Err(lost)) => (revision, "2", lost),
        (Err(lost), Ok(revision)) => (revision, "3", lost),
        both => panic!("one brings it back: {both:?}"),
    };
    assert_eq!(lost.kind(), ErrorKind::Conflict, "{lost:?}");
    holds(&one, &a, value, &revision).await;
}

#[tokio::test]
async fn a_secret_that_was_brought_back_and_not_written_is_changed() {
    let (fake, store, first) = with_record().await;
    store.remove(&name("a"), &first, Removal::Recoverable).await.unwrap();
    fake.script("PutSecretValue", Act::Fail("InvalidRequestException", 400), 1);
    fake.script("PutSecretValue", Act::Fail("LimitExceededException", 400), 1);
    let answer = store.write(&name("a"), &document("2"), &at(&first)).await;
    assert_error(answer, ErrorKind::Unavailable, Effect::Unknown);
    holds(&store, &name("a"), "1", &first).await;
}

#[tokio::test]
async fn a_deleted_secret_without_a_version_can_be_written_over() {
    let fake = Fake::start();
    fake.done("CreateSecret", &json!({"Name": "a", "ClientRequestToken": "0".repeat(32)}));
    fake.done("DeleteSecret", &json!({"SecretId": "a"}));
    let (store, a) = (store(&fake), name("a"));
    let answer = store.read(&a, &At::Current).await.unwrap();
    let Lookup::Deleted { revision } = answer else { panic!("deleted: {answer:?}") };
    let revision = store.write(&a, &document("1"), &at(&revision)).await.unwrap();
    holds(&store, &a, "1", &revision).await;
}

#[tokio::test]
async fn a_removal_whose_answer_is_lost_is_done() {
    for lag in [0, 2] {
        for act in [Act::Refuse, Act::LoseAnswer] {
            let (fake, store, first) = with_record().await;
            fake.service().lag = lag;
            fake.script("DeleteSecret", act, 1);
            store.remove(&name("a"), &first, Removal::Recoverable).await.unwrap();
            assert_eq!(fake.service().secret("a").window, Some(30));
            let (fake, store, first) = with_record().await;
            fake.service().lag = lag;
            fake.script("DeleteSecret", Act::LoseAnswer, 1);
            store.remove(&name("a"), &first, Removal::Destroy).await.unwrap();
            assert!(fake.service().call("DescribeSecret", &json!({"SecretId": "a"})).is_err());
        }
    }
    // Throttled after an answer that was lost: the first one did it.
    let (fake, store, first) = with_record().await;
    fake.service().lag = 5;
    fake.script("DeleteSecret", Act::LoseAnswer, 1);
    fake.script("DeleteSecret", Act::Fail("ThrottlingException", 400), 1);
    store.remove(&name("a"), &first, Removal::Recoverable).await.unwrap();
}

#[tokio::test]
async fn a_removal_for_good_that_is_not_heard_of_is_unknown() {
    let (fake, store, first) = with_record().await;
    fake.script("DeleteSecret", Act::Refuse, 1);
    let answer = store.remove(&name("a"), &first, Removal::Destroy).await;
    assert_error(answer, ErrorKind::Unavailable, Effect::Unknown);
    assert_eq!(fake.asked().iter().filter(|asked| *asked == "DeleteSecret").count(), 1);
    holds(&store, &name("a"), "1", &first).await;
}

#[tokio::test]
async fn a_removal_leaves_what_others_wrote_meanwhile() {
    for removal in [Removal::Recoverable, Removal::Destroy] {
        let (fake, store, first) = with_record().await;
        fake.script("DeleteSecret", Act::Fail("ThrottlingException", 400), 1);
        fake.script("DescribeSecret", Act::Fail("ThrottlingException", 400), 1);
        fake.script("DescribeSecret", Act::WriteBefore(1), 1);
        let answer = store.remove(&name("a"), &first, removal).await;
        assert_error(answer, ErrorKind::Conflict, Effect::NotApplied);
        found(&store, &name("a")).await;
    }
}

#[tokio::test]
async fn a_secret_with_replicas_is_made_as_configured_and_not_deleted() {
    let fake = Fake::start();
    let mut config = config(&fake.address());
    config.kms_key_id = Some("alias/momo".to_owned());
    config.replica_regions = vec!["eu-west-3".to_owned()];
    let (store, a) = (AwsStore::new(config), name("a"));
    let first = store.write(&a, &document("1"), &Expect::Absent).await.unwrap();
    let secret = fake.service().secret("a").clone();
    assert_eq!(secret.kms_key_id.as_deref(), Some("alias/momo"));
    assert_eq!(secret.replicas, [("eu-west-3".to_owned(), "InSync")]);
    assert_eq!(secret.tags, json!([{"Key": "managed-by", "Value": "momo-cred"}]));
    assert!(secret.description.contains("momo-cred"), "{}", secret.description);
    for removal in [Removal::Recoverable, Removal::Destroy] {
        let answer = store.remove(&a, &first, removal).await;
        let error = assert_error(answer, ErrorKind::Misconfigured, Effect::NotApplied);
        let next = error.reason().and_then(Reason::next).unwrap();
        assert!(next.contains("remove-regions-from-replication"), "{next}");
    }
    holds(&store, &a, "1", &first).await;
}

#[tokio::test]
async fn a_deleted_secret_without_a_version_can_be_destroyed() {
    let fake = Fake::start();
    fake.done("CreateSecret", &json!({"Name": "a", "ClientRequestToken": "0".repeat(32)}));
    fake.done("DeleteSecret", &json!({"SecretId": "a"}));
    let store = store(&fake);
    let answer = store.read(&name("a"), &At::Current).await.unwrap();
    let Lookup::Deleted { revision } = answer else { panic!("deleted: {answer:?}") };
    store.remove(&name("a"), &revision, Removal::Destroy).await.unwrap();
    assert!(matches!(store.read(&name("a"), &At::Current).await, Ok(Lookup::Missing)));
}

#[tokio::test]
async fn a_secret_brought_back_whose_move_fails_is_changed() {
    for code in ["ThrottlingException", "AccessDeniedException"] {
        let (fake, store, first) = with_record().await;
        store.remove(&name("a"), &first, Removal::Recoverable).await.unwrap();
        fake.script("UpdateSecretVersionStage", Act::Fail(code, 400), 99);
        let answer = hasty(&fake).write(&name("a"), &document("2"), &at(&first)).await;
        assert_eq!(answer.unwrap_err().effect(), Effect::Unknown, "{code}");
        holds(&store, &name("a"), "1", &first).await;
    }
}

#[tokio::test]
async fn restoring_with_lost_answers() {
    for act in [Act::Refuse, Act::LoseAnswer, Act::Fail("ThrottlingException", 400)] {
        for lag in [0, 2] {
            let (fake, store, first) = with_record().await;
            store.remove(&name("a"), &first, Removal::Recoverable).await.unwrap();
            fake.service().lag = lag;
            fake.script("RestoreSecret", act.clone(), 2);
            let second = store.write(&name("a"), &document("2"), &at(&first)).await.unwrap();
            fake.service().lag = 0;
            assert_eq!(fake.service().secret("a").current().as_deref(), Some(second.as_str()), "{act:?}");
        }
    }
}
