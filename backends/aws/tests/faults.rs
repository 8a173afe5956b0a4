//! Writes when answers are lost, reads lag, others write, or a secret is in an odd state: never a false success, never a
//! Conflict that changed something.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod support;

use std::sync::Arc;

use fake::{Act, Fake};
use momo_cred_backend_api::{
    At, Backend, Effect, Error, ErrorKind, Expect, Lookup, Reason, Removal, Revision,
};
use momo_cred_backend_aws::{AwsStore, STAGE};
use serde_json::json;
use support::{OnMoto, at, config, document, found, holds, name};

fn store(fake: &Fake) -> AwsStore {
    AwsStore::new(config(&fake.address()))
}

/// A store with the record `a` in it, which holds "1".
async fn with_record() -> (Fake, AwsStore, Revision) {
    let fake = Fake::start();
    let store = store(&fake);
    let revision = store.write(&name("a"), &document("1"), &Expect::Absent).await.unwrap();
    fake.asked();
    (fake, store, revision)
}

#[track_caller]
fn assert_error<T: std::fmt::Debug>(answer: Result<T, Error>, kind: ErrorKind, effect: Effect) -> Error {
    let error = answer.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (kind, effect), "{error:?}");
    error
}

/// Two writers at once, forty times: one wins, the other has a conflict, and what the winner wrote is there.
async fn forty_rounds(one: AwsStore, other: AwsStore) {
    let (one, other, a) = (Arc::new(one), Arc::new(other), name("a"));
    let mut expect = Expect::Absent;
    for round in 0..40 {
        let write = |store: &Arc<AwsStore>, value: String| {
            let (store, expect, a) = (Arc::clone(store), expect.clone(), a.clone());
            tokio::spawn(async move { store.write(&a, &document(&value), &expect).await })
        };
        let (first, second) = (write(&one, format!("{round} one")), write(&other, format!("{round} other")));
        let (revision, value, lost) = match (first.await.unwrap(), second.await.unwrap()) {
            (Ok(revision), Err(lost)) => (revision, format!("{round} one"), lost),
            (Err(lost), Ok(revision)) => (revision, format!("{round} other"), lost),
            both => panic!("one wins round {round}: {both:?}"),
        };
        assert_eq!((lost.kind(), lost.effect()), (ErrorKind::Conflict, Effect::NotApplied), "{lost:?}");
        holds(&one, &a, &value, &revision).await;
        expect = Expect::Revision(revision);
    }
}

#[tokio::test]
async fn of_two_writers_one_wins() {
    let fake = Fake::start();
    forty_rounds(store(&fake), store(&fake)).await;
    if let Some(moto) = OnMoto::new() {
        forty_rounds(moto.store(), moto.store()).await;
    }
}

#[tokio::test]
async fn a_lost_request_or_answer_is_made_good() {
    for act in [Act::Refuse, Act::LoseAnswer] {
        for times in [1, 2] {
            let fake = Fake::start();
            let (store, a) = (store(&fake), name("a"));
            fake.script("CreateSecret", act.clone(), times);
            let first = store.write(&a, &document("1"), &Expect::Absent).await.unwrap();
            holds(&store, &a, "1", &first).await;
            fake.script("PutSecretValue", act.clone(), times);
            let second = store.write(&a, &document("2"), &at(&first)).await.unwrap();
            holds(&store, &a, "2", &second).await;
            fake.script("UpdateSecretVersionStage", act.clone(), times);
            let third = store.write(&a, &document("3"), &at(&second)).await.unwrap();
            holds(&store, &a, "3", &third).await;
            assert_eq!(fake.service().secret("a").versions.len(), 3, "each was written once");
        }
    }
}

#[tokio::test]
async fn what_is_never_heard_of_is_unknown_and_what_was_only_staged_is_not_applied() {
    let never = async |act: Act| {
        let (fake, store, first) = with_record().await;
        fake.script("PutSecretValue", act.clone(), 99);
        fake.script("CreateSecret", act, 99);
        let (a, b, value, expect) = (name("a"), name("b"), document("2"), at(&first));
        let (put, created) = futures_util::future::join(
            store.write(&a, &value, &expect),
            store.write(&b, &value, &Expect::Absent),
        )
        .await;
        assert_error(put, ErrorKind::Unavailable, Effect::NotApplied);
        holds(&store, &a, "1", &first).await;
        assert_error(created, ErrorKind::Unavailable, Effect::Unknown);
    };
    futures_util::future::join(never(Act::Refuse), never(Act::LoseAnswer)).await;
    // A move is looked at, so that it is known even if no answer to one ever comes.
    let (fake, store, first) = with_record().await;
    fake.script("UpdateSecretVersionStage", Act::LoseAnswer, 99);
    let second = store.write(&name("a"), &document("2"), &at(&first)).await.unwrap();
    holds(&store, &name("a"), "2", &second).await;
}

#[tokio::test]
async fn a_lost_move_with_others_on_top() {
    // One write since: ours is the version of before.
    let (fake, store, first) = with_record().await;
    fake.script("UpdateSecretVersionStage", Act::LoseAnswerAndWrite(1), 1);
    let ours = store.write(&name("a"), &document("2"), &at(&first)).await.unwrap();
    assert!(store.read(&name("a"), &At::Revision(ours)).await.is_ok());

    // Two: nobody can tell any more, and it is not a conflict.
    let (fake, store, first) = with_record().await;
    fake.script("UpdateSecretVersionStage", Act::LoseAnswerAndWrite(2), 1);
    let answer = store.write(&name("a"), &document("2"), &at(&first)).await;
    assert_error(answer, ErrorKind::Unavailable, Effect::Unknown);
}

#[tokio::test]
async fn a_move_that_never_arrived_while_another_wrote_is_a_conflict() {
    for others in [1, 2] {
        let (fake, store, first) = with_record().await;
        fake.script("UpdateSecretVersionStage", Act::WriteBefore(others), 1);
        let answer = store.write(&name("a"), &document("2"), &at(&first)).await;
        assert_error(answer, ErrorKind::Conflict, Effect::NotApplied);
    }
    let (fake, store, first) = with_record().await;
    fake.script("UpdateSecretVersionStage", Act::Refuse, 1);
    fake.script("DescribeSecret", Act::WriteBefore(1), 1);
    let answer = store.write(&name("a"), &document("2"), &at(&first)).await;
    assert_error(answer, ErrorKind::Conflict, Effect::NotApplied);
}

#[tokio::test]
async fn a_lost_creation_or_put_with_others_on_top() {
    for others in [1, 3] {
        let fake = Fake::start();
        let (store, a) = (store(&fake), name("a"));
        fake.script("CreateSecret", Act::LoseAnswerAndWrite(others), 1);
        let first = store.write(&a, &document("1"), &Expect::Absent).await.unwrap();
        assert!(matches!(store.read(&a, &At::Revision(first)).await, Ok(Lookup::Found(_))));
        let now = found(&store, &a).await.revision;
        fake.script("PutSecretValue", Act::LoseAnswerAndWrite(others), 1);
        let answer = store.write(&a, &document("2"), &at(&now)).await;
        assert_error(answer, ErrorKind::Conflict, Effect::NotApplied);
    }
}

#[tokio::test]
async fn throttling_passes() {
    let throttled = Act::Fail("ThrottlingException", 400);
    let fake = Fake::start();
    let (store, a) = (store(&fake), name("a"));
    let mut expect = Expect::Absent;
    for (operation, times) in [("CreateSecret", 4), ("PutSecretValue", 4), ("UpdateSecretVersionStage", 5)] {
        fake.script(operation, throttled.clone(), times);
        expect = Expect::Revision(store.write(&a, &document(operation), &expect).await.unwrap());
    }
    fake.script("UpdateSecretVersionStage", Act::Fail("InternalServiceError", 500), 2);
    store.write(&a, &document("4"), &expect).await.unwrap();
    fake.script("GetSecretValue", throttled, 2);
    found(&store, &a).await;
}

#[tokio::test]
async fn reads_that_lag_make_no_conflict_and_no_second_creation() {
    for lag in [1, 3] {
        let fake = Fake::start();
        let (store, a) = (store(&fake), name("a"));
        fake.service().lag = lag;
        fake.script("CreateSecret", Act::LoseAnswer, 1);
        let first = store.write(&a, &document("1"), &Expect::Absent).await.unwrap();
        // What was made a moment ago is not seen everywhere.
        fake.script("PutSecretValue", Act::Fail("ResourceNotFoundException", 400), 2);
        fake.script("UpdateSecretVersionStage", Act::Fail("ResourceNotFoundException", 400), 1);
        let second = store.write(&a, &document("2"), &at(&first)).await.unwrap();
        fake.script("UpdateSecretVersionStage", Act::LoseAnswer, 1);
        let third = store.write(&a, &document("3"), &at(&second)).await.unwrap();
        let stale = store.write(&a, &document("4"), &at(&second)).await;
        assert_error(stale, ErrorKind::Conflict, Effect::NotApplied);
        fake.service().lag = 0;
        assert_eq!(fake.service().secret("a").current().as_deref(), Some(third.as_str()));
    }
}

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
async fn a_secret_without_a_version_is_absent() {
    for round in 0..20 {
        let fake = Fake::start();
        let token = "0".repeat(32);
        fake.done("CreateSecret", &json!({"Name": "a", "ClientRequestToken": token}));
        fake.service().lag = round % 3;
        let (one, other, a) = (store(&fake), store(&fake), name("a"));
        assert!(matches!(one.read(&a, &At::Current).await, Ok(Lookup::Missing)));
        assert!(one.list("").await.unwrap().is_empty() && one.history(&a).await.unwrap().is_empty());
        let (x, y) = (document("x"), document("y"));
        let (left, right) = futures_util::future::join(
            one.write(&a, &x, &Expect::Absent),
            other.write(&a, &y, &Expect::Absent),
        )
        .await;
        let (revision, lost) = match (left, right) {
            (Ok(revision), Err(lost)) | (Err(lost), Ok(revision)) => (revision, lost),
            both => panic!("one is first: {both:?}"),
        };
        assert_eq!((lost.kind(), lost.effect()), (ErrorKind::Conflict, Effect::NotApplied), "{lost:?}");
        assert_eq!(fake.service().secret("a").current().as_deref(), Some(revision.as_str()));
    }
}

#[tokio::test]
async fn the_first_version_of_a_secret_with_lost_answers() {
    let cases = [
        (Act::LoseAnswer, 1, Ok(())),
        (Act::LoseAnswerAndWrite(1), 1, Ok(())),
        // It is current by the put alone: the record may be changed.
        (Act::LoseAnswer, 99, Err(Effect::Unknown)),
        (Act::WriteBefore(1), 1, Err(Effect::NotApplied)),
    ];
    for (act, times, outcome) in cases {
        let fake = Fake::start();
        fake.done("CreateSecret", &json!({"Name": "a", "ClientRequestToken": "0".repeat(32)}));
        fake.script("PutSecretValue", act.clone(), times);
        let answer = store(&fake).write(&name("a"), &document("1"), &Expect::Absent).await;
        assert_eq!(answer.map(|_| ()).map_err(|error| error.effect()), outcome, "{act:?}");
    }
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
async fn a_writer_that_died_between_its_two_steps_leaves_the_old_record() {
    let (fake, store, first) = with_record().await;
    let dead = json!({
        "SecretId": "a",
        "SecretString": r#"{"alpha":"dead"}"#,
        "ClientRequestToken": "d".repeat(32),
        "VersionStages": [STAGE],
    });
    fake.done("PutSecretValue", &dead);
    holds(&store, &name("a"), "1", &first).await;
    let history = store.history(&name("a")).await.unwrap();
    assert_eq!(history.len(), 1, "what was never current is no part of the history");
    let second = store.write(&name("a"), &document("2"), &at(&first)).await.unwrap();
    holds(&store, &name("a"), "2", &second).await;
}

#[tokio::test]
async fn a_removal_whose_answer_is_lost_is_done() {
    for removal in [Removal::Recoverable, Removal::Destroy] {
        for act in [Act::Refuse, Act::LoseAnswer] {
            let (fake, store, first) = with_record().await;
            fake.script("DeleteSecret", act, 1);
            store.remove(&name("a"), &first, removal).await.unwrap();
            assert!(!matches!(store.read(&name("a"), &At::Current).await, Ok(Lookup::Found(_))));
        }
    }
}
