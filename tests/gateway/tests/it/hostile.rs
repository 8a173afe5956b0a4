//! Input that no client of ours sends. The gateway answers or hangs up; it goes on serving.

use crate::client::{Call, USER, get_user, sandbox, until};
use momo_gateway::{Action, Answer, Fault, Gateway, Product};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

fn throw(gateway: &Gateway, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // The other side may have hung up in the middle.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn still_serves(gateway: &Gateway) {
    let key = gateway.subscription_key(Product::Collection);
    assert_eq!(get_user(&key, USER).send(gateway).status, 404);
}

#[test]
fn junk_on_the_wire_is_survived() {
    let gateway = sandbox();
    let long_header = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(2_000_000));
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(5_000));
    let junk: [&[u8]; 12] = [
        b"",
        b"\r\n\r\n",
        b"\0\xff\xfe",
        b"GET",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1_0/apiuser HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1_0/apiuser HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /v1_0/apiuser HTTP/1.1\r\nContent-Length: 99\r\n\r\nshort",
        long_header.as_bytes(),
        many_headers.as_bytes(),
    ];
    for bytes in junk {
        throw(&gateway, bytes);
    }
    still_serves(&gateway);
}

#[test]
fn odd_header_values_are_no_keys_and_no_ids() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    let mut request =
        b"GET /v1_0/apiuser/x HTTP/1.1\r\nConnection: close\r\nOcp-Apim-Subscription-Key: ".to_vec();
    request.extend_from_slice(b"\xff\xfe\r\n\r\n");
    assert!(throw(&gateway, &request).starts_with(b"HTTP/1.1 401 Access Denied"));
    for id in ["%00", "..%2f..", "é", "5a1d4c2e-7b36-4f80-9c1a-3e2f6071829é"] {
        let reply =
            Call::post("/v1_0/apiuser").key(&key).header("X-Reference-Id", id).body("{}").send(&gateway);
        assert_eq!(reply.status, 400, "{id}");
    }
    still_serves(&gateway);
}

#[test]
fn large_and_deep_bodies_are_refused() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    let call = Call::post("/v1_0/apiuser").key(&key).header("X-Reference-Id", USER);
    assert_eq!(call.clone().body(&"[".repeat(60_000)).send(&gateway).status, 400);
    assert_eq!(call.body(&"x".repeat(65_537)).send(&gateway).status, 413);
    assert_eq!(gateway.user_count(), 0);
    still_serves(&gateway);
}

#[test]
fn scripted_nonsense_does_not_stop_the_gateway() {
    let gateway = sandbox();
    let nonsense = [
        Answer::new(7, "", ""),
        Answer::new(101, "", ""),
        Answer::new(204, "text/plain", "no content has none"),
        Answer::new(200, "bad\nvalue", "x").with_header("bad name", "x").with_header("Content-Length", "999"),
    ];
    for answer in nonsense {
        gateway.script(Fault::on_any(Action::Answer(answer)));
        Call::get("/").raw(gateway.address()).unwrap();
    }
    gateway.script(Fault::on_any(Action::Pass).delayed(Duration::MAX));
    drop(Call::get("/").open(gateway.address()).unwrap());
    until(|| gateway.script_left() == 0);
    still_serves(&gateway);
}
