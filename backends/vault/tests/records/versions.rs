//! Versions of a record: deleted, destroyed, trimmed, vanishing.

use std::time::Duration;

use momo_cred_backend_api::{At, Backend, ErrorKind, Expect, Lookup, Notice, Reason, Removal, Revision};
use momo_live::KvVersion;
use serde_json::json;

use crate::Stage;
use crate::support::{asked, create, found, is_found, notices, one, read, replace, told};

fn deleted(lookup: Result<Lookup, momo_cred_backend_api::Error>) -> Revision {
    match lookup {
        Ok(Lookup::Deleted { revision }) => revision,
        other => panic!("a record has to be deleted, and is {other:?}"),
    }
}

#[tokio::test]
async fn never_there_deleted_and_destroyed_are_told_apart() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let (store, name) = (stage.store(), stage.mount.name("a"));
    assert!(matches!(read(&store, &name).await, Ok(Lookup::Missing)));
    let first = create(&store, &name, "1").await;
    let second = replace(&store, &name, "2", &first).await;
    stage.mount.root("POST", "destroy/momo/a", &json!({"versions": [1]}));
    assert_eq!(deleted(store.read(&name, &At::Revision(first)).await), second, "a destroyed version");
    store.remove(&name, &second, Removal::Recoverable).await.unwrap();
    assert_eq!(deleted(read(&store, &name).await), second);
    assert_eq!(store.revision(&name).await.unwrap(), None);
    let never = At::Revision(Revision::new("9"));
    assert!(matches!(store.read(&name, &never).await, Ok(Lookup::Missing)));
    stage.mount.root("POST", "destroy/momo/a", &json!({"versions": [2]}));
    assert_eq!(deleted(read(&store, &name).await), second, "a destroyed record");
    store.remove(&name, &second, Removal::Destroy).await.unwrap();
    assert!(matches!(read(&store, &name).await, Ok(Lookup::Missing)));
    assert!(store.history(&name).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_hint_how_to_undelete_names_the_version_and_works() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let first = create(&store, &name, "1").await;
    let second = replace(&store, &name, "2", &first).await;
    store.remove(&name, &second, Removal::Recoverable).await.unwrap();
    let error = store.write(&name, &one("3"), &Expect::Absent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let next = error.reason().and_then(Reason::next).unwrap();
    assert!(next.contains("vault kv undelete -versions=2"), "{next}");
    stage.mount.root("POST", "undelete/momo/a", &json!({"versions": [2]}));
    assert!(found(&store, &name).await.document.same_as(&one("2")));
}

/// Not the latest one, whatever that is by then: a version that somebody wrote meanwhile stays.
#[tokio::test]
async fn a_removal_is_of_one_version() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let first = create(&store, &name, "1").await;
    stage.tap.delay("POST", "/delete/", Duration::from_millis(600));
    let (removed, second) = tokio::join!(store.remove(&name, &first, Removal::Recoverable), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        replace(&stage.store(), &name, "2", &first).await
    });
    removed.unwrap();
    assert_eq!(found(&store, &name).await.revision, second);
}

#[tokio::test]
async fn a_version_that_was_pushed_out_is_missing() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    stage.mount.root("POST", "metadata/momo/a", &json!({"max_versions": 2}));
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let first = create(&store, &name, "1").await;
    let second = replace(&store, &name, "2", &first).await;
    let third = replace(&store, &name, "3", &second).await;
    assert!(matches!(store.read(&name, &At::Revision(first)).await, Ok(Lookup::Missing)));
    is_found(store.read(&name, &At::Revision(second.clone())).await);
    let history: Vec<_> = store.history(&name).await.unwrap().into_iter().map(|v| v.revision).collect();
    assert_eq!(history, [third, second]);
}

#[tokio::test]
async fn a_mount_that_requires_check_and_set_gets_it() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    stage.mount.root("POST", "config", &json!({"cas_required": true}));
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let first = create(&store, &name, "1").await;
    let second = replace(&store, &name, "2", &first).await;
    store.remove(&name, &second, Removal::Recoverable).await.unwrap();
    replace(&store, &name, "3", &second).await;
}

#[tokio::test]
async fn a_credential_that_will_vanish_by_itself_is_told_of() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    stage.mount.root("POST", "config", &json!({"delete_version_after": "2h"}));
    let (store, name) = (stage.store(), stage.mount.name("a"));
    create(&store, &name, "1").await;
    let on_write = notices(&store, Notice::Mend);
    let reader = stage.store();
    assert!(found(&reader, &name).await.document.same_as(&one("1")));
    for told in [on_write, notices(&reader, Notice::Mend)] {
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains("will be deleted by the server at 20")
                && told[0].contains("delete_version_after")
        );
    }
    assert!(!store.history(&name).await.unwrap()[0].deleted);
    assert!(store.revision(&name).await.unwrap().is_some());
}

#[tokio::test]
async fn a_credential_that_has_vanished_is_deleted() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    stage.mount.root("POST", "config", &json!({"delete_version_after": "1s"}));
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let first = create(&store, &name, "1").await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(deleted(read(&store, &name).await), first);
    assert_eq!(store.revision(&name).await.unwrap(), None);
    assert!(store.history(&name).await.unwrap()[0].deleted);
    assert!(store.list(&stage.mount.record("")).await.unwrap().is_empty());
}

#[tokio::test]
async fn ages_grow_by_the_servers_clock() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let first = create(&store, &name, "1").await;
    let young = found(&store, &name).await.age.unwrap();
    assert!(young < Duration::from_secs(2), "{young:?}");
    // `Date` counts whole seconds.
    tokio::time::sleep(Duration::from_millis(2100)).await;
    replace(&store, &name, "2", &first).await;
    let history = store.history(&name).await.unwrap();
    assert!(history[1].age.unwrap() > history[0].age.unwrap() + Duration::from_millis(500), "{history:?}");
    assert!(found(&store, &name).await.age.unwrap() < Duration::from_secs(2));
    let old = is_found(store.read(&name, &At::Revision(first)).await);
    assert!(old.age.unwrap() > young, "{:?}", old.age);
}

#[tokio::test]
async fn history_shows_what_was_deleted_and_destroyed() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let mut last = create(&store, &name, "1").await;
    for value in ["2", "3", "4"] {
        last = replace(&store, &name, value, &last).await;
    }
    stage.mount.root("POST", "delete/momo/a", &json!({"versions": [2]}));
    stage.mount.root("POST", "destroy/momo/a", &json!({"versions": [3]}));
    let history = store.history(&name).await.unwrap();
    let shown: Vec<_> = history.iter().map(|v| (v.revision.as_str(), v.deleted)).collect();
    assert_eq!(shown, [("4", false), ("3", true), ("2", true), ("1", false)]);
}

#[tokio::test]
async fn a_revision_that_is_no_version_is_refused() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let (store, name) = (stage.store(), stage.mount.name("a"));
    create(&store, &name, "1").await;
    for odd in ["0", "-1", "1.0", "1&x=y", "99999999999999999999"] {
        let error = store.read(&name, &At::Revision(Revision::new(odd))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misconfigured, "{odd}: {}", told(&error));
        let expect = Expect::Revision(Revision::new(odd));
        let error = store.write(&name, &one("2"), &expect).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{odd}: {}", told(&error));
        let error = store.remove(&name, &Revision::new(odd), Removal::Destroy).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{odd}: {}", told(&error));
    }
    let far = Expect::Revision(Revision::new("4294967296"));
    let error = store.write(&name, &one("2"), &far).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "beyond what vaultrs counts: {}", told(&error));
    assert!(found(&store, &name).await.document.same_as(&one("1")));
}

/// Whether it was deleted stands in metadata; a value is not read to find that out.
#[tokio::test]
async fn a_listing_reads_no_value_where_metadata_is_not_for_the_token() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let names = ["a", "b", "c/d"].map(|path| stage.mount.name(path));
    for name in &names {
        create(&stage.store(), name, "1").await;
    }
    let lister = r#"path "secret/metadata/momo/*" { capabilities = ["list"] }"#;
    let all = r#"path "secret/data/momo/*" { capabilities = ["create", "read", "update"] }"#;
    let store = crate::support::store(stage.mount.config(&stage.tap.address(), &[lister, all]));
    stage.tap.forget();
    let mut listed = store.list(&stage.mount.record("")).await.unwrap();
    listed.sort();
    assert_eq!(listed, names);
    assert_eq!(asked(&stage.tap, "/data/"), 0, "{:?}", stage.tap.requests());
}
