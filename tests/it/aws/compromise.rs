//! The drill for a leaked key, with a record in AWS, in both readings of a second key request.

use serde_json::json;

use super::stage::{OLD_USER, Stage, old_key};

#[test]
fn it_is_replaced_and_the_old_key_tried() {
    for dies in [true, false] {
        let stage = Stage::new().map(|stage| if dies { stage } else { stage.keys_add_up() });
        let Some(stage) = stage.map(Stage::with_old) else { return };
        let ran = stage.run(&["compromise", "--yes", "--json"]).code(if dies { 0 } else { 77 });
        let result = ran.json().pop().unwrap();
        assert_eq!(result["revoked"][0]["outcome"], if dies { "revoked" } else { "still-works" });
        assert_eq!((&result["revision"], &result["holders"]), (&json!(stage.revision()), &json!([])));
        assert_eq!(stage.gateway.authenticates(OLD_USER, old_key().value()), !dies);
        assert_ne!(stage.secret()["api_user"], OLD_USER);
        stage.assert_in_use_works();
    }
}
