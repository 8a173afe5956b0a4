//! The publication and its read-back.

use momo_cred_backend_api::{At, Backend, ErrorKind, Lookup, Op, Revision, Secret, Stored};
use momo_cred_backend_testkit::{Fate, Fault};

use super::bench::{Bench, field, now};
use super::stage::{Point, Side};
use crate::credential::Field;
use crate::lifecycle::Check;

fn starts() -> [Bench; 2] {
    [Bench::new().vacant(), Bench::new().with_old()]
}

#[test]
fn failures_that_pass_are_met_with_the_key_in_memory() {
    for (failures, bench) in [1, 3].into_iter().zip(starts()) {
        (0..failures).for_each(|n| bench.faults.add(Fault::before(2 + n).of(Op::Write)));
        let published = bench.provision().published();
        assert_eq!(bench.gateway.asked(published.user), 1, "a second key was asked for");
        bench.assert_settled();
    }
}

#[test]
fn failures_that_stay_drop_the_key_and_leave_the_claim() {
    for (kind, failures, code) in [
        (ErrorKind::Unavailable, 4, 69),
        (ErrorKind::Conflict, 4, 75),
        (ErrorKind::Denied, 1, 77),
        (ErrorKind::Misconfigured, 1, 78),
        (ErrorKind::Other, 1, 70),
    ] {
        let bench = Bench::new().with_old();
        (0..failures).for_each(|n| bench.faults.add(Fault::before(2 + n).of(Op::Write).with(kind)));
        let said = bench.provision().code(code);
        assert!(said.contains("momo-cred resume") && said.contains("nothing is lost"), "{said}");
        bench.assert_promises();
        bench.assert_listed(&bench.record(), &[]);
        bench.resume().unwrap().published();
        bench.assert_settled();
    }
}

#[test]
fn an_answer_lost_on_the_way_is_resolved_by_the_store() {
    for fate in [Fate::LoseAnswer, Fate::LoseRequest] {
        for bench in starts() {
            bench.stage.at(Point::Publish, 1, Side::Before, {
                let store = bench.store.clone();
                move || store.fates([fate])
            });
            bench.provision().published();
            bench.assert_settled();
        }
    }
}

/// The store took it, its answer was lost, and nothing can be read any more: that nothing was published would be a lie.
#[test]
fn an_answer_lost_before_reads_fail_leaves_open_whether_it_is_published() {
    for (kind, reads, code) in [(ErrorKind::Unavailable, 2..6, 69), (ErrorKind::Denied, 2..3, 77)] {
        let bench = Bench::new().with_old();
        bench.faults.add(Fault::after(2).of(Op::Write));
        reads.for_each(|n| bench.faults.add(Fault::before(n).of(Op::Read).with(kind)));
        let said = bench.provision().code(code);
        assert!(said.contains("may have been published all the same"), "{said}");
        assert!(!said.contains("nothing is lost") && said.contains("momo-cred status"), "{said}");
        bench.assert_settled();
    }
}

#[test]
fn an_answer_lost_for_good_is_resolved_by_reading() {
    for bench in starts() {
        bench.faults.add(Fault::after(2).of(Op::Write));
        let published = bench.provision().published();
        assert_eq!(
            bench.points().iter().filter(|point| **point == Point::Publish).count(),
            1,
            "published twice"
        );
        assert_eq!(bench.record().api_user(), Ok(Some(published.user)));
        bench.assert_settled();
    }
}

#[test]
fn an_answer_lost_and_a_read_that_fails_once_are_resolved_too() {
    for bench in starts() {
        bench.faults.add(Fault::after(2).of(Op::Write));
        bench.faults.add(Fault::before(2).of(Op::Read));
        bench.provision().published();
        bench.assert_settled();
    }
}

#[test]
fn an_answer_lost_and_a_successors_claim_after_it_are_no_failure() {
    for bench in starts() {
        bench.faults.add(Fault::after(2).of(Op::Write));
        let twin = bench.twin();
        // The next rotator claims right after our publication: its claim is in what the fence reads.
        let document = std::sync::Arc::new(std::sync::Mutex::new(None));
        let put = std::sync::Arc::clone(&document);
        bench.stage.at(Point::Fence, 2, Side::Before, move || {
            let id = uuid::Uuid::from_u128(0x99).to_string();
            for (name, value) in [
                ("pending_id", id.as_str()),
                ("pending_kind", "new-user"),
                ("pending_since", "2026-09-01T00:00:00Z"),
                ("pending_owner", "far:boot:1:1:1"),
                ("pending_lease", "300"),
            ] {
                twin.store.plant(&twin.name, field(name), Secret::from(value));
            }
            *put.lock().unwrap() = twin.store.peek(&twin.name);
        });
        bench.provision().published();
        assert!(bench.store.peek(&bench.name).unwrap().same_as(document.lock().unwrap().as_ref().unwrap()));
        bench.assert_promises();
    }
}

#[test]
fn an_answer_lost_at_the_last_attempt_is_not_called_a_failure_to_publish() {
    let bench = Bench::new().with_old();
    (2..5).for_each(|n| bench.faults.add(Fault::before(n).of(Op::Write)));
    bench.faults.add(Fault::after(5).of(Op::Write));
    let said = bench.provision().code(69);
    assert!(said.contains("may have been published") && !said.contains("the claim stays open"), "{said}");
    assert!(bench.resume().is_none());
    bench.assert_settled();
}

#[test]
fn read_back_waits_for_a_store_that_is_late() {
    for bench in starts() {
        bench.stage.read_back(Lookup::Missing);
        bench.stage.read_back(Lookup::Missing);
        bench.provision().published();
        bench.assert_settled();
    }
}

#[test]
fn something_foreign_at_our_revision_is_loud_and_nothing_is_fixed() {
    for bench in starts() {
        let mut document = bench.store.peek(&bench.name).unwrap();
        document.insert(field("api_key"), "88888888888888888888888888888888".into());
        let stored = Stored { document, revision: Revision::new("other"), age: None };
        for answer in [Lookup::Found(stored), Lookup::Deleted { revision: Revision::new("other") }] {
            let versions = bench.versions();
            bench.stage.read_back(answer);
            let said = bench.provision().code(65);
            assert!(said.contains("momo-cred status"), "{said}");
            assert_eq!(bench.versions(), versions + 2, "something was written after the publication");
        }
        bench.assert_settled();
    }
}

#[test]
fn a_read_back_that_fails_says_that_the_credential_is_published() {
    for (kind, code) in [(ErrorKind::Unavailable, 69), (ErrorKind::Denied, 77)] {
        let bench = Bench::new().with_old();
        bench.faults.add(Fault::before(2).of(Op::Read).with(kind));
        let said = bench.provision().code(code);
        assert!(said.contains("was published as revision") && said.contains("momo-cred verify"), "{said}");
        assert!(bench.resume().is_none());
        bench.assert_settled();
    }
}

/// Without history, only the current revision can be read: it tells whether somebody wrote since.
#[test]
fn where_there_is_no_history_the_current_record_is_read_back() {
    let bench = Bench::new().with_old();
    bench.faults.add(Fault::before(2).of(Op::Read).with(ErrorKind::Unsupported));
    let _ = bench.provision().published();
    bench.assert_settled();
}

#[test]
fn a_successor_that_has_claimed_already_does_not_disturb_the_read_back() {
    let bench = Bench::new().with_old();
    let (store, name) = (bench.store.clone(), bench.name.clone());
    bench.stage.at(Point::ReadBack, 1, Side::Before, move || {
        store.plant(&name, field("pending_id"), Secret::from("somebody"));
    });
    let published = bench.provision().published();
    assert!(published.record.claim().unwrap().is_none());
    let lookup = now(bench.store.handle().read(&bench.name, &At::Revision(published.revision))).unwrap();
    assert!(matches!(lookup, Lookup::Found(stored) if stored.document.same_as(published.record.document())));
}

#[test]
fn nothing_of_the_credential_before_is_left_in_the_new_one() {
    let bench = Bench::new().with_old();
    bench.provision().published();
    let record = bench.record();
    assert!(
        record.get(Field::SubscriptionKeySecondary).is_none(),
        "the old pair's secondary stands beside a new key"
    );
    assert_eq!(record.text(Field::CallbackHost), Some("pay.example.com"));
    bench.assert_settled();
}

#[test]
fn a_secondary_stays_with_the_primary_it_belongs_to() {
    let mut bench = Bench::new().with_secondary();
    bench.provision().published();
    bench.assert_settled();
    bench.stage.kill(Point::Key, 1, Side::After);
    bench.provision().killed();
    bench.resume().unwrap().published();
    bench.assert_settled();
    bench.inputs.secondary = None;
    let old = bench.record();
    bench.provision().published();
    let (before, after) = (old.get(Field::SubscriptionKeySecondary), bench.record());
    assert!(
        before.unwrap().same_as(after.get(Field::SubscriptionKeySecondary).unwrap()),
        "same primary, lost secondary"
    );
}

#[test]
fn without_the_check_the_rest_is_the_same() {
    for mut bench in starts() {
        bench.check = Check::Skipped;
        let published = bench.provision().published();
        assert!(!published.verified && !bench.points().contains(&Point::Token));
        bench.assert_settled();
    }
}
