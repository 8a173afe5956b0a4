//! The drill for a leaked key, with the shipped policy: other records that hold it, a hook, an audit trail, production.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Answer, Bound, Config, Fault, Gateway, Operation, PresetUser, Product, Rotation};
use serde_json::{Value, json};

use super::stage::{OLD_USER, ROTATE, Stage, old_key};
use crate::pty::{Pty, Status};
use crate::sandbox::key;

const COMPROMISE: [&str; 3] = ["compromise", "--yes", "--json"];

fn old_works(stage: &Stage) -> bool {
    stage.gateway.authenticates(OLD_USER, old_key().value())
}

#[test]
fn all_that_are_retired_are_made_useless() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let _ = stage.run(&["rotate"]).code(0);
    let second = stage.secret()["api_user"].clone();
    let result = stage.run_as(&[ROTATE], &COMPROMISE).code(0).json().pop().unwrap();
    let outcome = |user: &Value| json!({ "api_user": user, "outcome": "revoked", "proven": true });
    // What has leaked goes first.
    assert_eq!(result["revoked"], json!([outcome(&second), outcome(&json!(OLD_USER))]));
    assert!(!old_works(&stage));
    assert_eq!(stage.status()["retired_api_users"], json!([]));
    let _ = stage.run(&["verify"]).code(0);
}

#[test]
fn where_keys_add_up_it_is_not_revoked() {
    let Some(stage) = Stage::new().map(|stage| stage.keys_add_up().with_old()) else { return };
    let ran = stage.run(&COMPROMISE).code(77).says("NOT REVOKED");
    assert_eq!(ran.json().pop().unwrap()["revoked"][0]["outcome"], "still-works");
    assert!(old_works(&stage));
    assert_eq!(stage.status()["retired_api_users"], json!([OLD_USER]));
}

/// What kills the key kills it there, too: it is left alone, and told.
#[test]
fn other_profiles_that_hold_it_are_told_and_not_cut_off() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let path = format!("{}/data/momo/payouts", stage.mount);
    let other = json!({ "subscription_key": key(&stage.gateway), "api_user": OLD_USER, "api_key": old_key().value() });
    stage.vault().root("POST", &path, &json!({ "data": other }));
    let payouts = stage.location("payouts");
    let config = format!(
        "[profiles.collection]\nstore = \"{}\"\n[profiles.payouts]\nstore = \"{payouts}\"\n",
        stage.location("collection")
    );
    let profile = ["-p", "collection"];
    let args: Vec<_> = COMPROMISE.into_iter().chain(profile).collect();
    let ran = stage.run_with(&config, &args).code(77).says("NOT REVOKED").says("profile payouts");
    let result = ran.json().pop().unwrap();
    assert_eq!(result["holders"], json!([{ "profile": "payouts", "location": payouts }]));
    assert_eq!(
        result["revoked"],
        json!([{"api_user": OLD_USER, "outcome": "in-use-elsewhere", "proven": false}])
    );
    assert_eq!((old_works(&stage), stage.gateway.key_requests(OLD_USER)), (true, 0));
    assert_ne!(stage.secret()["api_user"], OLD_USER, "the rotation stands");
    // Once the other one is rotated, it goes.
    let rotated = stage.momo(&["rotate"]).env("MOMO_CRED_STORE", &payouts).run();
    let _ = rotated.code(0);
    let _ = stage.run_with(&config, &["revoke", "--yes", "-p", "collection"]).code(0);
    assert!(!old_works(&stage));
}

#[test]
fn the_hook_runs_in_between_and_the_trail_has_both_changes() {
    for dies in [true, false] {
        let stage = Stage::new().map(|stage| if dies { stage } else { stage.keys_add_up() });
        let Some(stage) = stage.map(Stage::with_old) else { return };
        let config = "audit = \"audit.jsonl\"\nhook-post = \"env > hook.txt\"\n[profiles.default]\n";
        let ran = stage.run_with(config, &COMPROMISE).code(if dies { 0 } else { 77 });
        let result = ran.json().pop().unwrap();
        assert_eq!(result["hook"]["outcome"], "ok");
        let hook = stage.sandbox.read("hook.txt");
        assert!(hook.contains("MOMO_CRED_HOOK_COMMAND=compromise"), "{hook}");
        assert!(hook.contains("MOMO_CRED_HOOK_REVISION=3"), "before the revocation: {hook}");
        let trail = stage.sandbox.read("audit.jsonl");
        let lines: Vec<Value> = trail.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (outcome, error) = if dies { ("ok", Value::Null) } else { ("failed", json!("denied")) };
        let first = [json!("compromise"), json!("ok"), Value::Null, json!("1"), json!("3")];
        let second = [json!("compromise"), json!(outcome), error, json!("3"), json!("5")];
        assert_eq!(stage.audited(), [first, second]);
        let prints = &lines[1]["fingerprints"]["api_key"];
        assert_eq!(prints["old"], prints["new"], "a revocation changes no key of the record");
        assert_ne!(lines[0]["fingerprints"]["api_key"]["old"], prints["new"]);
        let new = stage.secret()["api_key"].as_str().unwrap().to_owned();
        stage.sandbox.assert_no_leak(&[old_key(), Canary::of("new key", new)], &[]);
    }
}

/// A credential of production, and another user there with its key.
fn in_production() -> Option<(Stage, Gateway, (&'static str, Canary))> {
    let stage = Stage::new()?;
    let gateway = Gateway::start(Config::production(1, "mtnuganda")).unwrap();
    let new = ("01d00000-0000-4000-8000-000000000002", Canary::hex("vault new api key"));
    for (id, key) in [(OLD_USER, old_key()), (new.0, new.1.clone())] {
        let (id, api_key) = (id.parse().unwrap(), key.value().to_owned());
        gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
    }
    stage.put(&json!({
        "subscription_key": gateway.subscription_key(Product::Collection),
        "api_user": OLD_USER,
        "api_key": old_key().value(),
        "target_environment": "mtnuganda",
        "callback_host": "localhost",
    }));
    let stage = stage.by_way_of(gateway.base_url().to_owned());
    Some((stage, gateway, new))
}

#[test]
fn in_production_the_portal_is_gone_to_twice() {
    for done in [true, false] {
        let Some((stage, gateway, new)) = in_production() else { return };
        let _ = stage.run(&["compromise", "--yes"]).code(2).says("no terminal");
        let pty = Pty::open();
        let mut job = pty.run(stage.momo(&["compromise"]).into_command());
        pty.wait_for("API user: ");
        pty.send(format!("{}\n", new.0));
        pty.wait_for("API key: ");
        pty.send(format!("{}\n", new.1.value()));
        pty.wait_for("Press Enter");
        assert_eq!(stage.served("MOMO_API_KEY"), new.1.value());
        if done {
            assert!(gateway.revoke_user(OLD_USER));
        }
        pty.send("\n");
        assert_eq!(job.status(), Status::Exited(if done { 0 } else { 77 }), "{}", pty.transcript());
        let said = pty.transcript();
        assert!(said.contains(if done { "its old key is refused" } else { "NOT REVOKED" }), "{said}");
        assert!(!said.contains(old_key().value()) && !said.contains(new.1.value()));
        assert_eq!(stage.served("MOMO_API_KEY"), new.1.value());
        let listed = stage.status()["retired_api_users"].clone();
        assert_eq!(listed, if done { json!([]) } else { json!([OLD_USER]) });
    }
}

/// No list has a user that is in use: its earlier revision proves it later.
#[test]
fn in_production_an_outage_leaves_the_earlier_revision_to_prove_it() {
    let Some((stage, gateway, (_, new_key))) = in_production() else { return };
    gateway.configure(|config| config.rotation = Rotation::NewKeyKillsOld);
    assert!(gateway.issue_key(OLD_USER, new_key.value()));
    let down = Fault::on(Operation::Token, Action::Answer(Answer::service_unavailable()));
    gateway.script(down.skip(1).forever());
    let pty = Pty::open();
    let mut job = pty.run(stage.momo(&["compromise"]).into_command());
    pty.wait_for("API user: ");
    pty.send(format!("{OLD_USER}\n"));
    pty.wait_for("API key: ");
    pty.send(format!("{}\n", new_key.value()));
    assert_eq!(job.status(), Status::Exited(69), "{}", pty.transcript());
    let said = pty.transcript();
    let line = "prove it later: `momo-cred verify";
    assert!(
        said.contains(line) && said.contains("--revision 1` must say that the gateway refuses the pair"),
        "{said}"
    );
    assert!(!said.contains("`momo-cred revoke`"), "{said}");
    gateway.clear_script();
    let _ = stage.run(&["verify", "--revision", "1"]).code(77).says("the gateway refuses the pair");
}
