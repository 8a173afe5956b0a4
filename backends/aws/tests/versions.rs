//! Secrets in an odd state: without any version, made anew, named like an ARN.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod support;

use fake::{Act, Fake, hasty, store, with_record};
use momo_cred_backend_api::{At, Backend, Effect, ErrorKind, Expect, Lookup, Revision};
use serde_json::json;
use support::{assert_error, at, document, found, holds, name};

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
        // Two others since: whether ours was current before cannot be told.
        (Act::LoseAnswerAndWrite(2), 1, Err(Effect::Unknown)),
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
async fn a_secret_that_was_made_anew_without_a_value_is_no_conflict() {
    for (act, times) in [(None, 0), (Some(Act::LoseAnswer), 1), (Some(Act::LoseAnswer), 99)] {
        let (fake, _, first) = with_record().await;
        fake.done("DeleteSecret", &json!({"SecretId": "a", "ForceDeleteWithoutRecovery": true}));
        fake.done("CreateSecret", &json!({"Name": "a", "ClientRequestToken": "0".repeat(32)}));
        if let Some(act) = act {
            fake.script("PutSecretValue", act, times);
        }
        let answer = hasty(&fake).write(&name("a"), &document("2"), &at(&first)).await;
        assert_error(answer, ErrorKind::Unavailable, Effect::Unknown);
    }
}

#[tokio::test]
async fn a_creation_that_names_a_missing_key_says_so() {
    let fake = Fake::start();
    fake.script("CreateSecret", Act::Fail("ResourceNotFoundException", 400), 1);
    let answer = store(&fake).write(&name("a"), &document("1"), &Expect::Absent).await;
    let error = assert_error(answer, ErrorKind::Denied, Effect::NotApplied);
    assert!(error.reason().unwrap().to_string().contains("KMS"), "{error:?}");
}

#[tokio::test]
async fn a_revision_of_another_store_is_missing_and_a_name_that_ends_like_an_arn_is_used_where_it_is() {
    let (fake, store, _) = with_record().await;
    for odd in ["3", "", &"x".repeat(65)] {
        let at = At::Revision(Revision::new(odd));
        assert!(matches!(store.read(&name("a"), &at).await, Ok(Lookup::Missing)), "{odd}");
    }
    assert!(fake.asked().is_empty());
    let odd = name("momo-client");
    let answer = store.write(&odd, &document("1"), &Expect::Absent).await;
    assert_error(answer, ErrorKind::Misconfigured, Effect::NotApplied);
    let input = json!({"Name": "momo-client", "SecretString": r#"{"alpha":"1"}"#, "ClientRequestToken": "0".repeat(32)});
    fake.done("CreateSecret", &input);
    let first = found(&store, &odd).await.revision;
    let second = store.write(&odd, &document("2"), &at(&first)).await.unwrap();
    holds(&store, &odd, "2", &second).await;
    assert!(store.list("momo").await.unwrap().contains(&odd));
}
