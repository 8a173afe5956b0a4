//! What a read makes of it.

use std::time::Instant;

use futures_util::future::join_all;
use momo_cred_backend_api::ErrorKind::{self, Corrupt, Denied, Misconfigured, Protocol, Unavailable};
use momo_cred_backend_api::Lookup;

use crate::peer::{Peer, Reply, answer, json};
use crate::support::{is_found, one, read, store};
use crate::{WORDS, against, is_clean, record};

const METADATA: &str =
    r#""created_time":"2026-11-21T10:00:00Z","deletion_time":"","destroyed":false,"custom_metadata":null"#;

fn version(data: &str, version: &str) -> String {
    format!(r#"{{"data":{{"data":{data},"metadata":{{{METADATA},"version":{version}}}}}}}"#)
}

fn raw(text: &str) -> Reply {
    Reply::Raw(text.as_bytes().to_vec())
}

async fn is_refused(what: &str, reply: Reply, kind: ErrorKind) {
    let peer = Peer::always(reply);
    let begun = Instant::now();
    match read(&store(against(&peer.address)), &record()).await {
        Ok(found) => panic!("{what} is taken for {found:?}"),
        Err(error) => {
            assert_eq!(error.kind(), kind, "{what}: {error:?}");
            is_clean(what, begun, &error);
        }
    }
}

async fn are_refused(cases: Vec<(&str, Reply, ErrorKind)>) {
    join_all(cases.into_iter().map(|(what, reply, kind)| is_refused(what, reply, kind))).await;
}

#[tokio::test]
async fn answers_that_do_not_come_or_do_not_end() {
    let ok = "HTTP/1.1 200 OK\r\n";
    are_refused(vec![
        ("silence", Reply::Silence, Unavailable),
        ("the end", raw(""), Unavailable),
        ("half a head", raw("HTTP/1.1 200"), Unavailable),
        ("another protocol", raw("SSH-2.0-OpenSSH_9.6\r\n"), Unavailable),
        ("a dripping head", Reply::Drip("HTTP/1.1 200 OK\r\nX: "), Unavailable),
        ("a dripping body", Reply::Drip("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"), Unavailable),
        ("a short body", raw(&format!("{ok}Content-Length: 999\r\n\r\n{{\"data\":{{}}}}")), Unavailable),
    ])
    .await;
}

/// One after the other: what only costs time, unoptimised, is no matter of the others.
#[tokio::test]
async fn answers_without_an_end() {
    let long = "0123456789abcdef".repeat(256);
    let head = "HTTP/1.1 200 OK\r\n";
    let flood = |head: &str, more: String| Reply::Endless(head.to_owned(), more);
    let huge = format!("{head}Content-Length: 2147483648\r\n\r\n");
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    for (what, reply, kind) in [
        ("an endless head", flood(head, format!("X-Header: {long}\r\n")), Unavailable),
        ("interim answers", flood("", format!("HTTP/1.1 103 X\r\nLink: {long}\r\n\r\n")), Unavailable),
        ("endless chunks", flood(&chunked, format!("1000\r\n{long}\r\n")), Protocol),
        ("2 GiB", flood(&huge, long.clone()), Protocol),
        ("5 MiB", answer("200 OK", "", &" ".repeat(5 << 20)), Protocol),
    ] {
        is_refused(what, reply, kind).await;
    }
}

#[tokio::test]
async fn answers_that_are_none_of_vaults() {
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let two = r#"{"data":{"a":"b"},"data":{"a":"b"}}"#;
    let good = version(r#"{"alpha":"1"}"#, "1");
    let html = format!("<html>{WORDS}</html>");
    let message = format!(r#"{{"message":"{WORDS}"}}"#);
    are_refused(vec![
        ("html", answer("200 OK", "Content-Type: text/html\r\n", &html), Protocol),
        ("html 404", answer("404 Not Found", "", &html), Protocol),
        ("a gateway's 404", json("404 Not Found", &message), Protocol),
        ("a gateway's 403", json("403 Forbidden", &message), Protocol),
        ("a gateway's 401", json("401 Unauthorized", &message), Protocol),
        ("an empty 200", answer("200 OK", "", ""), Protocol),
        ("a 204", raw("HTTP/1.1 204 No Content\r\n\r\n"), Protocol),
        ("gzip", answer("200 OK", "Content-Encoding: gzip\r\n", "\u{1f}not gzip"), Protocol),
        ("a list", json("200 OK", "[]"), Protocol),
        ("no data", json("200 OK", "{}"), Protocol),
        ("data that is null", json("200 OK", r#"{"data":null}"#), Protocol),
        ("data that is text", json("200 OK", &format!(r#"{{"data":"{WORDS}"}}"#)), Protocol),
        ("no metadata", json("200 OK", &format!(r#"{{"data":{{"data":{{"alpha":"{WORDS}"}}}}}}"#)), Protocol),
        ("a version 0", json("200 OK", &version(r#"{"alpha":"1"}"#, "0")), Protocol),
        ("a version that is text", json("200 OK", &version("{}", r#""1""#)), Protocol),
        ("a negative version", json("200 OK", &version("{}", "-1")), Protocol),
        ("a fraction of a version", json("200 OK", &version("{}", "1.5")), Protocol),
        ("a version beyond counting", json("200 OK", &version("{}", "99999999999999999999999")), Protocol),
        ("deep nesting", json("200 OK", &format!(r#"{{"data":{nested}}}"#)), Protocol),
        ("a deep document", json("200 OK", &version(&nested, "1")), Corrupt),
        ("a key twice", json("200 OK", two), Protocol),
        ("half a surrogate", json("200 OK", &version(r#"{"alpha":"\ud800"}"#, "1")), Corrupt),
        (
            "bytes that are no text",
            Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\"\xff\"".to_vec()),
            Protocol,
        ),
        ("more after the end", json("200 OK", &format!("{good}{good}")), Protocol),
        ("a teapot", answer("418 I'm a teapot", "", WORDS), Protocol),
        ("a status of its own", answer("999 X", "", WORDS), Protocol),
        ("a record that is text", json("200 OK", &version(&format!(r#""{WORDS}""#), "1")), Corrupt),
        (
            "a field with a control character",
            json("200 OK", &version(&format!(r#"{{"{WORDS}\u001b[2J":"1"}}"#), "1")),
            Corrupt,
        ),
    ])
    .await;
}

#[tokio::test]
async fn errors_with_words_of_their_own() {
    let body = format!(r#"{{"errors":["\u001b[2J\u001b]0;{WORDS}\u0007\r\n{WORDS}"]}}"#);
    are_refused(vec![
        ("400", json("400 Bad Request", &body), Misconfigured),
        ("403", json("403 Forbidden", &body), Denied),
        ("404", json("404 Not Found", &body), Misconfigured),
        ("405", json("405 Method Not Allowed", &body), Misconfigured),
        ("429", json("429 Too Many Requests", &body), Unavailable),
        ("500", json("500 Internal Server Error", &body), Unavailable),
        ("503", json("503 Service Unavailable", &body), Unavailable),
        ("reason phrase", answer(&format!("403 {WORDS}"), "", &body), Denied),
        ("wrong types", json("403 Forbidden", &format!(r#"{{"errors":"{WORDS}"}}"#)), Protocol),
    ])
    .await;
}

#[tokio::test]
async fn wishes_to_wait_that_nobody_can_grant() {
    let mut cases = Vec::new();
    for wish in ["99999999", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "-1", WORDS, "1e9"] {
        let headers = format!("Retry-After: {wish}\r\n");
        cases.push((wish, answer("429 Too Many Requests", &headers, r#"{"errors":[]}"#), Unavailable));
        cases.push((wish, answer("503 Service Unavailable", &headers, "<html>"), Unavailable));
    }
    are_refused(cases).await;
}

#[tokio::test]
async fn odd_answers_that_are_vaults_all_the_same() {
    let good = version(r#"{"alpha":"1"}"#, "18446744073709551615");
    let old = format!("HTTP/1.0 200 OK\r\n\r\n{good}");
    let peer = Peer::always(raw(&old));
    let stored = is_found(read(&store(against(&peer.address)), &record()).await);
    assert!(stored.document.same_as(&one("1")) && stored.age.is_none());
    assert_eq!(stored.revision.as_str(), u64::MAX.to_string());
    assert_eq!(peer.seen().len(), 1);

    let peer = Peer::always(json("200 OK", &version("null", "3")));
    let lookup = read(&store(against(&peer.address)), &record()).await.unwrap();
    assert!(matches!(lookup, Lookup::Deleted { revision } if revision.as_str() == "3"));
}

/// A proxy that keeps answers, or mixes them up.
#[tokio::test]
async fn another_version_than_the_one_that_was_asked_for() {
    use momo_cred_backend_api::{At, Backend, Revision};
    let body = version(r#"{"alpha":"1"}"#, "4");
    for reply in [json("200 OK", &body), json("404 Not Found", &version("null", "4"))] {
        let peer = Peer::always(reply);
        let begun = Instant::now();
        let asked = At::Revision(Revision::new("3"));
        let error = store(against(&peer.address)).read(&record(), &asked).await.unwrap_err();
        assert_eq!(error.kind(), Protocol);
        is_clean("version 4 for 3", begun, &error);
    }
}
