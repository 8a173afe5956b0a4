//! The label `managed-by=momo-cred`.

use momo_live::{KvVersion, Tap};
use serde_json::{Value, json};

use crate::Stage;
use crate::support::{Mount, asked, create, found, replace, store};

fn labels(mount: &Mount) -> Value {
    mount.peek(&format!("{}/metadata/momo/a", mount.path))["data"]["custom_metadata"].clone()
}

#[tokio::test]
async fn a_record_that_is_created_is_labelled() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    create(&stage.store(), &stage.mount.name("a"), "1").await;
    assert_eq!(labels(&stage.mount), json!({"managed-by": "momo-cred"}));
}

/// A key that has metadata and no version is absent, too.
#[tokio::test]
async fn other_labels_and_settings_of_a_record_stay() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let settings = json!({"max_versions": 7, "custom_metadata": {"team": "pay"}});
    stage.mount.root("POST", "metadata/momo/a", &settings);
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let first = create(&store, &name, "1").await;
    assert_eq!(first.as_str(), "1");
    assert_eq!(labels(&stage.mount), json!({"managed-by": "momo-cred", "team": "pay"}));
    let metadata = stage.mount.peek(&format!("{}/metadata/momo/a", stage.mount.path));
    assert_eq!(metadata["data"]["max_versions"], 7);
}

#[tokio::test]
async fn a_record_that_others_made_is_not_labelled() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    stage.mount.root("POST", "data/momo/a", &json!({"data": {"alpha": "1"}}));
    let (store, name) = (stage.store(), stage.mount.name("a"));
    let revision = found(&store, &name).await.revision;
    replace(&store, &name, "2", &revision).await;
    assert_eq!(labels(&stage.mount), Value::Null);
}

#[tokio::test]
async fn a_label_that_is_refused_or_lost_is_no_failure() {
    let Some(mount) = Mount::new(KvVersion::V2) else { return };
    let tap = Tap::new(mount.vault.socket());
    let writer = r#"path "secret/data/momo/*" { capabilities = ["create", "update"] }"#;
    let refused = store(mount.config(&tap.address(), &[writer]));
    create(&refused, &mount.name("a"), "1").await;
    assert_eq!((labels(&mount), asked(&tap, "PATCH")), (Value::Null, 1));

    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    stage.tap.refuse("PATCH", "/metadata/");
    create(&stage.store(), &stage.mount.name("a"), "1").await;
    stage.tap.answer("PATCH", "/metadata/", &momo_live::response(405, &[], "<html>"), 1);
    create(&stage.store(), &stage.mount.name("b"), "1").await;
}
