//! Retired users made useless, proven by the versions that AWS still has, in both readings of a second key request.

use momo_gateway::{Action, Fault, Operation};
use serde_json::{Value, json};

use super::stage::{OLD_USER, Stage, old_key};
use crate::sandbox::until;

fn rotated(stage: Option<Stage>) -> Option<Stage> {
    let stage = stage?.with_old();
    let _ = stage.run(&["rotate"]).code(0);
    Some(stage)
}

#[test]
fn the_old_key_is_tried_whatever_a_new_one_does_to_it() {
    for dies in [true, false] {
        let stage = Stage::new().map(|stage| if dies { stage } else { stage.keys_add_up() });
        let Some(stage) = rotated(stage) else { return };
        let ran = stage.run(&["revoke", "--yes", "--json"]).code(if dies { 0 } else { 77 });
        let revoked = ran.json().pop().unwrap()["revoked"][0]["outcome"].clone();
        assert_eq!(revoked, if dies { "revoked" } else { "still-works" });
        assert_eq!(stage.gateway.authenticates(OLD_USER, old_key().value()), !dies);
        let listed = stage.status()["retired_api_users"].clone();
        assert_eq!(listed, if dies { json!([]) } else { json!([OLD_USER]) });
        stage.assert_in_use_works();
    }
}

#[test]
fn a_run_that_is_killed_is_resumed() {
    let Some(stage) = rotated(Stage::new()) else { return };
    stage.gateway.script(Fault::on(Operation::CreateKey, Action::Silence).after_effect());
    let run = stage.begin(stage.momo(&["revoke", "--yes"]));
    until("the key to be asked for", || stage.gateway.key_requests(OLD_USER) > 0);
    run.kill();
    stage.gateway.clear_script();
    assert_eq!(stage.status()["claim"]["kind"], "revoke");
    let _ = stage.run(&["resume"]).code(0).says("its old key is refused");
    let status = stage.status();
    assert_eq!((&status["claim"], &status["retired_api_users"]), (&Value::Null, &json!([])));
    stage.assert_in_use_works();
}
