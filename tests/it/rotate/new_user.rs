//! A new user beside the old one, whose key is never touched.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Config, Fault, Gateway, Operation, Role};
use serde_json::Value;

use crate::lifecycle::stage::{OLD_USER, Stage};
use crate::sandbox::{Sandbox, gateway, key};

/// Moments at which a run is killed: before or after the gateway has done what was asked, and whether a claim is open.
const MOMENTS: [(Operation, bool, bool); 5] = [
    (Operation::GetUser, false, false),
    (Operation::CreateUser, true, true),
    (Operation::CreateKey, true, true),
    (Operation::Token, true, true),
    (Operation::Active, false, true),
];

fn killed((operation, after, open): (Operation, bool, bool)) -> Stage {
    let stage = Stage::with_old();
    let before = stage.file();
    let silence = Fault::on(operation, Action::Silence);
    stage.gateway.script(if after { silence.after_effect() } else { silence });
    stage.hold(["rotate"], operation).kill();
    stage.assert_served_as_before();
    assert_eq!(stage.status()["claim"].is_object(), open);
    assert!(open || stage.file() == before);
    assert_eq!(stage.gateway.key_requests(OLD_USER), 0);
    stage
}

#[test]
fn the_same_command_again_or_resume_converges() {
    for moment in MOMENTS {
        for command in ["rotate", "resume"].into_iter().filter(|command| moment.2 || *command == "rotate") {
            let stage = killed(moment);
            let _ = stage.run([command]).code(0);
            stage.assert_old_works();
            stage.assert_settled();
        }
    }
}

#[test]
fn abort_gives_back_what_was_there() {
    let stage = killed((Operation::CreateKey, true, true));
    let dead = stage.status()["claim"]["api_user"].clone();
    let _ = stage.run(["abort"]).code(0);
    stage.assert_served_as_before();
    assert_eq!(stage.status()["retired_api_users"], Value::from(vec![dead]));
    let _ = stage.run(["rotate"]).code(0);
    stage.assert_settled();
}

#[test]
fn a_run_at_work_keeps_a_second_one_out() {
    let stage = Stage::with_old();
    stage.gateway.script(Fault::on(Operation::Token, Action::Silence));
    let first = stage.hold(["rotate"], Operation::Token);
    let (file, requests) = (stage.file(), stage.gateway.requests().len());
    let _ = stage.run(["rotate"]).code(75).says("error[conflict]");
    let _ = stage.run(["rotate", "--strategy", "rekey", "--yes"]).code(75).says("error[conflict]");
    assert_eq!((stage.file(), stage.gateway.requests().len()), (file, requests));
    first.kill();
    let _ = stage.run(["rotate"]).code(0);
    stage.assert_settled();
}

#[test]
fn an_outage_changes_nothing() {
    let stage = Stage::with_old();
    let before = stage.file();
    for answer in [momo_gateway::Answer::gateway_fault(), momo_gateway::Answer::service_unavailable()] {
        stage.gateway.script(Fault::on(Operation::GetUser, Action::Answer(answer)).forever());
        let _ = stage.run(["rotate", "--timeout", "2s"]).code(69).says("nothing was changed");
        stage.gateway.clear_script();
    }
    assert_eq!((stage.file(), stage.gateway.user_count()), (before, 1));
    stage.assert_clean();
}

/// Flags and variables of the provisioning are gone; the record has all that is needed.
#[test]
fn all_inputs_come_from_the_record() {
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "pay.example.com"];
    let args = args.into_iter().chain(["--store", "dotenv:pay.env#PAY"]);
    let _ = sandbox.momo(args).args_subscription_key(&sandbox, &gateway).run().code(0);
    let value = |name: &str| {
        let text = sandbox.read("pay.env");
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned)).unwrap()
    };
    let (old_user, old_key) = (value("PAY_API_USER"), value("PAY_API_KEY"));
    let ran = sandbox
        .momo(["rotate", "--store", "dotenv:pay.env#PAY", "--json"])
        // Of another product: not the record's, so it is not asked for.
        .env("MOMO_CRED_SUBSCRIPTION_KEY", "0".repeat(32))
        .run()
        .code(0);
    let (user, api_key) = (value("PAY_API_USER"), value("PAY_API_KEY"));
    let canaries = [
        Canary::of("old", old_key.as_str()),
        Canary::of("new", api_key.as_str()),
        Canary::of("key", key(&gateway)),
    ];
    let ran = ran.no_leak(&canaries);
    sandbox.assert_no_leak(
        &canaries,
        &[sandbox.path("pay.env"), sandbox.root().join("home").join("subscription-key")],
    );
    assert_ne!(user, old_user);
    assert!(gateway.authenticates(&user, &api_key) && gateway.authenticates(&old_user, &old_key));
    assert_eq!(gateway.key_requests(&old_user), 1, "only provision has asked for it");
    assert_eq!(value("PAY_RETIRED_API_USERS"), old_user);
    assert_eq!(value("PAY_CALLBACK_HOST"), "pay.example.com");
    let (result, steps) = ran.json().split_last().map(|(last, steps)| (last.clone(), steps.len())).unwrap();
    assert_eq!((&result["command"], &result["outcome"]), (&"rotate".into(), &"ok".into()));
    assert_eq!((&result["event"], &result["verified"], steps), (&"result".into(), &true.into(), 8));
    assert_eq!(result["fields"]["api_user"]["value"], user);
}

#[test]
fn a_separate_provisioning_key_counts_as_in_provision() {
    let provisioning = "5".repeat(32);
    let config = Config::sandbox(1).with_key(Role::Provisioning, provisioning.as_str());
    let (sandbox, gateway) = (Sandbox::new(), Gateway::start(config).unwrap());
    let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
    let _ = sandbox.momo(args).args_subscription_key(&sandbox, &gateway).run().code(0);
    let ran = sandbox
        .momo(["rotate", "-v"])
        .env("MOMO_CRED_PROVISIONING_SUBSCRIPTION_KEY", &provisioning)
        .run()
        .code(0);
    let _ = ran.says("the user was made with provisioning_subscription_key");
    assert_eq!(sandbox.env_value("MOMO_PROVISIONING_SUBSCRIPTION_KEY"), None);
}

/// The list of retired users is bounded: whoever drops off it is named, since nothing else would lead to that user.
#[test]
fn who_drops_off_the_list_is_named() {
    let stage = Stage::with_old();
    let retired: Vec<_> = (1..=16).map(|n| format!("0e000000-0000-4000-8000-{n:012}")).collect();
    let list = format!("{}MOMO_RETIRED_API_USERS={}\n", stage.sandbox.read(".env"), retired.join(","));
    stage.sandbox.write(".env", list, 0o600);
    let told = |user: &str| format!("{user} is not among them any more");
    // A claim that is dropped leaves its user on the list.
    let silence = Fault::on(Operation::CreateKey, Action::Silence);
    stage.gateway.script(silence);
    let killed = stage.hold(["rotate"], Operation::CreateKey);
    killed.kill();
    stage.gateway.clear_script();
    let ran = stage.run(["abort"]).code(0).says(&told(&retired[0]));
    assert_eq!(ran.err().matches("any more").count(), 1, "{}", ran.err());
    let ran = stage.run(["rotate"]).code(0).says(&told(&retired[1]));
    let ran = ran.says(&format!("`momo-cred revoke --user {} --yes`", retired[1]));
    assert_eq!(ran.err().matches("any more").count(), 1, "{}", ran.err());
    let listed = stage.status()["retired_api_users"].as_array().unwrap().clone();
    assert_eq!((listed.len(), &listed[0], &listed[15]), (16, &retired[2].as_str().into(), &OLD_USER.into()));
}
