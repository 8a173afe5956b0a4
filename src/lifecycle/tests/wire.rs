//! The real client against a gateway that drops, cuts, bloats and redirects.

use std::net::TcpListener;
use std::time::Duration;

use momo_gateway::{Action, Answer, Config, Fault, Gateway, Operation, Product, ProvisioningUsers, Role};
use uuid::Uuid;

use super::bench::{Bench, Ended};
use super::stage::{Did, Point, each};
use crate::credential::{Field, RecordState};
use crate::lifecycle::{KeyRole, Obtain};
use crate::momo::{Client, ClientConfig, Deadline};

/// A bench whose runs go to a gateway over HTTP.
struct Wire {
    bench: Bench,
    gateway: Gateway,
    limit: Duration,
}

impl Wire {
    fn new() -> Self {
        Self::at(Config::sandbox(1), Bench::new().vacant())
    }

    fn at(config: Config, mut bench: Bench) -> Self {
        let gateway = Gateway::start(config).unwrap();
        bench.inputs.base_url = gateway.base_url().to_owned();
        bench.inputs.subscription_key = gateway.subscription_key(Product::Collection).into();
        bench.inputs.provisioning = gateway.key(Role::Provisioning).map(Into::into);
        Self { bench, gateway, limit: Duration::from_secs(20) }
    }

    fn client(&self) -> Client {
        let base = self.gateway.base_url().parse().unwrap();
        Client::new(&ClientConfig::new(base, Deadline::after(self.limit))).unwrap()
    }

    fn provision(&self) -> Ended {
        let bench = &self.bench;
        bench.run_at(&self.client(), bench.seen(), bench.inputs.clone(), Obtain::NewUser)
    }

    fn resume(&self) -> Ended {
        self.bench.resume_at(&self.client()).unwrap()
    }

    /// P1 by the gateway's own log: keys are asked only for users that a stored claim names.
    fn assert_settled(&self) {
        assert_eq!(self.gateway.script_left(), 0);
        let claimed = |entry: super::stage::Entry| match entry.did {
            Did::Stored(Point::Claim, record) => record.claim().unwrap()?.api_user,
            _ => None,
        };
        let claimed: Vec<Uuid> = self.bench.stage.log().into_iter().filter_map(claimed).collect();
        for request in self.gateway.requests() {
            if matches!(request.operation, Operation::CreateUser | Operation::CreateKey) {
                let user = request.user.unwrap().parse().unwrap();
                assert!(claimed.contains(&user), "P1: {user} was never claimed");
            }
        }
        let record = self.bench.record();
        assert_eq!(
            (record.claim(), record.state(), record.check()),
            (Ok(None), RecordState::Complete, Ok(()))
        );
        let user = record.api_user().unwrap().unwrap();
        #[expect(clippy::disallowed_methods, reason = "the gateway is asked whether the pair works")]
        let works =
            self.gateway.authenticates(&user.to_string(), record.get(Field::ApiKey).unwrap().expose_secret());
        assert!(works, "what was published does not work");
        for known in self.gateway.users() {
            assert!(
                known.id == user || record.retired().contains(&known.id),
                "{} is listed nowhere",
                known.id
            );
        }
    }
}

#[test]
fn a_user_whose_answer_is_lost_is_asked_for_again_under_the_same_id() {
    let page = || Action::Answer(Answer::bad_gateway());
    let cases = [
        (Action::Drop, false, 2),
        (Action::Drop, true, 2),
        (page(), false, 2),
        (page(), true, 2),
        (Action::Answer(Answer::service_unavailable()), false, 2),
        (Action::Answer(Answer::rate_limited("0")), false, 2),
    ];
    each(cases, |(action, after, requests)| {
        let wire = Wire::new();
        let fault = Fault::on(Operation::CreateUser, action.clone());
        wire.gateway.script(if after { fault.after_effect() } else { fault });
        wire.provision().published();
        wire.assert_settled();
        let asked: Vec<_> =
            wire.gateway.requests().into_iter().filter(|r| r.operation == Operation::CreateUser).collect();
        assert_eq!(asked.len(), requests, "{action:?}");
        assert!(asked.iter().all(|request| request.user == asked[0].user), "a second UUID for one claim");
        assert_eq!(wire.gateway.user_count(), 1);
    });
}

#[test]
fn a_key_whose_answer_is_lost_or_wrong_is_dropped_and_resume_makes_a_new_user() {
    let page = |answer| Action::Answer(answer);
    let cases = [
        (Action::Drop, false, 69),
        (Action::Drop, true, 69),
        (Action::Truncate, true, 69),
        (Action::Huge { bytes: Some(1 << 20) }, true, 76),
        (Action::Huge { bytes: None }, true, 76),
        (page(Answer::bad_gateway()), true, 69),
        (page(Answer::gateway_fault()), true, 69),
        (page(Answer::request_rejected()), true, 76),
        (page(Answer::created()), true, 76),
        (page(Answer::new(201, "application/json", r#"{"apiKey":7}"#)), true, 76),
        (page(Answer::new(201, "application/json", r#"["apiKey"]"#)), true, 76),
        (page(Answer::new(201, "application/json", r#"{"apiKey":"#)), true, 76),
        (Action::key_of_length(31), true, 76),
        (Action::key_of_length(10_000), true, 76),
        (Action::key_with_newline(), true, 76),
        (Action::Key("\"$(id)\\\u{1b}[31m0123456789abcdef0123".to_owned()), true, 76),
    ];
    each(cases, |(action, after, code)| {
        let wire = Wire::new();
        let fault = Fault::on(Operation::CreateKey, action.clone());
        wire.gateway.script(if after { fault.after_effect() } else { fault });
        let said = wire.provision().code(code);
        assert!(said.contains("momo-cred resume") && said.contains("nothing is lost"), "{action:?}: {said}");
        assert_eq!(wire.bench.record().state(), RecordState::Vacant);
        let dead = wire.bench.record().claim().unwrap().unwrap().api_user.unwrap().to_string();
        let asked = wire.gateway.key_requests(&dead);
        assert_eq!(asked, usize::from(after), "{action:?}");
        wire.resume().published();
        assert_eq!(wire.gateway.key_requests(&dead), asked, "{action:?}: asked again for another run's user");
        wire.assert_settled();
    });
}

#[test]
fn a_key_that_surely_was_not_issued_is_asked_for_again() {
    each([Answer::service_unavailable(), Answer::rate_limited("0"), Answer::user_not_found()], |answer| {
        let wire = Wire::new();
        wire.gateway.script(Fault::on(Operation::CreateKey, Action::Answer(answer)));
        let published = wire.provision().published();
        assert_eq!(wire.gateway.key_requests(&published.user.to_string()), 1);
        wire.assert_settled();
    });
}

#[test]
fn a_redirect_is_followed_by_nobody() {
    for status in [301, 302, 303, 307, 308] {
        for operation in [
            Operation::GetUser,
            Operation::CreateUser,
            Operation::CreateKey,
            Operation::Token,
            Operation::Active,
        ] {
            let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
            elsewhere.set_nonblocking(true).unwrap();
            let wire = Wire::new();
            let to = format!("http://{}/v1_0/apiuser", elsewhere.local_addr().unwrap());
            wire.gateway.script(Fault::on(operation, Action::Answer(Answer::redirect(status, &to))));
            wire.provision().code(76);
            assert_eq!(
                elsewhere.accept().unwrap_err().kind(),
                std::io::ErrorKind::WouldBlock,
                "{operation} {status}"
            );
        }
    }
}

#[test]
fn a_check_that_is_flaky_is_made_again_inside_the_deadline() {
    each([Operation::Token, Operation::Active], |operation| {
        for action in [
            Action::Drop,
            Action::Truncate,
            Action::Answer(Answer::gateway_fault()),
            Action::Answer(Answer::bad_gateway()),
            Action::Answer(Answer::service_unavailable()),
        ] {
            let wire = Wire::new();
            wire.gateway.script(Fault::on(operation, action));
            let published = wire.provision().published();
            assert_eq!(wire.gateway.key_requests(&published.user.to_string()), 1);
            wire.assert_settled();
        }
    });
}

#[test]
fn silence_ends_with_the_deadline_and_leaves_what_the_step_leaves() {
    let cases = [
        (Operation::GetUser, false),
        (Operation::CreateUser, true),
        (Operation::CreateKey, true),
        (Operation::Token, true),
        (Operation::Active, true),
    ];
    each(cases, |(operation, open)| {
        let mut wire = Wire::new();
        wire.limit = Duration::from_millis(400);
        wire.gateway.script(Fault::on(operation, Action::Silence).forever());
        wire.provision().code(69);
        wire.gateway.clear_script();
        assert_eq!(wire.bench.record().claim().unwrap().is_some(), open, "{operation}");
        wire.limit = Duration::from_secs(20);
        if open {
            wire.resume().published()
        } else {
            wire.provision().published()
        };
        wire.assert_settled();
    });
}

#[test]
fn a_provisioning_key_whose_users_no_product_knows_is_met_over_the_wire_too() {
    let mut config = Config::sandbox(1).with_key(Role::Provisioning, "aaaaaaaabbbbbbbbccccccccdddddddd");
    config.provisioning_users = ProvisioningUsers::NoProduct;
    let wire = Wire::at(config, Bench::new().vacant());
    assert_eq!(wire.provision().published().key, Some(KeyRole::Primary));
    assert_eq!(wire.gateway.user_count(), 2);
    wire.assert_settled();
}

#[test]
fn a_key_disabled_between_preflight_and_user_takes_the_claim_back() {
    let wire = Wire::new();
    let answer = Action::Answer(Answer::invalid_key());
    wire.gateway.script(Fault::on(Operation::CreateUser, answer));
    let said = wire.provision().code(77);
    assert!(said.contains("taken back"), "{said}");
    assert_eq!((wire.gateway.user_count(), wire.bench.record().claim()), (0, Ok(None)));
    wire.provision().published();
    wire.assert_settled();
}

#[test]
fn a_gateway_that_is_not_there_writes_nothing() {
    let wire = Wire::new();
    let address = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let base = format!("http://{address}").parse().unwrap();
    let client = Client::new(&ClientConfig::new(base, Deadline::after(Duration::from_millis(300)))).unwrap();
    let bench = &wire.bench;
    bench.run_at(&client, bench.seen(), bench.inputs.clone(), Obtain::NewUser).code(69);
    assert_eq!(bench.versions(), 1);
}
