//! What a login makes of it.

use std::time::Instant;

use futures_util::future::join_all;
use momo_cred_backend_api::ErrorKind::{self, Denied, Misconfigured, Protocol, Unavailable};
use momo_cred_backend_vault::{Auth, MountPath};

use crate::peer::{Peer, Reply, answer, json};
use crate::support::{given, read, store};
use crate::{WORDS, against, canaries, is_clean, record};

async fn fails(what: &str, reply: Reply, kind: ErrorKind) {
    let peer = Peer::always(reply);
    let mut config = against(&peer.address);
    config.auth = Auth::AppRole {
        mount: MountPath::new("approle").unwrap(),
        role_id: "role".to_owned(),
        secret_id: Some(given(canaries()[0].value())),
        wrapped: None,
    };
    let begun = Instant::now();
    let error = read(&store(config), &record()).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{what}: {error:?}");
    is_clean(what, begun, &error);
    let seen = peer.seen();
    assert!(seen.iter().all(|line| line.starts_with("POST /v1/auth/approle/login ")), "{what}: {seen:?}");
}

#[tokio::test]
async fn a_login_that_is_none() {
    let token = |text: &str| json("200 OK", &format!(r#"{{"auth":{{"client_token":{text}}}}}"#));
    let errors = format!(r#"{{"errors":["{WORDS}"]}}"#);
    let cases = vec![
        ("silence", Reply::Silence, Unavailable),
        ("html", answer("200 OK", "", WORDS), Protocol),
        ("nothing", answer("204 No Content", "", ""), Protocol),
        ("no auth", json("200 OK", r#"{"auth":null}"#), Protocol),
        ("an empty token", token(r#""""#), Protocol),
        ("a number", token("1234567"), Protocol),
        ("a token with a line end", token(&format!(r#""{WORDS}\r\nX-Evil: 1""#)), Misconfigured),
        ("a token that is no ASCII", token(&format!(r#""{WORDS}\u00e9""#)), Misconfigured),
        ("refused", json("400 Bad Request", &errors), Denied),
        ("refused by a gateway", answer("403 Forbidden", "", WORDS), Protocol),
        ("redirected", answer("307 X", "Location: http://127.0.0.1:9/\r\n", ""), Protocol),
        ("limited", answer("429 X", "Retry-After: 99999999\r\n", &errors), Unavailable),
        ("sealed", json("503 X", &errors), Unavailable),
    ];
    join_all(cases.into_iter().map(|(what, reply, kind)| fails(what, reply, kind))).await;
}
