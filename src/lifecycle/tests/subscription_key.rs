//! Another subscription key, in two publications: what is served at each moment, and that every death is gone on from.

use momo_cred_backend_api::{Op, Secret};
use momo_cred_backend_testkit::{Canary, Fault};
use uuid::Uuid;

use super::bench::{Bench, Ended, field};
use super::double::{invalid_key, outage, subscription_key};
use super::stage::{Did, Point, Side, each};
use crate::credential::{Claim, ClaimKind, Field, Phase, Record};
use crate::lifecycle::{
    Alive, ClaimStanding, Evidence, Inputs, KeyRole, Leg, Obtain, Takeover, World, aborted, judge,
};
use crate::momo::Step;

/// A credential whose record has both keys.
fn made() -> (Bench, Uuid) {
    let bench = Bench::new().vacant().with_secondary();
    let user = bench.provision().published().user;
    (bench, user)
}

fn phase(record: &Record) -> Option<Phase> {
    record.claim().unwrap().and_then(|claim| claim.kind.phase())
}

fn key(record: &Record, field: Field) -> Secret {
    record.get(field).unwrap().clone()
}

fn user_and_key(record: &Record) -> (Uuid, Secret) {
    (record.api_user().unwrap().unwrap(), key(record, Field::ApiKey))
}

fn swap(bench: &Bench) -> Ended {
    let seen = bench.seen();
    let (user, api_key) = user_and_key(&seen.record);
    let inputs = Inputs {
        subscription_key: subscription_key(KeyRole::Secondary).secret(),
        secondary: Some(subscription_key(KeyRole::Primary).secret()),
        ..bench.inputs.clone()
    };
    bench.run(seen, inputs, Obtain::Kept { user, api_key, leg: Leg::Swap })
}

fn complete(bench: &Bench, new: &Canary) -> Ended {
    let seen = bench.seen();
    let (user, api_key) = user_and_key(&seen.record);
    let secondary = Some(key(&seen.record, Field::SubscriptionKey));
    let inputs = Inputs { subscription_key: new.secret(), secondary, ..bench.inputs.clone() };
    bench.run(seen, inputs, Obtain::Kept { user, api_key, leg: Leg::Completion })
}

/// What `resume` does, once the portal has made the new key.
fn go_on(bench: &Bench, new: &Canary) -> Ended {
    let seen = bench.seen();
    match phase(&seen.record).expect("a claim is open") {
        Phase::Moving => {
            let input = |field| seen.record.input(field).cloned();
            let inputs = Inputs {
                subscription_key: input(Field::SubscriptionKey).unwrap(),
                secondary: input(Field::SubscriptionKeySecondary),
                ..bench.inputs.clone()
            };
            bench.run(seen, inputs, Obtain::Moved { leg: Leg::Swap })
        }
        Phase::Swapped => complete(bench, new),
        Phase::Regenerated => {
            let kept = seen.record.input(Field::SubscriptionKey).unwrap();
            assert!(kept.same_as(&new.secret()), "what was typed is lost");
            complete(bench, new)
        }
    }
}

/// What is served works.
#[track_caller]
fn assert_serves(bench: &Bench) {
    let record = bench.record();
    let (user, api_key) = user_and_key(&record);
    let served = key(&record, Field::SubscriptionKey);
    assert!(bench.gateway.serves(&served, user, &api_key), "what is served does not work");
}

/// The secondary serves, the primary stands beside it, and the claim waits.
#[track_caller]
fn assert_swapped(bench: &Bench) {
    let record = bench.record();
    assert_eq!(phase(&record), Some(Phase::Swapped));
    assert!(key(&record, Field::SubscriptionKey).same_as(&subscription_key(KeyRole::Secondary).secret()));
    let primary = subscription_key(KeyRole::Primary).secret();
    assert!(key(&record, Field::SubscriptionKeySecondary).same_as(&primary));
    assert!(Field::ALL.into_iter().all(|field| record.document().get(&field.pending()).is_none()));
    assert_serves(bench);
}

/// The regenerated key serves, the other stands beside it, and no claim is open.
#[track_caller]
fn assert_completed(bench: &Bench, new: &Canary) {
    let record = bench.record();
    assert_eq!(record.claim(), Ok(None));
    assert!(key(&record, Field::SubscriptionKey).same_as(&new.secret()));
    let secondary = subscription_key(KeyRole::Secondary).secret();
    assert!(key(&record, Field::SubscriptionKeySecondary).same_as(&secondary));
    assert_serves(bench);
}

#[test]
fn user_key_and_age_stay_and_each_half_is_what_its_writes_say() {
    let (bench, user) = made();
    let before = bench.record();
    let versions = bench.versions();
    swap(&bench).published();
    assert_eq!(bench.versions(), versions + 1, "claim and swap are one write");
    assert_swapped(&bench);
    let new = bench.gateway.regenerate();
    complete(&bench, &new).published();
    assert_eq!(bench.versions(), versions + 3, "the key is kept, then published");
    assert_completed(&bench, &new);
    let after = bench.record();
    assert_eq!(user_and_key(&after).0, user);
    assert!(key(&after, Field::ApiKey).same_as(&key(&before, Field::ApiKey)));
    assert_eq!(after.text(Field::IssuedAt), before.text(Field::IssuedAt));
    assert_eq!((bench.gateway.users(), bench.gateway.asked(user)), (vec![user], 1));
}

const SWAPPING: [(Point, Side); 7] = [
    (Point::Token, Side::Before),
    (Point::Product, Side::After),
    (Point::Publish, Side::Before),
    (Point::Publish, Side::After),
    (Point::ReadBack, Side::Before),
    (Point::ReadBack, Side::After),
    (Point::Token, Side::After),
];

#[test]
fn a_swap_that_is_killed_is_done_or_has_not_begun() {
    each(SWAPPING, |(point, side)| {
        let (bench, _) = made();
        let before = bench.record();
        bench.stage.kill(point, 1, side);
        swap(&bench).killed();
        if phase(&bench.record()).is_none() {
            assert!(bench.record().same_credential(&before) && point < Point::ReadBack);
            swap(&bench).published();
        }
        assert_swapped(&bench);
        let new = bench.gateway.regenerate();
        go_on(&bench, &new).published();
        assert_completed(&bench, &new);
    });
}

const COMPLETING: [(Point, Side); 10] = [
    (Point::Claim, Side::Before),
    (Point::Claim, Side::After),
    (Point::Token, Side::Before),
    (Point::Product, Side::After),
    (Point::Fence, Side::Before),
    (Point::Fence, Side::After),
    (Point::Publish, Side::Before),
    (Point::Publish, Side::After),
    (Point::ReadBack, Side::Before),
    (Point::ReadBack, Side::After),
];

#[test]
fn a_completion_that_is_killed_loses_nothing_and_serves_what_works() {
    each(COMPLETING, |(point, side)| {
        let (bench, _) = made();
        swap(&bench).published();
        let new = bench.gateway.regenerate();
        bench.stage.kill(point, 1, side);
        complete(&bench, &new).killed();
        assert_serves(&bench);
        if phase(&bench.record()).is_some() {
            go_on(&bench, &new).published();
        } else {
            assert!(point >= Point::Publish, "{point:?}");
        }
        assert_completed(&bench, &new);
    });
}

/// Sandbox users may be bound to the very key that made them: then each half brings a new one.
#[test]
fn a_user_bound_to_its_key_is_replaced_and_every_death_on_the_way_is_gone_on_from() {
    let deaths = [Point::Preflight, Point::Claim, Point::User, Point::Key, Point::Publish];
    each(
        deaths.into_iter().flat_map(|point| [(point, Side::Before), (point, Side::After)]),
        |(point, side)| {
            let (bench, first) = made();
            bench.gateway.bind_users_to_keys();
            bench.stage.kill(point, 1, side);
            swap(&bench).killed();
            assert_serves(&bench);
            match phase(&bench.record()) {
                None => drop(swap(&bench).published()),
                Some(Phase::Moving) => drop(go_on(&bench, &subscription_key(KeyRole::Primary)).published()),
                Some(_) => {}
            }
            assert_swapped(&bench);
            let second = user_and_key(&bench.record()).0;
            assert_ne!(second, first);
            assert_eq!(bench.gateway.made_with(second), Some(KeyRole::Secondary));
            assert!(bench.record().retired().contains(&first));

            let new = bench.gateway.regenerate();
            bench.stage.kill(point, if point == Point::Claim { 2 } else { 1 }, side);
            complete(&bench, &new).killed();
            assert_serves(&bench);
            if phase(&bench.record()).is_some() {
                assert_eq!(phase(&bench.record()), Some(Phase::Regenerated));
                go_on(&bench, &new).published();
            }
            assert_completed(&bench, &new);
            let third = user_and_key(&bench.record()).0;
            assert_eq!(bench.gateway.made_with(third), Some(KeyRole::Primary));
            let retired = bench.record().retired();
            assert!(bench.gateway.users().into_iter().all(|user| user == third || retired.contains(&user)));
            assert!(bench.gateway.users().into_iter().all(|user| bench.gateway.asked(user) <= 1));
        },
    );
}

#[test]
fn each_claim_write_has_an_id_of_its_own() {
    let (bench, _) = made();
    bench.gateway.bind_users_to_keys();
    swap(&bench).published();
    let new = bench.gateway.regenerate();
    complete(&bench, &new).published();
    let log = bench.stage.log();
    let ids: Vec<_> = log
        .iter()
        .filter_map(|entry| match &entry.did {
            Did::Stored(_, record) => record.claim().unwrap().map(|claim: Claim| claim.id),
            _ => None,
        })
        .collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len());
    assert!(ids.len() >= 5, "{ids:?}");
}

#[test]
fn a_secondary_that_is_not_proven_writes_nothing() {
    for (refusal, code) in [(invalid_key(Step::Token), 77), (outage(Step::Token), 69)] {
        let (bench, _) = made();
        let versions = bench.versions();
        bench.gateway.refuse(Point::Token, Side::Before, refusal);
        let said = swap(&bench).code(code);
        assert!(said.contains("nothing was written"), "{said}");
        assert_eq!(bench.versions(), versions);
    }
}

#[test]
fn a_new_key_that_is_not_proven_stays_in_the_claim() {
    for (refusal, code) in [(invalid_key(Step::Token), 77), (outage(Step::Token), 69)] {
        let (bench, _) = made();
        swap(&bench).published();
        let new = bench.gateway.regenerate();
        bench.gateway.refuse(Point::Token, Side::Before, refusal);
        let said = complete(&bench, &new).code(code);
        assert!(said.contains("the claim stays open") && said.contains("momo-cred resume"), "{said}");
        assert_serves(&bench);
        go_on(&bench, &new).published();
        assert_completed(&bench, &new);
    }
}

/// The API key stays, so it does not tell whether a publication came through.
#[test]
fn a_publication_that_did_not_come_through_is_not_taken_for_one() {
    let (bench, _) = made();
    swap(&bench).published();
    let new = bench.gateway.regenerate();
    bench.faults.add(Fault::before(2).of(Op::Write));
    complete(&bench, &new).published();
    assert_completed(&bench, &new);
    assert_eq!(bench.points().iter().filter(|point| **point == Point::Publish).count(), 1);
}

#[test]
fn a_claim_of_another_stops_the_publication() {
    let (bench, _) = made();
    swap(&bench).published();
    let new = bench.gateway.regenerate();
    let twin = bench.twin();
    bench.stage.at(Point::Fence, 1, Side::Before, move || {
        let id = Uuid::from_u128(0x99).to_string();
        twin.store.plant(&twin.name, field("pending_id"), Secret::from(id.as_str()));
    });
    let said = complete(&bench, &new).code(75);
    assert!(said.contains("somebody else took over") && said.contains("shows it again"), "{said}");
    assert_serves(&bench);
}

#[test]
fn a_claim_of_a_process_that_is_gone_keeps_others_away_and_is_not_lost() {
    let (bench, _) = made();
    swap(&bench).published();
    let record = bench.record();
    let here = bench.world(0).owner();
    let at = |held, takeover| judge(&record, Evidence { here: &here, held, age: None, takeover });
    assert!(matches!(at(true, Takeover::OnEvidence), ClaimStanding::Live(_, Alive::Unfinished)));
    assert!(matches!(at(true, Takeover::Forced), ClaimStanding::Dead(_)));
}

#[test]
fn an_abort_turns_nothing_back() {
    let (bench, _) = made();
    swap(&bench).published();
    let served = bench.record();
    let new = bench.gateway.regenerate();
    bench.stage.kill(Point::Token, 1, Side::Before);
    complete(&bench, &new).killed();
    let record = aborted(bench.record());
    assert!(record.same_credential(&served));
    assert_eq!(record.claim(), Ok(None));
}

#[test]
fn a_phase_is_read_with_its_kind_alone() {
    let (bench, _) = made();
    swap(&bench).published();
    for (name, value, known) in [
        ("pending_phase", "regenerated", true),
        ("pending_phase", "teleported", false),
        ("pending_kind", "new-user", false),
    ] {
        let mut document = bench.record().document().clone();
        document.insert(field(name), value.into());
        let record = Record::new(document, crate::credential::Layout::default());
        assert_eq!(record.claim().is_ok(), known, "{name} {value}");
    }
    let claim = bench.record().claim().unwrap().unwrap();
    assert_eq!(claim.kind, ClaimKind::SubscriptionKey(Phase::Swapped));
}
