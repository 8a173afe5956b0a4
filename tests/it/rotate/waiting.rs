//! A rotation of the subscription key while a person is at work on it: what others may do, and what comes of giving up.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Fault, Operation};
use serde_json::json;

use super::subscription_key::{
    RESUME, ROTATE, assert_completed, assert_swapped, phase, regenerated, run, stage, swapped,
};
use crate::lifecycle::stage::Stage;
use crate::pty::{Pty, Status};

/// Its process lives, though it holds no lock: nobody goes on with its claim, or drops it.
#[test]
fn a_run_that_waits_is_alive() {
    let stage = stage();
    let pty = Pty::open();
    let mut job = pty.run(stage.momo(ROTATE).into_command());
    pty.wait_for("Is all of that restarted?");
    let file = stage.file();
    for command in [["resume", "-q"], ["abort", "-q"], ["rotate", "-q"]] {
        let _ = run(&stage, stage.momo(command)).code(75).says("that process runs on this machine");
    }
    assert_eq!(stage.file(), file);
    pty.send("n\n");
    assert_eq!(job.status(), Status::Exited(75), "{}", pty.transcript());
    assert_swapped(&stage);
    let _ = run(&stage, stage.momo(["abort"])).code(0);
}

/// With a new key in the claim that the gateway refuses.
fn refused() -> Stage {
    let stage = swapped();
    let _ = run(&stage, stage.momo(RESUME).stdin(Canary::hex("mistyped").value())).code(77);
    assert_eq!(phase(&stage), "regenerated");
    stage
}

#[test]
fn abort_holds_nothing_while_it_asks() {
    let stage = refused();
    let pty = Pty::open();
    let mut job = pty.run(stage.momo(["abort"]).into_command());
    pty.wait_for("[y/N]");
    // The lock of the file is free, for another record of it.
    let _ = stage.run(["provision", "-s", "dotenv:.env#OTHER"]).code(0);
    pty.send("y\n");
    assert_eq!(job.status(), Status::Exited(0), "{}", pty.transcript());
    assert_eq!(stage.status()["claim"], json!(null));
    assert!(stage.sandbox.env_value("OTHER_API_KEY").is_some(), "what the other run wrote is lost");
}

#[test]
fn abort_drops_only_what_it_has_asked_about() {
    let stage = refused();
    let pty = Pty::open();
    let mut job = pty.run(stage.momo(["abort"]).into_command());
    pty.wait_for("[y/N]");
    let _ = run(&stage, stage.momo(RESUME).stdin(regenerated(&stage))).code(0);
    let file = stage.file();
    pty.send("y\n");
    assert_eq!(job.status(), Status::Exited(75), "{}", pty.transcript());
    assert!(pty.transcript().contains("was changed meanwhile"), "{}", pty.transcript());
    assert_eq!(stage.file(), file);
    assert_completed(&stage);
}

#[test]
fn giving_up_after_a_refused_key_tells_the_error_once() {
    let stage = swapped();
    let pty = Pty::open();
    let mut job = pty.run(stage.momo(["resume", "--consumers-restarted"]).into_command());
    pty.wait_for("New primary subscription key");
    pty.wait_for_silence();
    pty.send(format!("{}\n", Canary::hex("mistyped").value()));
    pty.wait_for("not taken: the gateway refuses the subscription key");
    pty.wait_for("New primary subscription key");
    pty.wait_for_silence();
    pty.send("\n");
    assert_eq!(job.status(), Status::Exited(77), "{}", pty.transcript());
    let transcript = pty.transcript();
    assert_eq!(transcript.matches("error[").count(), 1, "{transcript}");
    assert!(transcript.contains("momo-cred resume --from FILE"), "{transcript}");
    assert_eq!(phase(&stage), "regenerated");
}

/// Where nobody can be asked, one message names all that the next command needs.
#[test]
fn what_goes_on_is_told_at_once() {
    let stage = stage();
    let ran = run(&stage, stage.momo(ROTATE)).code(75);
    assert!(ran.err().contains("`momo-cred resume --consumers-restarted --from FILE`"), "{}", ran.err());
    let _ = run(&stage, stage.momo(RESUME).stdin(regenerated(&stage))).code(0);
    assert_completed(&stage);
}

/// The user stays, and with it the callback host that it was made with.
#[test]
fn another_callback_host_is_refused_in_both_halves() {
    let stage = stage();
    let record = format!("{}MOMO_CALLBACK_HOST=pay.example.com\n", stage.sandbox.read(".env"));
    stage.sandbox.write(".env", record, 0o600);
    let file = stage.file();
    let asked = stage.requests(Operation::Token);
    let _ = run(&stage, stage.momo(ROTATE)).code(78).says("has another callback host");
    assert_eq!((stage.file(), stage.requests(Operation::Token)), (file, asked));
    let own = |momo: crate::sandbox::Momo| momo.env("MOMO_CRED_CALLBACK_HOST", "pay.example.com");
    let _ = run(&stage, own(stage.momo(ROTATE))).code(75);
    assert_swapped(&stage);
    let file = stage.file();
    let new = regenerated(&stage);
    let _ = run(&stage, stage.momo(RESUME).stdin(&*new)).code(78).says("has another callback host");
    assert_eq!(stage.file(), file);
    let _ = run(&stage, own(stage.momo(RESUME).stdin(new))).code(0);
    assert_eq!(stage.sandbox.env_value("MOMO_CALLBACK_HOST").unwrap(), "pay.example.com");
    assert_completed(&stage);
}

/// By then all is published: whatever comes of the last look, the rotation is done.
#[test]
fn a_last_look_that_fails_fails_nothing() {
    for action in [Action::Silence, Action::Drop, Action::Answer(momo_gateway::Answer::gateway_fault())] {
        let stage = swapped();
        let new = regenerated(&stage);
        // After the token of the check.
        stage.gateway.script(Fault::on(Operation::Token, action).skip(1).forever());
        let ran = run(&stage, stage.momo(RESUME).stdin(new).env("MOMO_CRED_TIMEOUT", "2s")).code(0);
        let _ = ran.says("whether the old primary subscription key is refused cannot be told");
        stage.gateway.clear_script();
        assert_completed(&stage);
    }
}
