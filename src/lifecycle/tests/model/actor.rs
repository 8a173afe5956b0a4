//! A process with a lifecycle: what the commands do around the step machine, and each effect as one instant in which
//! anything may happen.

use std::hash::{Hash, Hasher};

use momo_cred_backend_api::{Document, Expect, Lookup, Op, Secret, Stored};
use uuid::Uuid;

use super::explore::Chooser;
use super::world::{Flaw, World};
use crate::Kind;
use crate::credential::{Layout, Record};
use crate::lifecycle::machine::Machine;
use crate::lifecycle::step::{Effect, Event};
use crate::lifecycle::tests::bench::{Bench, LEASE};
use crate::lifecycle::tests::double::{invalid_key, outage, silent};
use crate::lifecycle::{
    Check, ClaimStanding, Evidence, Finish, Obtain, Plan, Seeds, Seen, Takeover, World as _, judge,
};
use crate::momo::Step;

/// Where the credential of an actor comes from.
#[derive(Clone)]
pub(super) enum Work {
    NewUser,
    Import(Uuid, Secret),
}

/// How an actor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    Published(Uuid),
    Failed(Kind),
    /// Somebody else is at work.
    Busy,
    Dead,
}

/// What happens at one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Turn {
    Done,
    DiesBefore,
    DiesAfter,
    /// It happens, and the answer is lost.
    AnswerLost,
    /// It does not happen, and nobody knows.
    RequestLost,
    /// It does not happen, and the answer says so.
    Refused,
}

const EFFECT: &[Turn] =
    &[Turn::Done, Turn::DiesBefore, Turn::DiesAfter, Turn::AnswerLost, Turn::RequestLost, Turn::Refused];
const LOOK: &[Turn] = &[Turn::Done, Turn::DiesBefore, Turn::Refused];

pub(super) struct Actor {
    id: u32,
    /// Whose ids it draws: its own, but for a flaw.
    draws: u32,
    takeover: Takeover,
    work: Work,
    machine: Option<Machine>,
    effect: Option<Effect>,
    /// The claim that it wrote last, as a record.
    claimed: Option<Document>,
    /// Everything that it was told, which decides all it does.
    told: Vec<(Turn, &'static str)>,
    pub(super) end: Option<End>,
}

impl Hash for Actor {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.id, &self.told, self.end).hash(state);
    }
}

impl Actor {
    pub(super) fn new(id: u32, takeover: Takeover, work: Work) -> Self {
        Self {
            id,
            draws: id,
            takeover,
            work,
            machine: None,
            effect: None,
            claimed: None,
            told: Vec::new(),
            end: None,
        }
    }

    /// Goes on to its next instant. Faults are taken out of `budget`.
    pub(super) fn step(
        &mut self,
        bench: &Bench,
        world: &mut World,
        chooser: &mut Chooser,
        budget: &mut u32,
    ) -> Result<(), String> {
        let effect = match self.effect.take() {
            Some(effect) => effect,
            None => match self.begin(bench, world) {
                Some(effect) => effect,
                None => return Ok(()),
            },
        };
        let turns = match effect {
            Effect::Preflight(_) | Effect::Check(..) | Effect::Fence | Effect::ReadBack(_) => LOOK,
            _ => EFFECT,
        };
        let turn = if *budget == 0 { Turn::Done } else { turns[chooser.choose(turns.len())] };
        *budget -= u32::from(turn != Turn::Done);
        if turn == Turn::DiesBefore {
            self.end = Some(End::Dead);
            return Ok(());
        }
        let (event, how) = self.perform(effect, turn, world)?;
        self.told.push((turn, how));
        if turn == Turn::DiesAfter {
            self.end = Some(End::Dead);
            return Ok(());
        }
        self.take(event, world)
    }

    /// Reads the record and decides whether to begin, as every command does.
    fn begin(&mut self, bench: &Bench, world: &World) -> Option<Effect> {
        let seen = Seen::new(world.read(), &Layout::default());
        if world.flaw == Flaw::SameUser && seen.record.claim().ok().flatten().is_some() {
            self.draws = 1;
        }
        let here = bench.world(self.draws);
        let owner = here.owner();
        let evidence = Evidence { here: &owner, held: false, age: None, takeover: self.takeover };
        let obtain = match (judge(&seen.record, evidence), &self.work) {
            (ClaimStanding::Live(..) | ClaimStanding::Unknown(_), _) => {
                self.end = Some(End::Busy);
                return None;
            }
            (_, Work::NewUser) => Obtain::NewUser,
            (_, Work::Import(user, api_key)) => Obtain::Imported { user: *user, api_key: api_key.clone() },
        };
        let (inputs, seeds) = (bench.inputs.clone(), Seeds::draw(&here, LEASE));
        self.told.push((Turn::Done, if seen.record.document().is_empty() { "nothing" } else { "something" }));
        let machine =
            self.machine.insert(Machine::new(Plan { seen, inputs, obtain, check: Check::Full, seeds }));
        Some(machine.step(Event::Begin))
    }

    /// What an effect does to the world, and what is heard of it.
    fn perform(
        &mut self,
        effect: Effect,
        turn: Turn,
        world: &mut World,
    ) -> Result<(Event, &'static str), String> {
        let happens = !matches!(turn, Turn::Refused | Turn::RequestLost);
        let heard = matches!(turn, Turn::Done | Turn::DiesAfter);
        let unheard = |step| if turn == Turn::Refused { invalid_key(step) } else { silent(step) };
        Ok(match effect {
            Effect::Preflight(_) => {
                (Event::Preflight(if heard { Ok(()) } else { Err(outage(Step::User)) }), "-")
            }
            Effect::Claim(document, expect) => {
                let written = self.write(world, &document, &expect, turn);
                self.claimed = Some(document);
                written
            }
            Effect::Withdraw(document, expect) => self.write(world, &document, &expect, turn),
            Effect::Publish(document, expect) => {
                if happens {
                    self.may_publish(world, &expect)?;
                }
                self.write(world, &document, &expect, turn)
            }
            Effect::CreateUser(_, user) => {
                if happens {
                    world.create_user(self.id, user)?;
                }
                (Event::UserCreated(if heard { Ok(()) } else { Err(unheard(Step::CreateUser)) }), "-")
            }
            Effect::CreateKey(_, user) => {
                let key = if happens { Some(world.create_key(self.id, user)?) } else { None };
                let answer = key.filter(|_| heard).ok_or_else(|| unheard(Step::CreateKey));
                (Event::KeyCreated(answer), "-")
            }
            Effect::Check(user, key) => match (heard, world.authenticates(user, &key)) {
                (false, _) => (Event::Checked(Err(outage(Step::Token))), "-"),
                (true, true) => (Event::Checked(Ok(())), "good"),
                (true, false) => (Event::Checked(Err(invalid_key(Step::Token))), "bad"),
            },
            Effect::Fence if !heard => (Event::Read(Err(World::unavailable(Op::Read))), "-"),
            Effect::Fence => {
                let read = self.fence(world);
                let ours = matches!(&read, Lookup::Found(stored) if self.is_ours(&stored.document));
                (Event::Read(Ok(read)), if ours { "ours" } else { "theirs" })
            }
            Effect::ReadBack(_) if !heard => (Event::Read(Err(World::unavailable(Op::Read))), "-"),
            // By its number: this version is read, whatever has come since.
            Effect::ReadBack(revision) => {
                let document = self.claimed.take().unwrap_or_default();
                (Event::Read(Ok(Lookup::Found(Stored { document, revision, age: None }))), "-")
            }
            Effect::Finish(_) => return Err("an actor that had ended went on".to_owned()),
        })
    }

    fn write(
        &mut self,
        world: &mut World,
        document: &Document,
        expect: &Expect,
        turn: Turn,
    ) -> (Event, &'static str) {
        let (answer, how) = match turn {
            Turn::Refused => (Err(World::unavailable(Op::Write)), "-"),
            Turn::RequestLost => (Err(World::lost()), "-"),
            Turn::Done | Turn::DiesAfter | Turn::DiesBefore | Turn::AnswerLost => {
                match world.write(self.id, document, expect) {
                    Ok(_) if turn == Turn::AnswerLost => (Err(World::lost()), "written"),
                    // What the number that was written holds.
                    Ok(revision) => {
                        self.claimed = Some(document.clone());
                        (Ok(revision), "written")
                    }
                    Err(conflict) => (Err(conflict), "conflict"),
                }
            }
        };
        (Event::Written(answer), how)
    }

    /// What the fence reads.
    fn fence(&self, world: &World) -> Lookup {
        match (world.read(), &self.claimed) {
            (Lookup::Found(stored), Some(claimed)) if world.flaw == Flaw::NoFence => {
                Lookup::Found(Stored { document: claimed.clone(), ..stored })
            }
            (read, _) => read,
        }
    }

    fn is_ours(&self, document: &Document) -> bool {
        let claim = |document: &Document| {
            Record::new(document.clone(), Layout::default()).claim().ok().flatten().map(|claim| claim.id)
        };
        self.claimed.as_ref().is_some_and(|ours| claim(ours).is_some() && claim(ours) == claim(document))
    }

    /// A publication that the store takes goes over this actor's own claim, and over nobody else's.
    fn may_publish(&self, world: &World, expect: &Expect) -> Result<(), String> {
        let (Work::NewUser, Lookup::Found(stored)) = (&self.work, world.read()) else { return Ok(()) };
        let taken = world.flaw == Flaw::NoCompareAndSwap || *expect == Expect::Revision(stored.revision);
        if taken && !self.is_ours(&stored.document) {
            return Err(format!("actor {} publishes over what is not its claim", self.id));
        }
        Ok(())
    }

    fn take(&mut self, event: Event, world: &mut World) -> Result<(), String> {
        let Some(machine) = &mut self.machine else { return Err("told before it began".to_owned()) };
        match machine.step(event) {
            Effect::Finish(finish) => {
                let end = match *finish {
                    Finish::Published(published) => {
                        world.published(published.user)?;
                        End::Published(published.user)
                    }
                    Finish::Failed(error) | Finish::Stopped(error) => End::Failed(error.kind()),
                };
                self.end = Some(end);
            }
            effect => self.effect = Some(effect),
        }
        Ok(())
    }
}
