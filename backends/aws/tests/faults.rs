//! Writes when answers are lost, reads lag, others write, or a secret is in an odd state: never a false success, never a
//! Conflict that changed something.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod support;

use std::sync::Arc;

use fake::{Act, Fake, hasty, store, with_record};
use momo_cred_backend_api::{At, Backend, Effect, ErrorKind, Expect, Lookup};
use momo_cred_backend_aws::{AwsStore, STAGE};
use serde_json::json;
use support::{OnMoto, assert_error, at, document, found, holds, name};

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

/// To delete for good is not asked for twice: somebody may have made the secret anew.
/// The one case where a put alone changes a record that was expected to have a version.
/// What is seen may be older than what was done: it is no proof that somebody else wrote.
#[tokio::test]
async fn an_old_view_makes_no_conflict_of_a_throttled_move() {
    for (code, times) in [("ThrottlingException", 2), ("ResourceNotFoundException", 1)] {
        let (fake, store, first) = with_record().await;
        fake.service().lag = 50;
        let second = store.write(&name("a"), &document("2"), &at(&first)).await.unwrap();
        fake.script("UpdateSecretVersionStage", Act::Fail(code, 400), times);
        let third = store.write(&name("a"), &document("3"), &at(&second)).await.unwrap();
        fake.service().lag = 0;
        assert_eq!(fake.service().secret("a").current().as_deref(), Some(third.as_str()));
    }
    // Denied, or throttled for good, is what it says.
    for (code, kind) in
        [("ThrottlingException", ErrorKind::Unavailable), ("AccessDeniedException", ErrorKind::Denied)]
    {
        let (fake, store, first) = with_record().await;
        fake.service().lag = 50;
        let second = store.write(&name("a"), &document("2"), &at(&first)).await.unwrap();
        fake.script("UpdateSecretVersionStage", Act::Fail(code, 400), 99);
        let answer = hasty(&fake).write(&name("a"), &document("3"), &at(&second)).await;
        assert_error(answer, kind, Effect::NotApplied);
    }
}
