//! Two runs at once, lost answers, no credentials, peers that are silent or wrong.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use momo_cred_backend_testkit::Canary;
use momo_live::response;
use serde_json::json;

use super::stage::{ENDPOINT, Stage};
use crate::gate::Gate;
use crate::held::Held;

#[test]
fn of_two_runs_on_an_empty_name_one_wins() {
    for _ in 0..3 {
        let Some(stage) = Stage::new() else { return };
        // Both have seen that nothing is there when they ask the gateway for the first time.
        let gates = [(); 2].map(|()| Gate::holding("", stage.gateway.address()));
        let runs = gates.each_ref().map(|gate| {
            let run = stage.begin(stage.momo(&["provision"]).env("MOMO_CRED_BASE_URL", gate.base_url()));
            gate.wait();
            run
        });
        gates.iter().for_each(Gate::open);
        let ends = runs.map(Held::wait);
        let mut codes = ends.each_ref().map(|(code, _)| code.unwrap());
        codes.sort_unstable();
        assert_eq!(codes, [0, 75], "{ends:?}");
        let loser = &ends.iter().find(|(code, _)| *code == Some(75)).unwrap().1;
        assert!(loser.contains("error[conflict]"), "{loser}");
        assert_eq!(stage.gateway.user_count(), 1);
        stage.assert_settled();
    }
}

#[test]
fn of_two_runs_that_replace_one_wins() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let gates = [(); 2].map(|()| Gate::holding("", stage.gateway.address()));
    let runs = gates.each_ref().map(|gate| {
        let momo = stage.momo(&["provision", "--replace"]);
        let run = stage.begin(momo.env("MOMO_CRED_BASE_URL", gate.base_url()));
        gate.wait();
        run
    });
    gates.iter().for_each(Gate::open);
    let ends = runs.map(Held::wait);
    let mut codes = ends.each_ref().map(|(code, _)| code.unwrap());
    codes.sort_unstable();
    assert_eq!(codes, [0, 75], "{ends:?}");
    assert_eq!(stage.gateway.user_count(), 2, "the old one and the winner's");
    stage.assert_settled();
}

#[test]
fn a_lost_answer_to_a_write_is_settled() {
    for (old, call, nth, users) in [
        // The claim of a new record, and its publication.
        (false, "CreateSecret", 1, 1),
        (false, "PutSecretValue", 1, 1),
        (false, "UpdateSecretVersionStage", 1, 1),
        // The claim over an old record, and the publication.
        (true, "PutSecretValue", 1, 2),
        (true, "UpdateSecretVersionStage", 1, 2),
        (true, "UpdateSecretVersionStage", 2, 2),
    ] {
        let Some(stage) = Stage::new() else { return };
        let stage = if old { stage.with_old() } else { stage };
        let tap = stage.tap();
        tap.lose_nth_answer_of("POST", call, nth);
        let stage = stage.through(tap.address());
        let _ = stage.run(&["provision", "--replace"]).code(0);
        assert_eq!(stage.gateway.user_count(), users, "{call} {nth}");
        // The move that was won is not made again.
        let moves = tap.requests().iter().filter(|line| line.ends_with("UpdateSecretVersionStage")).count();
        assert_eq!(moves, users, "{call} {nth}: {:?}", tap.requests());
        let server = stage.server();
        stage.through(server).assert_settled();
    }
}

#[test]
fn a_lost_answer_to_a_removal_and_a_restoration_is_settled() {
    for args in [&["remove", "--yes"][..], &["remove", "--destroy", "--yes"]] {
        let Some(stage) = Stage::new().map(Stage::with_old) else { return };
        let (tap, server) = (stage.tap(), stage.server());
        tap.lose_answer_of("POST", "DeleteSecret");
        let stage = stage.through(tap.address());
        let _ = stage.run(args).code(0);
        let destroyed = args.contains(&"--destroy");
        assert_eq!(stage.status()["state"], if destroyed { "absent" } else { "deleted" });
        tap.lose_answer_of("POST", "RestoreSecret");
        let _ = stage.run(&["provision", "--replace"]).code(0);
        assert_eq!(stage.gateway.user_count(), 2);
        stage.through(server).assert_settled();
    }
}

#[test]
fn a_claim_whose_fate_stays_open_stops_the_run_before_anything_is_made() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (tap, server) = (stage.tap(), stage.server());
    tap.lose_answer_of("POST", "UpdateSecretVersionStage");
    for _ in 0..16 {
        // The first look is before the claim.
        tap.refuse("POST", "UpdateSecretVersionStage");
    }
    let unseen = response(503, &[], "");
    // One before: what would keep the write from working.
    tap.delay("POST", "DescribeSecret", Duration::ZERO);
    tap.answer("POST", "DescribeSecret", &unseen, 100);
    let stage = stage.through(tap.address());
    let ran = stage.run(&["provision", "--replace", "--timeout", "5s"]).code(69);
    let _ = ran.says("momo-cred resume");
    assert_eq!(stage.gateway.user_count(), 1, "a user was made without a claim that is known of");
    let stage = stage.through(server);
    stage.assert_open();
    let _ = stage.run(&["resume"]).code(0);
    stage.assert_settled();
}

/// A port of this machine that nobody listens on.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn a_machine_without_credentials_says_where_was_looked() {
    let Some(stage) = Stage::new() else { return };
    let file = format!("[aws]\nregion = \"us-east-1\"\nendpoint = {:?}\n", stage.server());
    stage.sandbox.write("momo.toml", file, 0o644);
    for (args, code) in [
        (&["exec", "--config", "momo.toml", "--", "true"][..], 125),
        (&["status", "--config", "momo.toml"], 78),
        (&["provision", "--config", "momo.toml"], 78),
    ] {
        let momo = stage.bare(args).env("AWS_EC2_METADATA_SERVICE_ENDPOINT", closed());
        let start = Instant::now();
        let mut ran = momo.run().code(code);
        let took = start.elapsed();
        assert!(took <= crate::hostile::LIMIT, "{args:?} took {took:?}");
        for tried in
            ["AWS_ACCESS_KEY_ID", "~/.aws", "web identity", "the container's role", "the instance's role"]
        {
            ran = ran.says(tried);
        }
        let _ = ran.says("error[misconfigured]");
    }
    assert_eq!(stage.gateway.requests().len(), 0);
}

#[test]
fn no_region_is_said() {
    let Some(stage) = Stage::new() else { return };
    let _ = stage.with_login(&["status"]).env(ENDPOINT, stage.server()).run().code(78).says("AWS_REGION");
}

#[test]
fn plain_http_goes_to_no_other_host() {
    let Some(stage) = Stage::new() else { return };
    let file = "[aws]\nendpoint = \"http://secretsmanager.example.com\"\n";
    stage.sandbox.write("momo.toml", file, 0o644);
    for variable in [ENDPOINT, "AWS_ENDPOINT_URL"] {
        let momo = stage.with_login(&["status"]).env("AWS_REGION", "us-east-1");
        let ran = momo.env(variable, "http://secretsmanager.example.com").run().code(78);
        let _ = ran.says(variable).says("https://").no_leak(&stage.canaries());
    }
    let ran = stage.with_login(&["status", "--config", "momo.toml"]).run().code(78);
    let _ = ran.says("momo.toml").says("line 2").no_leak(&stage.canaries());
    let momo = stage.momo(&["exec", "--", "true"]).env(ENDPOINT, "http://secretsmanager.example.com");
    let _ = momo.run().code(125).says("error[misconfigured]");
}

#[test]
fn a_silent_peer_ends_by_the_deadline() {
    let Some(stage) = Stage::new() else { return };
    // The kernel takes connections; nobody says anything on them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let stage = stage.through(format!("http://{}", silent.local_addr().unwrap()));
    for (args, code) in [
        (&["exec", "--timeout", "2s", "--", "true"][..], 125),
        (&["status", "--timeout", "2s"], 69),
        (&["provision", "--timeout", "2s"], 69),
        (&["doctor", "--timeout", "2s"], 69),
    ] {
        let start = Instant::now();
        let _ = stage.run(args).code(code);
        let took = start.elapsed();
        assert!(took <= crate::hostile::LIMIT, "{args:?} took {took:?}");
    }
    assert_eq!(stage.gateway.requests().len(), 0);
}

#[test]
fn what_a_peer_says_is_not_repeated() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let canary = Canary::hex("what a peer says");
    let text = canary.value();
    let fault = |code: &str| json!({"__type": code, "Message": text, "message": text}).to_string();
    let good = |value: &str| {
        let id = "00000000-0000-4000-8000-00000000000a";
        json!({"ARN": "arn", "Name": "momo/collection", "VersionId": id, "SecretString": value}).to_string()
    };
    for (what, status, body, code) in [
        ("no JSON", 200, format!("{{\"SecretString\":\"{text}"), 76),
        ("a page", 200, format!("<html>{text}"), 76),
        ("a page of a proxy", 403, format!("<html>{text}"), 76),
        ("a value that is no record", 200, good(text), 65),
        ("a value that is no object", 200, good(&format!("[\"{text}\"]")), 65),
        ("denied", 400, fault("AccessDeniedException"), 77),
        ("not known", 400, fault("UnrecognizedClientException"), 77),
        ("expired", 400, fault("ExpiredTokenException"), 77),
        ("a code of no meaning", 400, fault(text), 78),
        ("a fault of its own", 500, fault("InternalServiceError"), 69),
    ] {
        let tap = stage.tap();
        tap.answer("POST", "SecretValue", &response(status, &[], &body), 1000);
        for (args, code) in [
            (&["exec", "-vvv", "--", "true"][..], 125),
            (&["status", "-vvv"], code),
            (&["provision", "--json", "-vvv"], code),
        ] {
            let momo = stage.momo(args).env(ENDPOINT, tap.address()).env("MOMO_CRED_LOG", "trace");
            let ran = momo.env("MOMO_CRED_TIMEOUT", "3s").run().no_leak(std::slice::from_ref(&canary));
            assert_eq!(ran.status.code(), Some(code), "{what}, {args:?}: {}", ran.err());
            let _ = ran.no_leak(&stage.canaries());
        }
    }
    assert_eq!(stage.gateway.requests().len(), 0);
}
