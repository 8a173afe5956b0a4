//! Another key for the same user: what its run may leave, and that nothing but a person's word ends a claim of it.

use std::time::Duration;

use momo_cred_backend_testkit::MemoryStore;
use uuid::Uuid;

use super::bench::{Bench, Ended, LEASE, block_on, now};
use super::double::{answered, invalid_key, outage, silent};
use super::stage::{Point, Side};
use crate::credential::{ClaimKind, Field, Record};
use crate::lifecycle::{Alive, ClaimStanding, Evidence, Finish, Obtain, Takeover, World, judge};
use crate::momo::{Diagnosis, Gateway as _, Shape, Step};

/// A credential that a run has made, and its user.
fn made() -> (Bench, Uuid) {
    let bench = Bench::new().vacant();
    let user = bench.provision().published().user;
    (bench, user)
}

fn rekey(bench: &Bench) -> Ended {
    let user = bench.record().api_user().unwrap().unwrap();
    bench.obtain(Obtain::NewKey { user })
}

fn standing(bench: &Bench, takeover: Takeover) -> ClaimStanding {
    let here = bench.world(0).owner();
    let held = now(momo_cred_backend_api::Backend::hold(
        &bench.store.handle(),
        &bench.name,
        momo_cred_backend_api::Work::Renewal,
    ))
    .unwrap();
    let seen = bench.seen();
    judge(&seen.record, Evidence { here: &here, held: held.is_some(), age: seen.age, takeover })
}

/// `resume --force-takeover`.
fn resume(bench: &Bench) -> Ended {
    assert!(matches!(standing(bench, Takeover::OnEvidence), ClaimStanding::Live(_, Alive::Unfinished)));
    assert!(matches!(standing(bench, Takeover::Forced), ClaimStanding::Dead(_)));
    let seen = bench.seen();
    let user = seen.record.api_user().unwrap().unwrap();
    bench.run(seen, bench.inputs.clone(), Obtain::NewKey { user })
}

fn works(bench: &Bench, record: &Record) -> bool {
    let user = record.api_user().unwrap().unwrap();
    bench.gateway.authenticates(user, record.get(Field::ApiKey).unwrap())
}

#[track_caller]
fn assert_open(bench: &Bench) {
    assert_eq!(bench.record().claim().unwrap().unwrap().kind, ClaimKind::Rekey);
}

#[test]
fn the_user_stays_and_its_key_is_another() {
    let (bench, user) = made();
    let before = bench.record();
    let published = rekey(&bench).published();
    assert_eq!((published.user, published.verified), (user, true));
    let record = bench.record();
    assert!(!works(&bench, &before) && works(&bench, &record));
    assert_eq!((record.retired(), bench.gateway.users()), (before.retired(), vec![user]));
    assert_eq!(record.text(Field::CallbackHost), before.text(Field::CallbackHost));
    assert_eq!(
        bench.points(),
        [
            Point::Preflight,
            Point::Claim,
            Point::Key,
            Point::Token,
            Point::Product,
            Point::Fence,
            Point::Publish,
            Point::ReadBack,
            Point::Token,
            Point::Product
        ]
    );
    bench.assert_settled();
}

#[test]
fn a_run_that_dies_leaves_a_claim_that_only_a_person_continues() {
    for (point, side, asked) in [
        (Point::Claim, Side::After, 1),
        (Point::Key, Side::Before, 1),
        (Point::Key, Side::After, 2),
        (Point::Token, Side::After, 2),
        (Point::Fence, Side::After, 2),
        (Point::Publish, Side::Before, 2),
    ] {
        let (bench, user) = made();
        let before = bench.record();
        bench.stage.kill(point, 1, side);
        rekey(&bench).killed();
        assert_open(&bench);
        bench.store.advance(LEASE * 10);
        assert!(bench.record().same_credential(&before));
        assert_eq!(bench.gateway.asked(user), asked, "{point:?} {side:?}");
        assert_eq!(works(&bench, &before), asked == 1, "{point:?} {side:?}");
        let published = resume(&bench).published();
        assert_eq!((published.user, bench.gateway.asked(user)), (user, asked + 1));
        bench.assert_settled();
    }
}

#[test]
fn a_run_that_dies_before_its_claim_or_after_its_publication_leaves_nothing_to_do() {
    for (point, side) in
        [(Point::Preflight, Side::After), (Point::Claim, Side::Before), (Point::Publish, Side::After)]
    {
        let (bench, _) = made();
        bench.stage.kill(point, 1, side);
        rekey(&bench).killed();
        assert!(bench.resume().is_none());
        bench.assert_settled();
    }
}

#[test]
fn where_surely_no_key_was_made_the_claim_is_taken_back() {
    for (refusal, code) in [
        (invalid_key(Step::CreateKey), 77),
        (answered(Step::CreateKey, 404, Shape::Wallet, Diagnosis::UnknownUser), 77),
        (answered(Step::CreateKey, 429, Shape::Gateway, Diagnosis::RateLimited), 69),
        (outage(Step::CreateKey), 69),
    ] {
        let (bench, _) = made();
        let before = bench.record();
        bench.gateway.refuse(Point::Key, Side::Before, refusal);
        let said = rekey(&bench).code(code);
        assert!(said.contains("the record is as before"), "{said}");
        assert!(bench.record().same_credential(&before) && works(&bench, &before));
        bench.assert_settled();
    }
}

#[test]
fn an_unclear_answer_says_that_the_key_may_be_dead() {
    let (bench, _) = made();
    let before = bench.record();
    bench.gateway.refuse(Point::Key, Side::After, silent(Step::CreateKey));
    let said = rekey(&bench).code(69);
    for word in ["the key in the record may be dead", "resume --force-takeover"] {
        assert!(said.contains(word), "{said}");
    }
    assert_open(&bench);
    assert!(!works(&bench, &before));

    // Refused now for certain; what the run before has done is as unclear as it was.
    bench.gateway.refuse(Point::Key, Side::Before, invalid_key(Step::CreateKey));
    let said = resume(&bench).code(77);
    assert!(said.contains("may be dead"), "{said}");
    assert_open(&bench);
    resume(&bench).published();
    bench.assert_settled();
}

#[test]
fn a_check_that_is_not_passed_publishes_nothing() {
    for (point, refusal, code) in [
        (Point::Token, outage(Step::Token), 69),
        (Point::Token, answered(Step::Token, 500, Shape::Token, Diagnosis::LoginFailed), 77),
        (Point::Product, outage(Step::Read), 69),
    ] {
        let (bench, _) = made();
        let before = bench.record();
        bench.gateway.refuse(point, Side::Before, refusal);
        let said = rekey(&bench).code(code);
        assert!(said.contains("may be dead") && said.contains("resume --force-takeover"), "{said}");
        assert!(bench.record().same_credential(&before));
        assert_open(&bench);
        resume(&bench).published();
        bench.assert_settled();
    }
}

#[test]
fn a_user_that_the_gateway_does_not_know_is_found_out_before_the_claim() {
    let bench = Bench::new().with_old();
    let versions = bench.versions();
    let said = bench.obtain(Obtain::NewKey { user: Uuid::from_u128(5) }).code(77);
    assert!(said.contains("does not know the API user; nothing was changed"), "{said}");
    assert_eq!((bench.points(), bench.versions()), (vec![Point::Preflight], versions));
}

#[test]
fn who_is_taken_over_says_that_the_key_may_be_dead() {
    let bench = Bench::on(MemoryStore::new().without_holds()).vacant();
    let user = bench.provision().published().user;
    let twin = bench.twin();
    bench.stage.at(Point::Fence, 1, Side::Before, move || {
        let seen = twin.seen();
        std::thread::spawn(move || {
            twin.run(seen, twin.inputs.clone(), Obtain::NewKey { user }).published();
        })
        .join()
        .unwrap();
    });
    let said = rekey(&bench).code(75);
    assert!(said.contains("may be dead") && said.contains("momo-cred verify"), "{said}");
    bench.assert_settled();
}

#[test]
fn the_key_is_checked_once_more_after_its_publication() {
    let (bench, user) = made();
    bench.stage.at(Point::ReadBack, 1, Side::After, {
        let gateway = bench.gateway.on(&bench.stage.twin());
        let key = bench.inputs.subscription_key.clone();
        // Somebody asks for a key outside any record.
        move || drop(block_on_thread(move || block_on(gateway.create_key(&key, user))).unwrap())
    });
    let error = rekey(&bench).failed();
    assert_eq!(error.kind().exit_code(), 77);
    assert!(error.what().contains("published as revision"), "{error}");
    assert_eq!(bench.record().claim(), Ok(None));

    let (bench, _) = made();
    bench.stage.at(Point::ReadBack, 1, Side::After, {
        let gateway = bench.gateway.clone();
        move || gateway.refuse(Point::Token, Side::Before, outage(Step::Token))
    });
    let published = rekey(&bench).published();
    assert!(!published.verified);
    bench.assert_settled();
}

/// A runtime of its own, in the middle of another one's run.
fn block_on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::spawn(work).join().unwrap()
}

#[test]
fn a_lease_that_is_over_does_not_keep_the_only_key_that_works_from_its_publication() {
    let (bench, _) = made();
    let clock = std::sync::Arc::clone(&bench.clock);
    bench.stage.at(Point::Fence, 1, Side::Before, move || *clock.lock().unwrap() += LEASE * 3);
    assert!(matches!(rekey(&bench), Ended::Finished(Finish::Published(_))));
    bench.assert_settled();
}

#[test]
fn others_do_not_take_the_claim_over_however_old_it_is() {
    let bench = Bench::on(MemoryStore::new().without_holds()).vacant();
    bench.provision().published();
    bench.stage.kill(Point::Key, 1, Side::After);
    rekey(&bench).killed();
    bench.store.advance(LEASE * 100 + Duration::from_secs(1));
    assert!(matches!(standing(&bench, Takeover::OnEvidence), ClaimStanding::Live(_, Alive::Unending)));
}
