//! The kind `revoke`: a new key that nobody keeps, and the old one tried.

use momo_cred_backend_api::{Lookup, Op};
use momo_cred_backend_testkit::{Canary, Fault};
use uuid::Uuid;

use super::bench::{Bench, FOREIGN, LEASE, OLD_USER, field};
use super::double::{answered, invalid_key, outage, silent};
use super::stage::{Point, Side};
use crate::Error;
use crate::credential::{ClaimKind, Field};
use crate::lifecycle::{By, Fate, Home, RevocationEnd, RevocationPlan, Settled, Target, Witness};
use crate::momo::{Diagnosis, Refusal, Shape, Step};

/// A user of which no key is known.
pub(super) const STRANGER: Uuid = Uuid::from_u128(0x57a0_0000_0000_4000_8000_0000_0000_0007);

pub(super) fn old_key() -> Canary {
    Canary::hex("old api key")
}

/// A record whose credential was replaced.
pub(super) fn rotated() -> Bench {
    let bench = Bench::new().with_old();
    bench.provision().published();
    bench
}

pub(super) fn known(user: Uuid, keys: &[Canary]) -> Target {
    Target { user, keys: keys.iter().map(Canary::secret).collect(), home: Home::Here }
}

pub(super) fn old() -> Target {
    known(OLD_USER, &[old_key()])
}

pub(super) fn run(bench: &Bench, targets: Vec<Target>, only: Option<Uuid>, by: By) -> Option<RevocationEnd> {
    let (product, subscription_key) = (bench.inputs.product, bench.inputs.subscription_key.clone());
    run_before(bench, Witness::InUse { product, subscription_key }, targets, only, by)
}

fn run_before(
    bench: &Bench,
    witness: Witness,
    targets: Vec<Target>,
    only: Option<Uuid>,
    by: By,
) -> Option<RevocationEnd> {
    let (seen, inputs) = (bench.seen(), bench.inputs.clone());
    let end = bench.process(&bench.gateway, async |driver, seeds, watch| {
        driver.revoke(RevocationPlan { seen, inputs, witness, targets, only, by, seeds }, watch).await
    });
    bench.assert_each_key_was_claimed();
    bench.assert_no_mixture();
    let record = bench.record();
    let (user, key) = (record.api_user().unwrap().unwrap(), record.get(Field::ApiKey).unwrap().clone());
    assert!(bench.gateway.authenticates(user, &key), "the credential in use was killed");
    end
}

pub(super) fn revoke(bench: &Bench, targets: Vec<Target>) -> Option<RevocationEnd> {
    run(bench, targets, None, By::NewKey)
}

#[track_caller]
pub(super) fn settled(end: Option<RevocationEnd>) -> Settled {
    match end {
        Some(RevocationEnd::Settled(settled)) => *settled,
        other => panic!("not settled: {other:?}"),
    }
}

#[track_caller]
pub(super) fn failed(end: Option<RevocationEnd>, code: u8) -> String {
    let error: Error = match end {
        Some(RevocationEnd::Failed(error) | RevocationEnd::Unbegun(error)) => *error,
        other => panic!("not failed: {other:?}"),
    };
    assert_eq!(error.kind().exit_code(), code, "{error}");
    format!("{error} {:?}", error.next_steps())
}

pub(super) fn fates(settled: &Settled) -> Vec<Fate> {
    settled.users.iter().map(|revoked| revoked.fate.clone()).collect()
}

#[test]
fn a_key_that_is_refused_afterwards_is_proven_dead_and_its_user_leaves_the_list() {
    let bench = rotated();
    let settled = settled(revoke(&bench, vec![old()]));
    assert_eq!(fates(&settled), [Fate::Dead]);
    assert!(!bench.gateway.authenticates(OLD_USER, &old_key().secret()));
    let points = [Point::Preflight, Point::Claim, Point::Fence, Point::Key, Point::Token, Point::Token];
    assert_eq!(bench.points(), [&points[..], &[Point::Fence, Point::Withdraw]].concat());
    let record = bench.record();
    assert_eq!((record.retired(), record.claim()), (vec![], Ok(None)));
    assert!(record.document().get(FOREIGN).is_some());
    assert!(settled.record.document().same_as(record.document()));
}

#[test]
fn where_keys_add_up_the_user_stays_and_is_told_to_be_alive() {
    let bench = rotated();
    bench.gateway.let_keys_add_up();
    assert_eq!(fates(&settled(revoke(&bench, vec![old()]))), [Fate::Alive]);
    assert_eq!((bench.record().retired(), bench.record().claim()), (vec![OLD_USER], Ok(None)));
}

#[test]
fn every_key_that_is_known_has_to_be_refused() {
    let bench = rotated();
    bench.gateway.let_keys_add_up();
    let target = || known(OLD_USER, &[Canary::hex("one that was replaced"), old_key()]);
    assert_eq!(fates(&settled(revoke(&bench, vec![target()]))), [Fate::Alive]);
    let bench = rotated();
    assert_eq!(fates(&settled(revoke(&bench, vec![target()]))), [Fate::Dead]);
}

#[test]
fn what_cannot_be_proven_stays_and_the_others_go_on() {
    let bench = rotated();
    let retired = Uuid::from_u128(0x33);
    bench.gateway.put(STRANGER, &Canary::hex("key of a stranger"));
    let mut record = bench.record();
    [STRANGER, retired].into_iter().for_each(|user| record.retire(user));
    bench.write(record.document());
    let targets = vec![known(STRANGER, &[]), known(retired, &[]), old()];
    let settled = settled(revoke(&bench, targets));
    assert_eq!(fates(&settled), [Fate::Unproven, Fate::Unknown, Fate::Dead]);
    assert_eq!(bench.record().retired(), [STRANGER]);
    assert_eq!(bench.gateway.asked(STRANGER), 1);
}

/// Whatever the gateway says but "wrong pair", nothing is taken for proven.
#[test]
fn only_a_refused_pair_proves_anything() {
    let refused = |status, shape, diagnosis| answered(Step::Token, status, shape, diagnosis);
    let cases: [Refusal; 6] = [
        invalid_key(Step::Token),
        outage(Step::Token),
        silent(Step::Token),
        refused(429, Shape::Gateway, Diagnosis::RateLimited),
        refused(403, Shape::Gateway, Diagnosis::Forbidden),
        refused(200, Shape::Html, Diagnosis::Malformed),
    ];
    for refusal in cases {
        let bench = rotated();
        bench.gateway.refuse(Point::Token, Side::After, refusal.clone());
        assert_eq!(fates(&settled(revoke(&bench, vec![old()]))), [Fate::Unclear(refusal)]);
        assert_eq!(bench.record().retired(), [OLD_USER]);
    }
}

/// In an outage good pairs have been seen to be refused, too.
#[test]
fn nothing_is_proven_while_the_credential_in_use_is_refused() {
    for control in [answered(Step::Token, 500, Shape::Token, Diagnosis::LoginFailed), outage(Step::Token)] {
        let bench = rotated();
        let refused = answered(Step::Token, 500, Shape::Token, Diagnosis::LoginFailed);
        bench.gateway.refuse(Point::Token, Side::After, refused);
        bench.gateway.refuse(Point::Token, Side::After, control.clone());
        assert_eq!(fates(&settled(revoke(&bench, vec![old()]))), [Fate::Doubtful(control)]);
        assert_eq!(bench.record().retired(), [OLD_USER]);
    }
}

/// Once for all users of a run.
#[test]
fn the_credential_in_use_is_tried_once() {
    let bench = rotated();
    let second = bench.record().api_user().unwrap().unwrap();
    let key = bench.record().get(Field::ApiKey).unwrap().clone();
    bench.provision().published();
    let targets = vec![old(), Target { user: second, keys: vec![key], home: Home::Here }];
    assert_eq!(fates(&settled(revoke(&bench, targets))), [Fate::Dead, Fate::Dead]);
    assert_eq!(bench.points().iter().filter(|point| **point == Point::Token).count(), 3);
}

#[test]
fn an_answer_that_was_lost_is_settled_by_the_old_key() {
    let lost = silent(Step::CreateKey);
    for (side, fate) in [(Side::After, Fate::Dead), (Side::Before, Fate::Unclear(lost))] {
        let bench = rotated();
        bench.gateway.refuse(Point::Key, side, silent(Step::CreateKey));
        assert_eq!(fates(&settled(revoke(&bench, vec![old()]))), [fate]);
    }
    let bench = rotated();
    bench.gateway.refuse(Point::Key, Side::After, silent(Step::CreateKey));
    let settled = settled(revoke(&bench, vec![known(OLD_USER, &[])]));
    assert_eq!(fates(&settled), [Fate::Unclear(silent(Step::CreateKey))]);
    // A key that came in a form that cannot be read was made all the same.
    let bench = rotated();
    let odd = answered(Step::CreateKey, 201, Shape::Json, Diagnosis::KeyShape);
    bench.gateway.refuse(Point::Key, Side::After, odd);
    assert_eq!(fates(&self::settled(revoke(&bench, vec![old()]))), [Fate::Dead]);
}

#[test]
fn an_outage_asks_nobody_else() {
    let bench = rotated();
    bench.gateway.refuse(Point::Key, Side::Before, outage(Step::CreateKey));
    let settled = settled(revoke(&bench, vec![known(STRANGER, &[]), old()]));
    assert_eq!(fates(&settled), [Fate::Unclear(outage(Step::CreateKey)), Fate::Unasked]);
    assert!(bench.gateway.authenticates(OLD_USER, &old_key().secret()));
    assert_eq!((bench.record().retired(), bench.record().claim()), (vec![OLD_USER], Ok(None)));
}

#[test]
fn a_failed_preflight_writes_nothing() {
    for (refusal, code) in [(invalid_key(Step::User), 77), (outage(Step::User), 69)] {
        let bench = rotated();
        let versions = bench.versions();
        bench.gateway.refuse(Point::Preflight, Side::After, refusal);
        let said = failed(revoke(&bench, vec![old()]), code);
        assert!(said.contains("nothing was changed"), "{said}");
        assert_eq!((bench.versions(), bench.gateway.asked(OLD_USER)), (versions, 0));
    }
}

#[test]
fn killed_anywhere_the_next_run_finishes() {
    let points =
        [Point::Claim, Point::Key, Point::Token, Point::Fence, Point::Withdraw].map(|point| (point, 1));
    for (point, time) in points.into_iter().chain([(Point::Fence, 2)]) {
        for side in [Side::Before, Side::After] {
            let bench = rotated();
            bench.stage.kill(point, time, side);
            assert!(revoke(&bench, vec![old()]).is_none());
            let claim = bench.record().claim().unwrap();
            let done = (point, side) == (Point::Withdraw, Side::After);
            assert_eq!(claim.is_none(), done || (point, side) == (Point::Claim, Side::Before));
            assert!(claim.is_none_or(|claim| (claim.kind, claim.api_user) == (ClaimKind::Revoke, None)));
            let targets = if done { vec![] } else { vec![old()] };
            settled(revoke(&bench, targets));
            assert_eq!((bench.record().retired(), bench.record().claim()), (vec![], Ok(None)));
            assert!(!bench.gateway.authenticates(OLD_USER, &old_key().secret()));
        }
    }
}

#[test]
fn a_rotation_takes_a_dead_one_over_and_keeps_the_list() {
    let bench = rotated();
    let before = bench.record().api_user().unwrap().unwrap();
    bench.stage.kill(Point::Key, 1, Side::Before);
    assert!(revoke(&bench, vec![old()]).is_none());
    bench.provision().published();
    assert_eq!(bench.record().retired(), [OLD_USER, before]);
    bench.assert_settled();
}

#[test]
fn the_one_that_was_asked_for_is_in_the_claim_and_not_forgotten() {
    let bench = rotated();
    bench.gateway.put(STRANGER, &Canary::hex("key of a stranger"));
    let only = |bench: &Bench| run(bench, vec![known(STRANGER, &[])], Some(STRANGER), By::NewKey);
    bench.stage.kill(Point::Key, 1, Side::After);
    assert!(only(&bench).is_none());
    assert_eq!(bench.record().claim().unwrap().unwrap().api_user, Some(STRANGER));
    assert_eq!(fates(&settled(only(&bench))), [Fate::Unproven]);
    assert_eq!(bench.record().retired(), [OLD_USER, STRANGER]);
    assert_eq!(bench.gateway.asked(OLD_USER), 0);
}

#[test]
fn the_list_is_written_only_under_our_claim() {
    let bench = rotated();
    let (store, name) = (bench.store.clone(), bench.name.clone());
    bench.stage.at(Point::Fence, 2, Side::Before, move || {
        store.plant(&name, field("pending_id"), Uuid::from_u128(0x99).to_string().into());
    });
    let said = failed(revoke(&bench, vec![old()]), 75);
    assert!(said.contains("somebody else took over") && said.contains("its old key is refused"), "{said}");
    assert_eq!(bench.record().retired(), [OLD_USER]);
    let bench = rotated();
    bench.stage.fence(Lookup::Missing);
    let said = failed(revoke(&bench, vec![old()]), 75);
    assert!(said.contains("removed meanwhile"), "{said}");
    assert_eq!(bench.gateway.asked(OLD_USER), 0);
}

#[test]
fn a_field_of_others_that_is_edited_meanwhile_is_kept() {
    let bench = rotated();
    let (store, name) = (bench.store.clone(), bench.name.clone());
    bench.stage.at(Point::Withdraw, 1, Side::Before, move || {
        store.plant(&name, field(FOREIGN), "meanwhile".into());
    });
    assert_eq!(fates(&settled(revoke(&bench, vec![old()]))), [Fate::Dead]);
    assert!(bench.record().retired().is_empty());
    assert!(bench.record().document().get(FOREIGN).unwrap().same_as(&"meanwhile".into()));
}

#[test]
fn a_lost_answer_of_the_store_is_resolved_and_a_lost_claim_asks_for_nothing() {
    let bench = rotated();
    bench.faults.add(Fault::after(2).of(Op::Write));
    assert_eq!(fates(&settled(revoke(&bench, vec![old()]))), [Fate::Dead]);
    assert_eq!((bench.record().retired(), bench.record().claim()), (vec![], Ok(None)));
    let bench = rotated();
    bench.faults.add(Fault::after(1).of(Op::Write));
    let said = failed(revoke(&bench, vec![old()]), 69);
    assert!(said.contains("momo-cred resume"), "{said}");
    assert_eq!(bench.gateway.asked(OLD_USER), 0);
}

#[test]
fn an_owner_whose_lease_is_over_asks_for_nothing_more() {
    let bench = rotated();
    let clock = bench.clock.clone();
    bench.stage.at(Point::Claim, 1, Side::After, move || *clock.lock().unwrap() += LEASE * 2);
    let said = failed(revoke(&bench, vec![old()]), 69);
    assert!(said.contains("the time for this run is over"), "{said}");
    assert_eq!(bench.gateway.asked(OLD_USER), 0);
}

/// The key that was replaced under the same user: it is tried, and nothing is asked for.
#[test]
fn an_earlier_key_of_the_user_in_use_is_tried() {
    for by in [By::Portal, By::NewKey] {
        let bench = rotated();
        let user = bench.record().api_user().unwrap().unwrap();
        let earlier = || known(user, &[Canary::hex("an earlier key")]);
        let asked = bench.gateway.asked(user);
        assert_eq!(fates(&settled(run(&bench, vec![earlier()], None, by))), [Fate::Dead]);
        assert_eq!((bench.gateway.asked(user), bench.record().retired()), (asked, vec![OLD_USER]));
        // The one in use is none of those.
        let own = bench.record().get(Field::ApiKey).unwrap().clone();
        let target = Target { user, keys: vec![own], home: Home::Here };
        let _ = failed(run(&bench, vec![target], None, by), 70);
    }
}

/// Nothing but the list has it: another gateway may know it.
#[test]
fn a_user_that_is_unknown_is_gone_only_where_it_was_made() {
    let unsaid = |user| Target { home: Home::Unsaid, ..known(user, &[]) };
    let with_key = || Target { home: Home::Unsaid, ..known(STRANGER, &[Canary::hex("key of a stranger")]) };
    let bench = rotated();
    let mut record = bench.record();
    record.retire(STRANGER);
    bench.write(record.document());
    assert_eq!(fates(&settled(revoke(&bench, vec![unsaid(STRANGER)]))), [Fate::Stranger]);
    assert_eq!(bench.record().retired(), [OLD_USER, STRANGER]);
    assert_eq!(fates(&settled(revoke(&bench, vec![known(STRANGER, &[])]))), [Fate::Unknown]);
    assert_eq!(bench.record().retired(), [OLD_USER]);
    // A key of it that is refused proves what the answer does not.
    assert_eq!(fates(&settled(revoke(&bench, vec![with_key()]))), [Fate::Dead]);
    // One that was named and is not listed is not put there: it may be a slip of the hand.
    let named = run(&bench, vec![unsaid(STRANGER)], Some(STRANGER), By::NewKey);
    assert_eq!(fates(&settled(named)), [Fate::Stranger]);
    assert_eq!(bench.record().retired(), [OLD_USER]);
}

/// At another gateway the credential in use shows nothing, and is not shown: an old key that worked before does.
#[test]
fn elsewhere_an_old_key_that_worked_before_is_the_witness() {
    let elsewhere = |bench: &Bench, targets| run_before(bench, Witness::OldKey, targets, None, By::NewKey);
    let bench = rotated();
    assert_eq!(fates(&settled(elsewhere(&bench, vec![old()]))), [Fate::Dead]);
    let points = [Point::Preflight, Point::Claim, Point::Token, Point::Fence, Point::Key, Point::Token];
    assert_eq!(bench.points(), [&points[..], &[Point::Fence, Point::Withdraw]].concat());
    assert!(bench.record().retired().is_empty());
    // It was dead before: nothing shows that anybody is let in.
    let bench = rotated();
    bench.gateway.put(OLD_USER, &Canary::hex("another key"));
    assert_eq!(fates(&settled(elsewhere(&bench, vec![old()]))), [Fate::Unwitnessed]);
    assert_eq!(bench.record().retired(), [OLD_USER]);
    // What one has shown counts for all after it.
    let bench = rotated();
    bench.gateway.put(STRANGER, &Canary::hex("key of a stranger"));
    let mut record = bench.record();
    record.retire(STRANGER);
    bench.write(record.document());
    let targets = vec![old(), known(STRANGER, &[Canary::hex("one that was replaced")])];
    assert_eq!(fates(&settled(elsewhere(&bench, targets))), [Fate::Dead, Fate::Dead]);
    let bench = rotated();
    bench.gateway.let_keys_add_up();
    assert_eq!(fates(&settled(elsewhere(&bench, vec![old()]))), [Fate::Alive]);
}

/// Nothing is asked for, so there is no claim; and where nothing is proven, nothing is written.
#[test]
fn what_a_person_revoked_is_tried_in_the_same_way() {
    let portal = |bench: &Bench| run(bench, vec![old()], None, By::Portal);
    let bench = rotated();
    let versions = bench.versions();
    let still = settled(portal(&bench));
    assert_eq!((fates(&still), still.revision), (vec![Fate::Alive], None));
    assert_eq!((bench.versions(), bench.points()), (versions, vec![Point::Token, Point::Fence]));
    bench.gateway.put(OLD_USER, &Canary::hex("another key"));
    assert_eq!(fates(&settled(portal(&bench))), [Fate::Dead]);
    assert_eq!((bench.versions(), bench.record().retired()), (versions + 1, vec![]));
    assert_eq!(bench.gateway.asked(OLD_USER), 0);
}
