//! The steps of a revocation as a pure machine, like [`Machine`](crate::lifecycle::Machine).
//!
//! Invariants:
//! - No key is asked for a user before a claim of kind `revoke` is stored, and never for the user of the record: before
//!   each request the record is read, and has to hold our claim, and another user.
//! - A user leaves the list only when every key of it that is known was refused as a pair, while another was not
//!   ([`Witness`]), or when the gateway that made it does not know it. A refusal of the subscription key, an outage or
//!   silence says nothing.
//! - The credential in use is shown to its own gateway alone.
//! - Keys of users that were asked for are nowhere: the driver drops them unread.

mod settling;

use std::mem;

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Expect, Lookup, Stored};
use uuid::Uuid;

use super::step::{Effect, Event};
use super::{By, Fate, Home, RevocationEnd, RevocationPlan, Revoked, Target, Witness, finish};
use crate::credential::{Claim, Field, Record};
use crate::lifecycle::{KeyRole, compose};
use crate::momo::{Diagnosis, Refusal, Verdict};

/// How often the record is read once more: it may lag, fail, or be edited beside us.
const ROUNDS: u8 = 3;

#[derive(Debug)]
enum State {
    Start,
    Preflight { next: usize, refused: Vec<(KeyRole, Refusal)> },
    Claiming { role: KeyRole },
    Witnessing { role: KeyRole, key: usize },
    Looking { role: KeyRole, round: u8 },
    Renewing { role: KeyRole },
    Trying { role: KeyRole, key: usize, renewal: Renewal },
    Controlling { role: KeyRole },
    Fencing { round: u8 },
    Settling { round: u8, record: Record },
    Done,
}

/// What came of the request for a new key, as far as that matters to what an old one shows.
#[derive(Clone, Debug)]
enum Renewal {
    /// It was made, or a person has done what is needed.
    Made,
    /// It may not have been made.
    Doubtful(Refusal),
    /// The gateway does not know the user.
    Unknown,
}

/// One revocation.
#[derive(Debug)]
pub struct Revocation {
    plan: RevocationPlan,
    state: State,
    /// The claim, and the record as we wrote it.
    open: Option<(Claim, Record)>,
    users: Vec<Revoked>,
    /// Users for whom a key may have been made.
    renewed: Vec<Uuid>,
    /// Whether the gateway has let anybody in, during this run.
    admits: bool,
}

impl Revocation {
    /// A machine before its first step.
    pub fn new(plan: RevocationPlan) -> Self {
        Self { plan, state: State::Start, open: None, users: Vec::new(), renewed: Vec::new(), admits: false }
    }

    /// The plan.
    pub fn plan(&self) -> &RevocationPlan {
        &self.plan
    }

    /// Takes what came of the last effect and says what to do next.
    pub(in crate::lifecycle) fn step(&mut self, event: Event) -> Effect {
        match (mem::replace(&mut self.state, State::Done), event) {
            (State::Start, Event::Begin) => self.begin(),
            (State::Preflight { next, refused }, Event::Preflight(answer)) => {
                self.preflighted(next, refused, answer)
            }
            (State::Claiming { role }, Event::Written(answer)) => match answer {
                Ok(_) => self.next(role),
                Err(error) => self.finish(finish::claim_failed(error)),
            },
            (State::Witnessing { role, key }, Event::Tried(answer)) => self.witnessed(role, key, &answer),
            (State::Looking { role, round }, Event::Read(answer)) => self.looked(role, round, answer),
            (State::Renewing { role }, Event::Renewed(answer)) => self.renewed(role, answer),
            (State::Trying { role, key, renewal }, Event::Tried(answer)) => {
                self.tried(role, key, renewal, answer)
            }
            (State::Controlling { role }, Event::Tried(answer)) => self.controlled(role, answer),
            (State::Fencing { round }, Event::Read(answer)) => self.fenced(round, answer),
            (State::Settling { round, record }, Event::Written(answer)) => {
                self.settled(round, record, answer)
            }
            (_, Event::OutOfTime) => self.finish(finish::out_of_time(&self.users)),
            _ => self.finish(finish::impossible()),
        }
    }

    fn finish(&mut self, end: RevocationEnd) -> Effect {
        self.state = State::Done;
        Effect::Finish(Box::new(end))
    }

    fn begin(&mut self) -> Effect {
        // The caller has seen to both; what may never be done is refused here, too.
        if !self.plan.seen.record.writable() || self.plan.seen.record.claim().is_err() {
            return self.finish(finish::not_writable());
        }
        if self.plan.targets.iter().any(|target| self.is_own(target.user) && !self.is_earlier(target)) {
            return self.finish(finish::impossible());
        }
        match self.plan.by {
            By::NewKey => self.preflight(0, Vec::new()),
            By::Portal => self.next(KeyRole::Primary),
        }
    }

    /// Whether it is the user of the record.
    fn is_own(&self, user: Uuid) -> bool {
        self.plan.seen.record.api_user().ok().flatten() == Some(user)
    }

    /// Whether it is about keys that the record does not have any more.
    fn is_earlier(&self, target: &Target) -> bool {
        let in_use = self.plan.seen.record.get(Field::ApiKey);
        !target.keys.is_empty() && !target.keys.iter().any(|key| in_use.is_some_and(|own| own.same_as(key)))
    }

    fn preflight(&mut self, next: usize, refused: Vec<(KeyRole, Refusal)>) -> Effect {
        match self.plan.inputs.provisioning_keys().get(next).map(|(role, _)| *role) {
            Some(role) => {
                self.state = State::Preflight { next, refused };
                Effect::Preflight(role)
            }
            None => self.finish(finish::preflight_refused(&refused)),
        }
    }

    fn preflighted(
        &mut self,
        next: usize,
        mut refused: Vec<(KeyRole, Refusal)>,
        answer: Result<(), Refusal>,
    ) -> Effect {
        let Some(role) = self.plan.inputs.provisioning_keys().get(next).map(|(role, _)| *role) else {
            return self.finish(finish::impossible());
        };
        match answer {
            Ok(()) => self.claim(role),
            Err(refusal) if refusal.verdict() == Verdict::Bad => {
                refused.push((role, refusal));
                self.preflight(next + 1, refused)
            }
            Err(refusal) => self.finish(finish::preflight_stopped(&refusal)),
        }
    }

    fn claim(&mut self, role: KeyRole) -> Effect {
        let claim = self.plan.seeds.revocation(self.plan.only);
        // A dead claim's user moves to the retired ones.
        let mut record = compose::aborted(self.plan.seen.record.clone());
        record.open_claim(&claim, &[]);
        let document = record.document().clone();
        self.open = Some((claim, record));
        self.state = State::Claiming { role };
        Effect::Claim(document, self.plan.seen.expect.clone())
    }

    /// Goes on with the next user, or to the end.
    fn next(&mut self, role: KeyRole) -> Effect {
        let Some(target) = self.plan.targets.get(self.users.len()) else { return self.fence(0) };
        if self.plan.by == By::Portal || self.is_own(target.user) {
            return self.try_key(role, 0, Renewal::Made);
        }
        match self.plan.witness {
            Witness::OldKey if !self.admits => self.witness(role, 0),
            Witness::OldKey | Witness::InUse { .. } => self.look(role, 0),
        }
    }

    /// Tries a key of the user before another is asked for, until one is let in.
    fn witness(&mut self, role: KeyRole, key: usize) -> Effect {
        let Some(target) = self.plan.targets.get(self.users.len()) else {
            return self.finish(finish::impossible());
        };
        let Some(old) = target.keys.get(key) else { return self.look(role, 0) };
        let effect = Effect::Witness(target.user, old.clone());
        self.state = State::Witnessing { role, key };
        effect
    }

    fn witnessed(&mut self, role: KeyRole, key: usize, answer: &Result<(), Refusal>) -> Effect {
        self.admits = answer.is_ok();
        if self.admits { self.look(role, 0) } else { self.witness(role, key + 1) }
    }

    /// Looks whether the record still is as this run has claimed it: somebody who took it over may have put the user back.
    fn look(&mut self, role: KeyRole, round: u8) -> Effect {
        self.state = State::Looking { role, round };
        Effect::Look { round }
    }

    fn looked(&mut self, role: KeyRole, round: u8, answer: Result<Lookup, api::Error>) -> Effect {
        let stored = match self.current(round, answer, |machine| machine.look(role, round + 1)) {
            Ok(stored) => stored,
            Err(effect) => return effect,
        };
        let Some(user) = self.plan.targets.get(self.users.len()).map(|target| target.user) else {
            return self.finish(finish::impossible());
        };
        let record = Record::new(stored.document, self.plan.seen.record.layout().clone());
        if !self.is_ours(&record) {
            return self.finish(finish::not_ours(&record, &self.users, &self.renewed));
        }
        if record.api_user().ok().flatten() == Some(user) {
            return self.finish(finish::in_use_again(user, &self.users));
        }
        self.state = State::Renewing { role };
        Effect::Renew(role, user)
    }

    /// What the record is now; else what to do. `again` reads once more.
    fn current(
        &mut self,
        round: u8,
        answer: Result<Lookup, api::Error>,
        again: impl FnOnce(&mut Self) -> Effect,
    ) -> Result<Stored, Effect> {
        let stored = match answer {
            Ok(Lookup::Found(stored)) => stored,
            Err(error) if round < ROUNDS && error.retryable() => return Err(again(self)),
            Err(error) => return Err(self.finish(finish::store_failed(error, &self.users))),
            Ok(_) => return Err(self.finish(finish::gone(&self.users))),
        };
        // A store that is eventually consistent may show for a while what was there before the claim.
        let lags = self.open.is_some() && self.plan.seen.expect == Expect::Revision(stored.revision.clone());
        if lags && round < ROUNDS { Err(again(self)) } else { Ok(stored) }
    }

    fn renewed(&mut self, role: KeyRole, answer: Result<(), Refusal>) -> Effect {
        if answer.as_ref().err().is_none_or(|refusal| refusal.ambiguous) {
            self.renewed.extend(self.plan.targets.get(self.users.len()).map(|target| target.user));
        }
        match answer {
            Ok(()) => self.try_key(role, 0, Renewal::Made),
            // A key that is known is tried all the same: more than one answer is to say that the user is gone.
            Err(refusal) if refusal.diagnosis == Diagnosis::UnknownUser => {
                self.try_key(role, 0, Renewal::Unknown)
            }
            // Whether it was done does not matter where the old key can be tried.
            Err(refusal) if refusal.ambiguous => self.try_key(role, 0, Renewal::Doubtful(refusal)),
            Err(refusal) => {
                self.note(Fate::Unclear(refusal));
                // The next one would be answered in the same way.
                while self.users.len() < self.plan.targets.len() {
                    self.note(Fate::Unasked);
                }
                self.fence(0)
            }
        }
    }

    /// Tries a key of the user, or comes to an end with it.
    fn try_key(&mut self, role: KeyRole, key: usize, renewal: Renewal) -> Effect {
        let Some(target) = self.plan.targets.get(self.users.len()) else {
            return self.finish(finish::impossible());
        };
        if let Some(old) = target.keys.get(key) {
            let effect = Effect::Try(target.user, old.clone());
            self.state = State::Trying { role, key, renewal };
            return effect;
        }
        match (renewal, target.home) {
            (Renewal::Unknown, Home::Here) => self.came_to(role, Fate::Unknown),
            _ if key > 0 => self.control(role),
            (Renewal::Unknown, Home::Unsaid) => self.came_to(role, Fate::Stranger),
            (Renewal::Doubtful(refusal), _) => self.came_to(role, Fate::Unclear(refusal)),
            (Renewal::Made, _) => self.came_to(role, Fate::Unproven),
        }
    }

    fn tried(&mut self, role: KeyRole, key: usize, renewal: Renewal, answer: Result<(), Refusal>) -> Effect {
        match (answer, renewal) {
            // No new key may have been made: that says nothing of what one does to the old.
            (Ok(()), Renewal::Doubtful(refusal)) => self.came_to(role, Fate::Unclear(refusal)),
            (Ok(()), Renewal::Made | Renewal::Unknown) => self.came_to(role, Fate::Alive),
            // The one refusal that is about the pair.
            (Err(refusal), renewal) if refusal.diagnosis == Diagnosis::LoginFailed => {
                self.try_key(role, key + 1, renewal)
            }
            (Err(refusal), _) => self.came_to(role, Fate::Unclear(refusal)),
        }
    }

    /// Every key was refused. Before that counts, the gateway has to let somebody in.
    fn control(&mut self, role: KeyRole) -> Effect {
        if self.admits {
            return self.came_to(role, Fate::Dead);
        }
        let Witness::InUse { product, subscription_key } = self.plan.witness.clone() else {
            return self.came_to(role, Fate::Unwitnessed);
        };
        let record = &self.plan.seen.record;
        match record.api_user().ok().flatten().zip(record.get(Field::ApiKey).cloned()) {
            Some((user, key)) => {
                self.state = State::Controlling { role };
                Effect::Control { product, subscription_key, user, key }
            }
            None => self.came_to(role, Fate::Dead),
        }
    }

    fn controlled(&mut self, role: KeyRole, answer: Result<(), Refusal>) -> Effect {
        self.admits = answer.is_ok();
        self.came_to(role, answer.map_or_else(Fate::Doubtful, |()| Fate::Dead))
    }

    fn came_to(&mut self, role: KeyRole, fate: Fate) -> Effect {
        self.note(fate);
        self.next(role)
    }

    fn note(&mut self, fate: Fate) {
        if let Some(target) = self.plan.targets.get(self.users.len()) {
            self.users.push(Revoked { user: target.user, fate });
        }
    }
}
