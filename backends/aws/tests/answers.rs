//! Errors of the service in answer to each operation, and broken answers: told apart, waited for, and never quoted.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod support;

use fake::{Act, Fake, hasty, store, with_record};
use momo_cred_backend_api::{Backend, Effect, ErrorKind, Expect, Notice, Removal, Result, Revision, Work};
use momo_cred_backend_aws::AwsStore;
use momo_cred_backend_testkit::{Canary, scan};
use serde_json::json;
use support::{assert_error, at, document, found, name, rendered};

/// One call for each operation that changes something.
async fn change(store: &AwsStore, operation: &str, first: &Revision) -> Result<()> {
    let a = name("a");
    match operation {
        "CreateSecret" => store.write(&name("new"), &document("2"), &Expect::Absent).await.map(|_| ()),
        "DeleteSecret" => store.remove(&a, first, Removal::Recoverable).await,
        _ => store.write(&a, &document("2"), &at(first)).await.map(|_| ()),
    }
}

const CHANGES: [&str; 5] =
    ["CreateSecret", "PutSecretValue", "UpdateSecretVersionStage", "DeleteSecret", "RestoreSecret"];

/// A record, deleted where it is to be restored.
async fn before(operation: &str) -> (Fake, AwsStore, Revision) {
    let (fake, store, first) = with_record().await;
    if operation == "RestoreSecret" {
        fake.done("DeleteSecret", &json!({"SecretId": "a"}));
    }
    (fake, store, first)
}

#[tokio::test]
async fn no_answer_to_a_change_is_quoted() {
    let canary = Canary::hex("a value in an answer");
    let value = canary.value();
    for operation in CHANGES {
        for (status, body) in [
            (200, format!("{{\"VersionId\": \"{value}")),
            (400, format!("{{\"__type\": \"{value}\", \"message\": \"{value}\"}}")),
            (400, format!("{{\"__type\": \"InvalidParameterException\", \"message\": \"{value}\"}}")),
            (403, format!("<html>{value}</html>")),
        ] {
            let (fake, _, first) = before(operation).await;
            fake.script(operation, Act::Answer(status, Vec::new(), body), 99);
            let Err(error) = change(&hasty(&fake), operation, &first).await else {
                panic!("{operation} {status} was taken for an answer")
            };
            let text = rendered(&error);
            assert!(scan(text.as_bytes(), std::slice::from_ref(&canary)).is_empty(), "{operation}: {text}");
        }
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_used_and_a_missing_right_are_told_of_each_change() {
    for operation in CHANGES {
        for (code, word) in [("EncryptionFailure", "KMS"), ("AccessDeniedException", "access denied")] {
            let (fake, store, first) = before(operation).await;
            fake.script(operation, Act::Fail(code, 400), 99);
            let error = change(&store, operation, &first).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{operation}: {error:?}");
            assert!(rendered(&error).contains(word), "{operation}: {error:?}");
            assert_eq!(error.effect(), Effect::NotApplied, "{operation}");
        }
    }
}

#[tokio::test]
async fn every_operation_is_asked_again_when_it_was_throttled() {
    for operation in CHANGES.into_iter().chain(["DescribeSecret"]) {
        let (fake, store, first) = before(operation).await;
        fake.script(operation, Act::Fail("ThrottlingException", 400), 2);
        let how = if operation == "DescribeSecret" { "DeleteSecret" } else { operation };
        change(&store, how, &first).await.unwrap_or_else(|error| panic!("{operation}: {error:?}"));
    }
    let (fake, store, _) = with_record().await;
    for operation in ["ListSecrets", "ListSecretVersionIds"] {
        fake.script(operation, Act::Fail("ThrottlingException", 400), 2);
    }
    assert_eq!(store.list("").await.unwrap(), [name("a")]);
    assert_eq!(store.history(&name("a")).await.unwrap().len(), 1);
}

/// To store, tidy up or take away is no renewal: what would undo it is told and does not stand in its way.
#[tokio::test]
async fn upkeep_of_a_secret_that_aws_rotates_is_warned_of() {
    let (fake, store, first) = with_record().await;
    let a = name("a");
    fake.service().secret("a").rotation_enabled = true;
    assert_error(store.hold(&a, Work::Renewal).await, ErrorKind::Misconfigured, Effect::NotApplied);
    assert!(store.notices().is_empty());
    assert!(store.hold(&a, Work::Upkeep).await.unwrap().is_none());
    let told = store.notices();
    assert!(matches!(&told[..], [Notice::Mend(text)] if text.contains("rotates")), "{told:?}");
    store.remove(&a, &first, Removal::Recoverable).await.unwrap();
    fake.service().secret("a").primary_region = Some("eu-west-1".to_owned());
    assert_error(store.hold(&a, Work::Upkeep).await, ErrorKind::Misconfigured, Effect::NotApplied);
}

#[tokio::test]
async fn listings_and_histories_say_what_they_are() {
    let (_fake, store, _) = with_record().await;
    store.list("").await.unwrap();
    store.history(&name("a")).await.unwrap();
    let details = store.notices();
    let has =
        |word: &str| details.iter().any(|told| matches!(told, Notice::Detail(text) if text.contains(word)));
    assert!(has("five minutes") && has("collected"), "{details:?}");
}

#[tokio::test]
async fn bytes_are_counted_as_the_service_counts_them() {
    let fake = Fake::start();
    let store = store(&fake);
    let frame = r#"{"alpha":""}"#.len();
    // Two bytes each, and a backslash before each.
    for (unit, bytes) in [("\u{e4}", 2), ("\"", 2)] {
        let fits = document(&unit.repeat((65_536 - frame) / bytes));
        let record = name(if unit == "\"" { "quotes" } else { "umlauts" });
        store.write(&record, &fits, &Expect::Absent).await.unwrap();
        assert!(found(&store, &record).await.document.same_as(&fits));
        let larger = document(&unit.repeat((65_536 - frame) / bytes + 1));
        let answer = store.write(&name("larger"), &larger, &Expect::Absent).await;
        assert_error(answer, ErrorKind::Unsupported, Effect::NotApplied);
    }
}

#[tokio::test]
async fn names_that_differ_in_case_only_are_others() {
    let (fake, store, _) = with_record().await;
    for (n, other) in ["team/a", "Team/b", "TEAM/c"].into_iter().enumerate() {
        let input = json!({"Name": other, "SecretString": r#"{"alpha":"1"}"#, "ClientRequestToken": format!("{n:032}")});
        fake.done("CreateSecret", &input);
    }
    assert_eq!(store.list("Team/").await.unwrap(), [name("Team/b")]);
}
