//! Token helpers: programs that print a token.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use momo_cred_backend_api::ErrorKind;
use momo_cred_backend_vault::{Auth, Helper, TokenSource};
use momo_cred_transport::Deadline;

use crate::support::{read, store, told};
use crate::{Stage, write};

fn helper(stage: &Stage, script: &str) -> Auth {
    let program = stage.folder.path().join("helper");
    write(&program, &format!("#!/bin/sh\n{script}\n"), "700");
    let environment = vec![(OsString::from("ONLY"), OsString::from("this"))];
    Auth::Token(vec![TokenSource::Helper(Helper { program, environment, origin: "a setting".to_owned() })])
}

#[tokio::test]
async fn a_helper_is_called_with_get_and_its_own_environment() {
    let Some(stage) = Stage::new() else { return };
    let token = stage.token();
    // cargo gives this test a HOME and a CARGO_MANIFEST_DIR.
    let script = format!(
        r#"[ "$#:$1" = 1:get ] && [ "$ONLY" = this ] && [ -z "${{HOME+x}}${{CARGO_MANIFEST_DIR+x}}" ] || exit 7
read -r line && exit 8
echo not-a-token >&2
echo {token}"#
    );
    stage.reads(helper(&stage, &script)).await;
    assert_eq!(stage.tokens(), [token]);
}

#[tokio::test]
async fn a_helper_that_fails_is_named() {
    let Some(stage) = Stage::new() else { return };
    for (script, how) in [
        ("echo s3krit; exit 1", "ended with a failure"),
        ("echo s3krit >&2; kill -9 $$", "ended with a failure"),
        ("exit 0", "knows no token"),
        ("echo", "knows no token"),
        ("echo s3krit s3krit", "white space"),
        ("printf 's3krit\\377'", "it is not text"),
        ("while :; do echo s3krits3krits3krits3krits3krit; done", "printed more than a token"),
        (
            "i=0; while [ $i -lt 20000 ]; do echo s3krits3krits3krits3krits3krits3krits3krits3krit; i=$((i+1)); done",
            "printed more than a token",
        ),
    ] {
        let begun = Instant::now();
        stage.refuses(helper(&stage, script), ErrorKind::Misconfigured, &["helper", how], "s3krit").await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{script}");
    }
    let program = stage.folder.path().join("absent");
    let absent = Helper { program, environment: Vec::new(), origin: "a setting".to_owned() };
    let auth = Auth::Token(vec![TokenSource::Helper(absent)]);
    stage.refuses(auth, ErrorKind::Misconfigured, &["absent cannot be started"], "").await;
}

#[tokio::test]
async fn a_helper_that_hangs_ends_with_the_deadline() {
    let Some(stage) = Stage::new() else { return };
    for script in ["exec /bin/sleep 60", "echo s3krit; exec >&-; exec /bin/sleep 60"] {
        let mut config = stage.with(helper(&stage, script));
        config.deadline = Deadline::after(Duration::from_millis(500));
        let begun = Instant::now();
        let error = read(&store(config), &stage.name()).await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        let told = told(&error);
        assert!(told.contains("helper did not end in time") && !told.contains("s3krit"), "{told}");
    }
}
