//! What the gateway may do to each step: exit code, `.env`, what `exec` serves, and how `resume` goes on.

use std::net::TcpListener;

use momo_gateway::{Action, Answer, Fault, KeyState, Operation, Product, Role};
use serde_json::Value;

use super::stage::{OLD_USER, Stage};

fn starts() -> [Stage; 2] {
    [Stage::new(), Stage::with_old()]
}

fn answer(answer: Answer) -> Action {
    Action::Answer(answer)
}

/// A claim is open: the old is served, or nothing; resume finishes.
#[track_caller]
fn assert_open_then_resumed(stage: &Stage) {
    stage.assert_served_as_before();
    let status = stage.status();
    let user = status["claim"]["api_user"].as_str().unwrap().to_owned();
    assert_eq!(status["claim"]["kind"], "new-user");
    assert_eq!(status["claim"]["owner"].as_str().unwrap().split(':').count(), 5);
    let asked = stage.gateway.key_requests(&user);
    let _ = stage.run(["resume"]).code(0);
    assert_eq!(stage.gateway.key_requests(&user), asked, "a key was asked for another run's user");
    assert_eq!(stage.gateway.key_requests(OLD_USER), 0);
    stage.assert_settled();
}

#[test]
fn a_key_that_is_lost_or_wrong_leaves_a_claim() {
    for (action, after, code) in [
        (Action::Drop, false, 69),
        (Action::Drop, true, 69),
        (Action::Truncate, true, 69),
        (Action::Huge { bytes: None }, true, 76),
        (Action::key_of_length(31), true, 76),
        (Action::key_with_newline(), true, 76),
        (answer(Answer::request_rejected()), true, 76),
        (answer(Answer::bad_gateway()), true, 69),
        (answer(Answer::created()), true, 76),
    ] {
        for stage in starts() {
            let fault = Fault::on(Operation::CreateKey, action.clone());
            stage.gateway.script(if after { fault.after_effect() } else { fault });
            let _ = stage.run(stage.provision()).code(code).says("momo-cred resume");
            assert_open_then_resumed(&stage);
        }
    }
}

#[test]
fn a_user_whose_answer_is_lost_is_found_again() {
    for (action, after) in
        [(Action::Drop, false), (Action::Drop, true), (answer(Answer::bad_gateway()), true)]
    {
        for stage in starts() {
            let fault = Fault::on(Operation::CreateUser, action.clone());
            stage.gateway.script(if after { fault.after_effect() } else { fault });
            let users = stage.gateway.user_count();
            let _ = stage.run(stage.provision()).code(0);
            assert_eq!(stage.gateway.user_count(), users + 1);
            stage.assert_settled();
        }
    }
}

#[test]
fn silence_ends_with_the_time_limit() {
    for (operation, open) in [
        (Operation::GetUser, false),
        (Operation::CreateUser, true),
        (Operation::CreateKey, true),
        (Operation::Token, true),
        (Operation::Active, true),
    ] {
        let stage = Stage::with_old();
        let before = stage.file();
        stage.gateway.script(Fault::on(operation, Action::Silence).forever());
        let [command, replace] = stage.provision();
        let _ = stage.run([command, replace, "--timeout", "1s"]).code(69).says("error[unavailable]");
        stage.gateway.clear_script();
        if open {
            assert_open_then_resumed(&stage);
        } else {
            assert_eq!(stage.file(), before);
            let _ = stage.run(stage.provision()).code(0);
            stage.assert_settled();
        }
    }
}

#[test]
fn a_redirect_takes_no_header_anywhere() {
    for operation in
        [Operation::GetUser, Operation::CreateUser, Operation::CreateKey, Operation::Token, Operation::Active]
    {
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let stage = Stage::with_old();
        let before = stage.file();
        let to = format!("http://{}/", elsewhere.local_addr().unwrap());
        stage.gateway.script(Fault::on(operation, answer(Answer::redirect(307, &to))));
        let _ = stage.run(stage.provision()).code(76).says("error[protocol]");
        assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        if operation == Operation::GetUser {
            assert_eq!(stage.file(), before);
            let _ = stage.run(stage.provision()).code(0);
            stage.assert_settled();
        } else {
            assert_open_then_resumed(&stage);
        }
    }
}

#[test]
fn a_check_that_is_refused_leaves_a_claim() {
    for (operation, refusal, code) in [
        (Operation::Token, Answer::login_failed(500), 77),
        (Operation::Token, Answer::login_failed(401), 77),
        (Operation::Active, Answer::target_environment_forbidden(), 77),
        (Operation::Active, Answer::forbidden_ip(), 69),
        (Operation::Active, Answer::request_rejected(), 76),
    ] {
        for stage in starts() {
            stage.gateway.script(Fault::on(operation, answer(refusal.clone())));
            // What is refused once is refused again: then the way out is another.
            let next = if code == 77 { "momo-cred abort" } else { "momo-cred resume" };
            let _ = stage.run(stage.provision()).code(code).says(next);
            assert_open_then_resumed(&stage);
        }
    }
}

#[test]
fn a_refusal_for_good_takes_the_claim_back() {
    for operation in [Operation::CreateUser, Operation::CreateKey] {
        for stage in starts() {
            stage.gateway.script(Fault::on(operation, answer(Answer::invalid_key())));
            let _ = stage.run(stage.provision()).code(77).says("taken back");
            stage.assert_served_as_before();
            let status = stage.status();
            assert_eq!(status["claim"], Value::Null);
            assert_eq!(status["retired_api_users"].as_array().unwrap().len(), 1);
            let _ = stage.run(["resume"]).code(0).says("no claim is open");
            let _ = stage.run(stage.provision()).code(0);
            stage.assert_settled();
        }
    }
}

#[test]
fn ten_failed_preflights_leave_the_file_as_it_was() {
    for stage in starts() {
        let before = stage.file();
        for n in 0..10 {
            if n % 2 == 0 {
                stage.gateway.set_key_state(Role::Primary(Product::Collection), KeyState::Disabled);
                let _ = stage.run(stage.provision()).code(77).says("nothing was changed");
                stage.gateway.set_key_state(Role::Primary(Product::Collection), KeyState::Active);
            } else {
                stage.gateway.script(Fault::on(Operation::GetUser, answer(Answer::request_rejected())));
                let _ = stage.run(stage.provision()).code(76).says("nothing was changed");
            }
        }
        assert_eq!(stage.file(), before);
        stage.assert_clean();
        let _ = stage.run(stage.provision()).code(0);
        stage.assert_settled();
    }
}

#[test]
fn a_complete_record_is_left_alone_without_replace() {
    let stage = Stage::with_old();
    let before = stage.file();
    let _ = stage.run(["provision"]).code(75).says("--replace");
    assert_eq!((stage.file(), stage.gateway.requests().len()), (before, 0));
    stage.assert_served_as_before();
    stage.assert_clean();
}
