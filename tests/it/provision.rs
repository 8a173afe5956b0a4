//! The main job, end to end: from a gateway straight into a store.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Config, Gateway, Operation, Role};

use super::sandbox::{Sandbox, gateway, key};

/// Values that may be in `.env` and nowhere else.
fn canaries(sandbox: &Sandbox, gateway: &Gateway) -> Vec<Canary> {
    let api_key = sandbox.env_value("MOMO_API_KEY").unwrap();
    vec![Canary::of("subscription key", key(gateway)), Canary::of("api key", api_key)]
}

#[test]
fn provisions_verifies_and_shows_nothing() {
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    let ran = sandbox
        .momo(["provision", "--base-url", gateway.base_url(), "--callback-host", "pay.example.com"])
        .env("MOMO_CRED_SUBSCRIPTION_KEY", key(&gateway))
        .env("MOMO_CRED_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .run()
        .code(0);
    let canaries = canaries(&sandbox, &gateway);
    let ran = ran.no_leak(&canaries).says("stored at dotenv:.env#MOMO");
    assert_eq!(ran.out(), "", "people are talked to on standard error");
    sandbox.assert_no_leak(&canaries, &[sandbox.path(".env")]);

    let user = sandbox.env_value("MOMO_API_USER").unwrap();
    assert!(gateway.authenticates(&user, canaries[1].value()));
    assert_eq!((gateway.user_count(), gateway.key_requests(&user)), (1, 1));
    assert_eq!(sandbox.env_value("MOMO_CALLBACK_HOST").unwrap(), "pay.example.com");
    assert_eq!(sandbox.env_value("MOMO_TARGET_ENVIRONMENT").unwrap(), "sandbox");

    let ran = sandbox.momo(["verify", "--json"]).run().code(0).no_leak(&canaries);
    let report = &ran.json()[0];
    assert_eq!(report["outcome"], "ok");
    let steps: Vec<_> =
        report["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(steps, ["user", "token", "read"]);
}

#[test]
fn json_is_one_event_a_line_with_a_result_at_the_end() {
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    let ran = sandbox
        .momo(["--json", "provision", "--base-url", gateway.base_url(), "--callback-host", "localhost", "-q"])
        .args_subscription_key(&sandbox, &gateway)
        .run()
        .code(0);
    let ran = ran.no_leak(&canaries(&sandbox, &gateway));
    assert_eq!(ran.err(), "", "--quiet");
    let events = ran.json();
    let (result, steps) = events.split_last().unwrap();
    let names: Vec<_> = steps.iter().map(|event| event["steps"][0]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["preflight", "claim", "user", "key", "token", "read", "publish", "read-back"]);
    assert_eq!((&result["event"], &result["outcome"]), (&"result".into(), &"ok".into()));
    assert_eq!(result["verified"], true);
    assert_eq!(result["fields"]["api_key"]["present"], true);
    assert_eq!(result["claim"], serde_json::Value::Null);
    for event in &events {
        assert_eq!((&event["schema"], &event["command"]), (&1.into(), &"provision".into()));
        assert_eq!(event["location"], "dotenv:.env#MOMO");
    }
}

#[test]
fn a_complete_record_is_left_alone_and_replace_keeps_the_old_user_listed() {
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    sandbox.write(".env", "# ours\nPORT=8080\n", 0o600);
    let provision = |extra: &[&str]| {
        let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
        sandbox.momo(args.iter().chain(extra)).args_subscription_key(&sandbox, &gateway).run()
    };
    let _ = provision(&[]).code(0);
    let (before, old_user) = (sandbox.read(".env"), sandbox.env_value("MOMO_API_USER").unwrap());
    assert!(before.starts_with("# ours\nPORT=8080\nMOMO_"));
    let _ = provision(&[]).code(75).says("--replace");
    assert_eq!((sandbox.read(".env"), gateway.user_count()), (before, 1));

    let _ = provision(&["--replace"]).code(0);
    let user = sandbox.env_value("MOMO_API_USER").unwrap();
    assert_ne!(user, old_user);
    assert_eq!(sandbox.env_value("MOMO_RETIRED_API_USERS").unwrap(), old_user);
    assert!(gateway.authenticates(&user, &sandbox.env_value("MOMO_API_KEY").unwrap()));
    assert!(sandbox.read(".env").starts_with("# ours\nPORT=8080\n"));
}

#[test]
fn a_hand_written_record_and_a_vacant_one_give_their_own_key() {
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    sandbox.write(".env", format!("MOMO_SUBSCRIPTION_KEY={}\nMOMO_API_KEY=\n", key(&gateway)), 0o600);
    let _ = sandbox.momo(["exec", "--", "true"]).run().code(125).says("error[not-found]");
    let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
    let _ = sandbox.momo(args).run().code(0);
    let _ = sandbox.momo(["exec", "--", "true"]).run().code(0);
}

#[test]
fn keys_come_from_files_and_standard_input() {
    let gateway = gateway();
    for from_stdin in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.write("key", format!("{}\r\n", key(&gateway)), 0o600);
        let file = if from_stdin { "-" } else { "key" };
        let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
        let run = sandbox.momo(args.into_iter().chain(["--subscription-key-file", file]));
        let run = if from_stdin { run.stdin(format!("{}\n", key(&gateway))) } else { run };
        let _ = run.run().code(0);
    }
}

#[test]
fn a_separate_provisioning_key_makes_the_user_and_is_not_kept() {
    let provisioning = "5".repeat(32);
    let config = Config::sandbox(1).with_key(Role::Provisioning, provisioning.as_str());
    let (sandbox, gateway) = (Sandbox::new(), Gateway::start(config).unwrap());
    let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost", "-v"];
    let ran = sandbox
        .momo(args)
        .args_subscription_key(&sandbox, &gateway)
        .env("MOMO_CRED_PROVISIONING_SUBSCRIPTION_KEY", &provisioning)
        .run()
        .code(0);
    let _ = ran.says("the user was made with provisioning_subscription_key");
    assert_eq!(sandbox.env_value("MOMO_PROVISIONING_SUBSCRIPTION_KEY"), None);
    let requests = gateway.requests();
    let made = requests.iter().find(|request| request.operation == Operation::CreateUser).unwrap();
    assert_eq!(made.key.label(), "provisioning");
}

#[test]
fn every_product_is_proven_with_its_own_key() {
    for (product, role) in [
        ("disbursement", Role::Primary(momo_gateway::Product::Disbursement)),
        ("remittance", Role::Primary(momo_gateway::Product::Remittance)),
    ] {
        let (sandbox, gateway) = (Sandbox::new(), gateway());
        let args = [
            "provision",
            "--base-url",
            gateway.base_url(),
            "--callback-host",
            "localhost",
            "--product",
            product,
        ];
        let _ =
            sandbox.momo(args).env("MOMO_CRED_SUBSCRIPTION_KEY", gateway.key(role).unwrap()).run().code(0);
        assert_eq!(sandbox.env_value("MOMO_PRODUCT").unwrap(), product);
        // Another product's key opens nothing.
        let sandbox = Sandbox::new();
        let ran = sandbox.momo(args).env("MOMO_CRED_SUBSCRIPTION_KEY", key(&gateway)).run().code(77);
        let _ = ran.says("error[denied]");
    }
}

#[test]
fn status_before_and_after() {
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    let state =
        |sandbox: &Sandbox| sandbox.momo(["status", "--json"]).run().code(0).json()[0]["state"].clone();
    assert_eq!(state(&sandbox), "absent");
    let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
    let _ = sandbox.momo(args).args_subscription_key(&sandbox, &gateway).run().code(0);
    assert_eq!(state(&sandbox), "complete");
    let shown = sandbox.momo(["status"]).run().code(0).no_leak(&canaries(&sandbox, &gateway));
    assert!(shown.out().contains("fingerprint"), "{}", shown.out());
}

/// What a claim that was dropped leaves behind is vacant, and binds nobody to its product.
#[test]
fn a_vacant_record_may_become_another_product() {
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    sandbox.write(".env", "MOMO_PRODUCT=collection\nMOMO_SCHEMA=1\n", 0o600);
    let args = [
        "provision",
        "--base-url",
        gateway.base_url(),
        "--callback-host",
        "localhost",
        "--product",
        "disbursement",
    ];
    let key = gateway.subscription_key(momo_gateway::Product::Disbursement);
    let _ = sandbox.momo(args).env("MOMO_CRED_SUBSCRIPTION_KEY", key).run().code(0);
    assert_eq!(sandbox.env_value("MOMO_PRODUCT").unwrap(), "disbursement");
}
