//! Who may be asked for a new key by a revocation, and what a run says that came too late.

use momo_cred_backend_api::{At, Backend as _, Expect, Lookup, Secret};
use momo_cred_backend_testkit::{Canary, MemoryStore};
use uuid::Uuid;

use super::bench::{Bench, OLD_USER, now};
use super::revoking::{STRANGER, failed, fates, known, old, old_key, revoke, rotated, run, settled};
use super::stage::{Point, Side};
use crate::credential::{ClaimKind, Field, Layout, Record};
use crate::lifecycle::{By, Fate, Home, RevocationEnd, RevocationPlan, Target, Witness, aborted};

/// A record whose credential was replaced, in a store without a lock: there others get in between.
fn open_to_others() -> Bench {
    let bench = Bench::on(MemoryStore::new().without_holds()).with_old();
    bench.provision().published();
    bench
}

/// Somebody writes the record at a moment of the run.
fn meanwhile(bench: &Bench, moment: (Point, usize), write: impl FnOnce(&mut Record) + Send + 'static) {
    let (store, name) = (bench.store.clone(), bench.name.clone());
    bench.stage.at(moment.0, moment.1, Side::Before, move || {
        let handle = store.handle();
        let Lookup::Found(stored) = now(handle.read(&name, &At::Current)).unwrap() else {
            panic!("there is a record")
        };
        let mut record = Record::new(stored.document, Layout::default());
        write(&mut record);
        now(handle.write(&name, record.document(), &Expect::Revision(stored.revision))).unwrap();
    });
}

/// Takes the claim over by force, and puts an earlier credential back.
fn put_back(user: Uuid, key: Secret) -> impl FnOnce(&mut Record) + Send + 'static {
    move |record| {
        *record = aborted(record.clone());
        record.set_text(Field::ApiUser, user.to_string());
        record.set(Field::ApiKey, key);
    }
}

#[test]
fn the_user_in_use_is_never_asked_for() {
    let bench = rotated();
    let user = bench.record().api_user().unwrap().unwrap();
    let _ = failed(revoke(&bench, vec![known(user, &[])]), 70);
    assert_eq!((bench.points(), bench.gateway.asked(user)), (vec![], 1));
}

#[test]
fn a_user_that_was_put_back_is_not_asked_for() {
    let bench = open_to_others();
    meanwhile(&bench, (Point::Fence, 1), put_back(OLD_USER, old_key().secret()));
    let said = failed(revoke(&bench, vec![old()]), 75);
    assert!(said.contains("somebody else took over") && !said.contains("may be dead"), "{said}");
    assert_eq!(bench.gateway.asked(OLD_USER), 0);
    // Nor the second of two.
    let bench = open_to_others();
    bench.gateway.put(STRANGER, &Canary::hex("key of a stranger"));
    let mut record = bench.record();
    record.retire(STRANGER);
    bench.write(record.document());
    meanwhile(&bench, (Point::Fence, 2), put_back(OLD_USER, old_key().secret()));
    let said = failed(revoke(&bench, vec![known(STRANGER, &[]), old()]), 75);
    assert!(!said.contains("may be dead"), "{said}");
    assert_eq!((bench.gateway.asked(STRANGER), bench.gateway.asked(OLD_USER)), (1, 0));
}

#[test]
fn a_user_that_is_in_use_again_beside_our_claim_is_not_asked_for() {
    let bench = open_to_others();
    meanwhile(&bench, (Point::Fence, 1), |record| {
        record.set_text(Field::ApiUser, OLD_USER.to_string());
        record.set(Field::ApiKey, old_key().secret());
    });
    let said = failed(revoke(&bench, vec![old()]), 75);
    assert!(said.contains("is in use again"), "{said}");
    assert_eq!(bench.gateway.asked(OLD_USER), 0);
}

/// Between that look and the gateway's answer nobody can look.
#[test]
fn a_user_that_was_put_back_too_late_is_told_of_loudly() {
    let bench = open_to_others();
    meanwhile(&bench, (Point::Key, 1), put_back(OLD_USER, old_key().secret()));
    let (seen, inputs) = (bench.seen(), bench.inputs.clone());
    let (product, subscription_key) = (inputs.product, inputs.subscription_key.clone());
    let witness = Witness::InUse { product, subscription_key };
    let (targets, by) = (vec![old()], By::NewKey);
    let end = bench.process(&bench.gateway, async |driver, seeds, watch| {
        driver.revoke(RevocationPlan { seen, inputs, witness, targets, only: None, by, seeds }, watch).await
    });
    let Some(RevocationEnd::Failed(error)) = end else { panic!("{end:?}") };
    assert_eq!(error.kind().exit_code(), 75);
    assert!(
        error.what().contains(&format!("the credential in use may be dead: API user {OLD_USER}")),
        "{error}"
    );
    let next = error.next_steps().join(" ");
    assert!(next.contains("`momo-cred verify`") && next.contains("`momo-cred rotate`"), "{next}");
}

#[test]
fn a_store_that_lags_behind_the_claim_is_read_again() {
    let bench = rotated();
    let stored = now(bench.store.handle().read(&bench.name, &At::Current)).unwrap();
    bench.stage.fence(stored);
    assert_eq!(fates(&settled(revoke(&bench, vec![old()]))), [Fate::Dead]);
}

/// A gateway that does not know a user may be wrong; a key that it takes shows so.
#[test]
fn a_user_that_is_said_to_be_unknown_is_tried_all_the_same() {
    use super::double::answered;
    use crate::momo::{Diagnosis, Shape, Step};
    let unknown = || answered(Step::CreateKey, 404, Shape::Gateway, Diagnosis::UnknownUser);
    for home in [Home::Here, Home::Unsaid] {
        let target = || Target { home, ..old() };
        let bench = rotated();
        bench.gateway.refuse(Point::Key, Side::Before, unknown());
        assert_eq!(fates(&settled(revoke(&bench, vec![target()]))), [Fate::Alive]);
        assert_eq!(bench.record().retired(), [OLD_USER]);
        // Both say that it is gone.
        let bench = rotated();
        bench.gateway.put(OLD_USER, &Canary::hex("another key"));
        bench.gateway.refuse(Point::Key, Side::Before, unknown());
        let fate = if home == Home::Here { Fate::Unknown } else { Fate::Dead };
        assert_eq!(fates(&settled(revoke(&bench, vec![target()]))), [fate]);
        assert!(bench.record().retired().is_empty());
    }
}

/// Nothing is claimed in production, and a dead claim of before is closed.
#[test]
fn a_dead_claim_is_closed_where_a_person_has_revoked() {
    for done in [true, false] {
        let bench = rotated();
        bench.stage.kill(Point::Key, 1, Side::Before);
        assert!(revoke(&bench, vec![old()]).is_none());
        assert_eq!(bench.record().claim().unwrap().unwrap().kind, ClaimKind::Revoke);
        if done {
            bench.gateway.put(OLD_USER, &Canary::hex("another key"));
        }
        let fate = if done { Fate::Dead } else { Fate::Alive };
        assert_eq!(fates(&settled(run(&bench, vec![old()], None, By::Portal))), [fate]);
        assert_eq!(bench.record().claim(), Ok(None));
        assert_eq!(bench.record().retired().is_empty(), done);
    }
}
