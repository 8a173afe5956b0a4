//! INT, TERM and HUP: before the key they are obeyed, after it they are noted until the credential is published.

use std::os::unix::process::ExitStatusExt;

use momo_gateway::{Action, Fault, Operation};
use rustix::process::Signal;

use super::stage::Stage;
use crate::gate::Gate;

const SIGNALS: [Signal; 3] = [Signal::INT, Signal::TERM, Signal::HUP];

fn gated(stage: Stage, path: &'static str) -> (Stage, Gate) {
    let gate = Gate::holding(path, stage.gateway.address());
    (stage.through(gate.base_url()), gate)
}

#[test]
fn between_key_and_publication_a_signal_is_noted_and_the_run_completes() {
    for signal in SIGNALS {
        for path in ["/apikey", "/token/", "/active"] {
            let (stage, gate) = gated(Stage::with_old(), path);
            let run = stage.start(stage.provision());
            gate.wait();
            run.signal(signal);
            run.until_delivered(signal);
            gate.open();
            let (status, said) = run.wait();
            assert_eq!(status.signal(), Some(signal.as_raw()), "{path}: {status}\n{said}");
            assert!(said.contains("stored at"), "{said}");
            stage.assert_settled();
        }
    }
}

#[test]
fn before_the_key_a_signal_is_obeyed_and_resume_finishes() {
    for signal in SIGNALS {
        let stage = Stage::with_old();
        stage.gateway.script(Fault::on(Operation::CreateUser, Action::Silence).after_effect());
        let run = stage.hold(stage.provision(), Operation::CreateUser);
        run.signal(signal);
        assert_eq!(run.wait().0.signal(), Some(signal.as_raw()));
        stage.assert_served_as_before();
        let _ = stage.run(["resume"]).code(0);
        stage.assert_settled();
    }
}

#[test]
fn a_second_signal_stops_the_run_and_resume_finishes() {
    for signal in SIGNALS {
        let stage = Stage::with_old();
        stage.gateway.script(Fault::on(Operation::Token, Action::Silence).after_effect());
        let run = stage.hold(stage.provision(), Operation::Token);
        run.signal(signal);
        run.until_delivered(signal);
        run.signal(signal);
        let (status, said) = run.wait();
        assert_eq!(status.signal(), Some(signal.as_raw()));
        assert!(
            said.contains("is noted") && said.contains("stopped by a signal") && said.contains("resume"),
            "{said}"
        );
        stage.assert_served_as_before();
        assert_eq!(stage.status()["claim"]["kind"], "new-user");
        let _ = stage.run(["resume"]).code(0);
        stage.assert_settled();
    }
}

#[test]
fn a_noted_signal_does_not_hide_a_failure() {
    let (stage, gate) = gated(Stage::with_old(), "/token/");
    let run = stage.start(stage.provision());
    gate.wait();
    run.signal(Signal::TERM);
    run.until_delivered(Signal::TERM);
    let key = momo_gateway::Role::Primary(momo_gateway::Product::Collection);
    stage.gateway.set_key_state(key, momo_gateway::KeyState::Disabled);
    gate.open();
    let (status, said) = run.wait();
    assert_eq!(status.code(), Some(77), "{said}");
    stage.gateway.set_key_state(key, momo_gateway::KeyState::Active);
    stage.assert_served_as_before();
    let _ = stage.run(["resume"]).code(0);
    stage.assert_settled();
}

/// One signal is not put off for ever: what waits longer than a minute is stopped.
#[test]
fn a_noted_signal_is_obeyed_after_a_minute() {
    let stage = Stage::with_old();
    stage.gateway.script(Fault::on(Operation::Token, Action::Silence).forever());
    let run = stage.hold(["provision", "--replace", "--timeout", "5m"], Operation::Token);
    run.signal(Signal::TERM);
    let (status, said) = run.wait();
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()), "{said}");
    assert!(said.contains("for at most 60 s") && said.contains("stopped by a signal"), "{said}");
    stage.assert_served_as_before();
}
