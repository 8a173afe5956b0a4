//! An earlier version in AWS, by its id.

use serde_json::json;

use super::stage::{OLD_USER, Stage, old_key};

#[test]
fn an_earlier_version_is_written_as_a_new_one() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let first = stage.revision();
    let _ = stage.run(&["rotate"]).code(0);
    let replaced = stage.secret();
    let result = stage.run(&["rollback", "--json"]).code(0).json().pop().unwrap();
    assert_eq!((&result["outcome"], &result["revision"]), (&json!("ok"), &json!(stage.revision())));
    assert_ne!(stage.revision(), first, "a stage was moved back");
    let secret = stage.secret();
    assert_eq!((&secret["api_user"], &secret["note"]), (&json!(OLD_USER), &json!("of another team")));
    assert_eq!(secret["retired_api_users"], replaced["api_user"]);
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());
    assert!(secret.as_object().unwrap().keys().all(|name| !name.starts_with("pending_")));
    let _ = stage.run(&["rollback", "--to", &first]).code(0);
    assert_eq!(stage.gateway.key_requests(OLD_USER), 0);
}
