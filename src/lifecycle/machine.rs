//! The steps of a lifecycle as a pure machine: `step(event) -> effect`. It does no I/O, reads no clock and draws no
//! randomness, so every order of answers can be tried in a test.
//!
//! Invariants, each answering a fault:
//! - No key is asked for a user before a claim that names it is stored, and each claim names a user of its own.
//! - The key is in memory only: it is dropped, never stored, on every way but publish.
//! - Publish expects the revision that the fence read, and the fence compares the claim's id: a revision alone is no
//!   fence, since deleted metadata and restored backups bring numbers back.

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Document, Expect, Lookup, Revision, Secret};
use uuid::Uuid;

use super::compose;
use super::finish::{self, Finish, Published};
use super::plan::{Check, KeyRole, Obtain, Plan};
use super::step::{Effect, Event};
use crate::credential::{Claim, Field, Record};
use crate::momo::{Diagnosis, Refusal, Verdict};

/// How often publish goes back to the fence because somebody edited the record beside us.
const FENCES: u8 = 3;

#[derive(Debug)]
enum State {
    Start,
    Preflight { next: usize, refused: Vec<(KeyRole, Refusal)> },
    Claiming { key: KeyRole },
    CreatingUser { key: KeyRole },
    CreatingKey { key: KeyRole },
    Checking { key: KeyRole, issued: Issued },
    Fencing { issued: Issued, round: u8 },
    Publishing { issued: Issued, document: Document, round: u8 },
    ReadingBack { issued: Issued, document: Document, revision: Revision },
    Withdrawing { cause: Refusal },
    Done,
}

/// A user and key that are not published yet.
#[derive(Clone, Debug)]
struct Issued {
    user: Uuid,
    api_key: Secret,
    key: Option<KeyRole>,
    verified: bool,
}

/// The claim that is ours, as we wrote it.
#[derive(Debug)]
struct Open {
    claim: Claim,
    user: Uuid,
    record: Record,
    revision: Option<Revision>,
}

/// One lifecycle.
#[derive(Debug)]
pub struct Machine {
    plan: Plan,
    state: State,
    open: Option<Open>,
    attempt: usize,
}

impl Machine {
    /// A machine before its first step.
    pub fn new(plan: Plan) -> Self {
        Self { plan, state: State::Start, open: None, attempt: 0 }
    }

    /// The key of a role.
    pub fn key(&self, role: KeyRole) -> Option<&Secret> {
        self.plan.inputs.provisioning_keys().into_iter().find(|(known, _)| *known == role).map(|(_, key)| key)
    }

    /// Whether a claim of ours is open, whose lease counts.
    pub fn has_claim(&self) -> bool {
        self.open.is_some()
    }

    /// The end of a run that a signal stopped.
    pub fn stopped(&self) -> Finish {
        finish::interrupted(self.pending_user())
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes what came of the last effect and says what to do next.
    pub fn step(&mut self, event: Event) -> Effect {
        let state = std::mem::replace(&mut self.state, State::Done);
        match (state, event) {
            (State::Start, Event::Begin) => self.begin(),
            (State::Preflight { next, refused }, Event::Preflight(answer)) => {
                self.preflighted(next, refused, answer)
            }
            (State::Claiming { key }, Event::Written(answer)) => self.claimed(key, answer),
            (State::CreatingUser { key }, Event::UserCreated(answer)) => self.user_created(key, answer),
            (State::CreatingKey { key }, Event::KeyCreated(answer)) => self.key_created(key, answer),
            (State::Checking { key, issued }, Event::Checked(answer)) => self.checked(key, issued, answer),
            (State::Fencing { issued, round }, Event::Read(answer)) => self.fenced(issued, round, answer),
            (State::Publishing { issued, document, round }, Event::Written(answer)) => {
                self.published(issued, document, round, answer)
            }
            (State::ReadingBack { issued, document, revision }, Event::Read(answer)) => {
                self.read_back(&issued, &document, revision, answer)
            }
            (State::Withdrawing { cause }, Event::Written(answer)) => {
                self.finish(finish::refused(&cause, answer.is_ok()))
            }
            (_, Event::OutOfTime) => self.finish(finish::out_of_time(self.pending_user())),
            _ => self.finish(finish::impossible()),
        }
    }

    fn finish(&mut self, finish: Finish) -> Effect {
        self.state = State::Done;
        Effect::Finish(Box::new(finish))
    }

    fn pending_user(&self) -> Option<Uuid> {
        self.open.as_ref().map(|open| open.user)
    }

    fn begin(&mut self) -> Effect {
        // The caller has judged the claim; what no version of ours may touch is refused here too.
        if !self.plan.seen.record.writable() {
            return self.finish(finish::newer_layout());
        }
        if let Err(unknown) = self.plan.seen.record.claim() {
            return self.finish(finish::unknown_claim(&unknown));
        }
        match &self.plan.obtain {
            Obtain::NewUser => self.preflight(0, Vec::new()),
            Obtain::Imported { user, api_key } => {
                let issued = Issued { user: *user, api_key: api_key.clone(), key: None, verified: false };
                if self.plan.check == Check::Skipped {
                    return self.publish_import(issued);
                }
                let effect = Effect::Check(issued.user, issued.api_key.clone());
                self.state = State::Checking { key: KeyRole::Primary, issued };
                effect
            }
        }
    }

    fn preflight(&mut self, next: usize, refused: Vec<(KeyRole, Refusal)>) -> Effect {
        let role = self.plan.inputs.provisioning_keys().get(next).map(|(role, _)| *role);
        match role {
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
            Ok(()) => self.claim(role, self.plan.seen.record.clone(), self.plan.seen.expect.clone()),
            Err(refusal) if refusal.verdict() == Verdict::Bad => {
                refused.push((role, refusal));
                self.preflight(next + 1, refused)
            }
            Err(refusal) => self.finish(finish::preflight_stopped(&refusal)),
        }
    }

    /// Opens a claim in `record`, which may carry a dead one: its user moves to the retired ones.
    fn claim(&mut self, key: KeyRole, mut record: Record, expect: Expect) -> Effect {
        let seed = self.plan.seeds.claim(self.attempt);
        self.attempt += 1;
        let Some((claim, user)) = seed.and_then(|claim| claim.api_user.map(|user| (claim, user))) else {
            return self.finish(finish::impossible());
        };
        compose::claimed(&self.plan, &mut record, &claim);
        let document = record.document().clone();
        self.open = Some(Open { claim, user, record, revision: None });
        self.state = State::Claiming { key };
        Effect::Claim(document, expect)
    }

    fn claimed(&mut self, key: KeyRole, answer: Result<Revision, api::Error>) -> Effect {
        let Some(open) = &mut self.open else { return self.finish(finish::impossible()) };
        match answer {
            Ok(revision) => {
                open.revision = Some(revision);
                let user = open.user;
                self.state = State::CreatingUser { key };
                Effect::CreateUser(key, user)
            }
            Err(error) => {
                let earlier = self.plan.seeds.claimed(self.attempt - 1).next();
                self.finish(finish::claim_failed(error, earlier))
            }
        }
    }

    fn user_created(&mut self, key: KeyRole, answer: Result<(), Refusal>) -> Effect {
        let Some(user) = self.pending_user() else { return self.finish(finish::impossible()) };
        match answer {
            Ok(()) => {
                self.state = State::CreatingKey { key };
                Effect::CreateKey(key, user)
            }
            Err(refusal) => self.refused(refusal, user),
        }
    }

    fn key_created(&mut self, key: KeyRole, answer: Result<Secret, Refusal>) -> Effect {
        let Some(user) = self.pending_user() else { return self.finish(finish::impossible()) };
        match answer {
            Ok(api_key) => {
                let issued = Issued { user, api_key, key: Some(key), verified: false };
                if self.plan.check == Check::Skipped {
                    return self.fence(issued, 0);
                }
                let effect = Effect::Check(user, issued.api_key.clone());
                self.state = State::Checking { key, issued };
                effect
            }
            Err(refusal) => self.refused(refusal, user),
        }
    }

    /// A refusal of user or key: for good, the claim is withdrawn; otherwise it stays for `resume`.
    fn refused(&mut self, refusal: Refusal, user: Uuid) -> Effect {
        if !refused_for_good(&refusal) {
            return self.finish(finish::stopped(&refusal, Some(user)));
        }
        let revision = self.open.as_ref().and_then(|open| open.revision.clone());
        let Some(revision) = revision else { return self.finish(finish::impossible()) };
        let record = compose::withdrawn(&self.plan, self.plan.seeds.claimed(self.attempt));
        self.state = State::Withdrawing { cause: refusal };
        Effect::Withdraw(record.document().clone(), Expect::Revision(revision))
    }

    fn checked(&mut self, key: KeyRole, mut issued: Issued, answer: Result<(), Refusal>) -> Effect {
        let imported = matches!(self.plan.obtain, Obtain::Imported { .. });
        match answer {
            Ok(()) => {
                issued.verified = true;
                if imported { self.publish_import(issued) } else { self.fence(issued, 0) }
            }
            Err(refusal) if imported => match refusal.verdict() {
                // A popup shows the key once: better stored and unproven than lost. Never over something that works.
                Verdict::Inconclusive if self.plan.seen.record.get(Field::ApiKey).is_none() => {
                    self.publish_import(issued)
                }
                _ => self.finish(finish::import_refused(&refusal)),
            },
            // Sandbox users are bound to the product of the key that made them.
            Err(refusal)
                if refusal.diagnosis == Diagnosis::NotAllowedTargetEnvironment
                    && key == KeyRole::Provisioning
                    && self.attempt == 1 =>
            {
                match self.open.take() {
                    Some(Open { record, revision: Some(revision), .. }) => {
                        self.claim(KeyRole::Primary, record, Expect::Revision(revision))
                    }
                    _ => self.finish(finish::impossible()),
                }
            }
            Err(refusal) => self.finish(finish::stopped(&refusal, Some(issued.user))),
        }
    }

    fn fence(&mut self, issued: Issued, round: u8) -> Effect {
        self.state = State::Fencing { issued, round };
        Effect::Fence
    }

    fn fenced(&mut self, issued: Issued, round: u8, answer: Result<Lookup, api::Error>) -> Effect {
        let Some(open) = &self.open else { return self.finish(finish::impossible()) };
        let user = issued.user;
        if round < FENCES && answer.as_ref().is_ok_and(|read| self.is_older_than_the_claim(read)) {
            return self.fence(issued, round + 1);
        }
        let stored = match answer {
            Ok(Lookup::Found(stored)) => stored,
            Ok(Lookup::Deleted { .. }) => return self.finish(finish::deleted(user)),
            Ok(Lookup::Missing) => return self.finish(finish::vanished(user)),
            Err(error) if round < FENCES && error.retryable() => return self.fence(issued, round + 1),
            Err(error) => return self.finish(finish::store_failed(error, user)),
        };
        let record = Record::new(stored.document, open.record.layout().clone());
        // An earlier publish of ours whose answer was lost, whatever somebody has begun since.
        if round > 0 && record.get(Field::ApiKey).is_some_and(|key| key.same_as(&issued.api_key)) {
            return self.done(&issued, &record, stored.revision);
        }
        match record.claim() {
            Ok(Some(claim)) if claim.id == open.claim.id && record.same_credential(&open.record) => {
                self.publish(issued, record, Expect::Revision(stored.revision), round)
            }
            Ok(Some(claim)) => self.finish(finish::not_ours(Some(&claim), user)),
            Ok(None) | Err(_) => self.finish(finish::not_ours(None, user)),
        }
    }

    /// Whether a read shows just what was there before the claim: a store that is eventually consistent may do so for a
    /// while. If it is so for good, somebody put it back, and the claim is not ours any more.
    fn is_older_than_the_claim(&self, read: &Lookup) -> bool {
        match (read, &self.plan.seen.expect) {
            (Lookup::Missing, Expect::Absent) => true,
            (Lookup::Found(stored), Expect::Revision(before)) => stored.revision == *before,
            _ => false,
        }
    }

    fn publish(&mut self, issued: Issued, record: Record, expect: Expect, round: u8) -> Effect {
        let record = compose::published(&self.plan, record, issued.user, &issued.api_key);
        let document = record.document().clone();
        self.state = State::Publishing { issued, document: document.clone(), round };
        Effect::Publish(document, expect)
    }

    /// An import has no claim to fence: nothing is issued, and its one write expects what was read.
    fn publish_import(&mut self, issued: Issued) -> Effect {
        let mut record = self.plan.seen.record.clone();
        compose::retire_claimed(&mut record);
        self.publish(issued, record, self.plan.seen.expect.clone(), FENCES)
    }

    fn published(
        &mut self,
        issued: Issued,
        document: Document,
        round: u8,
        answer: Result<Revision, api::Error>,
    ) -> Effect {
        match answer {
            Ok(revision) => {
                let effect = Effect::ReadBack(revision.clone());
                self.state = State::ReadingBack { issued, document, revision };
                effect
            }
            Err(error)
                if round < FENCES && (error.kind() == api::ErrorKind::Conflict || error.retryable()) =>
            {
                self.fence(issued, round + 1)
            }
            Err(error) if matches!(self.plan.obtain, Obtain::Imported { .. }) => {
                self.finish(finish::import_write_failed(error))
            }
            Err(error) => self.finish(finish::store_failed(error, issued.user)),
        }
    }

    fn read_back(
        &mut self,
        issued: &Issued,
        document: &Document,
        revision: Revision,
        answer: Result<Lookup, api::Error>,
    ) -> Effect {
        match answer {
            Ok(Lookup::Found(stored)) if stored.document.same_as(document) => {
                let record = Record::new(stored.document, self.plan.seen.record.layout().clone());
                self.done(issued, &record, revision)
            }
            Ok(_) => self.finish(finish::read_back_differs(&revision)),
            Err(error) => self.finish(finish::read_back_failed(error, &revision)),
        }
    }

    fn done(&mut self, issued: &Issued, record: &Record, revision: Revision) -> Effect {
        self.finish(Finish::Published(Box::new(Published {
            revision,
            record: record.clone(),
            user: issued.user,
            key: issued.key,
            verified: issued.verified,
        })))
    }
}

/// Whether asking again is pointless: 400, 401, 403 and 404 that are not an outage in disguise.
fn refused_for_good(refusal: &Refusal) -> bool {
    !refusal.ambiguous
        && matches!(refusal.status, Some(400 | 401 | 403 | 404))
        && refusal.verdict() != Verdict::Inconclusive
}
