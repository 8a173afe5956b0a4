use std::sync::Mutex;

use async_trait::async_trait;
use momo_cred_backend_api::Secret;
use uuid::Uuid;

use super::{USER, api_key, key, run};
use crate::Kind;
use crate::credential::{Product, TargetEnvironment};
use crate::momo::{
    CallbackHost, Diagnosis, Gateway, Msisdn, Outcome, Refusal, Report, Silence, Step, StoredHost, Subject,
    Token, UserInfo, verify,
};

/// A gateway that refuses what it is told to and remembers what it was asked.
#[derive(Default)]
struct Double {
    user: Option<Diagnosis>,
    token: Option<Diagnosis>,
    read: Option<Diagnosis>,
    odd_host: bool,
    asked: Mutex<Vec<Step>>,
}

impl Double {
    fn answer<T>(&self, step: Step, refused: Option<Diagnosis>, good: T) -> Result<T, Refusal> {
        self.asked.lock().unwrap().push(step);
        refused.map_or(Ok(good), |diagnosis| Err(Refusal::local(step, diagnosis)))
    }
}

#[async_trait]
impl Gateway for Double {
    async fn user(&self, _: &Secret, _: Uuid) -> Result<UserInfo, Refusal> {
        panic!("a look-up that others wait for is made once")
    }

    async fn glance(&self, _: &Secret, _: Uuid) -> Result<UserInfo, Refusal> {
        let callback_host = if self.odd_host { StoredHost::Odd } else { StoredHost::Unsaid };
        self.answer(Step::User, self.user, UserInfo { callback_host, target_environment: None })
    }

    async fn create_user(&self, _: &Secret, _: Uuid, _: &CallbackHost) -> Result<(), Refusal> {
        panic!("verification creates nothing")
    }

    async fn create_key(&self, _: &Secret, _: Uuid) -> Result<Secret, Refusal> {
        panic!("verification creates nothing")
    }

    async fn token(&self, _: Product, _: &Secret, _: Uuid, _: &Secret) -> Result<Token, Refusal> {
        self.answer(Step::Token, self.token, Token { secret: "t".into(), lifetime: None })
    }

    async fn read(
        &self,
        _: Product,
        _: &Secret,
        _: &Token,
        _: &TargetEnvironment,
        _: Option<&Msisdn>,
    ) -> Result<(), Refusal> {
        self.answer(Step::Read, self.read, ())
    }
}

fn climb(double: &Double, target: &str) -> Report {
    let target = target.parse().unwrap();
    run(verify(
        double,
        &Subject {
            product: Product::Collection,
            target_environment: &target,
            subscription_key: &key(),
            api_user: USER,
            api_key: &api_key(),
            msisdn: None,
        },
    ))
}

/// The words of a report: those of its steps, and the one for all.
fn words(double: &Double) -> ([&'static str; 3], &'static str) {
    let report = climb(double, "sandbox");
    let names: Vec<_> = report.steps.iter().map(|step| step.name).collect();
    assert_eq!(names, ["user", "token", "read"]);
    assert_eq!(report.refusal.is_none(), report.outcome == Outcome::Ok);
    ([0, 1, 2].map(|i| report.steps[i].outcome.name()), report.outcome.name())
}

#[test]
fn all_is_well() {
    assert_eq!(words(&Double::default()), (["ok", "ok", "ok"], "ok"));
}

#[test]
fn production_has_no_user_step() {
    let double = Double::default();
    let report = climb(&double, "mtnghana");
    assert_eq!((report.steps[0].outcome, report.outcome), (Outcome::Skipped, Outcome::Ok));
    assert_eq!(*double.asked.lock().unwrap(), [Step::Token, Step::Read]);
}

#[test]
fn each_refusal_says_as_much_as_it_can() {
    use Diagnosis as D;
    let silent = D::NoAnswer(Silence::Unanswered);
    let user = |d| Double { user: Some(d), ..Double::default() };
    let token = |d| Double { token: Some(d), ..Double::default() };
    let read = |d| Double { read: Some(d), ..Double::default() };
    for (double, steps, outcome) in [
        (user(D::UnknownUser), ["bad", "skipped", "skipped"], "bad"),
        (user(silent), ["inconclusive", "ok", "ok"], "ok"),
        // The products decide, whatever provisioning says.
        (user(D::Outage), ["inconclusive", "ok", "ok"], "ok"),
        (user(D::InvalidKey), ["bad", "ok", "ok"], "ok"),
        (token(D::LoginFailed), ["ok", "bad", "skipped"], "bad"),
        (token(D::Outage), ["ok", "inconclusive", "skipped"], "inconclusive"),
        (read(D::NotAllowedTargetEnvironment), ["ok", "ok", "bad"], "bad"),
        (read(D::Forbidden), ["ok", "ok", "inconclusive"], "inconclusive"),
        (read(D::Malformed), ["ok", "ok", "inconclusive"], "inconclusive"),
        (
            Double { user: Some(D::Outage), ..token(D::LoginFailed) },
            ["inconclusive", "bad", "skipped"],
            "bad",
        ),
        (Double { user: Some(D::InvalidKey), ..token(D::Outage) }, ["bad", "inconclusive", "skipped"], "bad"),
        (
            Double { user: Some(D::Outage), ..token(silent) },
            ["inconclusive", "inconclusive", "skipped"],
            "inconclusive",
        ),
    ] {
        assert_eq!(words(&double), (steps, outcome));
    }
}

#[test]
fn the_deciding_refusal_becomes_the_error() {
    let error = |double: Double| climb(&double, "sandbox").error().map(|error| error.kind());
    assert_eq!(error(Double::default()), None);
    assert_eq!(
        error(Double { token: Some(Diagnosis::LoginFailed), ..Double::default() }),
        Some(Kind::Denied)
    );
    assert_eq!(
        error(Double { token: Some(Diagnosis::Outage), ..Double::default() }),
        Some(Kind::Unavailable)
    );
    assert_eq!(error(Double { read: Some(Diagnosis::Redirect), ..Double::default() }), Some(Kind::Protocol));
}

#[test]
fn a_url_kept_as_callback_host_is_pointed_out() {
    let report = climb(&Double { odd_host: true, ..Double::default() }, "sandbox");
    assert_eq!(report.outcome, Outcome::Ok);
    assert!(report.steps[0].hint.is_some());
}
