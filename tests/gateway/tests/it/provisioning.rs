//! The three provisioning calls.

use crate::client::{Call, OTHER_USER, USER, create_key, create_user, get_user, provision, sandbox};
use momo_gateway::{Config, Gateway, KeyState, Product, Role, Rotation};

const INVALID_KEY: &str = r#"{ "statusCode": 401, "message": "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription." }"#;
const MISSING_KEY: &str = r#"{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API." }"#;
const NOT_FOUND: &str = r#"{"message":"Requested resource was not found.","code":"RESOURCE_NOT_FOUND"}"#;

#[test]
fn a_user_is_made_read_and_given_a_key() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);

    let made = create_user(&key, USER).send(&gateway);
    assert_eq!((made.status_line.as_str(), made.body.as_str()), ("HTTP/1.1 201 Created", ""));
    assert_eq!(made.header("content-length"), Some("0"));

    let read = get_user(&key, USER).send(&gateway);
    assert_eq!(read.status, 200);
    assert_eq!(read.body, r#"{"providerCallbackHost":"pay.example.com","targetEnvironment":"sandbox"}"#);

    let issued = create_key(&key, USER).send(&gateway);
    assert_eq!(issued.status_line, "HTTP/1.1 201 Created");
    assert_eq!(issued.header("content-type"), Some("application/json;charset=utf-8"));
    assert_eq!(issued.header("content-length"), Some("45"));
    let api_key = issued.text("apiKey");
    assert_eq!(issued.body, format!(r#"{{"apiKey":"{api_key}"}}"#));
    assert!(api_key.len() == 32 && api_key.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    assert!(gateway.authenticates(USER, &api_key));
    assert_eq!((gateway.user_count(), gateway.key_requests(USER)), (1, 1));
}

#[test]
fn the_callback_host_is_kept_as_it_was_sent() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    let url = r#"{"providerCallbackHost":"http://localhost:8000/callback \"x\" é"}"#;
    let call = Call::post("/v1_0/apiuser").key(&key).header("X-Reference-Id", USER).body(url);
    assert_eq!(call.send(&gateway).status, 201);
    assert_eq!(
        get_user(&key, USER).send(&gateway).body,
        r#"{"providerCallbackHost":"http://localhost:8000/callback \"x\" é","targetEnvironment":"sandbox"}"#
    );
}

#[test]
fn keys_that_do_not_open_get_the_gateways_401() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    let unknown = create_user("00000000000000000000000000000000", USER).send(&gateway);
    assert_eq!(unknown.status_line, "HTTP/1.1 401 Access Denied");
    assert_eq!(unknown.header("content-type"), Some("application/json"));
    assert_eq!(unknown.body, INVALID_KEY);

    let missing = Call::get(&format!("/v1_0/apiuser/{USER}")).send(&gateway);
    assert_eq!(missing.status_line, "HTTP/1.1 401 Access Denied");
    assert_eq!(missing.body, MISSING_KEY);

    assert!(gateway.set_key_state(Role::Primary(Product::Collection), KeyState::Disabled));
    assert_eq!(create_user(&key, USER).send(&gateway).body, INVALID_KEY);
    assert!(gateway.set_key_state(Role::Primary(Product::Collection), KeyState::Active));
    assert_eq!(create_user(&key, USER).send(&gateway).status, 201);
    assert!(!gateway.set_key_state(Role::Provisioning, KeyState::Disabled));
}

#[test]
fn a_regenerated_key_replaces_its_own_value_only() {
    let gateway = sandbox();
    let old = gateway.subscription_key(Product::Collection);
    let secondary = gateway.key(Role::Secondary(Product::Collection)).unwrap();
    let new = gateway.regenerate_key(Role::Primary(Product::Collection));
    assert_ne!(old, new);
    assert_eq!(get_user(&old, USER).send(&gateway).status, 401);
    assert_eq!(get_user(&new, USER).send(&gateway).status, 404);
    assert_eq!(get_user(&secondary, USER).send(&gateway).status, 404);
}

#[test]
fn a_bad_reference_id_is_a_400_without_a_body() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    let bodied = Call::post("/v1_0/apiuser").key(&key).body("{}");
    assert_eq!(bodied.clone().send(&gateway).status, 400);
    for id in [
        "",
        "not-a-uuid",
        "5a1d4c2e7b364f809c1a3e2f60718293",
        "{5a1d4c2e-7b36-4f80-9c1a-3e2f60718293}",
        "5a1d4c2e-7b36-1f80-9c1a-3e2f60718293",
        "5a1d4c2e-7b36-7f80-9c1a-3e2f60718293",
        "5a1d4c2e-7b36-4f80-1c1a-3e2f60718293",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let reply = bodied.clone().header("X-Reference-Id", id).send(&gateway);
        assert_eq!(
            (reply.status_line.as_str(), reply.body.as_str()),
            ("HTTP/1.1 400 Bad Request", ""),
            "{id}"
        );
    }
    assert_eq!(gateway.user_count(), 0);
}

#[test]
fn a_body_that_is_not_the_documented_object_is_a_400() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    for body in ["", "{", "[]", "null", r#"{"providerCallbackHost":7}"#] {
        let call = Call::post("/v1_0/apiuser").key(&key).header("X-Reference-Id", USER).body(body);
        assert_eq!(call.send(&gateway).status, 400, "{body}");
    }
    assert_eq!(gateway.user_count(), 0);
}

#[test]
fn a_repeated_id_is_a_409_whatever_its_case() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    assert_eq!(create_user(&key, USER).send(&gateway).status, 201);
    for id in [USER.to_owned(), USER.to_uppercase()] {
        let again = create_user(&key, &id).send(&gateway);
        assert_eq!(again.status_line, "HTTP/1.1 409 Conflict");
        assert_eq!(
            again.body,
            r#"{"message":"Duplicated reference id. Creation of resource failed.","code":"RESOURCE_ALREADY_EXIST"}"#
        );
    }
    assert_eq!(gateway.user_count(), 1);
}

#[test]
fn an_unknown_user_is_the_wallets_404() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Remittance);
    for reply in [get_user(&key, USER).send(&gateway), create_key(&key, USER).send(&gateway)] {
        assert_eq!(reply.status_line, "HTTP/1.1 404 Not Found");
        assert_eq!(reply.header("content-type"), Some("application/json;charset=utf-8"));
        assert_eq!(reply.body, NOT_FOUND);
    }
    assert_eq!(get_user(&key, "nobody").send(&gateway).status, 400);
}

#[test]
fn every_active_key_provisions() {
    let gateway =
        Gateway::start(Config::sandbox(1).with_key(Role::Provisioning, "provisioning-fixture")).unwrap();
    for product in Product::ALL {
        for role in [Role::Primary(product), Role::Secondary(product), Role::Provisioning] {
            let key = gateway.key(role).unwrap();
            assert_eq!(get_user(&key, USER).send(&gateway).status, 404, "{role}");
        }
    }
}

#[test]
fn a_new_key_kills_the_old_one_or_adds_up() {
    for (rotation, old_lives) in [(Rotation::NewKeyKillsOld, false), (Rotation::KeysAddUp, true)] {
        let mut config = Config::sandbox(1);
        config.rotation = rotation;
        let gateway = Gateway::start(config).unwrap();
        let key = gateway.subscription_key(Product::Collection);
        let first = provision(&gateway, &key, USER);
        let second = create_key(&key, USER).send(&gateway).text("apiKey");
        assert_ne!(first, second);
        assert_eq!(gateway.authenticates(USER, &first), old_lives);
        assert!(gateway.authenticates(USER, &second));
        assert_eq!(gateway.key_requests(USER), 2);
    }
}

#[test]
fn headers_and_bodies_that_some_clients_add_are_tolerated() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    let made = create_user(&key, USER).header("X-Target-Environment", "sandbox").send(&gateway);
    assert_eq!(made.status, 201);
    let read = get_user(&key, USER).body("{}").header("X-Reference-Id", OTHER_USER).send(&gateway);
    assert_eq!(read.status, 200);
    let issued = create_key(&key, USER).body(r#"["non-empty-body"]"#).send(&gateway);
    assert_eq!(issued.status, 201);
}

#[test]
fn the_same_seed_gives_the_same_values() {
    let values = |seed| {
        let gateway = Gateway::start(Config::sandbox(seed)).unwrap();
        let key = gateway.subscription_key(Product::Collection);
        let api_key = provision(&gateway, &key, USER);
        let token = crate::client::access_token(&gateway, Product::Collection, USER, &api_key);
        (key, api_key, token)
    };
    assert_eq!(values(7), values(7));
    assert_ne!(values(7), values(8));
}
