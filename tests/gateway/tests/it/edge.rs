//! What the layers in front of the wallet answer.

use crate::client::{Call, USER, create_key, create_user, sandbox, token, until};
use momo_gateway::{Action, Config, Fault, Gateway, Product};
use std::io::Read;
use std::net::TcpStream;

#[test]
fn a_post_without_a_length_is_an_html_411() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    create_user(&key, USER).send(&gateway);
    let calls = [
        create_key(&key, USER).without_length(),
        token(Product::Collection, &key, USER, "x").without_length(),
        create_user(&key, USER).body("").without_length(),
        // Before the key is looked at.
        Call::post("/v1_0/apiuser").without_length(),
        // Chunked, and without an end.
        create_key(&key, USER).without_length().header("Transfer-Encoding", "chunked"),
    ];
    for call in calls {
        let reply = call.send(&gateway);
        assert_eq!(reply.status_line, "HTTP/1.1 411 Length Required");
        assert_eq!(reply.header("content-type"), Some("text/html"));
        assert!(reply.body.starts_with("<!DOCTYPE HTML"), "{}", reply.body);
    }
    assert_eq!(gateway.key_requests(USER), 0);
}

#[test]
fn paths_that_are_not_defined_are_the_gateways_404() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    let user = format!("/v1_0/apiuser/{USER}");
    let calls = [
        Call::post("/apiuser"),
        Call::get("/"),
        Call::get("*"),
        Call::get("/v1_0/apiuser"),
        Call::post("/v1_0/apiuser/"),
        Call::post("//v1_0/apiuser"),
        Call::new("DELETE", &user),
        Call::new("PUT", &user),
        Call::get(&format!("{user}/apikey")),
        Call::post("/collection/token"),
        Call::get("/collection/token/"),
        Call::post("/collections/token/"),
        Call::get("/collection/v1_0/accountholder/msisdn//active"),
        Call::get("/_gateway/log"),
    ];
    for call in calls {
        // An undefined path is not found with a key and without one.
        for call in [call.clone(), call.key(&key)] {
            let reply = call.clone().send(&gateway);
            assert_eq!(reply.status_line, "HTTP/1.1 404 Resource Not Found", "{call:?}");
            assert_eq!(reply.header("content-length"), Some("54"));
            assert_eq!(reply.header("content-type"), Some("application/json"));
            assert_eq!(reply.body, r#"{ "statusCode": 404, "message": "Resource not found" }"#);
        }
    }
}

#[test]
fn only_loopback_is_listened_on() {
    let mut config = Config::sandbox(1);
    config.listen = "0.0.0.0:0".parse().unwrap();
    let error = Gateway::start(config).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn a_dropped_gateway_closes_every_connection() {
    let gateway = sandbox();
    gateway.script(Fault::on_any(Action::Silence));
    let mut waiting = Call::get("/").open(gateway.address()).unwrap();
    let mut idle = TcpStream::connect(gateway.address()).unwrap();
    until(|| !gateway.requests().is_empty());
    drop(gateway);
    let mut byte = [0];
    assert_eq!(waiting.read(&mut byte).unwrap_or_default(), 0);
    assert_eq!(idle.read(&mut byte).unwrap_or_default(), 0);
}
