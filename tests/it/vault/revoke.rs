//! Retired users made useless, with the shipped policy: the history has the old keys that prove it.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Answer, Bound, Config, Fault, Gateway, Operation, PresetUser, Product};
use serde_json::{Value, json};

use super::stage::{EXEC, OLD_USER, ROTATE, Stage, old_key};
use crate::pty::{Pty, Status};
use crate::sandbox::until;

const REVOKE: [&str; 3] = ["revoke", "--yes", "--json"];

/// A record whose credential was replaced.
fn rotated(stage: Option<Stage>) -> Option<Stage> {
    let stage = stage?.with_old();
    let _ = stage.run(&["rotate"]).code(0);
    Some(stage)
}

fn dies() -> Option<Stage> {
    rotated(Stage::new())
}

fn adds_up() -> Option<Stage> {
    rotated(Stage::new().map(Stage::keys_add_up))
}

fn retired(stage: &Stage) -> Value {
    stage.status()["retired_api_users"].clone()
}

/// The credential in use is as it was, works, and holds no claim.
#[track_caller]
fn assert_untouched(stage: &Stage, before: &Value) {
    let secret = stage.secret();
    for field in ["api_user", "api_key", "subscription_key", "issued_at", "note"] {
        assert_eq!(secret[field], before[field], "{field}");
    }
    assert!(secret.as_object().unwrap().keys().all(|name| !name.starts_with("pending_")), "a claim is left");
    let text = |name: &str| secret[name].as_str().unwrap();
    assert!(stage.gateway.authenticates(text("api_user"), text("api_key")));
}

#[test]
fn the_old_key_is_proven_dead_and_the_user_leaves_the_list() {
    let Some(stage) = dies() else { return };
    let before = stage.secret();
    let ran = stage.run_as(&[ROTATE], &REVOKE).code(0);
    let ran = ran.no_leak(&[Canary::of("key in use", before["api_key"].as_str().unwrap())]);
    let events = ran.json();
    let (result, steps) = events.split_last().unwrap();
    let names: Vec<_> = steps.iter().map(|event| event["steps"][0]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["preflight", "claim", "renew", "old-key", "in-use", "settle"]);
    assert!(steps.iter().all(|event| event["steps"][0]["outcome"] == "ok"));
    assert_eq!((&result["outcome"], &result["claim"]), (&json!("ok"), &Value::Null));
    assert_eq!(result["revoked"], json!([{"api_user": OLD_USER, "outcome": "revoked", "proven": true}]));
    assert_eq!(result["revision"], stage.status()["revision"]);
    assert!(!stage.gateway.authenticates(OLD_USER, old_key().value()));
    assert_eq!((retired(&stage), stage.gateway.key_requests(OLD_USER)), (json!([]), 1));
    assert_untouched(&stage, &before);
    let _ = stage.run(&["revoke"]).code(0).says("no retired API user is listed");
    let _ = stage.run(&["verify", "--revision", "1"]).code(77);
}

#[test]
fn where_keys_add_up_it_is_told_loudly() {
    let Some(stage) = adds_up() else { return };
    let before = stage.secret();
    let ran = stage.run(&REVOKE).code(77).says("error[denied]: NOT REVOKED");
    let result = ran.json().pop().unwrap();
    assert_eq!((&result["outcome"], &result["error"]["exit_code"]), (&json!("bad"), &json!(77)));
    assert_eq!(result["revoked"], json!([{"api_user": OLD_USER, "outcome": "still-works", "proven": false}]));
    assert!(stage.gateway.authenticates(OLD_USER, old_key().value()));
    assert_eq!(retired(&stage), json!([OLD_USER]));
    assert_untouched(&stage, &before);
}

#[test]
fn a_user_whose_key_nobody_has_is_renewed_and_not_proven() {
    let Some(stage) = dies() else { return };
    // A dead run has made a user of which no revision has the key.
    stage.gateway.script(Fault::on(Operation::CreateUser, Action::Silence).after_effect());
    let run = stage.start(&["rotate"]);
    until("the user to be made", || stage.gateway.user_count() == 3);
    run.kill();
    stage.gateway.clear_script();
    let dead = stage.status()["claim"]["api_user"].clone();
    let result = stage.run(&REVOKE).code(69).says("no old key of it is known").json().pop().unwrap();
    assert_eq!(result["outcome"], "inconclusive");
    let of = |user: &Value| {
        let users = result["revoked"].as_array().unwrap();
        users.iter().find(|entry| entry["api_user"] == *user).unwrap()["outcome"].clone()
    };
    assert_eq!((of(&dead), of(&json!(OLD_USER))), (json!("unproven"), json!("revoked")));
    assert_eq!(retired(&stage), json!([dead]));
}

#[test]
fn a_user_that_the_gateway_does_not_know_leaves_the_list() {
    let Some(stage) = dies() else { return };
    // Killed before the gateway had made its user.
    let stage = stage.killed_after_the_claim();
    let dead = stage.status()["claim"]["api_user"].clone();
    let result = stage.run(&REVOKE).code(0).json().pop().unwrap();
    assert_eq!(result["revoked"][1], json!({"api_user": dead, "outcome": "unknown-user", "proven": true}));
    assert_eq!(retired(&stage), json!([]));
}

#[test]
fn an_outage_leaves_everything_as_it_is() {
    let Some(stage) = dies() else { return };
    let (before, revision) = (stage.secret(), stage.status()["revision"].clone());
    let down = |operation| {
        stage.gateway.script(Fault::on(operation, Action::Answer(Answer::service_unavailable())).forever());
    };
    down(Operation::GetUser);
    let _ = stage.run(&["revoke", "--yes", "--timeout", "3s"]).code(69).says("nothing was changed");
    assert_eq!(stage.status()["revision"], revision);
    stage.gateway.clear_script();
    for operation in [Operation::CreateKey, Operation::Token] {
        down(operation);
        let ran = stage.run(&["revoke", "--yes", "--json"]).code(69);
        assert_eq!(ran.json().pop().unwrap()["revoked"][0]["outcome"], "inconclusive");
        stage.gateway.clear_script();
        assert_eq!(retired(&stage), json!([OLD_USER]));
    }
    assert_untouched(&stage, &before);
    let _ = stage.run(&REVOKE).code(0);
}

#[test]
fn killed_between_steps_it_is_resumed_taken_over_or_dropped() {
    for operation in [Operation::CreateKey, Operation::Token] {
        for command in [&["resume", "--json"][..], &REVOKE, &["abort", "--json"], &["rotate", "--json"]] {
            let Some(stage) = dies() else { return };
            let before = stage.secret();
            stage.gateway.script(Fault::on(operation, Action::Silence).after_effect());
            let run = stage.start(&["revoke", "--yes"]);
            until("the claim", || stage.status()["claim"]["kind"] == "revoke");
            until("the gateway to be asked", || stage.gateway.key_requests(OLD_USER) > 0);
            if operation == Operation::Token {
                until("the old key to be tried", || stage.gateway.script_left() == 0);
            }
            let _ = stage.run(&["revoke", "--yes"]).code(75).says("runs on this machine");
            assert_eq!(stage.served("MOMO_API_KEY"), before["api_key"].as_str().unwrap());
            run.kill();
            stage.gateway.clear_script();
            let result = stage.run(command).code(0).json().pop().unwrap();
            assert_eq!(stage.status()["claim"], Value::Null);
            match command[0] {
                "resume" | "revoke" => {
                    assert_eq!(result["revoked"][0]["outcome"], "revoked");
                    assert_eq!(retired(&stage), json!([]));
                    assert_untouched(&stage, &before);
                }
                "abort" => {
                    assert_eq!(retired(&stage), json!([OLD_USER]));
                    assert_untouched(&stage, &before);
                }
                _ => assert_eq!(retired(&stage), json!([OLD_USER, before["api_user"]])),
            }
        }
    }
}

#[test]
fn another_record_that_holds_the_user_stops_it() {
    let Some(stage) = dies() else { return };
    let path = format!("{}/data/momo/payouts", stage.mount);
    let other = json!({
        "subscription_key": crate::sandbox::key(&stage.gateway), "api_user": OLD_USER, "api_key": old_key().value(),
    });
    stage.vault().root("POST", &path, &json!({ "data": other }));
    let payouts = stage.location("payouts");
    stage.sandbox.write("momo-cred.toml", format!("[profiles.payouts]\nstore = \"{payouts}\"\n"), 0o600);
    let revoke = |args: &[&str]| {
        let config = stage.sandbox.path("momo-cred.toml");
        stage.momo(args).env("MOMO_CRED_CONFIG", config).env("MOMO_CRED_PROFILE", "payouts").run()
    };
    let requests = stage.gateway.requests().len();
    let _ = revoke(&["revoke", "--yes"]).code(75).says("profile payouts has API user").says(&payouts);
    assert_eq!((stage.gateway.requests().len(), retired(&stage)), (requests, json!([OLD_USER])));
    assert!(stage.gateway.authenticates(OLD_USER, old_key().value()));
    let rotated = stage.momo(&["rotate"]).env("MOMO_CRED_STORE", &payouts).run();
    let _ = rotated.code(0);
    let _ = revoke(&["revoke", "--yes"]).code(0);
}

#[test]
fn the_trail_has_a_line_of_what_was_not_proven_too() {
    for (stage, outcome, error) in [(dies(), "ok", Value::Null), (adds_up(), "failed", json!("denied"))] {
        let Some(stage) = stage else { return };
        let config = "audit = \"audit.jsonl\"\n[profiles.default]\n";
        let _ = stage.run_with(config, &REVOKE).code(if outcome == "ok" { 0 } else { 77 });
        assert_eq!(stage.audited(), [[json!("revoke"), json!(outcome), error, json!("3"), json!("5")]]);
        stage.sandbox.assert_no_leak(&[old_key()], &[]);
    }
}

#[test]
fn who_may_only_read_revokes_nothing() {
    let Some(stage) = dies() else { return };
    let _ = stage.run_as(&[EXEC], &["revoke", "--yes"]).code(77).says("error[denied]");
    assert!(stage.gateway.authenticates(OLD_USER, old_key().value()));
}

fn production() -> Option<(Stage, Gateway)> {
    let stage = Stage::new()?;
    let gateway = Gateway::start(Config::production(1, "mtnuganda")).unwrap();
    let new = ("01d00000-0000-4000-8000-000000000002", Canary::hex("vault new api key"));
    for (id, key) in [(OLD_USER, old_key()), (new.0, new.1.clone())] {
        let (id, api_key) = (id.parse().unwrap(), key.value().to_owned());
        gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
    }
    let mut record = json!({
        "subscription_key": gateway.subscription_key(Product::Collection),
        "api_user": OLD_USER,
        "api_key": old_key().value(),
        "target_environment": "mtnuganda",
    });
    stage.put(&record);
    record["api_user"] = json!(new.0);
    record["api_key"] = json!(new.1.value());
    record["retired_api_users"] = json!(OLD_USER);
    stage.put(&record);
    let stage = stage.by_way_of(gateway.base_url().to_owned());
    Some((stage, gateway))
}

#[test]
fn in_production_a_person_revokes_and_the_old_key_proves_it() {
    for done in [true, false] {
        let Some((stage, gateway)) = production() else { return };
        let _ = stage.run(&["revoke", "--yes"]).code(2).says("no terminal to wait");
        let pty = Pty::open();
        let mut job = pty.run(stage.momo(&["revoke"]).into_command());
        pty.wait_for("In the Partner Portal");
        pty.wait_for(OLD_USER);
        pty.wait_for("Press Enter");
        if done {
            assert!(gateway.revoke_user(OLD_USER));
        }
        pty.send("\n");
        assert_eq!(job.status(), Status::Exited(if done { 0 } else { 77 }), "{}", pty.transcript());
        assert!(pty.transcript().contains(if done { "its old key is refused" } else { "NOT REVOKED" }));
        assert_eq!(retired(&stage), if done { json!([]) } else { json!([OLD_USER]) });
        assert!(!pty.transcript().contains(old_key().value()));
        // Where nothing is proven nothing is written.
        assert_eq!(stage.status()["revision"], if done { "3" } else { "2" });
    }
}

#[test]
fn a_person_at_the_portal_may_stop() {
    let Some((stage, _gateway)) = production() else { return };
    let pty = Pty::open();
    let mut job = pty.run(stage.momo(&["revoke"]).into_command());
    pty.wait_for("Press Enter");
    pty.send("n\n");
    assert_eq!(job.status(), Status::Exited(2));
    assert_eq!(stage.status()["revision"], "2");
}
