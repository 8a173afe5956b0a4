//! SIGKILL while a run waits for the gateway: what is stored then, and how it goes on.

use std::os::unix::fs::PermissionsExt;

use momo_gateway::{Action, Fault, Operation};
use serde_json::Value;

use super::stage::{OLD_USER, Stage};

/// Where a run is held: before or after the gateway has done what was asked, and whether a claim is open then.
const MOMENTS: [(Operation, bool, bool); 7] = [
    (Operation::GetUser, false, false),
    (Operation::CreateUser, false, true),
    (Operation::CreateUser, true, true),
    (Operation::CreateKey, false, true),
    (Operation::CreateKey, true, true),
    (Operation::Token, true, true),
    (Operation::Active, false, true),
];

fn starts() -> [Stage; 2] {
    [Stage::new(), Stage::with_old()]
}

/// A run that was killed there. `.env` is as before but for a claim.
fn killed(stage: Stage, (operation, after, open): (Operation, bool, bool)) -> Stage {
    let before = stage.file();
    let silence = Fault::on(operation, Action::Silence);
    stage.gateway.script(if after { silence.after_effect() } else { silence });
    stage.hold(stage.provision(), operation).kill();
    stage.assert_served_as_before();
    let status = stage.status();
    if open {
        let mode = std::fs::metadata(stage.sandbox.path(".env")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(status["claim"]["kind"], "new-user");
        let user = status["claim"]["api_user"].as_str().unwrap();
        let made = stage.gateway.users().iter().any(|known| known.id.to_string() == user);
        assert_eq!(made, after || operation != Operation::CreateUser, "{operation} {after}");
        let keys = usize::from((operation, after) == (Operation::CreateKey, true))
            + usize::from(matches!(operation, Operation::Token | Operation::Active));
        assert_eq!(stage.gateway.key_requests(user), keys);
    } else {
        assert_eq!(status["claim"], Value::Null);
        assert_eq!(stage.file(), before);
    }
    assert_eq!(stage.gateway.key_requests(OLD_USER), 0);
    stage
}

#[test]
fn resume_finishes_at_once_with_a_user_of_its_own() {
    for moment in MOMENTS {
        for stage in starts() {
            let stage = killed(stage, moment);
            if !moment.2 {
                let _ = stage.run(["resume"]).code(0).says("no claim is open");
                let _ = stage.run(stage.provision()).code(0);
                stage.assert_settled();
                continue;
            }
            let dead = stage.status()["claim"]["api_user"].as_str().unwrap().to_owned();
            let asked = stage.gateway.key_requests(&dead);
            let _ = stage.run(["resume"]).code(0);
            assert_ne!(stage.sandbox.env_value("MOMO_API_USER").unwrap(), dead);
            assert_eq!(stage.gateway.key_requests(&dead), asked, "a key was asked for another run's user");
            stage.assert_settled();
            let _ = stage.run(["resume"]).code(0).says("no claim is open");
        }
    }
}

#[test]
fn abort_gives_back_what_was_there_and_lists_the_user() {
    for moment in MOMENTS.into_iter().filter(|(.., open)| *open) {
        for stage in starts() {
            let stage = killed(stage, moment);
            let dead = stage.status()["claim"]["api_user"].clone();
            let _ = stage.run(["abort"]).code(0);
            stage.assert_served_as_before();
            let status = stage.status();
            assert_eq!(
                (&status["claim"], &status["retired_api_users"]),
                (&Value::Null, &Value::from(vec![dead]))
            );
            let _ = stage.run(["abort"]).code(0).says("no claim is open");
            stage.assert_clean();
            let _ = stage.run(stage.provision()).code(0);
            stage.assert_settled();
        }
    }
}

#[test]
fn the_same_command_again_converges() {
    for moment in MOMENTS {
        for stage in starts() {
            let stage = killed(stage, moment);
            let _ = stage.run(stage.provision()).code(0);
            stage.assert_settled();
        }
    }
}

#[test]
fn a_resume_that_is_killed_is_resumed() {
    for stage in starts() {
        let stage = killed(stage, (Operation::CreateKey, true, true));
        for _ in 0..2 {
            stage.gateway.script(Fault::on(Operation::Token, Action::Silence));
            stage.hold(["resume"], Operation::Token).kill();
            stage.assert_served_as_before();
        }
        let _ = stage.run(["resume"]).code(0);
        stage.assert_settled();
    }
}
