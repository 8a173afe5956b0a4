//! Another subscription key: what is served at each moment, that every death is gone on from, and the guided way.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Binding, Fault, Operation, Product, Role};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::lifecycle::stage::{OLD_USER, Stage, old_key, subscription_key};
use crate::pty::{Pty, Status};
use crate::sandbox::{Momo, Ran, until};

pub(super) const ROTATE: [&str; 2] = ["rotate", "--subscription-key"];
pub(super) const RESUME: [&str; 4] = ["resume", "--consumers-restarted", "--from", "-"];

fn secondary(stage: &Stage) -> String {
    stage.gateway.key(Role::Secondary(Product::Collection)).unwrap()
}

/// A credential that works, with both keys of its subscription.
pub(super) fn stage() -> Stage {
    let stage = Stage::with_old();
    let record =
        format!("{}MOMO_SUBSCRIPTION_KEY_SECONDARY={}\n", stage.sandbox.read(".env"), secondary(&stage));
    stage.sandbox.write(".env", record, 0o600);
    stage
}

/// The same, swapped: a run without a terminal stops there.
pub(super) fn swapped() -> Stage {
    let stage = stage();
    let _ = run(&stage, stage.momo(ROTATE)).code(75).says("resume --consumers-restarted");
    assert_swapped(&stage);
    stage
}

/// Makes another primary, as the portal does. The old one is refused from now on.
pub(super) fn regenerated(stage: &Stage) -> String {
    stage.gateway.regenerate_key(Role::Primary(Product::Collection))
}

fn canaries(stage: &Stage) -> Vec<Canary> {
    let keys = [Role::Primary(Product::Collection), Role::Secondary(Product::Collection)];
    let keys = keys.map(|role| Canary::of("a subscription key", stage.gateway.key(role).unwrap()));
    keys.into_iter().chain([subscription_key(), old_key()]).collect()
}

pub(super) fn run(stage: &Stage, momo: Momo) -> Ran {
    momo.run().no_leak(&canaries(stage))
}

fn momo(stage: &Stage, command: &[&str]) -> Momo {
    match command {
        [one] => stage.momo([*one]),
        _ => stage.momo(ROTATE),
    }
}

fn resumed_with(stage: &Stage, key: &str) -> Ran {
    run(stage, stage.momo(RESUME).stdin(key))
}

fn value(stage: &Stage, name: &str) -> String {
    stage.sandbox.env_value(name).unwrap()
}

pub(super) fn phase(stage: &Stage) -> Value {
    stage.status()["claim"]["phase"].clone()
}

/// What `exec` serves is what the file says, and it works.
#[track_caller]
fn assert_serves(stage: &Stage, key: &str) {
    let ran = stage.momo(["exec", "--", "printenv", "MOMO_SUBSCRIPTION_KEY"]).run().code(0);
    assert!(ran.out().trim_end() == key, "another key is served");
    let _ = stage.run(["verify"]).code(0);
}

#[track_caller]
pub(super) fn assert_swapped(stage: &Stage) {
    assert_eq!(phase(stage), "swapped");
    assert_eq!(value(stage, "MOMO_SUBSCRIPTION_KEY_SECONDARY"), subscription_key().value());
    assert_serves(stage, &secondary(stage));
}

/// The regenerated key serves, the other stands beside it, no claim is open, and no value is anywhere but in `.env`.
#[track_caller]
pub(super) fn assert_completed(stage: &Stage) {
    let new = stage.gateway.subscription_key(Product::Collection);
    assert_eq!(stage.status()["claim"], Value::Null);
    assert!(value(stage, "MOMO_SUBSCRIPTION_KEY_SECONDARY") == secondary(stage));
    assert_serves(stage, &new);
    assert!(!stage.sandbox.read(".env").contains("PENDING"));
    stage.sandbox.assert_no_leak(&canaries(stage), &[stage.sandbox.path(".env")]);
    stage.assert_clean();
}

#[test]
fn both_halves_and_the_user_stays() {
    let stage = swapped();
    let _ = run(&stage, stage.momo(["resume"])).code(75).says("programs that read dotenv:.env#MOMO");
    assert_swapped(&stage);
    let new = regenerated(&stage);
    let ran =
        run(&stage, stage.momo(["resume", "--consumers-restarted", "--from", "-", "--json"]).stdin(&*new));
    let ran = ran.code(0).says("the old primary subscription key is refused now");
    let events = ran.json();
    let (result, steps) = events.split_last().unwrap();
    let names: Vec<_> = steps.iter().map(|event| event["steps"][0]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["claim", "token", "read", "publish", "read-back"]);
    assert_eq!(
        (&result["event"], &result["outcome"], &result["claim"]),
        (&json!("result"), &json!("ok"), &json!(null))
    );
    assert_completed(&stage);
    assert_eq!(value(&stage, "MOMO_API_USER"), OLD_USER);
    stage.assert_old_works();
    assert_eq!(stage.gateway.user_count(), 1);
}

#[test]
fn the_same_command_again_goes_on_too() {
    let stage = swapped();
    let _ = run(&stage, stage.momo(ROTATE)).code(75).says("waits for the programs");
    assert_swapped(&stage);
    let new = regenerated(&stage);
    let again = ["rotate", "--subscription-key", "--consumers-restarted", "--from", "-"];
    let _ = run(&stage, stage.momo(again).stdin(new)).code(0);
    assert_completed(&stage);
}

#[test]
fn a_run_that_is_killed_before_the_swap_has_done_nothing() {
    for operation in [Operation::Token, Operation::Active] {
        let stage = stage();
        let before = stage.file();
        stage.gateway.script(Fault::on(operation, Action::Silence));
        stage.hold(ROTATE, operation).kill();
        assert_eq!(stage.file(), before);
        let _ = run(&stage, stage.momo(ROTATE)).code(75);
        assert_swapped(&stage);
    }
}

#[test]
fn a_run_that_is_killed_while_a_person_works_is_gone_on_from() {
    let stage = stage();
    let pty = Pty::open();
    let mut job = pty.run(stage.momo(ROTATE).into_command());
    pty.wait_for("Is all of that restarted?");
    job.kill(Signal::KILL);
    assert!(matches!(job.status(), Status::Killed { signal: 9, .. }));
    assert_swapped(&stage);
    let new = regenerated(&stage);
    let _ = resumed_with(&stage, &new).code(0);
    assert_completed(&stage);
}

#[test]
fn a_completion_that_is_killed_keeps_the_key_and_serves_what_works() {
    for (operation, after) in
        [(Operation::Token, false), (Operation::Token, true), (Operation::Active, false)]
    {
        let stage = swapped();
        let new = regenerated(&stage);
        let path = stage.sandbox.root().join("home").join("new.key");
        stage.sandbox.write(&path, format!("{new}\n"), 0o600);
        let silence = Fault::on(operation, Action::Silence);
        stage.gateway.script(if after { silence.after_effect() } else { silence });
        let from = path.to_str().unwrap().to_owned();
        stage.hold(["resume", "--consumers-restarted", "--from", &from], operation).kill();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(phase(&stage), "regenerated");
        assert_serves(&stage, &secondary(&stage));
        let _ = run(&stage, stage.momo(["resume"])).code(0);
        assert_completed(&stage);
    }
}

#[test]
fn a_run_that_is_killed_after_the_end_has_left_nothing_to_do() {
    let stage = swapped();
    let new = regenerated(&stage);
    let path = stage.sandbox.root().join("home").join("new.key");
    stage.sandbox.write(&path, new, 0o600);
    // The token that is asked for with the old key, once all is published.
    stage.gateway.script(Fault::on(Operation::Token, Action::Silence).skip(1));
    let before = stage.requests(Operation::Token);
    let run = stage.start(["resume", "--consumers-restarted", "--from", path.to_str().unwrap()]);
    until("the old key to be looked at", || stage.requests(Operation::Token) > before + 1);
    run.kill();
    std::fs::remove_file(&path).unwrap();
    let _ = stage.run(["resume"]).code(0).says("no claim is open");
    assert_completed(&stage);
}

#[test]
fn a_key_that_is_refused_is_not_served_and_another_may_be_given() {
    let stage = swapped();
    let new = regenerated(&stage);
    let _ = resumed_with(&stage, Canary::hex("mistyped").value()).code(77).says("resume --from FILE");
    assert_eq!(phase(&stage), "regenerated");
    assert_serves(&stage, &secondary(&stage));
    let _ = run(&stage, stage.momo(["resume"])).code(77);
    let _ = run(&stage, stage.momo(["resume", "--from", "-"]).stdin(new)).code(0);
    assert_completed(&stage);
}

#[test]
fn other_commands_are_kept_away_and_abort_turns_nothing_back() {
    let stage = swapped();
    let file = stage.file();
    for command in [["rotate", "-q"], ["provision", "--replace"]] {
        let _ = run(&stage, stage.momo(command)).code(75).says("holds a rotation of the subscription key");
    }
    assert_eq!(stage.file(), file);
    let _ = run(&stage, stage.momo(["abort"])).code(0).says("both keys work");
    assert_eq!(phase(&stage), Value::Null);
    assert_serves(&stage, &secondary(&stage));

    let stage = swapped();
    let _ = regenerated(&stage);
    let _ = resumed_with(&stage, Canary::hex("mistyped").value()).code(77);
    let file = stage.file();
    let _ = run(&stage, stage.momo(["abort"])).code(2).says("--yes");
    assert_eq!(stage.file(), file);
    let _ = run(&stage, stage.momo(["abort", "--yes"])).code(0).says("asks for the new one");
    assert_serves(&stage, &secondary(&stage));
}

/// Sandbox users may be bound to the key that made them. Then a new one comes with each half.
#[test]
fn a_user_bound_to_its_key_is_replaced_beside_the_old() {
    for death in [None, Some(Operation::CreateUser), Some(Operation::CreateKey)] {
        let stage = Stage::new();
        stage.gateway.configure(|config| config.binding = Binding::Key);
        let _ = stage.run(["provision"]).code(0);
        let first = value(&stage, "MOMO_API_USER");
        let record =
            format!("{}MOMO_SUBSCRIPTION_KEY_SECONDARY={}\n", stage.sandbox.read(".env"), secondary(&stage));
        stage.sandbox.write(".env", record, 0o600);
        if let Some(operation) = death {
            stage.gateway.script(Fault::on(operation, Action::Silence).after_effect());
            stage.hold(ROTATE, operation).kill();
            let claim = &stage.status()["claim"];
            assert_eq!((&claim["kind"], &claim["phase"]), (&json!("subscription-key"), &Value::Null));
            assert_serves(&stage, subscription_key().value());
        }
        let command: &[&str] = if death.is_some() { &["resume"] } else { &ROTATE };
        let _ = run(&stage, momo(&stage, command)).code(75).says("it has a new API user");
        assert_swapped(&stage);
        let second = value(&stage, "MOMO_API_USER");
        let new = regenerated(&stage);
        let _ = resumed_with(&stage, &new).code(0);
        assert_completed(&stage);
        let third = value(&stage, "MOMO_API_USER");
        assert!(first != second && second != third);
        let retired = value(&stage, "MOMO_RETIRED_API_USERS");
        for user in stage.gateway.users() {
            let id = user.id.to_string();
            assert!(id == third || retired.contains(&id), "user {id} is listed nowhere");
        }
    }
}

#[test]
fn a_person_is_guided_and_asked_again_for_a_key_that_is_refused() {
    let stage = Stage::with_old();
    let pty = Pty::open();
    let mut job = pty.run(stage.momo(ROTATE).into_command());
    pty.wait_for("Secondary subscription key");
    pty.wait_for_silence();
    pty.send(format!("{}\n", secondary(&stage)));
    pty.wait_for("programs that read dotenv:.env#MOMO before revision");
    pty.wait_for("[y/N]");
    assert_swapped(&stage);
    pty.send("y\n");
    pty.wait_for("https://momodeveloper.mtn.com");
    pty.wait_for("Regenerate the key that was in use before");
    pty.wait_for("New primary subscription key");
    let new = regenerated(&stage);
    let mistyped = Canary::hex("mistyped");
    pty.wait_for_silence();
    pty.send(format!("{}\n", mistyped.value()));
    pty.wait_for("not taken: the gateway refuses the subscription key");
    pty.wait_for("New primary subscription key");
    pty.wait_for_silence();
    pty.send(format!("{new}\n"));
    pty.wait_for("is refused now");
    assert_eq!(job.status(), Status::Exited(0), "{}", pty.transcript());
    let transcript = pty.transcript();
    for canary in canaries(&stage).into_iter().chain([mistyped, Canary::of("new", new)]) {
        assert!(!transcript.contains(canary.value()), "{canary:?} on the screen");
    }
    assert_completed(&stage);
}

#[test]
fn no_is_no_and_enter_alone_stops() {
    let stage = stage();
    for answer in ["n", ""] {
        let pty = Pty::open();
        let mut job = pty.run(stage.momo(ROTATE).into_command());
        pty.wait_for("[y/N]");
        pty.send(format!("{answer}\n"));
        assert_eq!(job.status(), Status::Exited(75), "{}", pty.transcript());
        assert_swapped(&stage);
    }
    let pty = Pty::open();
    let mut job = pty.run(stage.momo(["resume", "--consumers-restarted"]).into_command());
    pty.wait_for("New primary subscription key");
    pty.send("\n");
    assert_eq!(job.status(), Status::Exited(75), "{}", pty.transcript());
    assert_swapped(&stage);
}

/// The hook runs after each publication and finds names alone; the trail has a line for each run.
#[test]
fn hook_and_audit_trail_are_told_of_each_half() {
    let stage = stage();
    stage.sandbox.write("momo-cred.toml", "audit = \"audit.jsonl\"\n[profiles.default]\n", 0o600);
    let config = stage.sandbox.path("momo-cred.toml");
    let log = stage.sandbox.path("hook.log");
    let hook = format!("env >> {0}; echo -- >> {0}", log.display());
    let with = |momo: Momo| run(&stage, momo.env("MOMO_CRED_CONFIG", &config));
    let ran = with(stage.momo(["rotate", "--subscription-key", "--json", "--hook-post", &hook])).code(75);
    let events = ran.json();
    let published = &events[events.len() - 2];
    assert_eq!((&published["event"], &published["phase"]), (&json!("published"), &json!("swapped")));
    assert_eq!(published["hook"]["outcome"], "ok");
    let result = events.last().unwrap();
    assert_eq!((&result["event"], &result["outcome"]), (&json!("result"), &json!("inconclusive")));
    let new = regenerated(&stage);
    let config_line =
        format!("audit = \"audit.jsonl\"\nhook-post = ['/bin/sh', '-c', '{hook}']\n[profiles.default]\n");
    stage.sandbox.write("momo-cred.toml", config_line, 0o600);
    let _ = with(stage.momo(RESUME).stdin(new)).code(0);
    let told = std::fs::read_to_string(&log).unwrap();
    assert_eq!(told.matches("MOMO_CRED_HOOK_EVENT=published").count(), 2);
    assert_eq!(told.matches("--\n").count(), 2);
    let lines = std::fs::read_to_string(stage.sandbox.path("audit.jsonl")).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    let [first, second] = [&lines[0], &lines[1]];
    assert_eq!((&first["outcome"], &first["error"]), (&json!("failed"), &json!("conflict")));
    assert_eq!(first["revision"], published["revision"]);
    assert_eq!((&second["command"], &second["outcome"]), (&json!("resume"), &json!("ok")));
    let print = |line: &Value, which: &str| line["fingerprints"]["subscription_key"][which].clone();
    assert_ne!(print(first, "old"), print(first, "new"));
    assert_eq!(print(first, "new"), print(second, "old"));
    let allowed = [".env"].map(|name| stage.sandbox.path(name));
    stage.sandbox.assert_no_leak(&canaries(&stage), &allowed);
}
