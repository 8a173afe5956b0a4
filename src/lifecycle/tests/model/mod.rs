//! The step machine against a model of store and gateway: two actors, every order of their instants, and at each instant
//! everything that can happen to it. What is found is told as the first broken promise.

mod actor;
mod explore;
mod world;

use std::sync::Mutex;

use uuid::Uuid;

use self::actor::{Actor, End, Work};
use self::explore::{Chooser, Tally, explore};
use self::world::{Flaw, Reading, World};
use super::bench::{Bench, OLD_USER};
use super::stage::each;
use crate::Kind;
use crate::credential::{Field, Record, RecordState};
use crate::lifecycle::Takeover;

/// A user whose key somebody has from elsewhere.
const THEIRS: Uuid = Uuid::from_u128(0x0a0a_0000_0000_4000_8000_0000_0000_0007);

/// What is there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Vacant,
    Old,
}

/// One case of the model: what is there, who acts, and how much may go wrong.
#[derive(Clone, Copy, Debug)]
struct Case {
    before: Before,
    takeovers: [Takeover; 2],
    import: bool,
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
    }
}

fn set_up(case: &Case, before: Option<&Record>) -> World {
    let mut world = World::new(case.reading, case.flaw);
    if let Some(mut record) = before.cloned() {
        if case.before == Before::Old {
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
    let second = if case.import { Work::Import(THEIRS, theirs) } else { Work::NewUser };
    let mut actors =
        [Actor::new(1, case.takeovers[0], Work::NewUser), Actor::new(2, case.takeovers[1], second)];
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
        without_faults(&ends)?;
    }
    finish(&mut world, bench, chooser)
}

/// Where nothing goes wrong somebody publishes, and whoever does not says that somebody else was there.
fn without_faults(ends: &[Option<End>]) -> Result<(), String> {
    let fine =
        |end: &Option<End>| matches!(end, Some(End::Published(_) | End::Busy | End::Failed(Kind::Conflict)));
    let published = ends.iter().any(|end| matches!(end, Some(End::Published(_))));
    if published && ends.iter().all(fine) { Ok(()) } else { Err(format!("without a fault: {ends:?}")) }
}

/// P3: the same command again, or `resume`, converges.
fn finish(world: &mut World, bench: &Bench, chooser: &mut Chooser) -> Result<(), String> {
    let record = world.record();
    let open = !matches!(record.claim(), Ok(None));
    if open || record.state() != RecordState::Complete {
        let mut last = Actor::new(9, FORCED, Work::NewUser);
        while last.end.is_none() {
            last.step(bench, world, chooser, &mut 0)?;
            world.check()?;
        }
        if !matches!(last.end, Some(End::Published(_))) {
            return Err(format!("P3: it does not converge: {:?}", last.end));
        }
    }
    let record = world.record();
    match (record.claim(), record.state()) {
        (Ok(None), RecordState::Complete) => Ok(()),
        left => Err(format!("P3: left behind: {left:?}")),
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
            for import in [false, true] {
                for reading in [Reading::Kills, Reading::AddsUp] {
                    cases.push(Case { before, takeovers, import, faults, reading, flaw: Flaw::None });
                }
            }
        }
    }
    cases
}

/// Every order of two actors' instants, with up to two faults anywhere: deaths, lost requests, lost answers, refusals.
#[test]
fn the_promises_hold_in_every_order_with_two_faults_anywhere() {
    let total = Mutex::new(Tally::default());
    each(cases(2), |case| {
        let tally = check(&case).unwrap_or_else(|why| panic!("{why}"));
        let mut total = total.lock().unwrap();
        *total = Tally { paths: total.paths + tally.paths, states: total.states + tally.states };
    });
    let total = total.into_inner().unwrap();
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
            takeovers: [FORCED, FORCED],
            import: false,
            faults: 1,
            reading: Reading::Kills,
            flaw,
        };
        let found = check(&case).expect_err("the flaw has to be found");
        assert!(found.contains(word), "{flaw:?}: {found}");
    }
}
