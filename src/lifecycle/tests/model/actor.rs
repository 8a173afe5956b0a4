//! A process with a lifecycle: what the commands do around the step machine, and each effect as one instant in which
//! anything may happen.

use std::hash::{Hash, Hasher};

use momo_cred_backend_api::{Document, Expect, Lookup, Op, Secret, Stored};
use uuid::Uuid;

use super::engine::{Act, End, Engine, Told};
use super::explore::Chooser;
use super::world::{Flaw, World};
use crate::credential::{ClaimKind, Field, Layout, Record};
use crate::lifecycle::tests::bench::{Bench, LEASE};
use crate::lifecycle::tests::double::{answered, invalid_key, outage, silent, subscription_key};
use crate::lifecycle::{
    By, Check, ClaimStanding, Evidence, Home, Inputs, KeyRole, Leg, Obtain, Plan, RevocationPlan, Seeds,
    Seen, Takeover, Target, Witness, World as _, aborted, judge,
};
use crate::momo::{Diagnosis, Shape, Step};

/// What an actor sets out to do.
#[derive(Clone, Debug)]
pub(super) enum Work {
    NewUser,
    Import(Uuid, Secret),
    /// Another key for the user of the record.
    Rekey,
    /// The first half of a rotation of the subscription key.
    Swap,
    /// Its second half, where the first one has left its claim.
    Complete,
    Revoke,
}

impl Work {
    /// What `resume` does with a claim.
    pub(super) fn finishing(kind: ClaimKind) -> Self {
        match kind {
            ClaimKind::NewUser | ClaimKind::Import => Self::NewUser,
            ClaimKind::Rekey => Self::Rekey,
            ClaimKind::SubscriptionKey(_) => Self::Complete,
            ClaimKind::Revoke => Self::Revoke,
        }
    }
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
    engine: Option<Engine>,
    act: Option<Act>,
    /// The claim that it wrote last, as a record.
    claimed: Option<Document>,
    /// Whether its claim was there when it read the record last.
    saw: bool,
    /// Everything that it was told, which decides all it does.
    told: Vec<(Turn, &'static str)>,
    pub(super) end: Option<End>,
}

impl Hash for Actor {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.id, self.saw, &self.told, self.end).hash(state);
    }
}

impl Actor {
    pub(super) fn new(id: u32, takeover: Takeover, work: Work) -> Self {
        Self {
            id,
            draws: id,
            takeover,
            work,
            engine: None,
            act: None,
            claimed: None,
            saw: false,
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
        let act = match self.act.take() {
            Some(act) => act,
            None => {
                self.begin(bench, world);
                match self.act.take() {
                    Some(act) => act,
                    None => return Ok(()),
                }
            }
        };
        let turns = match act {
            Act::Preflight | Act::Check(..) | Act::Try(..) | Act::Look | Act::Fence | Act::ReadBack(_) => {
                LOOK
            }
            _ => EFFECT,
        };
        let turn = if *budget == 0 { Turn::Done } else { turns[chooser.choose(turns.len())] };
        *budget -= u32::from(turn != Turn::Done);
        if turn == Turn::DiesBefore {
            self.end = Some(End::Dead);
            return Ok(());
        }
        let (told, how) = self.perform(act, turn, world)?;
        self.told.push((turn, how));
        if turn == Turn::DiesAfter {
            self.end = Some(End::Dead);
            return Ok(());
        }
        self.take(told, world)
    }

    /// Reads the record and decides whether to begin, as every command does.
    fn begin(&mut self, bench: &Bench, world: &World) {
        let seen = Seen::new(world.read(), &Layout::default());
        if world.flaw == Flaw::SameUser && seen.record.claim().ok().flatten().is_some() {
            self.draws = 1;
        }
        let here = bench.world(self.draws);
        let owner = here.owner();
        let evidence = Evidence { here: &owner, held: false, age: None, takeover: self.takeover };
        self.told.push((Turn::Done, if seen.record.document().is_empty() { "nothing" } else { "something" }));
        let busy =
            matches!(judge(&seen.record, evidence), ClaimStanding::Live(..) | ClaimStanding::Unknown(_));
        let engine = if busy { None } else { self.engine(bench, world, seen, Seeds::draw(&here, LEASE)) };
        let Some(mut engine) = engine else {
            self.end = Some(End::Busy);
            return;
        };
        self.next(engine.tell(Told::Begin));
        self.engine = Some(engine);
    }

    /// The machine for its work; none where the record is not one for it.
    fn engine(&self, bench: &Bench, world: &World, seen: Seen, seeds: Seeds) -> Option<Engine> {
        let mut inputs = bench.inputs.clone();
        let own = seen.record.api_user().ok().flatten().zip(seen.record.get(Field::ApiKey).cloned());
        let halfway = matches!(seen.record.claim(), Ok(Some(claim)) if claim.kind.phase().is_some());
        let pair = |serves: &str| Inputs {
            subscription_key: Secret::from(serves),
            secondary: Some(subscription_key(KeyRole::Primary).secret()),
            ..bench.inputs.clone()
        };
        let obtain = match &self.work {
            Work::NewUser => Obtain::NewUser,
            Work::Import(user, api_key) => Obtain::Imported { user: *user, api_key: api_key.clone() },
            Work::Rekey => Obtain::NewKey { user: own?.0 },
            Work::Swap | Work::Complete => {
                let (user, api_key) = own?;
                let leg = match self.work {
                    Work::Complete if halfway => Leg::Completion,
                    Work::Swap if !halfway => Leg::Swap,
                    _ => return None,
                };
                inputs = pair(if leg == Leg::Swap { "the secondary" } else { "the regenerated" });
                Obtain::Kept { user, api_key, leg }
            }
            Work::Revoke => {
                let listed = aborted(seen.record.clone()).retired();
                let others = listed.into_iter().filter(|user| own.as_ref().is_none_or(|own| own.0 != *user));
                let targets =
                    others.map(|user| Target { user, keys: world.stored_keys(user), home: Home::Here });
                let targets: Vec<_> = targets.collect();
                if targets.is_empty() {
                    return None;
                }
                let (product, subscription_key) = (inputs.product, inputs.subscription_key.clone());
                let witness = Witness::InUse { product, subscription_key };
                let by = By::NewKey;
                let plan = RevocationPlan { seen, inputs, witness, targets, only: None, by, seeds };
                return Some(Engine::revocation(plan));
            }
        };
        Some(Engine::lifecycle(Plan { seen, inputs, obtain, check: Check::Full, seeds }))
    }

    /// What an act does to the world, and what is heard of it.
    fn perform(&mut self, act: Act, turn: Turn, world: &mut World) -> Result<(Told, &'static str), String> {
        let happens = !matches!(turn, Turn::Refused | Turn::RequestLost);
        let heard = matches!(turn, Turn::Done | Turn::DiesAfter);
        let unheard = |step| if turn == Turn::Refused { invalid_key(step) } else { silent(step) };
        let done = |step| if heard { Ok(()) } else { Err(unheard(step)) };
        Ok(match act {
            Act::Preflight => (Told::Preflight(if heard { Ok(()) } else { Err(outage(Step::User)) }), "-"),
            Act::Claim(document, expect) => {
                let written = self.write(world, &document, &expect, turn);
                self.claimed = Some(document);
                written
            }
            Act::Withdraw(document, expect) => self.write(world, &document, &expect, turn),
            Act::Publish(document, expect) | Act::Settle(document, expect) => {
                if happens {
                    self.may_publish(world, &expect)?;
                }
                self.write(world, &document, &expect, turn)
            }
            Act::CreateUser(user) => {
                if happens {
                    world.create_user(self.id, user)?;
                }
                (Told::User(done(Step::CreateUser)), "-")
            }
            Act::CreateKey(user) => {
                let key = if happens { Some(world.create_key(self.id, user)?) } else { None };
                let answer = key.filter(|_| heard).ok_or_else(|| unheard(Step::CreateKey));
                (Told::Key(answer), "-")
            }
            Act::Renew(user) => {
                if happens {
                    world.renew(self.id, user, self.saw)?;
                }
                (Told::Renewed(done(Step::CreateKey)), "-")
            }
            Act::Check(user, key) => match (heard, world.authenticates(user, &key)) {
                (false, _) => (Told::Checked(Err(outage(Step::Token))), "-"),
                (true, true) => (Told::Checked(Ok(())), "good"),
                (true, false) => (Told::Checked(Err(invalid_key(Step::Token))), "bad"),
            },
            Act::Try(user, key) => match (heard, world.authenticates(user, &key)) {
                (false, _) => (Told::Tried(Err(outage(Step::Token))), "-"),
                (true, true) => (Told::Tried(Ok(())), "good"),
                (true, false) => {
                    let dead = answered(Step::Token, 500, Shape::Wallet, Diagnosis::LoginFailed);
                    (Told::Tried(Err(dead)), "bad")
                }
            },
            Act::Look | Act::Fence | Act::ReadBack(_) if !heard => {
                (Told::Read(Err(World::unavailable(Op::Read))), "-")
            }
            act @ (Act::Look | Act::Fence) => {
                let blind = if matches!(act, Act::Look) { Flaw::NoLook } else { Flaw::NoFence };
                // What is really there is what it has to go by.
                self.saw = matches!(world.read(), Lookup::Found(stored) if self.is_ours(&stored.document));
                let read = self.read(world, blind);
                let ours = matches!(&read, Lookup::Found(stored) if self.is_ours(&stored.document));
                (Told::Read(Ok(read)), if ours { "ours" } else { "theirs" })
            }
            // By its number: this version is read, whatever has come since.
            Act::ReadBack(revision) => {
                let document = self.claimed.take().unwrap_or_default();
                (Told::Read(Ok(Lookup::Found(Stored { document, revision, age: None }))), "-")
            }
        })
    }

    fn write(
        &mut self,
        world: &mut World,
        document: &Document,
        expect: &Expect,
        turn: Turn,
    ) -> (Told, &'static str) {
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
        (Told::Written(answer), how)
    }

    /// What it reads, unless it is blind.
    fn read(&self, world: &World, blind: Flaw) -> Lookup {
        match (world.read(), &self.claimed) {
            (Lookup::Found(stored), Some(claimed)) if world.flaw == blind => {
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

    /// A publication that the store takes goes over this actor's own claim, and over nobody else's. Those that issue
    /// nothing have none before it.
    fn may_publish(&self, world: &World, expect: &Expect) -> Result<(), String> {
        if matches!(self.work, Work::Import(..) | Work::Swap) {
            return Ok(());
        }
        let Lookup::Found(stored) = world.read() else { return Ok(()) };
        let taken = world.flaw == Flaw::NoCompareAndSwap || *expect == Expect::Revision(stored.revision);
        if taken && !self.is_ours(&stored.document) {
            return Err(format!("actor {} publishes over what is not its claim", self.id));
        }
        Ok(())
    }

    fn take(&mut self, told: Told, world: &mut World) -> Result<(), String> {
        let Some(engine) = &mut self.engine else { return Err("told before it began".to_owned()) };
        let next = engine.tell(told);
        if let Err(End::Published(user)) = next {
            world.published(user)?;
        }
        self.next(next);
        Ok(())
    }

    fn next(&mut self, next: Result<Act, End>) {
        match next {
            Ok(act) => self.act = Some(act),
            Err(end) => self.end = Some(end),
        }
    }
}
