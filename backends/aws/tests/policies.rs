//! The shipped policies on a fake that grants just their actions: each is enough for its work, and holds nothing that the
//! work does not use.

#![allow(clippy::unwrap_used, reason = "this is how a test fails")]

mod fake;
mod support;

use std::collections::BTreeSet;

use fake::Fake;
use momo_cred_backend_api::{At, Backend, ErrorKind, Expect, Lookup, Removal, Revision, Verdict, Work};
use momo_cred_backend_aws::AwsStore;
use serde_json::{Value, json};
use support::{at, config, document, found, name};

const EXEC: &str = include_str!("../policies/exec.json");
const IMPORT: &str = include_str!("../policies/import.json");
const ROTATE: &str = include_str!("../policies/rotate.json");
const REMOVE: &str = include_str!("../policies/remove.json");
const LIST: &str = include_str!("../policies/list.json");
const REPLICAS: &str = include_str!("../policies/replicas.json");
const KMS: &str = include_str!("../policies/kms.json");

/// Rights that go with an operation and are none themselves.
const IMPLIED: [&str; 2] = ["TagResource", "ReplicateSecretToRegions"];

fn statements(policy: &str) -> Vec<Value> {
    let policy: Value = serde_json::from_str(policy).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    policy["Statement"].as_array().unwrap().clone()
}

fn actions(policy: &str) -> BTreeSet<String> {
    let actions = |statement: &Value| statement["Action"].as_array().unwrap().clone();
    let all = statements(policy).iter().flat_map(actions).collect::<Vec<_>>();
    all.iter().map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// A store that may do what these policies say, with the records `a`, `b` and `c`.
fn allowed(policies: &[&str]) -> (Fake, AwsStore) {
    let fake = Fake::start();
    for name in ["a", "b", "c"] {
        let input =
            json!({"Name": name, "SecretString": r#"{"alpha":"1"}"#, "ClientRequestToken": name.repeat(32)});
        fake.done("CreateSecret", &input);
    }
    let all = policies.iter().flat_map(|policy| actions(policy));
    let rights = all.map(|action| action.strip_prefix("secretsmanager:").unwrap().to_owned());
    fake.service().rights = Some(rights.collect());
    let store = AwsStore::new(config(&fake.address()));
    (fake, store)
}

/// Everything that a policy grants was asked for.
#[track_caller]
fn assert_used(fake: &Fake, policy: &str) {
    let asked: BTreeSet<_> =
        fake.asked().iter().map(|operation| format!("secretsmanager:{operation}")).collect();
    let mut granted = actions(policy);
    granted.retain(|action| !IMPLIED.iter().any(|implied| action.ends_with(implied)));
    let unused: Vec<_> = granted.difference(&asked).collect();
    assert!(unused.is_empty(), "granted and not used: {unused:?}");
}

fn first(name: &str) -> Revision {
    Revision::new(name.repeat(32))
}

#[tokio::test]
async fn exec_reads() {
    let (fake, store) = allowed(&[EXEC]);
    found(&store, &name("a")).await;
    assert!(matches!(store.read(&name("absent"), &At::Current).await, Ok(Lookup::Missing)));
    let answers = store.read_many(&["a", "b", "c"].map(name)).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(fake.asked().len(), 3);
    let findings = store.examine(&name("a")).await;
    assert!(findings.iter().all(|found| !matches!(found.verdict, Verdict::Bad(_))), "{findings:?}");
    // What waits for its deletion cannot be told from what another service owns; it is not missing.
    fake.done("DeleteSecret", &json!({"SecretId": "b"}));
    assert_eq!(store.read(&name("b"), &At::Current).await.unwrap_err().kind(), ErrorKind::Conflict);
    let denied = store.write(&name("a"), &document("2"), &at(&first("a"))).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied);
    store.read_many(&["a", "c", "absent"].map(name)).await;
    found(&store, &name("a")).await;
    assert_used(&fake, EXEC);
}

#[tokio::test]
async fn import_writes() {
    let (fake, store) = allowed(&[IMPORT]);
    let a = name("a");
    let taken = store.write(&a, &document("2"), &Expect::Absent).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Conflict);
    let stored = found(&store, &a).await;
    store.write(&a, &document("2"), &at(&stored.revision)).await.unwrap();
    store.write(&name("new"), &document("1"), &Expect::Absent).await.unwrap();
    assert_used(&fake, IMPORT);
    let denied = store.remove(&a, &stored.revision, Removal::Destroy).await.unwrap_err();
    assert_ne!(denied.kind(), ErrorKind::Denied, "a stale revision is seen first: {denied:?}");
}

#[tokio::test]
async fn rotate_goes_through_a_lifecycle() {
    let (fake, store) = allowed(&[ROTATE]);
    let (a, new) = (name("a"), name("new"));
    store.hold(&a, Work::Renewal).await.unwrap();
    let stored = found(&store, &a).await;
    let second = store.write(&a, &document("2"), &at(&stored.revision)).await.unwrap();
    assert_eq!(store.revision(&a).await.unwrap().as_ref(), Some(&second));
    assert!(store.copies(&a, &second).await.unwrap().are_in_step());
    assert_eq!(store.history(&a).await.unwrap().len(), 2);
    assert!(matches!(store.read(&a, &At::Revision(stored.revision)).await, Ok(Lookup::Found(_))));
    let made = store.write(&new, &document("1"), &Expect::Absent).await.unwrap();
    store.write(&new, &document("2"), &at(&made)).await.unwrap();
    assert_used(&fake, ROTATE);
}

#[tokio::test]
async fn remove_removes_and_with_import_brings_back() {
    let (fake, store) = allowed(&[REMOVE, IMPORT]);
    let a = name("a");
    // As the command does it: it reads first, and says what it removes.
    let seen = found(&store, &a).await.revision;
    store.hold(&a, Work::Upkeep).await.unwrap();
    store.remove(&a, &seen, Removal::Recoverable).await.unwrap();
    let back = store.write(&a, &document("2"), &at(&first("a"))).await.unwrap();
    assert_used(&fake, REMOVE);
    store.remove(&a, &back, Removal::Destroy).await.unwrap();
    let (_, store) = allowed(&[REMOVE]);
    store.remove(&a, &first("a"), Removal::Destroy).await.unwrap();
}

#[tokio::test]
async fn list_lists() {
    let (fake, store) = allowed(&[LIST]);
    assert_eq!(store.list("").await.unwrap().len(), 3);
    assert_used(&fake, LIST);
}

#[tokio::test]
async fn replicas_are_a_right_of_their_own() {
    for (policies, may) in [([IMPORT, IMPORT], false), ([IMPORT, REPLICAS], true)] {
        let (fake, _) = allowed(&policies);
        let mut config = config(&fake.address());
        config.replica_regions = vec!["eu-west-2".to_owned()];
        let answer = AwsStore::new(config).write(&name("new"), &document("1"), &Expect::Absent).await;
        assert_eq!(answer.is_ok(), may, "{answer:?}");
    }
}

/// No right on everything but where IAM knows no other, and none beyond the two services.
#[test]
fn policies_are_as_narrow_as_they_can_be() {
    for policy in [EXEC, IMPORT, ROTATE, REMOVE, LIST, REPLICAS, KMS] {
        for statement in statements(policy) {
            let listing = ["BatchGetSecretValue", "ListSecrets"];
            let actions = statement["Action"].to_string();
            let wide = listing.iter().any(|action| actions.contains(action));
            assert_eq!(statement["Resource"] == "*", wide, "{statement}");
            assert_eq!(statement["Effect"], "Allow");
            assert!(!actions.contains('*'), "{actions}");
        }
    }
    assert_eq!(actions(KMS).len(), 2);
    assert_eq!(
        statements(KMS)[0]["Condition"]["StringEquals"]["kms:ViaService"],
        "secretsmanager.eu-west-1.amazonaws.com"
    );
}
