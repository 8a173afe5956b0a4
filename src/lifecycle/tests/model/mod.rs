//! The step machines against a model of store and gateway: two actors, every order of their instants, and at each instant
//! everything that can happen to it. What is found is told as the first broken promise.
//!
//! - `explore`: walks every path
//! - `world`: store and gateway, and what must hold of them
//! - `engine`: the two step machines as one
//! - `actor`: a process, and what happens at each of its instants
//! - `kinds`: each kind of claim beside the others

mod actor;
mod engine;
mod explore;
mod kinds;
mod world;

use std::sync::Mutex;

use jiff::Timestamp;
use uuid::Uuid;

use self::actor::{Actor, Work};
use self::engine::End;
use self::explore::{Chooser, Tally, explore};
use self::world::{Flaw, Reading, World};
use super::bench::{Bench, LEASE, OLD_USER};
use super::stage::each;
use crate::Kind;
use crate::credential::{Claim, ClaimKind, Field, Phase, Record, RecordState};
use crate::lifecycle::{Takeover, aborted};

/// A user whose key somebody has from elsewhere.
const THEIRS: Uuid = Uuid::from_u128(0x0a0a_0000_0000_4000_8000_0000_0000_0007);

/// What is there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Vacant,
    Old,
    /// A credential, and the user that it has replaced.
    Replaced,
    /// The first half of a rotation of the subscription key, whose process is gone.
    Swapped,
}

/// What the two set out to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    NewUser,
    Import,
    Rekey,
    Swap,
    Complete,
    Revoke,
}

/// One case of the model: what is there, who acts, and how much may go wrong.
#[derive(Clone, Copy, Debug)]
struct Case {
    before: Before,
    tasks: [Task; 2],
    takeovers: [Takeover; 2],
    faults: u32,
    reading: Reading,
    flaw: Flaw,
}

const EVIDENCE: Takeover = Takeover::OnEvidence;
const FORCED: Takeover = Takeover::Forced;

/// What is in the store before, but for the old key, which the gateway gives.
fn before(case: &Case) -> Option<Record> {
    match case.before {
        Before::Nothing => None,
        Before::Vacant => Some(Bench::new().vacant().record()),
        Before::Old => Some(Bench::new().with_old().record()),
        Before::Replaced => {
            let mut record = Bench::new().with_old().record();
            record.retire(THEIRS);
            Some(record)
        }
        Before::Swapped => Some(swapped()),
    }
}

/// A record as the first half of a rotation of the subscription key leaves it.
fn swapped() -> Record {
    let mut record = Bench::new().with_old().record();
    let claim = Claim {
        id: Uuid::from_u128(0x0ddd_0000_0000_4000_8000_0000_0000_0001),
        kind: ClaimKind::SubscriptionKey(Phase::Swapped),
        api_user: None,
        since: Timestamp::UNIX_EPOCH,
        owner: "gone:boot:1:1:1".to_owned(),
        lease: LEASE,
    };
    record.open_claim(&claim, &[]);
    record
}

fn set_up(case: &Case, before: Option<&Record>) -> World {
    let mut world = World::new(case.reading, case.flaw);
    if let Some(mut record) = before.cloned() {
        if record.get(Field::ApiKey).is_some() {
            record.set(Field::ApiKey, world.preset(OLD_USER));
        }
        world.put(record.document().clone());
    }
    world
}

/// One path: the actors in an order of the chooser's, then a person who runs `resume`, or the same command again.
fn path(case: &Case, bench: &Bench, before: Option<&Record>, chooser: &mut Chooser) -> Result<(), String> {
    let mut world = set_up(case, before);
    let theirs = world.preset(THEIRS);
    if case.before == Before::Replaced {
        world.remember(THEIRS, theirs.clone());
    }
    let work = |task| match task {
        Task::NewUser => Work::NewUser,
        Task::Import => Work::Import(THEIRS, theirs.clone()),
        Task::Rekey => Work::Rekey,
        Task::Swap => Work::Swap,
        Task::Complete => Work::Complete,
        Task::Revoke => Work::Revoke,
    };
    let mut actors =
        [(1, 0), (2, 1)].map(|(id, which)| Actor::new(id, case.takeovers[which], work(case.tasks[which])));
    let mut budget = case.faults;
    world.check()?;
    loop {
        let alive: Vec<usize> = (0..2).filter(|n| actors[*n].end.is_none()).collect();
        if alive.is_empty() || !chooser.is_new(&(&world, &actors, budget)) {
            break;
        }
        let next = if alive.len() == 1 { alive[0] } else { alive[chooser.choose(2)] };
        actors[next].step(bench, &mut world, chooser, &mut budget)?;
        world.check()?;
    }
    let ends: Vec<Option<End>> = actors.iter().map(|actor| actor.end).collect();
    if ends.contains(&None) {
        return Ok(());
    }
    if budget == case.faults {
        without_faults(case, &ends)?;
    }
    finish(&mut world, bench, chooser)
}

/// Where nothing goes wrong somebody comes to an end, and whoever does not says that somebody else was there. A key of a
/// user of which others ask another may be killed before it is tried: then it is said to be refused.
fn without_faults(case: &Case, ends: &[Option<End>]) -> Result<(), String> {
    let rekeys = case.tasks.contains(&Task::Rekey);
    let kills = rekeys || case.tasks.contains(&Task::Revoke);
    let done = |end: &Option<End>| matches!(end, Some(End::Published(_) | End::Settled));
    let gave_way = |end: &Option<End>| match end {
        Some(End::Busy | End::Failed(Kind::Conflict)) => true,
        Some(End::Failed(Kind::Denied)) => kills,
        _ => false,
    };
    let fine = ends.iter().all(|end| done(end) || gave_way(end));
    if fine && (rekeys || ends.iter().any(done)) { Ok(()) } else { Err(format!("without a fault: {ends:?}")) }
}

/// How often a person has to run something at most: `resume`, `abort` where that is refused, and `rotate`.
const RUNS: u32 = 4;

/// P3: the same command again, or `resume`, converges; after a rekey that somebody else has made useless, `rotate`. A claim
/// that keeps the user is dropped where what it is to publish is refused, as the refusal says.
fn finish(world: &mut World, bench: &Bench, chooser: &mut Chooser) -> Result<(), String> {
    let mut ends = Vec::new();
    for run in 0..RUNS {
        let record = world.record();
        let claim = record.claim().ok().flatten();
        if claim.is_none() && record.state() == RecordState::Complete && world.serves() {
            return Ok(());
        }
        let halfway = claim.as_ref().is_some_and(|claim| claim.kind.phase().is_some());
        if halfway && ends.last() == Some(&Some(End::Failed(Kind::Denied))) {
            world.put(aborted(record).document().clone());
            ends.push(None);
            continue;
        }
        let work = claim.map_or(Work::NewUser, |claim| Work::finishing(claim.kind));
        let mut last = Actor::new(9 + run, FORCED, work);
        while last.end.is_none() {
            last.step(bench, world, chooser, &mut 0)?;
            world.check()?;
        }
        ends.push(last.end);
    }
    let record = world.record();
    match (record.claim(), record.state(), world.serves()) {
        (Ok(None), RecordState::Complete, true) => Ok(()),
        left => Err(format!("P3: left behind: {left:?} after {ends:?}")),
    }
}

fn check(case: &Case) -> Result<Tally, String> {
    let (bench, before) = (Bench::new(), before(case));
    explore(|chooser| path(case, &bench, before.as_ref(), chooser)).map_err(|why| format!("{case:?}: {why}"))
}

fn cases(faults: u32) -> Vec<Case> {
    let mut cases = Vec::new();
    for before in [Before::Nothing, Before::Vacant, Before::Old] {
        for takeovers in [[EVIDENCE, EVIDENCE], [EVIDENCE, FORCED], [FORCED, FORCED]] {
            for second in [Task::NewUser, Task::Import] {
                for reading in [Reading::Kills, Reading::AddsUp] {
                    let tasks = [Task::NewUser, second];
                    cases.push(Case { before, tasks, takeovers, faults, reading, flaw: Flaw::None });
                }
            }
        }
    }
    cases
}

/// All cases, each in a thread of its own, as long as none fails.
fn check_all(cases: Vec<Case>) -> Tally {
    let total = Mutex::new(Tally::default());
    each(cases, |case| {
        let tally = check(&case).unwrap_or_else(|why| panic!("{why}"));
        let mut total = total.lock().unwrap();
        *total = Tally { paths: total.paths + tally.paths, states: total.states + tally.states };
    });
    total.into_inner().unwrap()
}

/// Every order of two actors' instants, with up to two faults anywhere: deaths, lost requests, lost answers, refusals.
#[test]
fn the_promises_hold_in_every_order_with_two_faults_anywhere() {
    let total = check_all(cases(2));
    println!(
        "model: {} paths, {} states, every order of two actors, two faults anywhere",
        total.paths, total.states
    );
    assert!(total.states > 10_000, "the model is too small to say anything: {total:?}");
}

/// A model that finds nothing where something is wrong says nothing where it finds nothing.
#[test]
fn each_flaw_is_found() {
    for (flaw, word) in [
        (Flaw::NoClaim, "P1"),
        (Flaw::SameUser, "P1"),
        (Flaw::NoCompareAndSwap, "not its claim"),
        (Flaw::NoFence, "not its claim"),
    ] {
        let case = Case {
            before: Before::Old,
            tasks: [Task::NewUser, Task::NewUser],
            takeovers: [FORCED, FORCED],
            faults: 1,
            reading: Reading::Kills,
            flaw,
        };
        let found = check(&case).expect_err("the flaw has to be found");
        assert!(found.contains(word), "{flaw:?}: {found}");
    }
}
