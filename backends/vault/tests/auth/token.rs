//! Tokens that exist already.

use momo_cred_backend_api::ErrorKind;
use momo_cred_backend_vault::{Auth, TokenSource};

use crate::support::{given, name, read, store};
use crate::{Stage, in_file};

#[tokio::test]
async fn a_token_is_given_or_in_a_file_with_a_line_end() {
    let Some(stage) = Stage::new() else { return };
    let token = stage.token();
    let file = stage.file("token", &format!("  {token}\r\n"));
    for source in [
        TokenSource::Given(given(&token)),
        TokenSource::Given(in_file(file.clone())),
        TokenSource::File(file.clone()),
    ] {
        stage.reads(Auth::Token(vec![source])).await;
    }
    assert_eq!(stage.tokens(), [token]);
}

#[tokio::test]
async fn the_first_source_that_has_a_token_counts() {
    let Some(stage) = Stage::new() else { return };
    let token = stage.token();
    let sources = vec![
        TokenSource::Unset("VAULT_TOKEN"),
        TokenSource::File(stage.folder.path().join("absent")),
        TokenSource::File(stage.file("empty", "\n")),
        TokenSource::Given(given(&token)),
        TokenSource::Given(given("never-asked-for")),
    ];
    stage.reads(Auth::Token(sources)).await;
    assert_eq!(stage.tokens(), [token]);
}

#[tokio::test]
async fn without_a_token_it_is_told_where_it_was_looked_for() {
    let Some(stage) = Stage::new() else { return };
    let empty = stage.file("empty", " \n");
    let sources = vec![
        TokenSource::Unset("VAULT_TOKEN"),
        TokenSource::File(stage.folder.path().join("absent")),
        TokenSource::File(empty),
    ];
    let words = ["VAULT_TOKEN is not set", "absent is not there", "empty is empty", "vault login"];
    stage.refuses(Auth::Token(sources), ErrorKind::Misconfigured, &words, "").await;
    stage.refuses(Auth::Token(Vec::new()), ErrorKind::Misconfigured, &["nothing names one"], "").await;
    assert_eq!(stage.tap.connections(), 0);
}

#[tokio::test]
async fn a_source_that_is_there_and_unusable_is_not_passed_over() {
    let Some(stage) = Stage::new() else { return };
    let good = TokenSource::Given(given(&stage.token()));
    let folder = stage.folder.path().to_owned();
    let long = "s3krit".repeat(20_000);
    for (bad, words) in [
        (TokenSource::Given(given("s3krit\nX-Evil: 1")), ["the token of the test", "white space"]),
        (TokenSource::Given(given("")), ["the token of the test", "it is empty"]),
        (TokenSource::Given(in_file(folder.join("gone"))), ["gone (a setting)", "no such file"]),
        (TokenSource::File(stage.file("two", "s3krit s3krit")), ["two", "white space"]),
        (TokenSource::File(stage.file("long", &long)), ["long", "longer than 64 KiB"]),
        (TokenSource::File(folder), ["the token of", "it is no regular file"]),
    ] {
        let auth = Auth::Token(vec![bad, good.clone()]);
        stage.refuses(auth, ErrorKind::Misconfigured, &words, "s3krit").await;
    }
    assert_eq!(stage.tap.connections(), 0);
}

#[tokio::test]
async fn a_token_that_is_none_is_denied_by_its_origin() {
    let Some(stage) = Stage::new() else { return };
    for (source, origin) in [
        (TokenSource::Given(given("hvs.s3krit")), "the token of the test"),
        (TokenSource::File(stage.file("stale", "hvs.s3krit\n")), "stale"),
    ] {
        let error = read(&store(stage.with(Auth::Token(vec![source]))), &stage.name()).await.unwrap_err();
        let told = crate::support::told(&error);
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(told.contains(origin) && told.contains("expired, revoked or unknown"), "{told}");
        assert!(!told.contains("s3krit"), "{told}");
    }
}

#[tokio::test]
async fn a_token_without_the_right_is_denied_and_not_called_expired() {
    let Some(stage) = Stage::new() else { return };
    let store = store(stage.with(Auth::Token(vec![TokenSource::Given(given(&stage.token()))])));
    let elsewhere = name(&format!("{}/of-others/a", stage.mount.path));
    let error = read(&store, &elsewhere).await.unwrap_err();
    let told = crate::support::told(&error);
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(told.contains("permission denied (status 403) to the token of the test"), "{told}");
}
