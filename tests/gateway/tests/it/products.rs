//! Product reads: binding, target environment, allow-list.

use crate::client::{Call, USER, access_token, active, balance, provision, sandbox};
use momo_gateway::{Binding, Config, Gateway, IpAllowList, Product, ProvisioningUsers, Role};

const COLLECTION: Product = Product::Collection;
const FORBIDDEN: &str =
    r#"{"message":"Access to target environment is forbidden.","code":"NOT_ALLOWED_TARGET_ENVIRONMENT"}"#;

#[test]
fn both_reads_answer_for_the_products_own_user() {
    let gateway = sandbox();
    for product in Product::ALL {
        let key = gateway.subscription_key(product);
        let id = ["a", "b", "c"][product as usize].repeat(8) + "-7b36-4f80-9c1a-3e2f60718293";
        let api_key = provision(&gateway, &key, &id);
        let bearer = access_token(&gateway, product, &id, &api_key);
        let (active, balance) = (active(product, &key, &bearer), balance(product, &key, &bearer));
        assert_eq!(active.send(&gateway).body, r#"{"result":true}"#);
        assert_eq!(balance.clone().send(&gateway).body, r#"{"availableBalance":"1000","currency":"EUR"}"#);
        assert_eq!(balance.body("{}").send(&gateway).status, 200);
    }
}

#[test]
fn a_missing_or_wrong_target_environment_is_refused() {
    let gateway = sandbox();
    let key = gateway.subscription_key(COLLECTION);
    let api_key = provision(&gateway, &key, USER);
    let authorization = format!("Bearer {}", access_token(&gateway, COLLECTION, USER, &api_key));
    let call =
        Call::get("/collection/v1_0/account/balance").key(&key).header("Authorization", &authorization);
    for call in [call.clone(), call.header("X-Target-Environment", "mtnuganda")] {
        let reply = call.send(&gateway);
        assert_eq!(reply.status_line, "HTTP/1.1 500 Internal Server Error");
        assert_eq!(reply.body, FORBIDDEN);
    }
}

#[test]
fn a_user_is_bound_to_the_product_whose_key_made_it() {
    let gateway = sandbox();
    let api_key = provision(&gateway, &gateway.subscription_key(COLLECTION), USER);
    let bearer = access_token(&gateway, Product::Disbursement, USER, &api_key);
    let key = gateway.subscription_key(Product::Disbursement);
    for call in [active(Product::Disbursement, &key, &bearer), balance(Product::Disbursement, &key, &bearer)]
    {
        let reply = call.send(&gateway);
        assert_eq!((reply.status, reply.body.as_str()), (500, FORBIDDEN));
    }
}

#[test]
fn a_binding_is_to_the_product_or_to_the_very_key() {
    for (binding, status) in [(Binding::Product, 200), (Binding::Key, 500)] {
        let mut config = Config::sandbox(1);
        config.binding = binding;
        let gateway = Gateway::start(config).unwrap();
        let key = gateway.subscription_key(COLLECTION);
        let secondary = gateway.key(Role::Secondary(COLLECTION)).unwrap();
        let api_key = provision(&gateway, &key, USER);
        let bearer = access_token(&gateway, COLLECTION, USER, &api_key);
        assert_eq!(active(COLLECTION, &key, &bearer).send(&gateway).status, 200);
        assert_eq!(active(COLLECTION, &secondary, &bearer).send(&gateway).status, status, "{binding:?}");
    }
}

#[test]
fn users_of_a_provisioning_key_are_read_everywhere_or_nowhere() {
    for (users, status) in [(ProvisioningUsers::EveryProduct, 200), (ProvisioningUsers::NoProduct, 500)] {
        let mut config = Config::sandbox(1).with_key(Role::Provisioning, "provisioning-fixture");
        config.provisioning_users = users;
        config.binding = Binding::Key;
        let gateway = Gateway::start(config).unwrap();
        let api_key = provision(&gateway, "provisioning-fixture", USER);
        for product in Product::ALL {
            let bearer = access_token(&gateway, product, USER, &api_key);
            let call = active(product, &gateway.subscription_key(product), &bearer);
            assert_eq!(call.send(&gateway).status, status, "{users:?} {product}");
        }
    }
}

#[test]
fn a_token_is_good_at_the_product_that_gave_it() {
    let gateway =
        Gateway::start(Config::sandbox(1).with_key(Role::Provisioning, "provisioning-fixture")).unwrap();
    let api_key = provision(&gateway, "provisioning-fixture", USER);
    let bearer = access_token(&gateway, COLLECTION, USER, &api_key);
    let key = gateway.subscription_key(Product::Remittance);
    assert_eq!(active(Product::Remittance, &key, &bearer).send(&gateway).status, 401);
    assert_eq!(active(Product::Remittance, &key, "made.up.token").send(&gateway).status, 401);
}

#[test]
fn the_allow_list_turns_reads_or_all_product_calls_away() {
    let gateway = sandbox();
    let key = gateway.subscription_key(COLLECTION);
    let api_key = provision(&gateway, &key, USER);
    let bearer = access_token(&gateway, COLLECTION, USER, &api_key);
    let token = || crate::client::token(COLLECTION, &key, USER, &api_key);
    gateway.configure(|config| config.ip_allow_list = IpAllowList::RefusesReads);
    let reply = active(COLLECTION, &key, &bearer).send(&gateway);
    assert_eq!(reply.status_line, "HTTP/1.1 403 Forbidden");
    assert_eq!(reply.body, r#"{ "statusCode": 403, "message": "FORBIDDEN IP" }"#);
    assert_eq!(token().send(&gateway).status, 200);
    gateway.configure(|config| config.ip_allow_list = IpAllowList::RefusesAll);
    assert_eq!(token().send(&gateway).status, 403);
    assert_eq!(crate::client::get_user(&key, USER).send(&gateway).status, 200);
}
