//! The claim write: refused, lost, or beaten by somebody else's.

use momo_cred_backend_api::{ErrorKind, Op};
use momo_cred_backend_testkit::{Fate, Fault};

use super::bench::{Bench, OLD_USER};
use super::stage::{Point, Side};

#[test]
fn refused_the_gateway_is_not_asked_for_anything() {
    for (kind, code) in [
        (ErrorKind::Conflict, 75),
        (ErrorKind::Denied, 77),
        (ErrorKind::Unavailable, 69),
        (ErrorKind::Unsupported, 78),
        (ErrorKind::Misconfigured, 78),
        (ErrorKind::Corrupt, 65),
        (ErrorKind::Other, 70),
    ] {
        let bench = Bench::new().with_old();
        bench.faults.add(Fault::before(1).of(Op::Write).with(kind));
        let said = bench.provision().code(code);
        assert!(said.contains("the claim was not written"), "{said}");
        assert_eq!(bench.points(), [Point::Preflight]);
        assert_eq!((bench.versions(), bench.gateway.users()), (1, vec![OLD_USER]));
        assert!(bench.resume().is_none());
        bench.provision().published();
        bench.assert_settled();
    }
}

#[test]
fn an_answer_lost_on_the_way_is_resolved_by_the_store_and_there_is_one_claim() {
    for fate in [Fate::LoseAnswer, Fate::LoseRequest] {
        let bench = Bench::new().with_old();
        bench.store.fates([fate]);
        bench.provision().published();
        assert_eq!(bench.points().iter().filter(|point| **point == Point::Claim).count(), 1);
        assert_eq!(bench.versions(), 3);
        bench.assert_settled();
    }
}

#[test]
fn an_answer_lost_for_good_ends_the_run_and_resume_finishes() {
    for bench in [Bench::new(), Bench::new().with_old()] {
        bench.faults.add(Fault::after(1).of(Op::Write));
        let said = bench.provision().code(69);
        assert!(said.contains("may be open all the same") && said.contains("momo-cred resume"), "{said}");
        assert_eq!(
            bench.points(),
            [Point::Preflight, Point::Claim],
            "the gateway was asked, or a second claim made"
        );
        bench.assert_promises();
        bench.resume().unwrap().published();
        bench.assert_settled();
    }
}

#[test]
fn of_two_runs_that_saw_the_same_one_claims() {
    let bench = Bench::on(momo_cred_backend_testkit::MemoryStore::new().without_holds()).with_old();
    let twin = bench.twin();
    bench.stage.at(Point::Claim, 1, Side::Before, move || {
        std::thread::spawn(move || drop(twin.provision().published())).join().unwrap();
    });
    let said = bench.provision().code(75);
    assert!(said.contains("the claim was not written"), "{said}");
    bench.assert_settled();
    assert_eq!(bench.gateway.users().len(), 2, "the loser made a user");
}
