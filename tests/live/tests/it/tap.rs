//! The proxy: what it counts, what it spoils, and that the rest passes unchanged.

use momo_live::{KvVersion, Tap, Vault, response};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn behind_tap() -> Option<(Vault, Tap)> {
    let vault = Vault::start()?;
    vault.mount("secret", KvVersion::V2);
    let tap = Tap::new(vault.socket());
    Some((vault, tap))
}

/// A request as it is on the wire.
fn text(vault: &Vault, method: &str, path: &str, body: &str) -> String {
    let token = vault.root_token();
    let length = body.len();
    format!(
        "{method} /v1/{path} HTTP/1.1\r\nHost: x\r\nX-Vault-Token: {token}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// What comes back on one connection for these requests, one after the other; empty once it has ended.
fn talk(tap: &Tap, requests: &[String]) -> Vec<String> {
    let mut stream = TcpStream::connect(tap.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answer = |request: &String| {
        let (mut answer, mut buffer) = (String::new(), [0; 64 * 1024]);
        let _ = stream.write_all(request.as_bytes());
        while !complete(&answer) {
            match stream.read(&mut buffer) {
                Ok(length @ 1..) => answer += str::from_utf8(&buffer[..length]).unwrap(),
                _ => break,
            }
        }
        answer
    };
    requests.iter().map(&mut answer).collect()
}

/// Whether an answer has all of the body that its head announces.
fn complete(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    match length {
        Some(length) => length.parse() == Ok(body.len()),
        None => head.contains("transfer-encoding: chunked") && body.ends_with("\r\n0\r\n\r\n"),
    }
}

fn version(vault: &Vault) -> Value {
    vault.request("GET", "secret/metadata/x", vault.root_token(), &Value::Null).1["data"]["current_version"]
        .clone()
}

const WRITE: &str = r#"{"data":{"a":"1"}}"#;

#[test]
fn counts_requests_on_a_connection_that_stays() {
    let Some((vault, tap)) = behind_tap() else { return };
    let write = text(&vault, "POST", "secret/data/x", WRITE);
    let read = text(&vault, "GET", "secret/data/x?version=1", "")
        .replace("\r\n\r\n", "\r\nX-Vault-Namespace: team\r\n\r\n");
    let answers = talk(&tap, &[write, read]);
    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 200")), "{answers:?}");
    assert!(answers[1].contains(r#""data":{"a":"1"}"#));
    assert_eq!(tap.requests(), ["POST /v1/secret/data/x", "GET /v1/secret/data/x?version=1"]);
    assert_eq!(tap.connections(), 1);
    assert_eq!(tap.saw_header("x-vault-namespace"), ["team"]);
    assert_eq!(tap.saw_header("X-Vault-Token").len(), 2);
    tap.forget();
    assert!(tap.requests().is_empty() && tap.saw_header("x-vault-token").is_empty());
}

#[test]
fn passes_chunks_in_both_directions() {
    let Some((vault, tap)) = behind_tap() else { return };
    // More than the server sends with a length of its own.
    let value = "v".repeat(300_000);
    let body = json!({"data": {"a": value}}).to_string();
    let (one, two) = body.split_at(1000);
    let head =
        text(&vault, "POST", "secret/data/x", "").replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let write = format!("{head}{:x}\r\n{one}\r\n{:X};x=y\r\n{two}\r\n0\r\n\r\n", one.len(), two.len());
    let answers =
        talk(&tap, &[write, text(&vault, "GET", "secret/data/x", ""), text(&vault, "GET", "sys/health", "")]);
    assert!(answers[0].starts_with("HTTP/1.1 200"), "{}", answers[0]);
    assert!(answers[1].to_ascii_lowercase().contains("transfer-encoding: chunked"));
    assert_eq!(answers[1].matches('v').count() / 100_000, 3);
    assert!(answers[2].starts_with("HTTP/1.1 200"));
    let (status, answer) = vault.request("GET", "secret/data/x", vault.root_token(), &Value::Null);
    assert_eq!((status, &answer["data"]["data"]["a"]), (200, &json!(value)));
}

#[test]
fn loses_an_answer_after_the_effect() {
    let Some((vault, tap)) = behind_tap() else { return };
    tap.lose_nth_answer_of("POST", "/data/x", 2);
    let write = text(&vault, "POST", "secret/data/x", WRITE);
    let answers = talk(&tap, &[write.clone(), write.clone(), write.clone()]);
    assert!(answers[0].starts_with("HTTP/1.1 200") && answers[1].is_empty(), "{answers:?}");
    assert_eq!(version(&vault), 2);
    tap.lose_answer_of("POST", "/data/x");
    assert_eq!(talk(&tap, std::slice::from_ref(&write)), [""]);
    assert!(talk(&tap, &[write])[0].starts_with("HTTP/1.1 200"), "only the one");
    assert_eq!(version(&vault), 4);
}

#[test]
fn refuses_before_the_effect() {
    let Some((vault, tap)) = behind_tap() else { return };
    tap.refuse("POST", "/data/x");
    let write = text(&vault, "POST", "secret/data/x", WRITE);
    assert_eq!(talk(&tap, std::slice::from_ref(&write)), [""]);
    assert_eq!(version(&vault), Value::Null);
    assert!(talk(&tap, &[write])[0].starts_with("HTTP/1.1 200"));
    assert_eq!(tap.requests().len(), 2);
}

#[test]
fn answers_in_the_servers_place() {
    let Some((vault, tap)) = behind_tap() else { return };
    tap.answer("GET", "sys/health", &response(307, &[("Location", "http://elsewhere.invalid/")], "moved"), 2);
    tap.answer("PUT", "", b"nonsense", 1);
    let ask = || talk(&tap, &[text(&vault, "GET", "sys/health", "")]).remove(0);
    for _ in 0..2 {
        let answer = ask();
        assert!(answer.starts_with("HTTP/1.1 307") && answer.ends_with("\r\n\r\nmoved"), "{answer}");
    }
    assert!(ask().starts_with("HTTP/1.1 200"));
    assert_eq!(talk(&tap, &[text(&vault, "PUT", "sys/seal", "")]), ["nonsense"]);
}

#[test]
fn delays_and_closes() {
    let Some((vault, tap)) = behind_tap() else { return };
    tap.delay("GET", "health", Duration::from_millis(300));
    let started = Instant::now();
    assert!(talk(&tap, &[text(&vault, "GET", "sys/health", "")])[0].starts_with("HTTP/1.1 200"));
    assert!(started.elapsed() >= Duration::from_millis(300));

    let mut idle = TcpStream::connect(tap.socket()).unwrap();
    idle.write_all(text(&vault, "GET", "sys/health", "").as_bytes()).unwrap();
    assert_ne!(idle.read(&mut [0; 1024]).unwrap(), 0);
    tap.close_connections();
    let mut rest = Vec::new();
    let _ = idle.read_to_end(&mut rest);
    let socket = tap.socket();
    drop(tap);
    // The thread that listens ends a moment later.
    std::thread::sleep(Duration::from_millis(100));
    assert!(TcpStream::connect(socket).is_err());
}
