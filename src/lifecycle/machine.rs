//! The steps of a lifecycle as a pure machine: `step(event) -> effect`. It does no I/O, reads no clock and draws no
//! randomness, so every order of answers can be tried in a test.
//!
//! Invariants, each answering a fault:
//! - No key is asked for a user before a claim that names it is stored, and each claim names a user of its own.
//! - The key is in memory only: it is dropped, never stored, on every way but publish.
//! - Publish expects the revision that the fence read, and the fence compares the claim's id: a revision alone is no
//!   fence, since deleted metadata and restored backups bring numbers back.

mod publication;

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Expect, Revision, Secret};
use uuid::Uuid;

use super::finish::{self, Finish};
use super::leftover::Leftover;
use super::plan::{Check, KeyRole, Leg, Obtain, Plan};
use super::state::{Issued, Open, State};
use super::step::{Effect, Event};
use super::{Seen, compose};
use crate::credential::{Claim, ClaimKind, Field, Record};
use crate::momo::{Diagnosis, Refusal, Verdict};

/// One lifecycle.
#[derive(Debug)]
pub struct Machine {
    plan: Plan,
    state: State,
    open: Option<Open>,
    attempt: usize,
    /// A publication was sent, and whether it took effect is not known.
    unsure: bool,
}

impl Machine {
    /// A machine before its first step.
    pub fn new(plan: Plan) -> Self {
        Self { plan, state: State::Start, open: None, attempt: 0, unsure: false }
    }

    /// The key of a role.
    pub fn key(&self, role: KeyRole) -> Option<&Secret> {
        self.plan.inputs.provisioning_keys().into_iter().find(|(known, _)| *known == role).map(|(_, key)| key)
    }

    /// Whether a claim of ours is open, whose lease counts. A claim of kind `rekey` never expires.
    pub fn is_leased(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.claim.kind != ClaimKind::Rekey)
    }

    /// The end of a run that a signal stopped.
    pub fn stopped(&self) -> Finish {
        match &self.state {
            State::Rechecking { published } => Finish::Published(published.clone()),
            State::Publishing { issued, .. } | State::ReadingBack { issued, .. } => {
                finish::interrupted_publishing(issued.user, self.leftover())
            }
            State::Fencing { issued, .. } if self.unsure => {
                finish::interrupted_publishing(issued.user, self.leftover())
            }
            _ => finish::interrupted(self.leftover()).leaving(self.stored_claim()),
        }
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
            (State::Rechecking { published }, Event::Checked(answer)) => self.rechecked(published, answer),
            (State::Withdrawing { cause }, Event::Written(answer)) => {
                self.finish(finish::refused(&cause, answer.is_ok()))
            }
            (_, Event::OutOfTime) => self.leave(finish::out_of_time(self.leftover())),
            _ => self.finish(finish::impossible()),
        }
    }

    fn finish(&mut self, finish: Finish) -> Effect {
        self.state = State::Done;
        Effect::Finish(Box::new(finish))
    }

    /// Ends with the claim of this run left open, if one was stored.
    fn leave(&mut self, finish: Finish) -> Effect {
        let finish = finish.leaving(self.stored_claim());
        self.finish(finish)
    }

    fn stored_claim(&self) -> Option<&Claim> {
        self.open.as_ref().filter(|open| open.revision.is_some()).map(|open| &open.claim)
    }

    fn pending_user(&self) -> Option<Uuid> {
        self.open.as_ref().map(|open| open.user)
    }

    /// What a stop leaves behind once the gateway was asked for something.
    fn leftover(&self) -> Leftover {
        match (&self.open, &self.plan.obtain) {
            (None, _) => Leftover::Nothing,
            (Some(_), Obtain::Kept { .. }) => Leftover::SubscriptionKey,
            (Some(open), Obtain::NewKey { .. }) => Leftover::Rekey(open.user),
            (Some(open), _) => Leftover::NewUser(open.user),
        }
    }

    fn begin(&mut self) -> Effect {
        // The caller has judged the claim; what no version of ours may touch is refused here too.
        if !self.plan.seen.record.writable() {
            return self.finish(finish::newer_layout());
        }
        if let Err(unknown) = self.plan.seen.record.claim() {
            return self.finish(finish::unknown_claim(&unknown));
        }
        if let Some((user, api_key)) = self.plan.obtain.given() {
            let issued = Issued { user, api_key: api_key.clone(), key: None, verified: false };
            if self.plan.check == Check::Skipped {
                return self.publish_import(issued);
            }
            return self.check(KeyRole::Primary, issued);
        }
        match &self.plan.obtain {
            Obtain::Kept { user, api_key, leg: Leg::Swap } => {
                let issued = Issued { user: *user, api_key: api_key.clone(), key: None, verified: false };
                self.check(KeyRole::Primary, issued)
            }
            Obtain::Kept { leg: Leg::Completion, .. } => {
                let Seen { record, expect, .. } = self.plan.seen.clone();
                self.claim(KeyRole::Primary, record, expect)
            }
            _ => self.preflight(0, Vec::new()),
        }
    }

    fn check(&mut self, key: KeyRole, issued: Issued) -> Effect {
        let effect = Effect::Check(issued.user, issued.api_key.clone());
        self.state = State::Checking { key, issued };
        effect
    }

    fn preflight(&mut self, next: usize, refused: Vec<(KeyRole, Refusal)>) -> Effect {
        let role = self.plan.inputs.provisioning_keys().get(next).map(|(role, _)| *role);
        match role {
            Some(role) => {
                self.state = State::Preflight { next, refused };
                Effect::Preflight(role)
            }
            None => self.finish(finish::preflight_refused(&refused, self.plan.open_kind())),
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
        let Some((claim, user)) = self.plan.claim(self.attempt) else {
            return self.finish(finish::impossible());
        };
        self.attempt += 1;
        compose::claimed(&self.plan, &mut record, &claim);
        let document = record.document().clone();
        self.open = Some(Open { claim, user, record, revision: None });
        #[cfg(feature = "faults")]
        if crate::faults::Control::NoClaim.is_on() {
            self.state = State::CreatingUser { key };
            return Effect::CreateUser(key, user);
        }
        self.state = State::Claiming { key };
        Effect::Claim(document, expect)
    }

    fn claimed(&mut self, key: KeyRole, answer: Result<Revision, api::Error>) -> Effect {
        let Some(open) = &mut self.open else { return self.finish(finish::impossible()) };
        match answer {
            Ok(revision) => {
                open.revision = Some(revision);
                let (user, kind) = (open.user, open.claim.kind);
                if let Obtain::Kept { api_key, .. } = &self.plan.obtain {
                    let issued = Issued { user, api_key: api_key.clone(), key: None, verified: false };
                    return self.check(key, issued);
                }
                if kind == ClaimKind::Rekey {
                    return self.create_key(key, user);
                }
                self.state = State::CreatingUser { key };
                Effect::CreateUser(key, user)
            }
            Err(error) => {
                let kind = open.claim.kind;
                let earlier = self.plan.new_users(self.attempt - 1).next();
                let earlier = earlier.map_or(Leftover::Nothing, Leftover::NewUser);
                self.finish(finish::claim_failed(error, earlier, kind))
            }
        }
    }

    fn user_created(&mut self, key: KeyRole, answer: Result<(), Refusal>) -> Effect {
        let Some(user) = self.pending_user() else { return self.finish(finish::impossible()) };
        match answer {
            Ok(()) => self.create_key(key, user),
            Err(refusal) => self.refused(refusal),
        }
    }

    fn create_key(&mut self, key: KeyRole, user: Uuid) -> Effect {
        self.state = State::CreatingKey { key };
        Effect::CreateKey(key, user)
    }

    fn key_created(&mut self, key: KeyRole, answer: Result<Secret, Refusal>) -> Effect {
        let Some(user) = self.pending_user() else { return self.finish(finish::impossible()) };
        match answer {
            Ok(api_key) => {
                let issued = Issued { user, api_key, key: Some(key), verified: false };
                if self.plan.check == Check::Skipped {
                    return self.fence(issued, 0);
                }
                self.check(key, issued)
            }
            Err(refusal) => self.refused(refusal),
        }
    }

    /// A refusal of user or key: for good, the claim is withdrawn; otherwise it stays for `resume`.
    fn refused(&mut self, refusal: Refusal) -> Effect {
        let withdraw = match self.plan.obtain {
            // Where surely no key was made, the one in the record is as good as before: no claim has to say otherwise.
            Obtain::NewKey { .. } => {
                surely_no_key(&refusal) && self.plan.open_kind() != Some(ClaimKind::Rekey)
            }
            // What is open then is older than this run: the key that a person typed.
            Obtain::Moved { leg: Leg::Completion } => false,
            _ => refusal.is_for_good(),
        };
        if !withdraw {
            return self.leave(finish::stopped(&refusal, self.leftover()));
        }
        let revision = self.open.as_ref().and_then(|open| open.revision.clone());
        let Some(revision) = revision else { return self.finish(finish::impossible()) };
        let record = compose::withdrawn(&self.plan, self.attempt);
        self.state = State::Withdrawing { cause: refusal };
        Effect::Withdraw(record.document().clone(), Expect::Revision(revision))
    }

    fn checked(&mut self, key: KeyRole, mut issued: Issued, answer: Result<(), Refusal>) -> Effect {
        let imported = self.plan.obtain.given().is_some();
        let kept = match self.plan.obtain {
            Obtain::Kept { leg, .. } => Some(leg),
            _ => None,
        };
        if let (Some(leg), Err(refusal)) = (kept, &answer) {
            if refusal.diagnosis == Diagnosis::NotAllowedTargetEnvironment
                && self.plan.inputs.target_environment.is_sandbox()
            {
                return self.move_user(leg);
            }
            if leg == Leg::Swap {
                return self.finish(finish::secondary_refused(refusal));
            }
        }
        match answer {
            Ok(()) => {
                issued.verified = true;
                if imported || kept == Some(Leg::Swap) {
                    self.publish_import(issued)
                } else {
                    self.fence(issued, 0)
                }
            }
            Err(refusal) if imported => match refusal.verdict() {
                // A popup shows the key once: better stored and unproven than lost. Never over something that works.
                Verdict::Inconclusive
                    if matches!(self.plan.obtain, Obtain::Imported { .. })
                        && self.plan.seen.record.get(Field::ApiKey).is_none() =>
                {
                    self.publish_import(issued)
                }
                _ => self.finish(finish::import_refused(&refusal)),
            },
            // Sandbox users are bound to the product of the key that made them.
            Err(refusal)
                if refusal.diagnosis == Diagnosis::NotAllowedTargetEnvironment
                    && key == KeyRole::Provisioning
                    && matches!(self.plan.obtain, Obtain::NewUser)
                    && self.attempt == 1 =>
            {
                // Left in the claim, `resume` would make another such user.
                self.plan.inputs.provisioning = None;
                match self.open.take() {
                    Some(Open { record, revision: Some(revision), .. }) => {
                        self.claim(KeyRole::Primary, record, Expect::Revision(revision))
                    }
                    _ => self.finish(finish::impossible()),
                }
            }
            Err(refusal) => self.leave(finish::stopped(&refusal, self.leftover())),
        }
    }

    /// Goes on with a new user: sandbox users are bound to the key that made them, or to its product.
    fn move_user(&mut self, leg: Leg) -> Effect {
        if self.plan.inputs.callback_host.is_none() {
            return self.leave(finish::move_needs_a_host(self.leftover()));
        }
        if let Some(Open { record, revision: Some(revision), .. }) = self.open.take() {
            self.plan.seen = Seen { expect: Expect::Revision(revision), record, deleted: false, age: None };
        }
        self.attempt = 0;
        self.plan.move_user(leg);
        self.preflight(0, Vec::new())
    }
}

/// Whether an answer came in the place of a key: not after one, and not with one that could not be read.
fn surely_no_key(refusal: &Refusal) -> bool {
    !refusal.ambiguous && refusal.status.is_some_and(|status| status >= 400)
}
