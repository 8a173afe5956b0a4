//! Who may have been at the record between claim and publication, and the time that a claim lasts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use momo_cred_backend_api::{At, Backend, ErrorKind, Expect, Lookup, Op, Removal, Secret};
use momo_cred_backend_testkit::{Fault, MemoryStore};
use uuid::Uuid;

use super::bench::{Bench, FOREIGN, LEASE, OLD_USER, field, now};
use super::stage::{Did, Point, Side};
use crate::credential::Field;

/// The moments between the claim and the publication at which somebody may come.
const MOMENTS: [(Point, Side); 7] = [
    (Point::User, Side::Before),
    (Point::User, Side::After),
    (Point::Key, Side::After),
    (Point::Token, Side::After),
    (Point::Product, Side::After),
    (Point::Fence, Side::Before),
    (Point::Fence, Side::After),
];

/// Plants a field in the middle of the run.
fn plant(bench: &Bench, (point, side): (Point, Side), nth: usize, name: &'static str, value: &str) {
    let (store, record, value) = (bench.store.clone(), bench.name.clone(), Secret::from(value));
    bench.stage.at(point, nth, side, move || store.plant(&record, field(name), value));
}

fn starts() -> [Bench; 2] {
    [Bench::new().vacant(), Bench::new().with_old()]
}

/// The user of the last claim that a run has stored.
fn claimed_by(bench: &Bench, run: u32) -> Uuid {
    let claim = |entry: super::stage::Entry| match entry.did {
        Did::Stored(Point::Claim, record) if entry.run == run => record.claim().unwrap()?.api_user,
        _ => None,
    };
    bench.stage.log().into_iter().filter_map(claim).next_back().unwrap()
}

#[test]
fn an_edit_of_anothers_field_is_kept_and_the_run_goes_on() {
    for moment in MOMENTS {
        for bench in starts() {
            plant(&bench, moment, 1, FOREIGN, "edited");
            bench.provision().published();
            let record = bench.record();
            assert!(
                record.document().get(FOREIGN).unwrap().same_as(&"edited".into()),
                "{moment:?}: the edit is lost"
            );
            bench.assert_settled();
        }
    }
}

#[test]
fn three_edits_beside_a_publication_are_met_and_a_fourth_ends_the_run() {
    for edits in 1..=4 {
        let bench = Bench::new().with_old();
        for nth in 1..=edits {
            plant(&bench, (Point::Publish, Side::Before), nth, FOREIGN, &format!("edit {nth}"));
        }
        let ended = bench.provision();
        assert_eq!(bench.gateway.users().len(), 2);
        if edits < 4 {
            ended.published();
        } else {
            let said = ended.code(75);
            assert!(said.contains("momo-cred resume"), "{said}");
            bench.assert_promises();
            bench.resume().unwrap().published();
        }
        let note = bench.record().document().get(FOREIGN).unwrap().clone();
        assert!(note.same_as(&format!("edit {edits}").into()));
        bench.assert_settled();
    }
}

/// A store that is eventually consistent may show for a while what was there before the claim.
#[test]
fn a_view_from_before_the_claim_is_waited_for_and_not_taken_for_somebody_else() {
    for times in 1..=4 {
        for bench in [Bench::new(), Bench::new().with_old()] {
            for _ in 0..times {
                bench.stage.fence(now(bench.store.handle().read(&bench.name, &At::Current)).unwrap());
            }
            let ended = bench.provision();
            if times < 4 {
                ended.published();
                bench.assert_settled();
            } else {
                // For good it is what somebody put back.
                let said = ended.code(75);
                assert!(said.contains("our claim is not in it") || said.contains("vanished"), "{said}");
                bench.assert_promises();
            }
        }
    }
}

#[test]
fn an_edit_of_the_credential_stops_the_run() {
    for (name, value) in [
        ("subscription_key", "99999999999999999999999999999999"),
        ("api_user", "99999999-9999-4999-8999-999999999999"),
        ("api_key", "99999999999999999999999999999999"),
        ("product", "disbursement"),
        ("target_environment", "mtnuganda"),
        ("base_url", "https://proxy.momoapi.mtn.com"),
        ("callback_host", "else.example.com"),
        ("schema", "2"),
    ] {
        for moment in
            [(Point::Key, Side::After), (Point::Fence, Side::Before), (Point::Publish, Side::Before)]
        {
            let bench = Bench::new().with_old();
            plant(&bench, moment, 1, name, value);
            let said = bench.provision().code(75);
            let orphan = claimed_by(&bench, bench.last_run());
            assert!(said.contains(&orphan.to_string()), "{said}");
            assert!(bench.record().document().get(name).unwrap().same_as(&value.into()), "the edit is lost");
            assert!(
                !bench.stage.log().iter().any(|entry| matches!(entry.did, Did::Stored(Point::Publish, _)))
            );
            bench.assert_promises();
        }
    }
}

#[test]
fn a_claim_that_is_not_ours_any_more_stops_the_run_and_stays() {
    let theirs = Uuid::from_u128(0x77);
    for moment in MOMENTS {
        for bench in starts() {
            plant(&bench, moment, 1, "pending_id", &theirs.to_string());
            let said = bench.provision().code(75);
            assert!(said.contains("somebody else took over") && said.contains("new-user claim"), "{said}");
            assert!(
                said.contains(&claimed_by(&bench, bench.last_run()).to_string()),
                "the orphan is not named: {said}"
            );
            assert_eq!(bench.record().claim().unwrap().unwrap().id, theirs);
            bench.assert_promises();
        }
    }
}

#[test]
fn a_claim_of_a_newer_program_in_its_place_stops_the_run_and_stays() {
    for bench in starts() {
        plant(&bench, (Point::Fence, Side::Before), 1, "pending_flavour", "sweet");
        bench.provision().code(75);
        assert!(bench.record().claim().is_err());
        bench.assert_promises();
    }
}

/// Removes the record in the middle of the run, whoever holds it.
fn removing(removal: Removal) -> Bench {
    let bench = Bench::on(MemoryStore::new().without_holds()).with_old();
    let (store, name) = (bench.store.clone(), bench.name.clone());
    bench.stage.at(Point::Fence, 1, Side::Before, move || {
        let handle = store.handle();
        let Lookup::Found(stored) = now(handle.read(&name, &At::Current)).unwrap() else {
            panic!("there is a record")
        };
        now(handle.remove(&name, &stored.revision, removal)).unwrap();
    });
    bench
}

#[test]
fn a_record_removed_meanwhile_is_not_brought_back() {
    for (removal, next) in [(Removal::Recoverable, "undelete"), (Removal::Destroy, "find out who removed it")]
    {
        let bench = removing(removal);
        let said = bench.provision().code(75);
        let orphan = claimed_by(&bench, bench.last_run());
        assert!(said.contains(next) && said.contains(&orphan.to_string()), "{said}");
        assert!(bench.store.peek(&bench.name).is_none());
        bench.assert_promises();
        if removal == Removal::Recoverable {
            bench.store.undelete(&bench.name);
            bench.store.advance(LEASE * 3);
            bench.resume().unwrap().published();
            bench.assert_settled();
        }
    }
}

#[test]
fn a_read_that_fails_once_is_made_again_and_one_that_is_refused_ends_the_run() {
    let bench = Bench::new().with_old();
    bench.faults.add(Fault::before(1).of(Op::Read));
    bench.provision().published();
    bench.assert_settled();

    for (kind, code) in [(ErrorKind::Denied, 77), (ErrorKind::Corrupt, 65)] {
        let bench = Bench::new().with_old();
        bench.faults.add(Fault::before(1).of(Op::Read).with(kind));
        let said = bench.provision().code(code);
        assert!(said.contains("momo-cred resume"), "{said}");
        bench.assert_promises();
        bench.resume().unwrap().published();
        bench.assert_settled();
    }
}

/// A second machine finishes while the first is stopped for three leases. `notices`: the first one's clock ran on.
fn stopped_for_three_leases(moment: (Point, Side), notices: bool) {
    let bench = Bench::on(MemoryStore::new().without_holds()).with_old();
    let (twin, clock) = (bench.twin(), Arc::clone(&bench.clock));
    let winner: Arc<Mutex<Option<Uuid>>> = Arc::default();
    let won = Arc::clone(&winner);
    bench.stage.at(moment.0, 1, moment.1, move || {
        twin.store.advance(LEASE * 3);
        if notices {
            *clock.lock().unwrap() += LEASE * 3;
        }
        let run = move || twin.resume().unwrap().published().user;
        *won.lock().unwrap() = Some(std::thread::spawn(run).join().unwrap());
    });
    // Its clock is looked at before the key and before the publication; elsewhere the fence comes first.
    let clock_comes_first = matches!(moment, (Point::User, _) | (Point::Fence, Side::After));
    let said = bench.provision().code(if notices && clock_comes_first { 69 } else { 75 });
    assert_eq!(
        bench.record().api_user(),
        Ok(*winner.lock().unwrap()),
        "the winner's credential is gone: {said}"
    );
    // The loser's user was moved to the list by the take-over.
    bench.assert_settled();
}

#[test]
fn an_owner_stopped_for_three_leases_publishes_nothing_over_its_successor() {
    for moment in MOMENTS.into_iter().chain([(Point::Publish, Side::Before)]) {
        stopped_for_three_leases(moment, false);
        stopped_for_three_leases(moment, true);
    }
}

#[test]
fn a_lease_that_has_passed_asks_for_no_key_and_publishes_nothing() {
    for (moment, keys) in [((Point::User, Side::After), 0), ((Point::Fence, Side::After), 1)] {
        for (late, ends) in [(LEASE, false), (LEASE + Duration::from_millis(1), true)] {
            let bench = Bench::new().with_old();
            let clock = Arc::clone(&bench.clock);
            bench.stage.at(moment.0, 1, moment.1, move || *clock.lock().unwrap() += late);
            let ended = bench.provision();
            if !ends {
                ended.published();
                bench.assert_settled();
                continue;
            }
            let said = ended.code(69);
            assert!(said.contains("momo-cred resume"), "{said}");
            let user = bench.gateway.users().into_iter().find(|user| *user != OLD_USER).unwrap();
            assert_eq!(bench.gateway.asked(user), keys);
            assert!(bench.record().same_credential(bench.old.as_ref().unwrap()));
            bench.assert_promises();
            bench.resume().unwrap().published();
            bench.assert_settled();
        }
    }
}

#[test]
fn a_second_claim_has_a_lease_of_its_own() {
    let bench = Bench::new().with_provisioning_key();
    bench.gateway.bind_provisioning_users_to_nothing();
    for point in [Point::Product, Point::User] {
        let clock = Arc::clone(&bench.clock);
        bench.stage.at(point, 1, Side::After, move || *clock.lock().unwrap() += LEASE * 2 / 3);
    }
    bench.provision().published();
    bench.assert_settled();
}

#[test]
fn a_revision_that_comes_back_is_no_fence() {
    // The same document again as a new version: what a restored backup of the claim's own moment looks like.
    let bench = Bench::on(MemoryStore::new().without_holds()).with_old();
    let (store, name) = (bench.store.clone(), bench.name.clone());
    bench.stage.at(Point::Fence, 1, Side::After, move || {
        let document = store.peek(&name).unwrap();
        let handle = store.handle();
        let Lookup::Found(stored) = now(handle.read(&name, &At::Current)).unwrap() else {
            panic!("there is a record")
        };
        now(handle.write(&name, &document, &Expect::Revision(stored.revision))).unwrap();
    });
    bench.provision().published();
    assert!(bench.record().get(Field::ApiKey).is_some());
    bench.assert_settled();
}
