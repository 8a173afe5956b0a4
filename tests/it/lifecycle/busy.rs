//! A second run beside one that is at work.

use momo_gateway::{Action, Fault, Operation};

use super::stage::Stage;

#[test]
fn a_second_run_ends_with_75_and_has_touched_nothing() {
    for stage in [Stage::new(), Stage::with_old()] {
        stage.gateway.script(Fault::on(Operation::Token, Action::Silence));
        let first = stage.hold(stage.provision(), Operation::Token);
        let (file, requests) = (stage.file(), stage.gateway.requests().len());
        let _ = stage.run(stage.provision()).code(75).says("error[conflict]");
        let _ = stage.run(["resume"]).code(75).says("error[conflict]");
        let _ = stage.run(["abort"]).code(75).says("error[conflict]");
        assert_eq!((stage.file(), stage.gateway.requests().len()), (file, requests));
        // Readers take no lock.
        stage.assert_served_as_before();
        assert_eq!(stage.status()["claim"]["kind"], "new-user");
        first.kill();
        let _ = stage.run(["resume"]).code(0);
        stage.assert_settled();
    }
}

#[test]
fn a_run_before_its_claim_keeps_others_out_too() {
    let stage = Stage::with_old();
    stage.gateway.script(Fault::on(Operation::GetUser, Action::Silence));
    let first = stage.hold(stage.provision(), Operation::GetUser);
    let _ = stage.run(stage.provision()).code(75).says("error[conflict]");
    first.kill();
    let _ = stage.run(stage.provision()).code(0);
    stage.assert_settled();
}

#[test]
fn a_hand_edit_of_lines_of_others_during_a_run_is_kept() {
    let stage = Stage::with_old();
    let gate = crate::gate::Gate::holding("/token/", stage.gateway.address());
    let stage = stage.through(gate.base_url());
    let run = stage.start(stage.provision());
    gate.wait();
    let edited = format!("{}# a note\nLATER=1\n", stage.sandbox.read(".env"));
    stage.sandbox.write(".env", &edited, 0o600);
    gate.open();
    assert_eq!(run.wait().0.code(), Some(0));
    let now = stage.sandbox.read(".env");
    assert!(now.contains("# a note\n") && now.contains("LATER=1\n"), "the edit is lost");
    stage.assert_settled();
}

#[test]
fn a_hand_edit_of_the_credential_during_a_run_stops_it_and_is_kept() {
    let stage = Stage::with_old();
    let gate = crate::gate::Gate::holding("/token/", stage.gateway.address());
    let stage = stage.through(gate.base_url());
    let run = stage.start(stage.provision());
    gate.wait();
    let user = "77777777-7777-4777-8777-777777777777";
    let edited = stage.sandbox.read(".env").replace(super::stage::OLD_USER, user);
    stage.sandbox.write(".env", &edited, 0o600);
    gate.open();
    let (status, said) = run.wait();
    assert_eq!(status.code(), Some(75), "{said}");
    assert_eq!(stage.file().unwrap(), edited.into_bytes());
    stage.assert_clean();
}
