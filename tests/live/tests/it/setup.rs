//! Mounts, policies and tokens.

use momo_live::{KvVersion, Vault};
use serde_json::{Value, json};

#[test]
fn both_engines_are_what_they_say() {
    let Some(vault) = Vault::start() else { return };
    vault.mount("old", KvVersion::V1);
    vault.mount("team/new", KvVersion::V2);
    let version = |path: &str| {
        let answer = vault.root("GET", &format!("sys/internal/ui/mounts/{path}"), &Value::Null);
        answer["data"]["options"]["version"].clone()
    };
    assert_eq!((version("old/x"), version("team/new/x")), (json!("1"), json!("2")));

    let write = |body| vault.request("POST", "team/new/data/x", vault.root_token(), &body);
    assert_eq!(write(json!({"data": {"a": "1"}, "options": {"cas": 0}})).1["data"]["version"], 1);
    let (status, refused) = write(json!({"data": {"a": "2"}, "options": {"cas": 0}}));
    assert_eq!(status, 400, "{refused}");
}

#[test]
fn a_policy_limits_a_token() {
    let Some(vault) = Vault::start() else { return };
    vault.mount("secret", KvVersion::V2);
    vault.root("POST", "secret/data/mine", &json!({"data": {"a": "1"}}));
    vault.policy("reader", r#"path "secret/data/mine" { capabilities = ["read"] }"#);
    let token = vault.token(&["reader"], "1h");
    let read = |path: &str| vault.request("GET", path, &token, &Value::Null).0;
    assert_eq!((read("secret/data/mine"), read("secret/data/other")), (200, 403));
    assert_eq!(vault.lookup(&token).unwrap()["policies"], json!(["default", "reader"]));
    vault.revoke(&token);
    assert_eq!(read("secret/data/mine"), 403);
    assert_eq!(vault.lookup(&token), None);
}

#[test]
fn a_token_has_its_settings() {
    let Some(vault) = Vault::start() else { return };
    let token = vault.token_with(&json!({"policies": ["default"], "ttl": "1h", "num_uses": 2}));
    let uses = || vault.request("GET", "auth/token/lookup-self", &token, &Value::Null).0;
    assert_eq!((uses(), uses(), uses()), (200, 200, 403));
}

#[test]
fn a_wrapper_opens_once() {
    let Some(vault) = Vault::start() else { return };
    let wrapper = vault.wrap("60s", &json!({"a": "1"}));
    let unwrap = || vault.request("POST", "sys/wrapping/unwrap", &wrapper, &Value::Null);
    assert_eq!(unwrap().1["data"], json!({"a": "1"}));
    assert_eq!(unwrap().0, 400);
}

#[test]
fn the_audit_log_names_requests_and_hides_values() {
    let Some(vault) = Vault::start() else { return };
    vault.mount("secret", KvVersion::V1);
    let log = vault.audit();
    vault.root("POST", "secret/x", &json!({"a": "open sesame"}));
    let text = std::fs::read_to_string(log).unwrap();
    assert!(text.contains(r#""path":"secret/x""#) && !text.contains("open sesame"));
}
