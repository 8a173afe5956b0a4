//! A run dies at each step; a fresh one looks, resumes, and finishes.

use super::bench::Bench;
use super::stage::{Point, Side};
use crate::credential::{Field, RecordState};

type Start = fn() -> Bench;

/// What a provision can begin from.
const STARTS: [Start; 4] =
    [Bench::new, || Bench::new().vacant(), || Bench::new().with_old(), || Bench::new().removed()];

fn killed(start: Start, point: Point, side: Side) -> Bench {
    let bench = start();
    bench.stage.kill(point, 1, side);
    bench.provision().killed();
    bench.assert_promises();
    bench
}

/// A reader in between has the old credential, or none.
#[track_caller]
fn assert_served_as_before(bench: &Bench) {
    let record = bench.record();
    match &bench.old {
        Some(old) => assert!(record.same_credential(old)),
        None => assert_eq!(record.state(), RecordState::Vacant),
    }
}

#[test]
fn before_the_claim_nothing_has_happened() {
    let points =
        [(Point::Preflight, Side::Before), (Point::Preflight, Side::After), (Point::Claim, Side::Before)];
    for start in STARTS {
        for (point, side) in points {
            let (users, versions) = (start().gateway.users(), start().versions());
            let bench = killed(start, point, side);
            assert_eq!((bench.gateway.users(), bench.versions()), (users, versions));
            assert_served_as_before(&bench);
            assert!(bench.resume().is_none(), "there is nothing to resume");
            bench.provision().published();
            bench.assert_settled();
        }
    }
}

#[test]
fn after_the_claim_the_old_is_served_and_resume_claims_anew() {
    for start in STARTS {
        for (point, side) in [(Point::Claim, Side::After), (Point::User, Side::Before)] {
            let bench = killed(start, point, side);
            let before = bench.gateway.users();
            assert_served_as_before(&bench);
            let dead = bench.record().claim().unwrap().unwrap();
            let published = bench.resume().unwrap().published();
            assert_ne!(Some(published.user), dead.api_user);
            assert_eq!(bench.gateway.users().len(), before.len() + 1, "the dead claim's user was never made");
            assert!(bench.record().retired().contains(&dead.api_user.unwrap()));
            bench.assert_settled();
            assert!(bench.resume().is_none());
        }
    }
}

#[test]
fn after_the_user_or_the_key_resume_makes_a_user_of_its_own() {
    let points = [
        (Point::User, Side::After, 0),
        (Point::Key, Side::Before, 0),
        (Point::Key, Side::After, 1),
        (Point::Token, Side::Before, 1),
        (Point::Token, Side::After, 1),
        (Point::Product, Side::Before, 1),
        (Point::Product, Side::After, 1),
        (Point::Fence, Side::Before, 1),
        (Point::Fence, Side::After, 1),
        (Point::Publish, Side::Before, 1),
    ];
    for start in STARTS {
        for (point, side, keys) in points {
            let bench = killed(start, point, side);
            assert_served_as_before(&bench);
            let dead = bench.record().claim().unwrap().unwrap().api_user.unwrap();
            assert_eq!(bench.gateway.asked(dead), keys, "{point:?} {side:?}");
            let published = bench.resume().unwrap().published();
            assert_ne!(published.user, dead);
            assert_eq!(bench.gateway.asked(dead), keys, "resume asked a key for a user of another run");
            assert_eq!(bench.gateway.asked(published.user), 1);
            assert!(bench.record().retired().contains(&dead));
            bench.assert_settled();
        }
    }
}

#[test]
fn after_the_publication_there_is_nothing_to_do() {
    let points =
        [(Point::Publish, Side::After), (Point::ReadBack, Side::Before), (Point::ReadBack, Side::After)];
    for start in STARTS {
        for (point, side) in points {
            let bench = killed(start, point, side);
            assert!(bench.resume().is_none());
            bench.assert_settled();
        }
    }
}

#[test]
fn a_claim_holds_every_input_so_that_any_machine_can_finish() {
    let bench = Bench::new().with_old().with_secondary().with_provisioning_key();
    bench.stage.kill(Point::Claim, 1, Side::After);
    bench.provision().killed();
    let record = bench.record();
    for (field, value) in bench.inputs.fields() {
        assert!(record.input(field).is_some_and(|input| input.same_as(&value)), "{field}");
    }
    bench.resume().unwrap().published();
    bench.assert_settled();
    assert!(bench.record().get(Field::ProvisioningSubscriptionKey).is_none());
}

#[test]
fn resumes_may_die_too_and_each_leaves_one_user_on_the_list() {
    for start in STARTS {
        let bench = killed(start, Point::Key, Side::After);
        for _ in 0..4 {
            bench.stage.kill(Point::Fence, 1, Side::Before);
            bench.resume().unwrap().killed();
            assert_served_as_before(&bench);
            bench.assert_promises();
        }
        bench.resume().unwrap().published();
        bench.assert_settled();
        let from_runs = bench.record().retired().len() - usize::from(bench.old.is_some());
        assert_eq!(from_runs, 5);
    }
}

#[test]
fn provision_again_converges_like_resume() {
    for start in STARTS {
        for (point, side) in
            [(Point::Claim, Side::After), (Point::Key, Side::After), (Point::Publish, Side::Before)]
        {
            let bench = killed(start, point, side);
            bench.provision().published();
            bench.assert_settled();
        }
    }
}

#[test]
fn a_store_without_holds_has_its_clock_to_tell_that_a_claim_is_dead() {
    use super::bench::LEASE;
    use crate::lifecycle::{Alive, ClaimStanding, Evidence, Takeover, World, judge};
    use momo_cred_backend_testkit::MemoryStore;

    let bench = Bench::on(MemoryStore::new().without_holds()).with_old();
    bench.stage.kill(Point::Key, 1, Side::After);
    bench.provision().killed();
    let here = bench.world(0).owner();
    let standing = || {
        let seen = bench.seen();
        let evidence = Evidence { here: &here, held: false, age: seen.age, takeover: Takeover::OnEvidence };
        judge(&seen.record, evidence)
    };
    bench.store.advance(LEASE * 2);
    assert!(matches!(standing(), ClaimStanding::Live(_, Alive::Young(_))));
    bench.store.advance(std::time::Duration::from_secs(1));
    assert!(matches!(standing(), ClaimStanding::Dead(_)));
    bench.resume().unwrap().published();
    bench.assert_settled();
}
