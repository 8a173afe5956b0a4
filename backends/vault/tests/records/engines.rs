//! Which secrets engine a record is in.

use momo_cred_backend_api::{At, Backend, Error, ErrorKind, Expect, Lookup, Work};
use momo_cred_backend_vault::KvVersion as Configured;
use momo_live::{KvVersion, response};
use serde_json::{Value, json};

use crate::support::{Mount, create, found, name, one, read, told};
use crate::{Stage, mount};

/// A mount below another segment, as teams have them.
fn nested(version: KvVersion) -> Option<Stage> {
    let mut mount = Mount::new(version)?;
    mount.path = format!("team/{}", mount.path);
    mount.vault.mount(&mount.path, version);
    Some(Stage::on(mount))
}

#[tokio::test]
async fn a_nested_mount_that_is_configured_costs_nothing_more() {
    let Some(stage) = nested(KvVersion::V2) else { return };
    let store = stage.configured(|config| config.mount = Some(mount(&stage.mount.path)));
    let name = stage.mount.name("a");
    create(&store, &name, "1").await;
    stage.requests();
    found(&store, &name).await;
    assert_eq!(stage.requests(), ["GET data/momo/a"]);
    let fresh = stage.configured(|config| config.mount = Some(mount(&stage.mount.path)));
    found(&fresh, &name).await;
    assert_eq!(stage.requests(), ["GET data/momo/a"]);
}

#[tokio::test]
async fn a_nested_mount_is_found_by_asking_once() {
    for (version, at, content, configured, requests) in [
        (KvVersion::V2, "data/momo/a", json!({"data": {"alpha": "1"}}), None, 3),
        (KvVersion::V2, "data/momo/a", json!({"data": {"alpha": "1"}}), Some(Configured::V2), 3),
        (KvVersion::V1, "momo/a", json!({"alpha": "1"}), None, 3),
        // The path is the same, wherever the mount ends.
        (KvVersion::V1, "momo/a", json!({"alpha": "1"}), Some(Configured::V1), 1),
    ] {
        let Some(stage) = nested(version) else { return };
        stage.mount.root("POST", at, &content);
        let store = stage.configured(|config| config.kv_version = configured);
        let name = stage.mount.name("a");
        found(&store, &name).await;
        assert_eq!(stage.requests().len(), requests, "{version:?} {configured:?}");
        found(&store, &name).await;
        assert_eq!(stage.requests(), [format!("GET {at}")]);
    }
}

#[tokio::test]
async fn a_prefix_of_the_mount_that_is_configured_is_as_good_as_none() {
    let Some(stage) = nested(KvVersion::V2) else { return };
    let store = stage.configured(|config| config.mount = Some(mount("team")));
    create(&store, &stage.mount.name("a"), "1").await;
    found(&store, &stage.mount.name("a")).await;
}

fn is_misconfigured<T: std::fmt::Debug>(answer: Result<T, Error>, words: &str) {
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error:?}");
    assert!(told(&error).contains(words), "{words} is not in {}", told(&error));
}

#[tokio::test]
async fn another_type_of_engine_is_misconfigured() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    for other in ["cubbyhole/momo/a", "sys/momo/a", "identity/momo/a"] {
        let mut config = stage.config();
        config.auth = crate::support::config("http://127.0.0.1:1", stage.mount.vault.root_token()).auth;
        let store = crate::support::store(config);
        let words = "a secrets engine of another type than KV";
        is_misconfigured(store.revision(&name(other)).await, words);
        is_misconfigured(store.read(&name(other), &At::Current).await, words);
        is_misconfigured(store.write(&name(other), &one("1"), &Expect::Absent).await, words);
        is_misconfigured(store.history(&name(other)).await, words);
    }
    assert!(stage.tap.requests().iter().all(|line| line.starts_with("GET")), "{:?}", stage.tap.requests());
}

/// Also for a token that may do everything, and with a version configured: "there is nothing" would be a lie.
#[tokio::test]
async fn a_mount_that_is_not_there_is_not_a_missing_record() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    for configured in [None, Some(Configured::V1), Some(Configured::V2)] {
        let mut config = stage.config();
        config.auth = crate::support::config("http://127.0.0.1:1", stage.mount.vault.root_token()).auth;
        config.kv_version = configured;
        config.allow_no_cas = true;
        let store = crate::support::store(config);
        let absent = name("absent/momo/a");
        is_misconfigured(read(&store, &absent).await, "secrets engine");
        is_misconfigured(store.write(&absent, &one("1"), &Expect::Absent).await, "secrets engine");
        is_misconfigured(store.list("absent/momo/").await, "secrets engine");
    }
}

#[tokio::test]
async fn a_wrong_version_in_the_settings_is_told_before_anything_is_written() {
    for (version, wrong) in [(KvVersion::V1, Configured::V2), (KvVersion::V2, Configured::V1)] {
        let Some(stage) = Stage::new(version) else { return };
        let wrongly = || {
            stage.configured(|config| {
                config.kv_version = Some(wrong);
                config.allow_no_cas = true;
            })
        };
        let name = stage.mount.name("a");
        let words = format!("and version {} is configured", wrong.number());
        is_misconfigured(read(&wrongly(), &name).await, &words);
        is_misconfigured(wrongly().write(&name, &one("1"), &Expect::Absent).await, &words);
        is_misconfigured(wrongly().hold(&name, Work::Renewal).await, &words);
        is_misconfigured(wrongly().list(&stage.mount.record("")).await, &words);
        let listed = [
            stage.mount.peek_list("data/"),
            stage.mount.peek_list("momo/"),
            stage.mount.peek_list("metadata/"),
        ];
        assert_eq!(listed, [Value::Null, Value::Null, Value::Null]);
    }
}

/// Where a proxy keeps the path from us, settings are all there is.
#[tokio::test]
async fn settings_are_believed_where_the_server_tells_nothing() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let name = stage.mount.name("a");
    for (status, body) in
        [(403, r#"{"errors":["preflight capability check returned 403"]}"#), (404, r#"{"errors":[]}"#)]
    {
        stage.tap.answer("GET", "sys/internal/ui/mounts", &response(status, &[], body), 9);
        is_misconfigured(stage.store().write(&name, &one("1"), &Expect::Absent).await, "secrets engine");
        let store = stage.configured(|config| config.kv_version = Some(Configured::V2));
        assert!(matches!(read(&store, &name).await, Ok(Lookup::Missing)));
        let revision = create(&store, &name, "1").await;
        store.remove(&name, &revision, momo_cred_backend_api::Removal::Destroy).await.unwrap();
    }
}

/// A gateway that knows a few paths refuses the others in its own words.
#[tokio::test]
async fn settings_are_believed_where_a_gateway_keeps_the_path_from_us() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let name = stage.mount.name("a");
    for status in [400, 401, 403, 404, 405, 451] {
        let raw = response(status, &[("Content-Type", "text/html")], "<html>not for you</html>");
        stage.tap.answer("GET", "sys/internal/ui/mounts", &raw, 5);
        // Without settings nobody knows what there is.
        let words = "something before the server";
        is_misconfigured(stage.store().write(&name, &one("1"), &Expect::Absent).await, words);
        is_misconfigured(read(&stage.store(), &name).await, words);

        let store = || {
            stage.configured(|config| {
                config.mount = Some(mount(&stage.mount.path));
                config.kv_version = Some(Configured::V2);
            })
        };
        assert!(matches!(read(&store(), &name).await, Ok(Lookup::Missing)), "{status}");
        let revision = create(&store(), &name, "1").await;
        found(&store(), &name).await;
        store().remove(&name, &revision, momo_cred_backend_api::Removal::Destroy).await.unwrap();
        stage.tap.forget();
    }
}

#[tokio::test]
async fn a_mount_that_the_server_makes_up_is_refused() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    for path in ["other/", "../", "", "kv", "s3krit s3krit"] {
        let body = json!({"data": {"path": path, "type": "kv", "options": {"version": "2"}}}).to_string();
        stage.tap.answer("GET", "sys/internal/ui/mounts", &response(200, &[], &body), 1);
        let written = stage.store().write(&stage.mount.name("a"), &one("1"), &Expect::Absent).await;
        is_misconfigured(written, "another mount than the one that was asked for");
    }
    let body = json!({"data": {"path": format!("{}/", stage.mount.path), "type": "kv", "options": {"version": "3"}}});
    stage.tap.answer("GET", "sys/internal/ui/mounts", &response(200, &[], &body.to_string()), 1);
    let written = stage.store().write(&stage.mount.name("a"), &one("1"), &Expect::Absent).await;
    is_misconfigured(written, "a KV version that this program does not know");
}

/// A path of another type is no way around the name check, and nothing in a name leaves the mount.
#[tokio::test]
async fn listing_without_a_mount_is_refused() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    let store = stage.store();
    is_misconfigured(store.list("").await, "names no secrets engine");
    is_misconfigured(store.list(&format!("{}/../sys/", stage.mount.path)).await, "");
    is_misconfigured(store.list(&stage.mount.record("a b")).await, "letters, digits");
}
