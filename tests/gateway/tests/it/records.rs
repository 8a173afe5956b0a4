//! The request log.

use crate::client::{
    Call, USER, access_token, active, create_key, create_user, get_user, provision, sandbox, until,
};
use momo_gateway::{Action, Bound, Config, Fault, Gateway, KeyState, KeyUsed, Operation, Product, Role};

const COLLECTION: Product = Product::Collection;

#[test]
fn every_request_is_logged_in_order() {
    let gateway = sandbox();
    let key = gateway.subscription_key(COLLECTION);
    get_user(&key, USER).send(&gateway);
    let api_key = provision(&gateway, &key, USER);
    let bearer = access_token(&gateway, COLLECTION, USER, &api_key);
    active(COLLECTION, &key, &bearer).send(&gateway);
    let requests = gateway.requests();
    let seen: Vec<_> = requests.iter().map(|r| (r.number, r.operation, r.status, r.effect)).collect();
    assert_eq!(
        seen,
        [
            (1, Operation::GetUser, Some(404), false),
            (2, Operation::CreateUser, Some(201), true),
            (3, Operation::CreateKey, Some(201), true),
            (4, Operation::Token, Some(200), true),
            (5, Operation::Active, Some(200), false),
        ]
    );
    assert!(requests.iter().all(|r| r.key == KeyUsed::Known(Role::Primary(COLLECTION), KeyState::Active)));
    assert_eq!(requests[2].path, format!("/v1_0/apiuser/{USER}/apikey"));
    assert_eq!((requests[2].content_length, requests[4].content_length), (Some(0), None));
    assert!(requests.iter().all(|r| r.user.as_deref() == Some(USER)));
    assert_eq!((requests[2].product, requests[3].product), (None, Some(COLLECTION)));

    gateway.clear_requests();
    get_user(&key, USER).send(&gateway);
    assert_eq!(gateway.requests().iter().map(|r| r.number).collect::<Vec<_>>(), [6]);
}

#[test]
fn the_kind_of_key_is_logged() {
    let gateway =
        Gateway::start(Config::sandbox(1).with_key(Role::Provisioning, "provisioning-fixture")).unwrap();
    let secondary = gateway.key(Role::Secondary(Product::Remittance)).unwrap();
    gateway.set_key_state(Role::Secondary(Product::Remittance), KeyState::Disabled);
    for key in ["provisioning-fixture", "nothing", &secondary] {
        get_user(key, USER).send(&gateway);
    }
    Call::get(&format!("/v1_0/apiuser/{USER}")).send(&gateway);
    let labels: Vec<_> = gateway.requests().iter().map(|r| r.key.label()).collect();
    assert_eq!(labels, ["provisioning", "unknown", "remittance-secondary", "missing"]);
    assert_eq!(
        gateway.requests()[2].key,
        KeyUsed::Known(Role::Secondary(Product::Remittance), KeyState::Disabled)
    );
}

#[test]
fn no_value_of_a_key_or_token_is_in_anything_that_can_be_printed() {
    let config = Config::sandbox(1);
    let key = config.subscription_key(COLLECTION).to_owned();
    assert!(!format!("{config:?}").contains(&key));
    let gateway = Gateway::start(config).unwrap();
    let api_key = provision(&gateway, &key, USER);
    let bearer = access_token(&gateway, COLLECTION, USER, &api_key);
    Call::get(&format!("/v1_0/apiuser/{USER}?subscription-key={key}")).send(&gateway);
    let shown = format!("{gateway:?} {:?} {:?}", gateway.requests(), gateway.users());
    for secret in [&key, &api_key, &bearer] {
        assert!(!shown.contains(secret.as_str()));
    }
}

#[test]
fn a_request_that_is_being_served_is_in_the_log_without_a_status() {
    let gateway = sandbox();
    gateway.script(Fault::on(Operation::GetUser, Action::Silence));
    let waiting = get_user("any", USER).open(gateway.address()).unwrap();
    until(|| !gateway.requests().is_empty());
    let request = gateway.requests().pop().unwrap();
    assert_eq!((request.status, request.fault), (None, Some("silence")));
    drop(waiting);
}

#[test]
fn users_are_listed_without_their_keys() {
    let gateway = sandbox();
    let key = gateway.subscription_key(COLLECTION);
    create_user(&key, USER).send(&gateway);
    let user = gateway.user(USER).unwrap();
    assert_eq!(user.callback_host.as_deref(), Some("pay.example.com"));
    assert_eq!((user.bound, user.key_requests, user.live_keys), (Bound::To(COLLECTION), 0, 0));
    create_key(&key, USER).send(&gateway);
    create_key(&key, USER).send(&gateway);
    let user = gateway.users().pop().unwrap();
    assert_eq!((user.key_requests, user.live_keys), (2, 1));
    assert!(gateway.user("nobody").is_none());
    assert_eq!(gateway.key_requests("nobody"), 0);
}
