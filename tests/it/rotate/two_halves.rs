//! Another subscription key on the store of a server: the same for each of them.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Fault, Gateway, Operation, Product, Role};
use serde_json::{Value, json};

use crate::held::Held;
use crate::sandbox::{Momo, Ran, Sandbox, until};

/// The user of the credential that is there before.
const OLD_USER: &str = "01d00000-0000-4000-8000-000000000001";

/// A stage with a record in a server's store, among fields of others.
pub(crate) trait Remote {
    fn sandbox(&self) -> &Sandbox;
    fn gateway(&self) -> &Gateway;
    fn momo(&self, args: &[&str]) -> Momo;
    /// The record as it is stored.
    fn secret(&self) -> Value;
    /// Writes the record as somebody else does.
    fn put(&self, record: &Value);

    fn run(&self, args: &[&str]) -> Ran {
        self.momo(args).run()
    }

    fn status(&self) -> Value {
        self.run(&["status", "--json"]).code(0).json().remove(0)
    }

    /// What a program gets that `exec` starts.
    fn served(&self, name: &str) -> String {
        let ran = self.run(&["exec", "--", "printenv", name]).code(0);
        ran.out().trim_end().to_owned()
    }
}

pub(crate) const ROTATE_KEY: [&str; 2] = ["rotate", "--subscription-key"];
const GO_ON: [&str; 4] = ["resume", "--consumers-restarted", "--from", "-"];

pub(crate) fn secondary(stage: &impl Remote) -> String {
    stage.gateway().key(Role::Secondary(Product::Collection)).unwrap()
}

/// Gives a record that is there the other key of its subscription, too.
pub(crate) fn with_both_keys<S: Remote>(stage: S) -> S {
    let mut record = stage.secret();
    record["subscription_key_secondary"] = json!(secondary(&stage));
    stage.put(&record);
    stage
}

pub(crate) fn canaries(stage: &impl Remote) -> [Canary; 2] {
    let new = stage.gateway().subscription_key(Product::Collection);
    [Canary::of("secondary", secondary(stage)), Canary::of("new", new)]
}

pub(crate) fn regenerated(stage: &impl Remote) -> String {
    stage.gateway().regenerate_key(Role::Primary(Product::Collection))
}

#[track_caller]
fn assert_swapped(stage: &impl Remote) {
    assert_eq!(stage.status()["claim"]["phase"], "swapped");
    assert!(stage.served("MOMO_SUBSCRIPTION_KEY") == secondary(stage));
    let _ = stage.run(&["verify"]).code(0);
}

#[track_caller]
fn assert_completed(stage: &impl Remote) {
    let secret = stage.secret();
    assert!(secret["subscription_key"] == *stage.gateway().subscription_key(Product::Collection));
    assert!(secret["subscription_key_secondary"] == *secondary(stage));
    assert_eq!((&secret["api_user"], &secret["note"]), (&json!(OLD_USER), &json!("of another team")));
    assert!(secret.as_object().unwrap().keys().all(|name| !name.starts_with("pending_")));
    assert_eq!(stage.status()["claim"], Value::Null);
    assert_eq!(stage.gateway().key_requests(OLD_USER), 0);
    let _ = stage.run(&["verify"]).code(0);
}

/// Each half is a version of its own. `first` is the run of the first.
pub(crate) fn both_halves<S: Remote>(stage: &S, first: impl FnOnce(&S) -> Ran) {
    let _ = first(stage).code(75).no_leak(&canaries(stage));
    assert_swapped(stage);
    let new = regenerated(stage);
    let ran = stage.momo(&GO_ON).stdin(new).run().code(0).no_leak(&canaries(stage));
    let _ = ran.says("is refused now");
    assert_completed(stage);
}

/// A death at this request of either half is gone on from.
pub(crate) fn a_death_is_gone_on_from(stage: &impl Remote, operation: Operation) {
    let asked = || stage.gateway().requests().iter().filter(|request| request.operation == operation).count();
    let killed = |momo| {
        stage.gateway().script(Fault::on(operation, Action::Silence));
        let before = asked();
        let run = Held::begin(stage.sandbox(), momo);
        until("the gateway to be asked", || asked() > before);
        run.kill();
        stage.gateway().clear_script();
    };
    let before = stage.secret();
    killed(stage.momo(&ROTATE_KEY));
    assert_eq!(stage.secret(), before);
    let _ = stage.run(&ROTATE_KEY).code(75);
    assert_swapped(stage);
    let path = stage.sandbox().root().join("home").join("new.key");
    stage.sandbox().write(&path, regenerated(stage), 0o600);
    killed(stage.momo(&["resume", "--consumers-restarted", "--from", path.to_str().unwrap()]));
    assert_eq!(stage.status()["claim"]["phase"], "regenerated");
    assert!(stage.served("MOMO_SUBSCRIPTION_KEY") == secondary(stage));
    let _ = stage.run(&["resume"]).code(0);
    assert_completed(stage);
}

/// The server's clock judges the claim of another machine; a person may know better.
pub(crate) fn a_young_claim_of_another_machine_is_left_to_it(stage: &impl Remote) {
    let _ = stage.run(&ROTATE_KEY).code(75);
    let mut record = stage.secret();
    record["pending_owner"] = json!("far.example.com:0f:1:1:1");
    stage.put(&record);
    let new = regenerated(stage);
    for command in [&["resume"][..], &ROTATE_KEY, &["abort"]] {
        let _ = stage.run(command).code(75).says("its lease is 300 s");
    }
    assert_eq!(stage.secret(), record);
    let forced = ["resume", "--force-takeover", "--consumers-restarted", "--from", "-"];
    let _ = stage.momo(&forced).stdin(new).run().code(0).no_leak(&canaries(stage));
    assert_completed(stage);
}
