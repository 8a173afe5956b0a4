//! What a write makes of it: the rest of the server is as it should be.

use std::time::Instant;

use futures_util::future::join_all;
use momo_cred_backend_api::Effect::{NotApplied, Unknown};
use momo_cred_backend_api::ErrorKind::{Misconfigured, Protocol, Unavailable};
use momo_cred_backend_api::{Backend, Effect, ErrorKind, Expect};

use crate::peer::{Peer, Reply, answer, json};
use crate::support::{one, store};
use crate::{WORDS, against, canaries, is_clean, record};

/// A server with an empty engine of version 2 that gives this reply to writes.
fn server(reply: Reply) -> Peer {
    Peer::new(move |request| match request {
        _ if request.starts_with("POST ") => reply.clone(),
        _ if request.contains("/sys/internal/ui/mounts/") => {
            json("200 OK", r#"{"data":{"path":"secret/","type":"kv","options":{"version":"2"}}}"#)
        }
        _ => json("404 Not Found", r#"{"errors":[]}"#),
    })
}

async fn fails(what: &str, reply: Reply, (kind, effect): (ErrorKind, Effect)) {
    let peer = server(reply);
    let begun = Instant::now();
    let document = one(canaries()[1].value());
    let written = store(against(&peer.address)).write(&record(), &document, &Expect::Absent).await;
    let error = written.err().unwrap_or_else(|| panic!("{what} is taken for success"));
    assert_eq!((error.kind(), error.effect()), (kind, effect), "{what}: {error:?}");
    is_clean(what, begun, &error);
}

#[tokio::test]
async fn a_write_that_is_not_confirmed_is_told_as_such() {
    let made = |version: &str| {
        let metadata = r#""created_time":"","deletion_time":"","destroyed":false,"custom_metadata":null"#;
        json("200 OK", &format!(r#"{{"data":{{{metadata},"version":{version}}}}}"#))
    };
    let errors = format!(r#"{{"errors":["{WORDS}"]}}"#);
    let huge = "HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n".to_owned();
    let huge = Reply::Endless(huge, "0".repeat(4096));
    let cases = vec![
        ("201 without a body", answer("201 Created", "", ""), (Protocol, Unknown)),
        ("204", Reply::Raw(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()), (Protocol, Unknown)),
        ("another version", made("7"), (Protocol, Unknown)),
        ("a version 0", made("0"), (Protocol, Unknown)),
        ("html", answer("200 OK", "", &format!("<html>{WORDS}")), (Protocol, Unknown)),
        ("html 413", answer("413 Too Large", "", WORDS), (Protocol, Unknown)),
        ("2 GiB", huge, (Protocol, Unknown)),
        ("silence", Reply::Silence, (Unavailable, Unknown)),
        ("the end", Reply::Raw(Vec::new()), (Unavailable, Unknown)),
        ("a drip", Reply::Drip("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), (Unavailable, Unknown)),
        ("500", json("500 Internal Server Error", &errors), (Unavailable, Unknown)),
        ("sealed", json("503 Service Unavailable", &errors), (Unavailable, NotApplied)),
        (
            "429",
            answer("429 Too Many Requests", "Retry-After: 99999999\r\n", "{}"),
            (Unavailable, NotApplied),
        ),
        ("400", json("400 Bad Request", &errors), (Misconfigured, NotApplied)),
        ("404", json("404 Not Found", &errors), (Misconfigured, NotApplied)),
    ];
    join_all(cases.into_iter().map(|(what, reply, how)| fails(what, reply, how))).await;
}
