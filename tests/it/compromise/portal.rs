//! Production: the portal makes another user, or another key of the same.

use momo_gateway::{Action, Answer, Fault, Operation, Rotation};

use crate::pty::Status;
use crate::rotate::guided::{NEW_USER, OLD_USER, Stage, new_key, old_key, subscription_key};

const COMPROMISE: [&str; 1] = ["compromise"];

fn retired(stage: &Stage) -> Option<String> {
    stage.sandbox.env_value("MOMO_RETIRED_API_USERS").filter(|users| !users.is_empty())
}

#[test]
fn another_user_the_old_one_is_revoked_there_and_its_key_proves_it() {
    for done in [true, false] {
        let stage = Stage::new();
        let mut job = stage.typed_in(&COMPROMISE, NEW_USER, &new_key());
        stage.pty.wait_for("under the API users of your account, revoke:");
        stage.pty.wait_for("Press Enter");
        stage.assert_stored(NEW_USER, &new_key());
        if done {
            assert!(stage.gateway.revoke_user(OLD_USER));
        }
        stage.pty.send("\n");
        let said = stage.pty.transcript();
        assert_eq!(job.status(), Status::Exited(if done { 0 } else { 77 }), "{said}");
        let said = stage.pty.transcript();
        assert!(said.contains(if done { "its old key is refused" } else { "NOT REVOKED" }), "{said}");
        assert_eq!(retired(&stage), (!done).then(|| OLD_USER.to_owned()));
        stage.assert_clean();
    }
}

/// Nobody is sent to revoke the user, which goes on: its old key is tried.
#[test]
fn the_same_user_with_another_key() {
    for (rotation, code) in [(Rotation::NewKeyKillsOld, 0), (Rotation::KeysAddUp, 77)] {
        let stage = Stage::new();
        stage.gateway.configure(|config| config.rotation = rotation);
        assert!(stage.gateway.issue_key(OLD_USER, new_key().value()));
        let mut job = stage.typed_in(&COMPROMISE, OLD_USER, &new_key());
        assert_eq!(job.status(), Status::Exited(code), "{}", stage.pty.transcript());
        let said = stage.pty.transcript();
        assert!(!said.contains("Press Enter"), "{said}");
        let told = ["its old key is refused", "NOT REVOKED: an earlier key of API user"];
        assert!(said.contains(told[usize::from(code == 77)]), "{said}");
        assert_eq!(said.contains("to revoke this one would end the new key"), code == 77);
        stage.assert_stored(OLD_USER, &new_key());
        assert_eq!(retired(&stage), None);
        let works = |key: &str| stage.gateway.authenticates(OLD_USER, key);
        assert_eq!((works(old_key().value()), works(new_key().value())), (code == 77, true));
        stage.assert_clean();
    }
}

/// The user is on no list, so `revoke` would find nothing to do.
#[test]
fn the_same_user_in_an_outage_is_told_what_can_still_prove_it() {
    let stage = Stage::new();
    stage.gateway.configure(|config| config.rotation = Rotation::NewKeyKillsOld);
    assert!(stage.gateway.issue_key(OLD_USER, new_key().value()));
    let down = Fault::on(Operation::Token, Action::Answer(Answer::service_unavailable()));
    stage.gateway.script(down.skip(1).forever());
    let mut job = stage.typed_in(&COMPROMISE, OLD_USER, &new_key());
    assert_eq!(job.status(), Status::Exited(69), "{}", stage.pty.transcript());
    let said = stage.pty.transcript();
    assert!(said.contains("nothing here has the old key any more"), "{said}");
    assert!(!said.contains("stay on the list") && !said.contains("`momo-cred revoke`"), "{said}");
    stage.assert_stored(OLD_USER, &new_key());
    assert_eq!(retired(&stage), None);
    stage.assert_clean();
}

/// Another record that has the new key of the same user holds nothing of what has leaked.
#[test]
fn the_same_user_elsewhere_is_looked_for_by_its_old_key() {
    for holds in [true, false] {
        let stage = Stage::new();
        stage.gateway.configure(|config| config.rotation = Rotation::NewKeyKillsOld);
        assert!(stage.gateway.issue_key(OLD_USER, new_key().value()));
        let key = if holds { old_key() } else { new_key() };
        let payouts = format!(
            "PAY_SUBSCRIPTION_KEY={}\nPAY_API_USER={OLD_USER}\nPAY_API_KEY={}\n",
            subscription_key().value(),
            key.value()
        );
        stage.sandbox.write("payouts.env", payouts, 0o600);
        let config = "[profiles.collection]\nstore = \"dotenv:.env#MOMO\"\n\
                      [profiles.payouts]\nstore = \"dotenv:payouts.env#PAY\"\n";
        stage.sandbox.write("momo-cred.toml", config, 0o600);
        let args = ["compromise", "-p", "collection", "--json"];
        let mut job = stage.typed_in(&args, OLD_USER, &new_key());
        assert_eq!(job.status(), Status::Exited(0), "{}", stage.pty.transcript());
        let said = stage.pty.transcript();
        assert_eq!(said.contains("profile payouts still has the old key"), holds, "{said}");
        assert_eq!(said.contains(r#""holders":[]"#), !holds, "{said}");
        stage.assert_clean();
    }
}
