//! What the gateway may answer to each call, and what is left then.

use super::bench::{Bench, OLD_USER};
use super::double::{answered, invalid_key, outage, silent};
use super::stage::{Point, Side};
use crate::credential::{Field, RecordState};
use crate::momo::{Diagnosis, Refusal, Shape, Silence, Step};

#[test]
fn a_preflight_that_fails_writes_nothing() {
    let refused = |status, shape, diagnosis| answered(Step::User, status, shape, diagnosis);
    for (refusal, code) in [
        (invalid_key(Step::User), 77),
        (refused(403, Shape::Gateway, Diagnosis::Forbidden), 77),
        (refused(404, Shape::Gateway, Diagnosis::NoProvisioningApi), 78),
        (outage(Step::User), 69),
        (refused(500, Shape::Gateway, Diagnosis::Outage), 69),
        (refused(429, Shape::Gateway, Diagnosis::RateLimited), 69),
        (refused(403, Shape::Gateway, Diagnosis::Quota), 69),
        (refused(403, Shape::Html, Diagnosis::Intercepted), 69),
        (refused(302, Shape::Html, Diagnosis::Redirect), 76),
        (silent(Step::User), 69),
        (Refusal::no_answer(Step::User, Silence::Unconnected), 69),
        (Refusal::no_answer(Step::User, Silence::Deadline), 69),
    ] {
        let bench = Bench::new().with_old();
        bench.gateway.refuse(Point::Preflight, Side::Before, refusal);
        let said = bench.provision().code(code);
        assert!(said.contains("nothing was changed"), "{said}");
        assert_eq!((bench.versions(), bench.gateway.users()), (1, vec![OLD_USER]));
        assert!(bench.resume().is_none());
    }
}

#[test]
fn ten_failed_runs_leave_the_history_unchanged() {
    for (bench, versions) in [(Bench::new(), 0), (Bench::new().with_old(), 1)] {
        for n in 0..10 {
            let refusal = if n % 2 == 0 { outage(Step::User) } else { invalid_key(Step::User) };
            bench.gateway.refuse(Point::Preflight, Side::Before, refusal);
            bench.provision().failed();
        }
        assert_eq!(bench.versions(), versions);
        bench.provision().published();
        bench.assert_settled();
    }
}

#[test]
fn an_answer_about_the_request_and_not_the_key_lets_a_preflight_pass() {
    for diagnosis in [Diagnosis::UnknownUser, Diagnosis::BadRequest] {
        let bench = Bench::new();
        let refusal = answered(Step::User, 400, Shape::Empty, diagnosis);
        bench.gateway.refuse(Point::Preflight, Side::Before, refusal);
        bench.provision().published();
        bench.assert_settled();
    }
}

/// What says nothing about the key, or nothing that can be relied on: the claim stays.
fn inconclusive(step: Step) -> Vec<(Refusal, u8)> {
    let refused = |status, shape, diagnosis| answered(step, status, shape, diagnosis);
    let late = |refusal: Refusal| Refusal { ambiguous: true, ..refusal };
    vec![
        (silent(step), 69),
        (Refusal::no_answer(step, Silence::Truncated), 69),
        (Refusal::no_answer(step, Silence::Unanswered), 69),
        (Refusal::no_answer(step, Silence::Deadline), 69),
        (late(refused(500, Shape::Gateway, Diagnosis::Outage)), 69),
        (late(refused(502, Shape::Html, Diagnosis::Outage)), 69),
        (outage(step), 69),
        (refused(429, Shape::Gateway, Diagnosis::RateLimited), 69),
        (refused(403, Shape::Gateway, Diagnosis::Quota), 69),
        (refused(403, Shape::Html, Diagnosis::Intercepted), 69),
        (late(refused(302, Shape::Html, Diagnosis::Redirect)), 76),
        (late(refused(201, Shape::Other, Diagnosis::Malformed)), 76),
        (late(refused(200, Shape::Html, Diagnosis::Malformed)), 76),
        (refused(411, Shape::Html, Diagnosis::LengthRequired), 76),
    ]
}

/// The claim stays, the key is dropped, the message says so and names a way out. Resume finishes once nothing is
/// refused any more.
#[track_caller]
fn assert_left_open(bench: &Bench, said: &str, code: u8) {
    bench.assert_promises();
    let record = bench.record();
    let claim = record.claim().unwrap().unwrap();
    bench.assert_listed(&record, &[]);
    match &bench.old {
        Some(old) => assert!(record.same_credential(old)),
        None => assert_eq!(record.state(), RecordState::Vacant),
    }
    let user = claim.api_user.unwrap().to_string();
    // What is refused once is refused again.
    let next = if code == 77 { "momo-cred abort" } else { "momo-cred resume" };
    assert!(said.contains(next) && said.contains(&user) && said.contains("the claim stays open"), "{said}");
    bench.resume().unwrap().published();
    bench.assert_settled();
}

#[test]
fn a_user_or_key_whose_answer_is_lost_leaves_the_claim_for_resume() {
    let key_shape = answered(Step::CreateKey, 201, Shape::Json, Diagnosis::KeyShape);
    let not_ours = answered(Step::CreateUser, 409, Shape::Wallet, Diagnosis::DuplicateUser);
    let mut cases: Vec<_> = Vec::new();
    for (point, step) in [(Point::User, Step::CreateUser), (Point::Key, Step::CreateKey)] {
        for (refusal, code) in inconclusive(step) {
            cases.push((point, Side::Before, refusal.clone(), code));
            cases.push((point, Side::After, refusal, code));
        }
    }
    cases.push((Point::Key, Side::After, Refusal { ambiguous: true, ..key_shape }, 76));
    cases.push((Point::User, Side::Before, not_ours, 76));
    for (point, side, refusal, code) in cases {
        for bench in [Bench::new().vacant(), Bench::new().with_old()] {
            bench.gateway.refuse(point, side, refusal.clone());
            let said = bench.provision().code(code);
            assert_left_open(&bench, &said, code);
        }
    }
}

#[test]
fn a_check_that_is_not_passed_publishes_nothing() {
    for (point, step) in [(Point::Token, Step::Token), (Point::Product, Step::Read)] {
        let mut cases = inconclusive(step);
        cases.push((invalid_key(step), 77));
        cases.push((answered(step, 500, Shape::Token, Diagnosis::LoginFailed), 77));
        cases.push((answered(step, 401, Shape::Json, Diagnosis::TokenRefused), 77));
        cases.push((answered(step, 500, Shape::Wallet, Diagnosis::NotAllowedTargetEnvironment), 77));
        cases.push((answered(step, 403, Shape::Gateway, Diagnosis::Forbidden), 69));
        for (refusal, code) in cases {
            for bench in [Bench::new().vacant(), Bench::new().with_old()] {
                bench.gateway.refuse(point, Side::After, refusal.clone());
                let said = bench.provision().code(code);
                assert!(!bench.points().contains(&Point::Publish));
                assert_left_open(&bench, &said, code);
            }
        }
    }
}

/// What is refused for good, by whom.
fn for_good(step: Step) -> Vec<(Refusal, u8)> {
    let refused = |status, shape, diagnosis| answered(step, status, shape, diagnosis);
    let mut all = vec![
        (invalid_key(step), 77),
        (refused(403, Shape::Gateway, Diagnosis::Forbidden), 77),
        (refused(404, Shape::Gateway, Diagnosis::NoProvisioningApi), 78),
        (refused(400, Shape::Empty, Diagnosis::BadRequest), 77),
    ];
    if step == Step::CreateKey {
        all.push((refused(404, Shape::Wallet, Diagnosis::UnknownUser), 77));
    }
    all
}

#[test]
fn a_refusal_for_good_takes_the_claim_back_and_retires_the_user() {
    for (point, step) in [(Point::User, Step::CreateUser), (Point::Key, Step::CreateKey)] {
        for (refusal, code) in for_good(step) {
            for bench in
                [Bench::new(), Bench::new().vacant(), Bench::new().with_old(), Bench::new().removed()]
            {
                bench.gateway.refuse(point, Side::Before, refusal.clone());
                let said = bench.provision().code(code);
                assert!(said.contains("taken back"), "{said}");
                assert_eq!(bench.points().last(), Some(&Point::Withdraw));
                bench.assert_promises();
                let record = bench.record();
                assert_eq!(record.claim(), Ok(None));
                bench.assert_listed(&record, &[]);
                assert_eq!(record.retired().len(), 1);
                match &bench.old {
                    Some(old) => assert!(record.same_credential(old)),
                    None => {
                        assert_eq!(record.state(), RecordState::Vacant);
                        assert!(record.get(Field::SubscriptionKey).is_none(), "the record is not as before");
                    }
                }
                assert!(bench.resume().is_none());
                bench.provision().published();
                bench.assert_settled();
            }
        }
    }
}

#[test]
fn a_claim_that_cannot_be_taken_back_stays_and_the_message_says_so() {
    use momo_cred_backend_api::{ErrorKind, Op};
    use momo_cred_backend_testkit::Fault;
    for fault in [
        Fault::before(2).of(Op::Write),
        Fault::before(2).of(Op::Write).with(ErrorKind::Conflict),
        Fault::before(2).of(Op::Write).with(ErrorKind::Denied),
    ] {
        let bench = Bench::new().with_old();
        bench.faults.add(fault);
        bench.gateway.refuse(Point::Key, Side::Before, invalid_key(Step::CreateKey));
        let said = bench.provision().code(77);
        assert!(said.contains("could not be taken back") && said.contains("momo-cred abort"), "{said}");
        bench.assert_promises();
        bench.assert_listed(&bench.record(), &[]);
        bench.resume().unwrap().published();
        bench.assert_settled();
    }
}

#[test]
fn a_claim_taken_over_meanwhile_is_not_taken_back() {
    let bench = Bench::new().with_old();
    let (store, name) = (bench.store.clone(), bench.name.clone());
    let theirs = uuid::Uuid::from_u128(7).to_string();
    let plant = theirs.clone();
    bench.stage.at(Point::Withdraw, 1, Side::Before, move || {
        store.plant(&name, super::bench::field("pending_id"), plant.into());
    });
    bench.gateway.refuse(Point::User, Side::Before, invalid_key(Step::CreateUser));
    bench.provision().code(77);
    assert_eq!(bench.record().claim().unwrap().unwrap().id.to_string(), theirs);
    bench.assert_promises();
}
