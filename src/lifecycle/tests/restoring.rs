//! The way of `rollback`: an earlier revision of the record, a check, one write.

use momo_cred_backend_api::Op;
use momo_cred_backend_testkit::Fault;
use uuid::Uuid;

use super::bench::{Bench, Ended, FOREIGN, OLD_USER, field};
use super::double::{invalid_key, outage};
use super::stage::{Point, Side};
use crate::credential::Field;
use crate::lifecycle::{Obtain, Restored};
use crate::momo::Step;

/// A record whose credential was replaced, with the new user.
fn rotated() -> (Bench, Uuid) {
    let bench = Bench::new().with_old();
    let published = bench.provision().published();
    assert_eq!(bench.record().retired(), [OLD_USER]);
    (bench, published.user)
}

fn back(bench: &Bench) -> Ended {
    let record = bench.old.clone().unwrap();
    let api_key = record.get(Field::ApiKey).unwrap().clone();
    bench.obtain(Obtain::Restored(Box::new(Restored { record, user: OLD_USER, api_key })))
}

#[test]
fn what_is_ours_comes_from_the_earlier_revision_and_nothing_else() {
    let (bench, replaced) = rotated();
    let mut document = bench.record().document().clone();
    document.insert(field(FOREIGN), "changed since".into());
    bench.write(&document);
    let published = back(&bench).published();
    assert_eq!((published.user, published.verified), (OLD_USER, true));
    assert_eq!(bench.points(), [Point::Token, Point::Product, Point::Publish, Point::ReadBack]);
    let record = bench.record();
    assert!(record.same_credential(bench.old.as_ref().unwrap()), "not the earlier one, or a mixture");
    assert_eq!(record.retired(), [replaced]);
    assert!(record.document().get(FOREIGN).unwrap().same_as(&"changed since".into()));
    bench.assert_settled();
}

#[test]
fn what_the_earlier_revision_did_not_have_is_gone() {
    let mut bench = Bench::new().with_old();
    let mut earlier = bench.record();
    earlier.unset(Field::IssuedAt);
    earlier.unset(Field::SubscriptionKeySecondary);
    bench.write(earlier.document());
    bench.old = Some(earlier);
    bench.provision().published();
    back(&bench).published();
    assert!(bench.record().same_credential(bench.old.as_ref().unwrap()));
}

/// Something that works is there, and where nothing is, nobody waits for it: the store has the earlier one for good.
#[test]
fn only_what_is_proven_is_written() {
    for (refusal, code) in [(invalid_key(Step::Token), 77), (outage(Step::Token), 69)] {
        let (bench, _) = rotated();
        let mut vacant = bench.record();
        for gone in [Field::ApiKey, Field::ApiUser] {
            vacant.unset(gone);
        }
        for record in [bench.record(), vacant] {
            bench.write(record.document());
            let versions = bench.versions();
            bench.gateway.refuse(Point::Token, Side::After, refusal.clone());
            let said = back(&bench).code(code);
            assert!(said.contains("nothing was written"), "{said}");
            assert_eq!(bench.versions(), versions);
        }
    }
}

#[test]
fn killed_anywhere_it_is_done_or_it_is_not() {
    for (point, side, written) in [
        (Point::Token, Side::Before, false),
        (Point::Product, Side::After, false),
        (Point::Publish, Side::Before, false),
        (Point::Publish, Side::After, true),
        (Point::ReadBack, Side::After, true),
    ] {
        let (bench, _) = rotated();
        let versions = bench.versions();
        bench.stage.kill(point, 1, side);
        back(&bench).killed();
        assert_eq!(bench.versions(), versions + usize::from(written));
        assert!(bench.resume().is_none(), "a rollback leaves no claim");
        bench.assert_settled();
    }
}

#[test]
fn a_dead_claim_is_closed_and_its_user_retired() {
    let (bench, replaced) = rotated();
    bench.stage.kill(Point::Key, 1, Side::After);
    bench.provision().killed();
    let dead = bench.record().claim().unwrap().unwrap().api_user.unwrap();
    back(&bench).published();
    assert_eq!(bench.record().retired(), [dead, replaced]);
    bench.assert_settled();
}

#[test]
fn somebody_elses_write_is_never_written_over() {
    let (bench, _) = rotated();
    let (store, name) = (bench.store.clone(), bench.name.clone());
    bench.stage.at(Point::Publish, 1, Side::Before, move || {
        store.plant(&name, field(FOREIGN), "meanwhile".into());
    });
    let _ = back(&bench).code(75);
    assert!(!bench.record().same_credential(bench.old.as_ref().unwrap()));
    bench.assert_settled();
}

#[test]
fn a_write_whose_answer_is_lost_is_told_as_unknown() {
    let (bench, _) = rotated();
    bench.faults.add(Fault::after(1).of(Op::Write));
    let said = back(&bench).code(69);
    assert!(said.contains("may hold the earlier credential all the same"), "{said}");
    assert!(said.contains("`momo-cred status`") && said.contains("`momo-cred rollback`"), "{said}");
    bench.assert_promises();
}
