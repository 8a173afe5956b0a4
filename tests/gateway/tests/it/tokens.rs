//! The token endpoints.

use crate::client::{
    Call, OTHER_USER, USER, access_token, active, create_key, create_user, provision, sandbox, token,
};
use momo_gateway::{Config, Gateway, LoginFailed, Product, Role};

const COLLECTION: Product = Product::Collection;

#[test]
fn a_good_pair_gets_a_token() {
    let gateway = sandbox();
    let key = gateway.subscription_key(COLLECTION);
    let api_key = provision(&gateway, &key, USER);
    let secondary = gateway.key(Role::Secondary(COLLECTION)).unwrap();
    for key in [&key, &secondary] {
        let reply = token(COLLECTION, key, USER, &api_key).send(&gateway);
        assert_eq!(reply.status_line, "HTTP/1.1 200 OK");
        let access_token = reply.text("access_token");
        assert_eq!(
            reply.body,
            format!(r#"{{"access_token":"{access_token}","token_type":"access_token","expires_in":3600}}"#)
        );
        // {"typ":"JWT","alg":"R256"}: not a name that a JWT library knows.
        assert!(access_token.starts_with("eyJ0eXAiOiJKV1QiLCJhbGciOiJSMjU2In0."));
        assert_eq!(access_token.split('.').count(), 3);
    }
}

#[test]
fn a_wrong_pair_is_login_failed_with_the_status_seen() {
    let gateway = sandbox();
    let key = gateway.subscription_key(COLLECTION);
    let api_key = provision(&gateway, &key, USER);
    let calls = [
        token(COLLECTION, &key, USER, ""),
        token(COLLECTION, &key, USER, &api_key.to_uppercase().replace('0', "1")),
        token(COLLECTION, &key, OTHER_USER, &api_key),
        token(COLLECTION, &key, "not-a-uuid", &api_key),
        Call::post("/collection/token/").key(&key),
        Call::post("/collection/token/").key(&key).header("Authorization", "Basic %%%"),
        Call::post("/collection/token/").key(&key).header("Authorization", "Bearer abc"),
    ];
    for call in calls {
        let reply = call.send(&gateway);
        assert_eq!(reply.status_line, "HTTP/1.1 500 Server Error");
        assert_eq!(reply.header("content-length"), Some("24"));
        assert_eq!(reply.header("content-type"), Some("application/json;charset=utf-8"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.body, r#"{"error":"login_failed"}"#);
    }
}

#[test]
fn login_failed_can_have_the_documented_status() {
    let mut config = Config::sandbox(1);
    config.login_failed = LoginFailed::Unauthorized;
    let gateway = Gateway::start(config).unwrap();
    let reply = token(COLLECTION, &gateway.subscription_key(COLLECTION), USER, "x").send(&gateway);
    assert_eq!(reply.status_line, "HTTP/1.1 401 Unauthorized");
    assert_eq!(reply.body, r#"{"error":"login_failed"}"#);
}

#[test]
fn a_user_without_a_key_cannot_log_in() {
    let gateway = sandbox();
    let key = gateway.subscription_key(COLLECTION);
    create_user(&key, USER).send(&gateway);
    assert_eq!(token(COLLECTION, &key, USER, "").send(&gateway).status, 500);
    assert!(!gateway.authenticates(USER, ""));
}

#[test]
fn another_products_key_and_a_provisioning_key_open_no_token_endpoint() {
    let gateway =
        Gateway::start(Config::sandbox(1).with_key(Role::Provisioning, "provisioning-fixture")).unwrap();
    let api_key = provision(&gateway, &gateway.subscription_key(COLLECTION), USER);
    let disbursement = gateway.subscription_key(Product::Disbursement);
    for key in [disbursement.as_str(), "provisioning-fixture", "ffffffffffffffffffffffffffffffff"] {
        let reply = token(COLLECTION, key, USER, &api_key).send(&gateway);
        assert_eq!(reply.status_line, "HTTP/1.1 401 Access Denied");
        assert!(reply.body.starts_with(r#"{ "statusCode": 401, "message": "Access denied due to invalid"#));
    }
    // The user is bound to collection, and gets a token of the other product all the same.
    assert_eq!(token(Product::Disbursement, &disbursement, USER, &api_key).send(&gateway).status, 200);
}

#[test]
fn a_new_key_invalidates_the_tokens_there_are() {
    let gateway = sandbox();
    let key = gateway.subscription_key(COLLECTION);
    let api_key = provision(&gateway, &key, USER);
    let bearer = access_token(&gateway, COLLECTION, USER, &api_key);
    assert_eq!(active(COLLECTION, &key, &bearer).send(&gateway).status, 200);
    assert_eq!(create_key(&key, USER).send(&gateway).status, 201);
    let reply = active(COLLECTION, &key, &bearer).send(&gateway);
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (401, r#"{ "statusCode": 401, "message": "Unauthorized" }"#)
    );
    assert_eq!(gateway.user(USER).unwrap().live_tokens, 0);
}

#[test]
fn tokens_expire() {
    let mut config = Config::sandbox(1);
    config.token_lifetime = std::time::Duration::ZERO;
    let gateway = Gateway::start(config).unwrap();
    let key = gateway.subscription_key(COLLECTION);
    let api_key = provision(&gateway, &key, USER);
    let reply = token(COLLECTION, &key, USER, &api_key).send(&gateway);
    assert!(reply.body.ends_with(r#""expires_in":0}"#));
    assert_eq!(active(COLLECTION, &key, &reply.text("access_token")).send(&gateway).status, 401);
}

#[test]
fn bodies_and_the_target_environment_are_tolerated() {
    let gateway = sandbox();
    let key = gateway.subscription_key(COLLECTION);
    let api_key = provision(&gateway, &key, USER);
    for body in ["{}", "null", r#"{"grant_type":"client_credentials"}"#] {
        let call =
            token(COLLECTION, &key, USER, &api_key).body(body).header("X-Target-Environment", "sandbox");
        assert_eq!(call.send(&gateway).status, 200, "{body}");
    }
}
