//! A secret that AWS itself rotates: whatever brings a new credential or ends an old one is refused before anything is
//! asked for, unless the settings say that it may.

use momo_gateway::{Product, Role};
use serde_json::{Value, json};

use super::stage::{NAME, OLD_USER, Stage, old_key};
use crate::sandbox::Ran;

/// A record with both keys of its subscription and a revision to go back to, in a secret that AWS rotates.
fn rotated() -> Option<Stage> {
    let stage = Stage::new()?.with_old();
    let _ = stage.run(&["rotate"]).code(0);
    let mut record = stage.secret();
    record["subscription_key_secondary"] =
        json!(stage.gateway.key(Role::Secondary(Product::Collection)).unwrap());
    stage.ask("RotateSecret", &json!({"SecretId": NAME, "RotationRules": {"AutomaticallyAfterDays": 30}}));
    // moto's own rotation leaves nothing current behind.
    stage.put(NAME, &record);
    Some(stage)
}

const COMMANDS: [&[&str]; 5] = [
    &["revoke", "--yes"],
    &["rollback"],
    &["compromise", "--yes"],
    &["rotate"],
    &["rotate", "--subscription-key"],
];

#[test]
fn it_is_refused_before_anything_is_asked_for() {
    let Some(stage) = rotated() else { return };
    let (before, users) = (stage.revision(), stage.gateway.user_count());
    for command in COMMANDS {
        let ran = stage.run(command).code(78).says("error[misconfigured]");
        let _ = ran.says("AWS itself rotates this secret").says("allow-aws-rotation");
        assert_eq!(stage.revision(), before, "{command:?}");
        assert_eq!(stage.gateway.user_count(), users, "{command:?}");
        assert_eq!(stage.gateway.key_requests(OLD_USER), 0, "{command:?}");
    }
    assert_eq!(stage.status()["claim"], Value::Null);
}

#[test]
fn allow_aws_rotation_lets_it() {
    let allowed = |stage: &Stage, args: &[&str]| -> Ran {
        stage.sandbox.write("allowed.toml", "[aws]\nallow-aws-rotation = true\n[profiles.default]\n", 0o600);
        let path = stage.sandbox.path("allowed.toml");
        stage.momo(args).env("MOMO_CRED_CONFIG", path).run().no_leak(&stage.canaries())
    };
    for command in COMMANDS {
        let Some(stage) = rotated() else { return };
        // The first half of a subscription key's rotation ends where a person is needed.
        let code = if command.len() == 2 && command[1] == "--subscription-key" { 75 } else { 0 };
        let _ = allowed(&stage, command).code(code);
        let revoked = matches!(command[0], "revoke" | "compromise");
        assert_eq!(stage.gateway.authenticates(OLD_USER, old_key().value()), !revoked, "{command:?}");
        stage.assert_in_use_works();
    }
}
