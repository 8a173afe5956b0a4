//! What a call costs.

use momo_cred_backend_api::{At, Backend, Expect, Removal, Work};
use momo_live::KvVersion;
use serde_json::json;

use crate::support::{create, found, is_found, one, replace};
use crate::{Stage, mount};

const DETECTION: &str = "GET sys/internal/ui/mounts/momo/a";

#[tokio::test]
async fn a_read_is_one_request_on_one_connection() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let name = stage.mount.name("a");
    stage.mount.root("POST", "data/momo/a", &json!({"data": {"alpha": "1"}}));
    let store = stage.store();
    for _ in 0..3 {
        found(&store, &name).await;
        assert_eq!(stage.requests(), ["GET data/momo/a"]);
    }
    let revision = found(&store, &name).await.revision;
    is_found(store.read(&name, &At::Revision(revision)).await);
    assert_eq!(stage.requests(), ["GET data/momo/a", "GET data/momo/a?version=1"]);
    assert_eq!(stage.tap.connections(), 1);
}

#[tokio::test]
async fn a_read_that_finds_nothing_asks_about_the_engine_once() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let (store, name) = (stage.store(), stage.mount.name("a"));
    for _ in 0..2 {
        crate::support::read(&store, &name).await.unwrap();
    }
    assert_eq!(stage.requests(), ["GET data/momo/a", DETECTION, "GET data/momo/a"]);
}

#[tokio::test]
async fn a_write_asks_about_the_engine_once_and_labels_what_it_creates() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let name = stage.mount.name("a");
    for configured in [None, Some(momo_cred_backend_vault::KvVersion::V2)] {
        let store = stage.configured(|config| config.kv_version = configured);
        let first = create(&store, &name, "1").await;
        assert_eq!(stage.requests(), [DETECTION, "POST data/momo/a", "PATCH metadata/momo/a"]);
        let second = replace(&store, &name, "2", &first).await;
        assert_eq!(stage.requests(), ["POST data/momo/a"]);
        store.remove(&name, &second, Removal::Destroy).await.unwrap();
        assert_eq!(stage.requests(), ["GET metadata/momo/a", "DELETE metadata/momo/a"]);
    }
    assert_eq!(stage.tap.connections(), 2);
}

#[tokio::test]
async fn other_calls_cost_one_request() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let revision = create(&store, &name, "1").await;
    stage.requests();
    store.revision(&name).await.unwrap();
    assert_eq!(stage.requests(), ["GET metadata/momo/a"]);
    store.history(&name).await.unwrap();
    assert_eq!(stage.requests(), ["GET metadata/momo/a"]);
    store.hold(&name, Work::Renewal).await.unwrap();
    assert_eq!(stage.requests(), ["GET auth/token/lookup-self"]);
    let stale = Expect::Revision(revision);
    store.write(&name, &one("2"), &stale).await.unwrap();
    stage.requests();
    store.write(&name, &one("3"), &stale).await.unwrap_err();
    assert_eq!(stage.requests(), ["POST data/momo/a", "GET metadata/momo/a"]);
}

#[tokio::test]
async fn twenty_reads_at_once_share_eight_connections() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let names: Vec<_> = (0..20).map(|n| stage.mount.name(&format!("many/{n}"))).collect();
    for n in 0..20 {
        stage.mount.root("POST", &format!("data/momo/many/{n}"), &json!({"data": {"alpha": n.to_string()}}));
    }
    let store = stage.store();
    for (n, lookup) in store.read_many(&names).await.into_iter().enumerate() {
        assert!(is_found(lookup).document.same_as(&one(&n.to_string())), "{n}");
    }
    assert_eq!(stage.requests().len(), 20);
    assert!(stage.tap.connections() <= 8, "{}", stage.tap.connections());
}

#[tokio::test]
async fn a_name_that_does_not_fit_costs_nothing() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let store = stage.configured(|config| config.mount = Some(mount(&stage.mount.path)));
    let elsewhere = crate::support::name("elsewhere/momo/a");
    store.read(&elsewhere, &At::Current).await.unwrap_err();
    store.write(&elsewhere, &one("1"), &Expect::Absent).await.unwrap_err();
    store.hold(&elsewhere, Work::Renewal).await.unwrap_err();
    assert_eq!(stage.tap.connections(), 0);
}
