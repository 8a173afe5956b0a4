use std::process::Command;
use std::time::{Duration, Instant};

use super::peer::{Peer, Reply, answer, json};
use super::{USER, api_key, client, key, run};
use crate::credential::Product;
use crate::momo::{Client, ClientConfig, Deadline, Diagnosis, Gateway, Refusal, Silence, TlsFault};

const LONG: Duration = Duration::from_secs(20);

/// One attempt of a call with an effect, which is not repeated when its answer is lost.
fn key_refused(peer: &Peer, limit: Duration) -> Refusal {
    let started = Instant::now();
    let refusal = run(client(&peer.base, limit).create_key(&key(), USER)).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10), "unbounded");
    assert_eq!(peer.seen().len(), 1, "{refusal}");
    refusal
}

#[test]
fn a_post_without_a_body_says_so() {
    let token = r#"{"access_token":"a.b.c","token_type":"access_token","expires_in":3600}"#;
    let peer = Peer::new([json("200 OK", token)]);
    let token = run(client(&peer.base, LONG).token(Product::Disbursement, &key(), USER, &api_key())).unwrap();
    assert_eq!(token.lifetime, Some(Duration::from_secs(3600)));
    assert!(token.secret.same_as(&"a.b.c".into()));
    let request = peer.seen().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let lines: Vec<_> = head.lines().map(str::to_ascii_lowercase).collect();
    let having = |name: &str| lines.iter().filter(|line| line.starts_with(name)).count();
    assert_eq!(lines[0], "post /disbursement/token/ http/1.1");
    assert!(lines.contains(&"content-length: 0".to_owned()), "{head}");
    assert!(lines.contains(&format!("user-agent: momo-cred/{}", env!("CARGO_PKG_VERSION"))));
    assert!(lines.contains(&"ocp-apim-subscription-key: 11111111111111111111111111111111".to_owned()));
    assert_eq!((having("content-length"), having("authorization: basic ")), (1, 1));
    for absent in ["transfer-encoding", "accept-encoding", "cookie", "referer", "content-type", "x-target"] {
        assert_eq!(having(absent), 0, "{absent}");
    }
    assert_eq!(body, "");
}

#[test]
fn a_redirect_is_not_followed() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let other = Peer::new([json("200 OK", "{}")]);
        let location = format!("Location: {}/v1_0/apiuser\r\n", other.base);
        let peer = Peer::new([answer(status, &location, "")]);
        let refusal = key_refused(&peer, LONG);
        assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::Redirect, true), "{status}");
        assert!(other.seen().is_empty(), "{status}");
    }
}

#[test]
fn a_body_without_an_end_is_cut_off() {
    let chunked = Reply::Endless(
        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n",
        "10\r\n{\"apiKey\":\"2222 \r\n",
    );
    let sized =
        Reply::Endless("HTTP/1.1 201 Created\r\nContent-Length: 2147483648\r\n\r\n", "2222222222222222");
    for reply in [chunked, sized] {
        let refusal = key_refused(&Peer::new([reply]), LONG);
        assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::Malformed, true));
    }
}

#[test]
fn a_long_body_of_a_failure_is_still_that_failure() {
    let refusal = key_refused(&Peer::new([answer("500 Oops", "", &"x".repeat(70_000))]), LONG);
    assert_eq!(refusal.diagnosis, Diagnosis::Outage);
}

#[test]
fn a_truncated_answer_is_no_answer() {
    let reply = Reply::Raw("HTTP/1.1 201 Created\r\nContent-Length: 45\r\n\r\n{\"apiKey\":\"2222".to_owned());
    let refusal = key_refused(&Peer::new([reply]), LONG);
    assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::NoAnswer(Silence::Truncated), true));
}

#[test]
fn what_is_not_http_is_no_answer() {
    for text in ["", "SSH-2.0-OpenSSH_9.9\r\n", "HTTP/9.9 200\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"] {
        let refusal = key_refused(&Peer::new([Reply::Raw(text.to_owned())]), LONG);
        assert_eq!(
            (refusal.diagnosis, refusal.ambiguous),
            (Diagnosis::NoAnswer(Silence::Broken), true),
            "{text:?}"
        );
    }
}

#[test]
fn silence_ends_with_the_deadline() {
    let limit = Duration::from_millis(300);
    let refusal = key_refused(&Peer::new([Reply::Silence]), limit);
    assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::NoAnswer(Silence::Unanswered), true));
    let refusal = key_refused(
        &Peer::new([Reply::Drip("HTTP/1.1 201 Created\r\nContent-Length: 50000\r\n\r\n")]),
        limit,
    );
    assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::NoAnswer(Silence::Truncated), true));
}

#[test]
fn nothing_is_sent_after_the_deadline() {
    let peer = Peer::new([json("200 OK", "{}")]);
    let refusal = run(client(&peer.base, Duration::ZERO).create_key(&key(), USER)).unwrap_err();
    assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::NoAnswer(Silence::Deadline), false));
    assert!(peer.seen().is_empty());
}

#[test]
fn a_refused_connection_and_a_peer_without_tls_are_told_apart() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = format!("http://localhost:{}", closed.port()).parse().unwrap();
    let refusal = run(client(&base, Duration::from_millis(300)).user(&key(), USER)).unwrap_err();
    assert_eq!(refusal.diagnosis, Diagnosis::NoAnswer(Silence::Unconnected));

    let peer = Peer::new([Reply::Raw("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned())]);
    let base = peer.base.as_str().replace("http://", "https://").parse().unwrap();
    // A machine without certificates cannot build this client at all.
    let Ok(client) = Client::new(&ClientConfig::new(base, Deadline::after(LONG))) else { return };
    let refusal = run(client.create_key(&key(), USER)).unwrap_err();
    assert_eq!(refusal.diagnosis, Diagnosis::NoAnswer(Silence::Tls(TlsFault::Handshake)));
    assert!(!refusal.ambiguous);
}

#[test]
fn a_configured_proxy_does_not_see_plain_http_to_this_machine() {
    let proxy = Peer::new([json("200 OK", "{}")]);
    let peer = Peer::new([json("200 OK", r#"{"targetEnvironment":"sandbox"}"#)]);
    let mut config = ClientConfig::new(peer.base.clone(), Deadline::after(LONG));
    config.proxy = Some(proxy.base.as_str().parse().unwrap());
    run(Client::new(&config).unwrap().user(&key(), USER)).unwrap();
    assert!(proxy.seen().is_empty());
}

/// Runs another test of this binary in a process of its own: the environment of this one belongs to all tests.
#[test]
fn neither_proxies_nor_certificates_of_the_environment_matter_for_this_machine() {
    let proxy = Peer::new([json("200 OK", "{}")]);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "momo::tests::calls::a_user_is_created"])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, proxy.base.as_str());
    }
    // An https client could not be built with these.
    child.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent");
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert!(proxy.seen().is_empty());
}

#[test]
fn a_proxy_gets_a_tunnel_and_no_key() {
    let proxy = Peer::new([Reply::Raw("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_owned())]);
    let mut config = ClientConfig::new("https://gateway.example.com".parse().unwrap(), Deadline::after(LONG));
    config.proxy = Some(proxy.base.as_str().parse().unwrap());
    let Ok(client) = Client::new(&config) else { return };
    let started = Instant::now();
    let refusal = run(client.create_key(&key(), USER)).unwrap_err();
    assert!(started.elapsed() < LONG);
    assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::NoAnswer(Silence::Unconnected), false));
    let seen = proxy.seen().remove(0);
    assert!(seen.starts_with("CONNECT gateway.example.com:443 ") && !seen.contains("1111"), "{seen}");
}
