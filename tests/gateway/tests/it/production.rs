//! Production: no provisioning, users made elsewhere.

use crate::client::{Call, USER, create_key, create_user, get_user, token};
use momo_gateway::{Bound, Config, Gateway, PresetUser, Product};

fn production(user: &PresetUser) -> Gateway {
    Gateway::start(Config::production(3, "mtnuganda").with_user(user.clone())).unwrap()
}

#[test]
fn provisioning_paths_do_not_exist() {
    let gateway = production(&PresetUser::generated(3, Bound::Everywhere));
    let key = gateway.subscription_key(Product::Collection);
    for call in [create_user(&key, USER), get_user(&key, USER), create_key(&key, USER)] {
        let reply = call.send(&gateway);
        assert_eq!(reply.status_line, "HTTP/1.1 404 Resource Not Found");
        assert_eq!(reply.body, r#"{ "statusCode": 404, "message": "Resource not found" }"#);
    }
    assert_eq!(gateway.user_count(), 1);
}

#[test]
fn one_user_serves_every_product_in_its_own_target_environment() {
    let user = PresetUser::generated(3, Bound::Everywhere);
    let gateway = production(&user);
    for product in Product::ALL {
        let key = gateway.subscription_key(product);
        let bearer =
            token(product, &key, &user.id.to_string(), &user.api_key).send(&gateway).text("access_token");
        let read = |environment: &str| {
            Call::get(&format!("/{product}/v1_0/account/balance"))
                .key(&key)
                .header("Authorization", &format!("Bearer {bearer}"))
                .header("X-Target-Environment", environment)
                .send(&gateway)
                .status
        };
        assert_eq!((read("mtnuganda"), read("sandbox")), (200, 500));
    }
}

#[test]
fn the_portal_makes_and_revokes_users() {
    let first = PresetUser::generated(3, Bound::Everywhere);
    let second = PresetUser::generated(4, Bound::To(Product::Collection));
    let gateway = production(&first);
    gateway.put_user(second.clone());
    let (first_id, second_id) = (first.id.to_string(), second.id.to_string());
    assert!(
        gateway.authenticates(&first_id, &first.api_key)
            && gateway.authenticates(&second_id, &second.api_key)
    );
    assert!(gateway.revoke_user(&first_id));
    assert!(!gateway.revoke_user(&first_id));
    let key = gateway.subscription_key(Product::Collection);
    let reply = token(Product::Collection, &key, &first_id, &first.api_key).send(&gateway);
    assert_eq!(reply.body, r#"{"error":"login_failed"}"#);
}
