//! A server that is busy, behind, or not the one to ask.

use std::time::{Duration, Instant};

use momo_cred_backend_api::{Backend, Effect, ErrorKind, Expect};
use momo_live::response;

use crate::support::{asked, create, found, one, read};
use crate::{Stage, says};

const JSON: &str = r#"{"errors":["s3krit of the server"]}"#;

#[tokio::test]
async fn what_passes_within_seconds_is_no_failure() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    let mut last = create(&stage.other(), &name, "1").await;
    for (status, body) in [
        (412, JSON),
        (429, JSON),
        (472, JSON),
        (500, JSON),
        (502, "<html>"),
        (503, "<html>"),
        (503, r#"{"errors":["Vault is sealed"]}"#),
        (
            400,
            r#"{"errors":["Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will resume service shortly."]}"#,
        ),
    ] {
        let raw = response(status, &[("Retry-After", "0")], body);
        // A read is asked again by status alone, and 472 is none that a read waits for.
        if status != 472 {
            stage.tap.answer("GET", "/data/", &raw, 1);
            found(&stage.store(), &name).await;
        }
        stage.tap.answer("POST", "/data/", &raw, 1);
        let expect = Expect::Revision(last.clone());
        last = stage
            .store()
            .write(&name, &one(body), &expect)
            .await
            .unwrap_or_else(|e| panic!("{status}: {e:?}"));
    }
    assert_eq!(stage.versions(), 9);
}

#[tokio::test]
async fn a_wish_to_wait_is_granted_or_the_call_ends_at_once() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    create(&stage.other(), &name, "1").await;
    stage.tap.answer("GET", "/data/", &response(429, &[("Retry-After", "1")], JSON), 1);
    let begun = Instant::now();
    found(&stage.store(), &name).await;
    assert!(begun.elapsed() >= Duration::from_secs(1));

    stage.tap.answer("GET", "/data/", &response(429, &[("Retry-After", "9")], JSON), 1);
    let begun = Instant::now();
    let error = read(&stage.within(Duration::from_secs(3)), &name).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    says(&error, "limits requests");
}

#[tokio::test]
async fn what_does_not_pass_is_unavailable_after_four_tries() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    for (status, body, effect) in [
        (429, JSON, Effect::NotApplied),
        (412, JSON, Effect::NotApplied),
        (473, JSON, Effect::NotApplied),
        (500, JSON, Effect::Unknown),
        (503, "<html>", Effect::Unknown),
    ] {
        stage.tap.forget();
        stage.tap.answer("POST", "/data/", &response(status, &[("Retry-After", "0")], body), 4);
        let error = stage.store().write(&name, &one("1"), &Expect::Absent).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, effect), "{status}: {error:?}");
        assert!(error.retryable());
        assert_eq!(asked(&stage.tap, "POST"), 4);
        assert!(!crate::support::told(&error).contains("s3krit"));
    }
    assert_eq!(stage.versions(), 0);
}

/// A server that fails may quote anything.
#[tokio::test]
async fn the_words_of_a_conflict_count_in_a_400_alone() {
    let Some(stage) = Stage::new() else { return };
    let body = r#"{"errors":["check-and-set parameter did not match the current version"]}"#;
    stage.tap.answer("POST", "/data/", &response(500, &[], body), 4);
    let error = stage.store().write(&stage.name(), &one("1"), &Expect::Absent).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown));
}

/// What a conflict of the server means is looked up, and nothing but the message depends on that.
#[tokio::test]
async fn a_conflict_stays_one_when_it_cannot_be_explained() {
    let Some(stage) = Stage::new() else { return };
    let name = stage.name();
    create(&stage.other(), &name, "1").await;
    for raw in [response(500, &[], ""), response(200, &[], "{}"), response(403, &[], JSON)] {
        stage.tap.answer("GET", "/metadata/", &raw, 9);
        let error = stage.store().write(&name, &one("2"), &Expect::Absent).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::NotApplied));
    }
}

#[tokio::test]
async fn a_standby_that_redirects_is_told_and_its_active_node_hears_nothing() {
    let (Some(stage), Some(active)) = (Stage::new(), Stage::new()) else { return };
    let name = stage.name();
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/v1/{}/data/momo/a", active.tap.address(), stage.mount.path);
        let raw = response(status, &[("Location", &location)], "");
        stage.tap.answer("GET", "", &raw, 1);
        let error = read(&stage.store(), &name).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        says(&error, "the active node");

        stage.tap.forget();
        stage.tap.answer("POST", "/data/", &raw, 1);
        // Who gets these two is to send it again elsewhere, so that nothing was done here; else that is looked up.
        let effect = if matches!(status, 307 | 308) { Effect::NotApplied } else { Effect::Unknown };
        stage.tap.answer("GET", "/data/", &raw, usize::from(effect == Effect::Unknown));
        let error =
            stage.within(Duration::from_secs(2)).write(&name, &one("1"), &Expect::Absent).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, effect), "{status}");
        says(&error, "the active node");
        assert_eq!(asked(&stage.tap, "POST"), 1);
    }
    assert_eq!(active.tap.connections(), 0);
    assert_eq!(stage.versions(), 0);
}
