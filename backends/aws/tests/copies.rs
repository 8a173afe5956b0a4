//! Copies in other regions: which of them do not have a version yet.

#![allow(clippy::unwrap_used, reason = "this is how a test fails")]

mod fake;
mod support;

use fake::{store, with_secret};
use momo_cred_backend_api::{Backend, Copies, ErrorKind, Expect, Op, Revision};
use momo_cred_backend_aws::AwsStore;
use support::{OnMoto, at, document, name};

fn places(places: &[&str]) -> Vec<String> {
    places.iter().map(|&place| place.to_owned()).collect()
}

#[tokio::test]
async fn only_in_sync_counts_as_there() {
    let fake = with_secret(fake::RECORD);
    let (store, a, first) = (store(&fake), name("a"), Revision::new("a".repeat(32)));
    let region = |region: &str, status| (region.to_owned(), status);
    fake.service().secret("a").replicas = vec![
        region("eu-west-1", "InSync"),
        region("eu-west-2", "InProgress"),
        region("eu-west-3", "Failed"),
        region("eu-north-1", "SomethingNew"),
    ];
    let copies = store.copies(&a, &first).await.unwrap();
    assert_eq!(copies.behind, places(&["eu-west-2", "eu-north-1"]));
    assert_eq!(copies.failed, places(&["eu-west-3"]));
    assert!(copies.mend.unwrap().contains("remove-regions-from-replication"));
    assert_eq!(fake.asked(), ["DescribeSecret"]);
    fake.service().secret("a").replicas = vec![region("eu-west-1", "InSync")];
    assert!(store.copies(&a, &first).await.unwrap().are_in_step());
    // What is no region's name is not repeated.
    fake.service().secret("a").replicas = vec![region("a region? <b>", "Failed")];
    assert_eq!(store.copies(&a, &first).await.unwrap().failed, places(&["another region"]));
}

/// The service says of a copy that it is in sync, and not with which version.
#[tokio::test]
async fn an_answer_from_before_the_write_says_nothing_of_it() {
    let fake = with_secret(fake::RECORD);
    let (store, a, first) = (store(&fake), name("a"), Revision::new("a".repeat(32)));
    fake.service().secret("a").replicas = vec![("eu-west-1".to_owned(), "InSync")];
    fake.service().lag = 1;
    let second = store.write(&a, &document("2"), &at(&first)).await.unwrap();
    let copies = store.copies(&a, &second).await.unwrap();
    assert_eq!(copies, Copies { behind: places(&["eu-west-1"]), ..Copies::default() });
    assert!(store.copies(&a, &second).await.unwrap().are_in_step());
    // Another writer was faster: the copies follow that.
    fake.service().others_write("a", 1);
    assert!(store.copies(&a, &second).await.unwrap().are_in_step());
}

#[tokio::test]
async fn who_may_not_look_is_told_so() {
    let fake = with_secret(fake::RECORD);
    fake.service().deny("a");
    let error = store(&fake).copies(&name("a"), &Revision::new("a".repeat(32))).await.unwrap_err();
    assert_eq!((error.kind(), error.op()), (ErrorKind::Denied, Op::Copies));
}

#[tokio::test]
async fn moto_makes_copies_and_fails_to() {
    let Some(on) = OnMoto::new() else { return };
    let mut config = on.config();
    config.replica_regions = places(&["eu-west-1", "eu-west-2"]);
    let (store, a) = (AwsStore::new(config), name("copied"));
    let mut elsewhere = on.config();
    elsewhere.region = Some("eu-west-2".to_owned());
    let elsewhere = AwsStore::new(elsewhere);
    let first = store.write(&a, &document("1"), &Expect::Absent).await.unwrap();
    assert!(store.copies(&a, &first).await.unwrap().are_in_step());
    let second = store.write(&a, &document("2"), &at(&first)).await.unwrap();
    assert!(store.copies(&a, &second).await.unwrap().are_in_step());
    // A secret of the name is there already.
    let b = name("taken");
    elsewhere.write(&b, &document("1"), &Expect::Absent).await.unwrap();
    let made = store.write(&b, &document("1"), &Expect::Absent).await.unwrap();
    let copies = store.copies(&b, &made).await.unwrap();
    assert_eq!((copies.behind, copies.failed), (vec![], places(&["eu-west-2"])));
}
