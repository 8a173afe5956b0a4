//! Claims of others: dead ones, old ones brought back, ones that cannot be read; and the list of retired users.

use momo_cred_backend_api::{Document, Secret};
use momo_cred_backend_testkit::Canary;
use uuid::Uuid;

use super::bench::{Bench, FOREIGN, OLD_USER, field};
use super::double::invalid_key;
use super::stage::{Point, Side};
use crate::credential::{Field, RecordState};
use crate::lifecycle::Obtain;
use crate::momo::Step;

const THEIR_USER: Uuid = Uuid::from_u128(0x7e1a_0000_0000_4000_8000_0000_0000_0001);

/// A claim that another machine left, for a user.
fn claim_for(user: Uuid) -> Vec<(&'static str, String)> {
    vec![
        ("pending_id", Uuid::from_u128(0x1d).to_string()),
        ("pending_kind", "new-user".to_owned()),
        ("pending_api_user", user.to_string()),
        ("pending_since", "2026-09-01T00:00:00Z".to_owned()),
        ("pending_owner", "far:boot:1:1:1".to_owned()),
        ("pending_lease", "300".to_owned()),
    ]
}

fn plant(bench: &Bench, fields: impl IntoIterator<Item = (&'static str, String)>) {
    let mut document: Document = bench.store.peek(&bench.name).unwrap_or_default();
    for (name, value) in fields {
        document.insert(field(name), Secret::new(value));
    }
    bench.write(&document);
}

#[test]
fn a_dead_claim_gives_its_user_to_the_list_and_nothing_else() {
    for bench in [Bench::new(), Bench::new().vacant(), Bench::new().with_old()] {
        plant(&bench, claim_for(THEIR_USER));
        let published = bench.provision().published();
        assert_ne!(published.user, THEIR_USER);
        assert!(bench.record().retired().contains(&THEIR_USER));
        assert_eq!(bench.gateway.asked(THEIR_USER), 0);
        bench.assert_settled();
    }
}

#[test]
fn a_dead_claims_inputs_do_not_outlive_a_run_with_others() {
    let bench = Bench::new().with_old();
    let strange = Canary::hex("a dead claim's key").value().to_owned();
    plant(&bench, claim_for(THEIR_USER).into_iter().chain([("pending_subscription_key", strange)]));
    bench.provision().published();
    assert!(bench.record().document().names().all(|name| !name.as_str().starts_with("pending_")));
    bench.assert_settled();
}

#[test]
fn a_claim_brought_back_does_not_harm_the_user_that_it_names_though_it_is_live() {
    // The backup is of the moment between claim and publication; the user that it names was published since, and
    // programs that started meanwhile hold its key.
    let bench = Bench::new().with_old();
    let backup = std::sync::Arc::new(std::sync::Mutex::new(None));
    bench.stage.at(Point::Publish, 1, Side::Before, {
        let (backup, store, name) = (std::sync::Arc::clone(&backup), bench.store.clone(), bench.name.clone());
        move || *backup.lock().unwrap() = store.peek(&name)
    });
    let live = bench.provision().published();
    let key = live.record.get(Field::ApiKey).unwrap().clone();
    bench.write(backup.lock().unwrap().as_ref().unwrap());
    let published = bench.resume().unwrap().published();
    assert_ne!(published.user, live.user);
    assert!(bench.gateway.authenticates(live.user, &key), "the live key was killed");
    assert_eq!(bench.gateway.asked(live.user), 1);
    bench.assert_settled();
}

#[test]
fn a_stale_editor_buffer_with_the_claim_of_the_published_user_does_not_retire_it() {
    let bench = Bench::new().with_old();
    plant(&bench, claim_for(OLD_USER));
    bench.gateway.refuse(Point::User, Side::Before, invalid_key(Step::CreateUser));
    bench.provision().code(77);
    let record = bench.record();
    assert_eq!((record.api_user(), record.claim()), (Ok(Some(OLD_USER)), Ok(None)));
    assert!(!record.retired().contains(&OLD_USER), "the user in use would be revoked");

    plant(&bench, claim_for(OLD_USER));
    bench.stage.kill(Point::User, 1, Side::After);
    bench.provision().killed();
    assert!(!bench.record().retired().contains(&OLD_USER), "the user in use would be revoked");
    bench.provision().published();
    assert!(bench.record().retired().contains(&OLD_USER));
    bench.assert_settled();
}

#[test]
fn a_claim_that_cannot_be_read_is_never_taken_over() {
    let import = || Obtain::Imported { user: OLD_USER, api_key: Canary::hex("old api key").secret() };
    for (name, value) in [
        ("pending_flavour", "sweet"),
        ("pending_kind", "teleport"),
        ("pending_phase", "swapped"),
        ("pending_lease", "long"),
        ("pending_id", "not one"),
        ("pending_api_user", "nobody"),
    ] {
        for obtain in [Obtain::NewUser, import()] {
            let bench = Bench::new().with_old();
            plant(&bench, claim_for(THEIR_USER).into_iter().chain([(name, value.to_owned())]));
            let versions = bench.versions();
            let said = bench.run(bench.seen(), bench.inputs.clone(), obtain).code(75);
            assert!(said.contains("nothing was changed"), "{said}");
            assert_eq!((bench.versions(), bench.points()), (versions, vec![]));
        }
    }
}

#[test]
fn a_record_of_a_newer_layout_is_not_written() {
    let import = || Obtain::Imported { user: OLD_USER, api_key: Canary::hex("old api key").secret() };
    for claim in [vec![], claim_for(THEIR_USER)] {
        for obtain in [Obtain::NewUser, import()] {
            let bench = Bench::new().with_old();
            plant(&bench, claim.clone().into_iter().chain([("schema", "2".to_owned())]));
            let versions = bench.versions();
            let said = bench.run(bench.seen(), bench.inputs.clone(), obtain).code(78);
            assert!(said.contains("upgrade"), "{said}");
            assert_eq!((bench.versions(), bench.points()), (versions, vec![]));
        }
    }
}

#[test]
fn the_list_keeps_the_last_sixteen() {
    let bench = Bench::new().with_old();
    let earlier: Vec<Uuid> = (0..20).map(|n| Uuid::from_u128(0x5000 + n)).collect();
    let list: Vec<_> = earlier.iter().map(Uuid::to_string).collect();
    plant(&bench, [("retired_api_users", list.join(","))]);
    bench.stage.kill(Point::User, 1, Side::After);
    bench.provision().killed();
    let dead = bench.record().claim().unwrap().unwrap().api_user.unwrap();
    bench.resume().unwrap().published();
    let retired = bench.record().retired();
    assert_eq!(retired.len(), 16);
    assert_eq!(retired[..14], earlier[6..]);
    assert_eq!(retired[14..], [dead, OLD_USER]);
    bench.assert_settled();
}

#[test]
fn a_user_that_is_published_again_leaves_the_list() {
    let bench = Bench::new().with_old();
    plant(&bench, [("retired_api_users", format!("{THEIR_USER},{}", Uuid::from_u128(0x66)))]);
    let key = Canary::hex("their api key");
    bench.gateway.put(THEIR_USER, &key);
    bench.obtain(Obtain::Imported { user: THEIR_USER, api_key: key.secret() }).published();
    assert_eq!(bench.record().retired(), [Uuid::from_u128(0x66), OLD_USER]);
    bench.assert_settled();
}

#[test]
fn what_an_aborted_run_left_in_a_vacant_record_does_not_mix_with_the_next() {
    let bench = Bench::new().vacant();
    plant(
        &bench,
        [
            ("subscription_key", Canary::hex("another key").value().to_owned()),
            ("subscription_key_secondary", Canary::hex("another secondary").value().to_owned()),
        ],
    );
    assert_eq!(bench.record().state(), RecordState::Vacant);
    bench.stage.kill(Point::Key, 1, Side::After);
    bench.provision().killed();
    bench.resume().unwrap().published();
    let record = bench.record();
    assert!(record.get(Field::SubscriptionKeySecondary).is_none(), "a mixture of two pairs");
    assert!(record.document().get(FOREIGN).is_some());
    bench.assert_settled();
}
