//! Another key for the same user: what a death leaves, and that only a person's word goes on.

use momo_gateway::{Action, Fault, Operation};
use rustix::process::Signal;
use serde_json::Value;

use crate::gate::Gate;
use crate::lifecycle::stage::{OLD_USER, Stage, old_key, subscription_key};
use crate::pty::{Pty, Status};

const REKEY: [&str; 4] = ["rotate", "--strategy", "rekey", "--yes"];

/// The user is the old one, its key another, no claim is open, and no value is anywhere but in `.env`.
#[track_caller]
fn assert_rekeyed(stage: &Stage) {
    let key = stage.sandbox.env_value("MOMO_API_KEY").unwrap();
    assert_eq!(stage.sandbox.env_value("MOMO_API_USER").unwrap(), OLD_USER);
    assert!(stage.gateway.authenticates(OLD_USER, &key), "what is stored does not work");
    assert!(!stage.gateway.authenticates(OLD_USER, old_key().value()));
    let status = stage.status();
    assert_eq!((&status["claim"], &status["state"]), (&Value::Null, &Value::from("complete")));
    assert_eq!(status["retired_api_users"], Value::from(Vec::<Value>::new()));
    assert_eq!(stage.gateway.user_count(), 1, "no user was made");
    stage.assert_clean();
}

#[test]
fn the_user_stays_and_the_key_is_checked_before_and_after() {
    let stage = Stage::with_old();
    let ran = stage.run(["rotate", "--strategy", "rekey", "--yes", "--json", "-q"]).code(0);
    let events = ran.json();
    let (result, steps) = events.split_last().unwrap();
    let names: Vec<_> = steps.iter().map(|event| event["steps"][0]["name"].as_str().unwrap()).collect();
    let want = ["preflight", "claim", "key", "token", "read", "publish", "read-back", "token", "read"];
    assert_eq!(names, want);
    assert_eq!((&result["outcome"], &result["verified"]), (&"ok".into(), &true.into()));
    assert_rekeyed(&stage);
}

/// Killed at a moment; whether the key in the record still works then.
fn killed((operation, after, works): (Operation, bool, bool)) -> Stage {
    let stage = Stage::with_old();
    let silence = Fault::on(operation, Action::Silence);
    stage.gateway.script(if after { silence.after_effect() } else { silence });
    stage.hold(REKEY, operation).kill();
    let claim = &stage.status()["claim"];
    assert_eq!((&claim["kind"], &claim["api_user"]), (&"rekey".into(), &Value::Null));
    assert_eq!(stage.gateway.authenticates(OLD_USER, old_key().value()), works);
    stage
}

const MOMENTS: [(Operation, bool, bool); 4] = [
    (Operation::CreateKey, false, true),
    (Operation::CreateKey, true, false),
    (Operation::Token, true, false),
    (Operation::Active, false, false),
];

#[test]
fn nobody_goes_on_with_a_dead_one_but_who_says_so() {
    for moment in MOMENTS {
        let stage = killed(moment);
        let (file, requests) = (stage.file(), stage.gateway.requests().len());
        for command in [&["rotate"][..], &REKEY, &["resume"], &["provision", "--replace"]] {
            let ran = match command {
                [one] => stage.run([*one]),
                [one, two] => stage.run([*one, *two]),
                _ => stage.run(REKEY),
            };
            let _ = ran.code(75).says("holds a rekey that was not finished").says("resume --force-takeover");
        }
        assert_eq!((stage.file(), stage.gateway.requests().len()), (file, requests));
        let _ = stage.run(["resume", "--force-takeover"]).code(0);
        assert_rekeyed(&stage);
    }
}

#[test]
fn abort_drops_it_only_where_the_key_still_works() {
    for moment in MOMENTS {
        let stage = killed(moment);
        if moment.2 {
            let _ = stage.run(["abort"]).code(0).says("still gets a token");
            assert_eq!(stage.status()["claim"], Value::Null);
            stage.assert_served_as_before();
            stage.assert_clean();
            continue;
        }
        let before = stage.file();
        for args in [&["abort"][..], &["abort", "--force-takeover"]] {
            let ran =
                if args.len() == 1 { stage.run(["abort"]) } else { stage.run(["abort", "--force-takeover"]) };
            let _ = ran.code(77).says("the claim stays").says("resume --force-takeover");
        }
        assert_eq!(stage.file(), before);
        let _ = stage.run(["resume", "--force-takeover"]).code(0);
        assert_rekeyed(&stage);
    }
}

#[test]
fn a_second_signal_says_that_the_key_may_be_dead() {
    let stage = Stage::with_old();
    let gate = Gate::holding("/token/", stage.gateway.address());
    let stage = stage.through(gate.base_url());
    let run = stage.start(REKEY);
    gate.wait();
    for _ in 0..2 {
        run.signal(Signal::TERM);
        run.until_delivered(Signal::TERM);
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let (status, said) = run.wait();
    assert_eq!(status.code(), None, "{said}");
    assert!(said.contains("stopped by a signal") && said.contains("may be dead"), "{said}");
    assert!(!said.contains("is as before"), "{said}");
    gate.open();
    let _ = stage.run(["resume", "--force-takeover"]).code(0);
    assert_rekeyed(&stage);
}

#[test]
fn a_person_is_asked_and_no_is_no() {
    for (answer, status) in [("n", Status::Exited(2)), ("", Status::Exited(2)), ("y", Status::Exited(0))] {
        let stage = Stage::with_old();
        let before = stage.file();
        let pty = Pty::open();
        let mut job = pty.run(stage.momo(["rotate", "--strategy", "rekey"]).into_command());
        pty.wait_for("The key in use may die at once");
        pty.send(format!("{answer}\n"));
        assert_eq!(job.status(), status, "{}", pty.transcript());
        assert!(!pty.transcript().contains(old_key().value()));
        if answer == "y" {
            assert_rekeyed(&stage);
        } else {
            assert_eq!((stage.file(), stage.gateway.requests().len()), (before, 0));
        }
    }
}

/// What a rekey kills it kills in every record: a resume that is forced looks at them again.
#[test]
fn while_another_profile_holds_the_key_not_even_force_goes_on() {
    for moment in MOMENTS {
        let stage = killed(moment);
        let config = "[profiles.collection]\nstore = \"dotenv:.env#MOMO\"\n\n\
                      [profiles.payouts]\nstore = \"dotenv:pay.env#PAY\"\n";
        stage.sandbox.write("named.toml", config, 0o600);
        let record = stage.sandbox.read(".env").replace("MOMO_", "PAY_");
        let lines = record.lines().filter(|line| line.starts_with("PAY_") && !line.contains("PENDING"));
        stage.sandbox.write("pay.env", lines.collect::<Vec<_>>().join("\n") + "\n", 0o600);
        let run = |args: [&str; 4]| {
            let momo = stage.momo(args).env("MOMO_CRED_CONFIG", "named.toml");
            momo.run().no_leak(&[old_key(), subscription_key()])
        };
        let (file, requests) = (stage.file(), stage.gateway.requests().len());
        let force = ["resume", "--force-takeover", "-p", "collection"];
        let ran = run(force).code(75).says("profile payouts has it too").says("rotate -p PROFILE");
        drop(ran.says("resume -p collection --force-takeover"));
        assert_eq!((stage.file(), stage.gateway.requests().len()), (file, requests));
        assert_eq!(stage.gateway.authenticates(OLD_USER, old_key().value()), moment.2);
        // The way out that it names. The key of the other record may be dead: it is replaced all the same.
        let _ = run(["rotate", "-q", "-p", "payouts"]).code(0);
        let _ = run(force).code(0);
        let text = stage.sandbox.read("pay.env");
        let value = |name| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap();
        assert!(stage.gateway.authenticates(value("PAY_API_USER"), value("PAY_API_KEY")));
        let key = stage.sandbox.env_value("MOMO_API_KEY").unwrap();
        assert!(stage.gateway.authenticates(OLD_USER, &key), "what is stored does not work");
    }
}
