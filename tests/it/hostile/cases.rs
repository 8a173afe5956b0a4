//! Servers that any client may meet, whatever it wants of them.

use std::time::Duration;

use super::peer::{Play, answer, endless, says, silence};

/// Its name, what it does, and how a run ends that needs an answer of it.
pub(crate) type Case = (&'static str, Play, i32);

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/// Answers without an end, slowly.
pub(crate) fn never_ends() -> Vec<Case> {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let slow = Duration::from_millis(100);
    vec![
        ("silence", silence(""), 69),
        ("silence after a head", silence("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"), 69),
        ("a drip", endless("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" ".to_vec(), slow), 69),
        ("a drip of heads", endless("HTTP/1.1 200 OK\r\nX", b"x".to_vec(), slow), 69),
        ("interim answers", endless("", b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), slow), 69),
        ("a drip of chunks", endless(CHUNKED, b"1\r\n \r\n".to_vec(), slow), 69),
    ]
}

/// Answers without an end, as fast as they are read.
pub(crate) fn sends_too_much() -> Vec<Case> {
    const TWO_GIB: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n";
    let now = Duration::ZERO;
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    let headers = [b"X: ".to_vec(), vec![b'x'; 8000], b"\r\n".to_vec()].concat();
    vec![
        ("endless chunks", endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, now), 76),
        ("2 GiB", endless(TWO_GIB, vec![b' '; 0x10000], now), 76),
        ("an endless body", endless("HTTP/1.1 200 OK\r\n\r\n", vec![b' '; 0x10000], now), 76),
        ("endless headers", endless("HTTP/1.1 200 OK\r\n", headers, now), 69),
        ("one endless header", endless("HTTP/1.1 200 OK\r\nX: ", vec![b'x'; 0x10000], now), 69),
    ]
}

/// Half an answer, or what is none.
pub(crate) fn breaks_off() -> Vec<Case> {
    vec![
        ("a truncated body", says(format!("{OK}Content-Length: 999\r\n\r\n{{\"data\":")), 69),
        ("a truncated head", says("HTTP/1.1 200 OK\r\nContent-Le"), 69),
        ("truncated chunks", says(format!("{OK}Transfer-Encoding: chunked\r\n\r\nfff\r\n{{\"da")), 69),
        ("no answer", says(""), 69),
        ("another protocol", says("SSH-2.0-OpenSSH_9.9\r\n"), 69),
        ("bytes", says("\u{0}\u{1}\u{1b}[31m\r\n\r\n"), 69),
    ]
}

/// Answers that come back another time.
pub(crate) fn busy() -> Vec<Case> {
    vec![
        ("429", answer(429, "Retry-After: 99999999\r\n", r#"{"errors":["later"]}"#), 69),
        ("429 with a date", answer(429, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", "{}"), 69),
        ("429 with junk", answer(429, "Retry-After: soon\r\n", ""), 69),
        ("503", answer(503, "", "<html>no server behind me"), 69),
        ("503 with a wish", answer(503, "Retry-After: 99999999\r\n", ""), 69),
    ]
}
