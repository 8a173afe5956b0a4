//! Which subscription key provisions, and what happens to a user that the product does not know.

use momo_cred_backend_api::{ErrorKind, Op};
use momo_cred_backend_testkit::Fault;

use super::bench::{Bench, Ended, OLD_USER};
use super::double::{answered, invalid_key, subscription_key};
use super::stage::{Point, Side};
use crate::credential::{Field, RecordState};
use crate::lifecycle::KeyRole;
use crate::momo::{Diagnosis, Shape, Step};

fn bench() -> Bench {
    Bench::new().with_secondary().with_provisioning_key()
}

#[track_caller]
fn used(ended: Ended) -> KeyRole {
    ended.published().key.unwrap()
}

#[test]
fn keys_are_tried_in_order_and_the_answer_says_which_was_used() {
    for (disabled, expected) in
        [(vec![], KeyRole::Provisioning), (vec![KeyRole::Provisioning], KeyRole::Primary)]
    {
        let bench = bench();
        disabled.iter().for_each(|role| bench.gateway.disable(*role));
        let published = bench.provision().published();
        assert_eq!(published.key, Some(expected));
        assert_eq!(bench.gateway.made_with(published.user), Some(expected));
        assert_eq!(
            bench.points().iter().filter(|point| **point == Point::Preflight).count(),
            disabled.len() + 1
        );
        bench.assert_settled();
    }
}

#[test]
fn the_secondary_makes_the_user_where_the_others_are_refused_for_provisioning_only() {
    let bench = bench();
    bench.gateway.refuse(Point::Preflight, Side::Before, invalid_key(Step::User));
    bench.gateway.refuse(Point::Preflight, Side::Before, invalid_key(Step::User));
    assert_eq!(used(bench.provision()), KeyRole::Secondary);
    bench.assert_settled();
}

#[test]
fn with_every_key_refused_each_is_named_and_nothing_changes() {
    let bench = bench().with_old();
    for role in [KeyRole::Provisioning, KeyRole::Primary, KeyRole::Secondary] {
        bench.gateway.disable(role);
    }
    let error = bench.provision().failed();
    assert_eq!(error.kind().exit_code(), 77);
    let tried: Vec<_> =
        error.attempts().iter().map(|line| line.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(tried, ["provisioning_subscription_key", "subscription_key", "subscription_key_secondary"]);
    assert_eq!((bench.versions(), bench.gateway.users()), (1, vec![OLD_USER]));
}

#[test]
fn an_outage_of_the_first_key_is_no_reason_to_try_the_next() {
    let bench = bench();
    bench.gateway.refuse(Point::Preflight, Side::Before, super::double::outage(Step::User));
    bench.provision().code(69);
    assert_eq!(bench.points(), [Point::Preflight]);
}

#[test]
fn a_provisioning_key_given_for_one_run_does_not_stay_in_the_record() {
    let bench = bench();
    bench.provision().published();
    assert!(bench.record().get(Field::ProvisioningSubscriptionKey).is_none());

    let mut document = bench.record().document().clone();
    let key = subscription_key(KeyRole::Provisioning).secret();
    document.insert(super::bench::field("provisioning_subscription_key"), key);
    bench.write(&document);
    bench.provision().published();
    assert!(bench.record().get(Field::ProvisioningSubscriptionKey).is_some(), "the record's own was lost");
}

/// A user of the provisioning key that no product serves: once, a new claim and user under the product's key.
fn rebound(start: Bench) -> Bench {
    start.gateway.bind_provisioning_users_to_nothing();
    start
}

#[test]
fn a_user_that_the_product_does_not_know_is_replaced_by_one_of_the_products_key() {
    for bench in [bench(), bench().vacant(), bench().with_old()] {
        let bench = rebound(bench);
        let published = bench.provision().published();
        assert_eq!(published.key, Some(KeyRole::Primary));
        let points = bench.points();
        let count = |point| points.iter().filter(|known| **known == point).count();
        assert_eq!((count(Point::Claim), count(Point::User), count(Point::Key)), (2, 2, 2));
        let retired = bench.record().retired();
        assert_eq!(retired.len(), 1 + usize::from(bench.old.is_some()));
        assert!(retired.iter().any(|user| bench.gateway.made_with(*user) == Some(KeyRole::Provisioning)));
        bench.assert_settled();
    }
}

#[test]
fn it_happens_once_and_only_for_another_key_than_the_products() {
    let refusal = || answered(Step::Read, 500, Shape::Wallet, Diagnosis::NotAllowedTargetEnvironment);
    let bench = rebound(bench());
    bench.stage.at(Point::Product, 1, Side::After, {
        let gateway = bench.gateway.clone();
        move || gateway.refuse(Point::Product, Side::Before, refusal())
    });
    bench.provision().code(77);
    assert_eq!(bench.points().iter().filter(|point| **point == Point::Claim).count(), 2);
    bench.assert_listed(&bench.record(), &[]);
    bench.resume().unwrap().published();
    bench.assert_settled();

    let bench = Bench::new();
    bench.gateway.refuse(Point::Product, Side::Before, refusal());
    bench.provision().code(77);
    assert_eq!(bench.points().iter().filter(|point| **point == Point::Claim).count(), 1);
}

#[test]
fn a_second_user_that_is_refused_takes_the_claim_back_with_both_users_on_the_list() {
    for (point, step) in [(Point::User, Step::CreateUser), (Point::Key, Step::CreateKey)] {
        for bench in [bench().vacant(), bench().with_old()] {
            let bench = rebound(bench);
            let gateway = bench.gateway.clone();
            bench.stage.at(Point::Product, 1, Side::After, move || {
                gateway.refuse(point, Side::Before, invalid_key(step));
            });
            bench.provision().code(77);
            let record = bench.record();
            assert_eq!((record.claim(), record.retired().len()), (Ok(None), 2));
            assert_eq!(record.state() == RecordState::Vacant, bench.old.is_none());
            bench.assert_listed(&record, &[]);
            bench.assert_promises();
        }
    }
}

#[test]
fn a_second_claim_that_is_not_stored_leaves_the_first_and_names_its_user() {
    for (fault, code) in [
        (Fault::before(2).of(Op::Write), 69),
        (Fault::after(2).of(Op::Write), 69),
        (Fault::before(2).of(Op::Write).with(ErrorKind::Conflict), 75),
        (Fault::before(2).of(Op::Write).with(ErrorKind::Denied), 77),
    ] {
        let bench = rebound(bench().with_old());
        bench.faults.add(fault);
        let said = bench.provision().code(code);
        let made = bench.gateway.users().into_iter().find(|user| *user != OLD_USER).unwrap();
        assert!(said.contains(&made.to_string()) && said.contains("momo-cred resume"), "{said}");
        bench.assert_promises();
        bench.assert_listed(&bench.record(), &[]);
        bench.resume().unwrap().published();
        bench.assert_settled();
    }
}
