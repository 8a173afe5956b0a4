//! Performs the effects of a [`Machine`]: the only place where a lifecycle touches store, gateway and clocks.

use std::time::Duration;

use momo_cred_backend_api as api;
use momo_cred_backend_api::{At, Backend, Document, ErrorKind, Expect, Lookup, RecordName, Revision, Secret};
use uuid::Uuid;

use super::World;
use super::finish::Finish;
use super::machine::Machine;
use super::plan::{KeyRole, Obtain, Plan};
use super::signals::Noted;
use super::step::{Effect, Event};
use crate::credential::Record;
#[cfg(feature = "faults")]
use crate::faults::Control;
use crate::momo::{Diagnosis, Gateway, Msisdn, Refusal, Silence, Step, StepReport};

/// How long a store may take to show what it has confirmed, where it is eventually consistent.
const PATIENCE: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];

/// Hears of each step as it ends.
pub trait Watch {
    /// A step begins. Steps over the network may take seconds.
    fn begins(&mut self, step: &'static str);
    /// A step ended. The report holds no value.
    fn ended(&mut self, report: &StepReport);
    /// A signal came at a bad moment: the run goes on to a safe end, for at most this long, and then ends by it.
    fn noted(&mut self, signal: i32, at_most: Duration);
    /// A write dropped an API user from the full list of retired ones.
    fn forgot(&mut self, user: Uuid);
}

/// Store, gateway and clocks of one lifecycle.
pub struct Driver<'a> {
    /// Where the record is.
    pub store: &'a dyn Backend,
    /// Which record.
    pub name: &'a RecordName,
    /// The gateway.
    pub gateway: &'a dyn Gateway,
    /// Clocks.
    pub world: &'a dyn World,
    /// The number for the product read, where it is not the default.
    pub msisdn: Option<&'a Msisdn>,
    /// How long a claim of ours lasts.
    pub lease: Duration,
}

impl std::fmt::Debug for Driver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Driver({})", self.store.location(self.name))
    }
}

impl Driver<'_> {
    /// Runs a plan to its end. A signal noted on the way comes with it: the caller reports, then ends by it.
    pub async fn run(&self, plan: Plan, watch: &mut dyn Watch) -> (Finish, Option<i32>) {
        let mut machine = Machine::new(plan);
        let mut effect = machine.step(Event::Begin);
        let mut claimed_at = self.world.boot_time();
        let mut fences: usize = 0;
        let mut noted: Option<Noted> = None;
        let mut stored = machine.plan().seen.record.clone();
        #[cfg(feature = "faults")]
        let mut way = crate::faults::Way::default();
        loop {
            #[cfg(feature = "faults")]
            way.before_effect(&effect);
            if let Some(step) = step_name(&effect) {
                watch.begins(step);
            }
            let lease_is_over = self.world.boot_time().saturating_sub(claimed_at) > self.lease;
            #[cfg(feature = "faults")]
            let lease_is_over = lease_is_over && !Control::NoLease.is_on();
            let event = match effect {
                Effect::Finish(finish) => return (*finish, noted.and_then(|mut noted| noted.signal())),
                Effect::CreateKey(..) | Effect::Publish(..) if lease_is_over && machine.is_leased() => {
                    Event::OutOfTime
                }
                Effect::Preflight(role) => {
                    let answer = self.preflight(&machine, role).await;
                    // What to do is told by the error that follows; with several keys only the last one counts.
                    watch.ended(&StepReport {
                        hint: None,
                        ..StepReport::of("preflight", answer.as_ref().err())
                    });
                    Event::Preflight(answer)
                }
                Effect::Claim(document, expect) => {
                    claimed_at = self.world.boot_time();
                    let answer = self.store.write(self.name, &document, &expect).await;
                    if answer.is_ok() {
                        watch.ended(&StepReport::of("claim", None));
                        say_who_is_forgotten(&mut stored, document, watch);
                    }
                    Event::Written(answer)
                }
                Effect::CreateUser(role, user) => {
                    let answer = self.create_user(&machine, role, user).await;
                    watch.ended(&StepReport::of("user", answer.as_ref().err()));
                    Event::UserCreated(answer)
                }
                Effect::CreateKey(role, user) => {
                    let call = self.create_key(&machine, role, user);
                    let signals = noted.get_or_insert_with(Noted::arm);
                    let answer = match signals.unless_stopped(call, self.world, watch).await {
                        Ok(answer) => answer,
                        Err(signal) => return (machine.stopped(), Some(signal)),
                    };
                    watch.ended(&StepReport::of("key", answer.as_ref().err()));
                    Event::KeyCreated(answer)
                }
                Effect::Check(user, api_key) => {
                    let call = self.check(&machine, user, &api_key);
                    let (reports, answer) = match self.unless_stopped(&mut noted, call, watch).await {
                        Ok(answer) => answer,
                        Err(signal) => return (machine.stopped(), Some(signal)),
                    };
                    reports.iter().for_each(|report| watch.ended(report));
                    Event::Checked(answer)
                }
                Effect::Fence => {
                    if let Some(pause) = fences.checked_sub(1).and_then(|n| PATIENCE.get(n)) {
                        tokio::time::sleep(*pause).await;
                    }
                    fences += 1;
                    let call = self.store.read(self.name, &At::Current);
                    match self.unless_stopped(&mut noted, call, watch).await {
                        Ok(answer) => Event::Read(answer),
                        Err(signal) => return (machine.stopped(), Some(signal)),
                    }
                }
                Effect::Publish(document, expect) => {
                    let call = self.publish(&document, &expect);
                    let answer = match self.unless_stopped(&mut noted, call, watch).await {
                        Ok(answer) => answer,
                        Err(signal) => return (machine.stopped(), Some(signal)),
                    };
                    if answer.is_ok() {
                        watch.ended(&StepReport::of("publish", None));
                        say_who_is_forgotten(&mut stored, document, watch);
                    }
                    Event::Written(answer)
                }
                Effect::ReadBack(revision) => {
                    let call = self.read_back(revision);
                    let answer = match self.unless_stopped(&mut noted, call, watch).await {
                        Ok(answer) => answer,
                        Err(signal) => return (machine.stopped(), Some(signal)),
                    };
                    if answer.is_ok() {
                        watch.ended(&StepReport::of("read-back", None));
                    }
                    Event::Read(answer)
                }
                Effect::Withdraw(document, expect) => {
                    let answer = self.store.write(self.name, &document, &expect).await;
                    if answer.is_ok() {
                        say_who_is_forgotten(&mut stored, document, watch);
                    }
                    Event::Written(answer)
                }
            };
            #[cfg(feature = "faults")]
            way.after();
            effect = machine.step(event);
        }
    }

    /// Waits for a call; once signals are noted, no longer than they allow.
    async fn unless_stopped<T>(
        &self,
        noted: &mut Option<Noted>,
        call: impl Future<Output = T>,
        watch: &mut dyn Watch,
    ) -> Result<T, i32> {
        match noted {
            None => Ok(call.await),
            Some(signals) => signals.unless_stopped(call, self.world, watch).await,
        }
    }

    async fn read_back(&self, revision: Revision) -> momo_cred_backend_api::Result<Lookup> {
        let at = At::Revision(revision);
        let mut answer = self.store.read(self.name, &at).await;
        for pause in PATIENCE {
            if !matches!(answer, Ok(Lookup::Missing)) {
                break;
            }
            tokio::time::sleep(pause).await;
            answer = self.store.read(self.name, &at).await;
        }
        if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unsupported) {
            // No history, and ours is not current any more: what is there tells who wrote since.
            answer = self.store.read(self.name, &At::Current).await;
        }
        answer
    }

    async fn preflight(&self, machine: &Machine, role: KeyRole) -> Result<(), Refusal> {
        let Some(key) = machine.key(role) else { return Ok(()) };
        if let Obtain::NewKey { user } = machine.plan().obtain {
            // The user is there already, or there is nothing to make a key for.
            return self.gateway.user(key, user).await.map(drop);
        }
        self.may_provision(key).await
    }

    /// Asks for a user that cannot exist: 404 says that the key may provision. An answer that is about the request and
    /// not about the key or the service is good enough too.
    pub(super) async fn may_provision(&self, key: &Secret) -> Result<(), Refusal> {
        match self.gateway.user(key, self.world.uuid()).await {
            Ok(_) => Ok(()),
            Err(refusal) => match refusal.diagnosis {
                Diagnosis::UnknownUser | Diagnosis::BadRequest => Ok(()),
                _ => Err(refusal),
            },
        }
    }

    async fn publish(&self, document: &Document, expect: &Expect) -> Result<Revision, api::Error> {
        let answer = self.store.write(self.name, document, expect).await;
        #[cfg(feature = "faults")]
        if Control::Resent.is_on() {
            return self.store.write(self.name, document, expect).await;
        }
        answer
    }

    async fn create_user(&self, machine: &Machine, role: KeyRole, user: Uuid) -> Result<(), Refusal> {
        let (Some(key), Some(host)) = (machine.key(role), machine.plan().inputs.callback_host.as_ref())
        else {
            return Ok(());
        };
        let answer = self.gateway.create_user(key, user, host).await;
        #[cfg(feature = "faults")]
        if Control::ReusedUser.is_on() {
            return Ok(());
        }
        answer
    }

    async fn create_key(&self, machine: &Machine, role: KeyRole, user: Uuid) -> Result<Secret, Refusal> {
        match machine.key(role) {
            #[cfg(feature = "faults")]
            Some(key) => self.gateway.create_key(key, user).await.inspect(crate::faults::key_issued),
            #[cfg(not(feature = "faults"))]
            Some(key) => self.gateway.create_key(key, user).await,
            // The machine names only keys that its plan has.
            None => Err(Refusal::no_answer(Step::CreateKey, Silence::Deadline)),
        }
    }

    /// A token, then a product read: a token alone does not prove that the user is bound to the product.
    async fn check(
        &self,
        machine: &Machine,
        user: Uuid,
        api_key: &Secret,
    ) -> (Vec<StepReport>, Result<(), Refusal>) {
        let inputs = &machine.plan().inputs;
        let key = &inputs.subscription_key;
        let token = self.gateway.token(inputs.product, key, user, api_key).await;
        let mut reports = vec![StepReport::of("token", token.as_ref().err())];
        let token = match token {
            Ok(token) => token,
            Err(refusal) => return (reports, Err(refusal)),
        };
        let read =
            self.gateway.read(inputs.product, key, &token, &inputs.target_environment, self.msisdn).await;
        reports.push(StepReport::of("read", read.as_ref().err()));
        (reports, read)
    }
}

/// The list of retired users is bounded: whoever drops off it is named, or nobody would revoke that user.
fn say_who_is_forgotten(stored: &mut Record, document: Document, watch: &mut dyn Watch) {
    let now = Record::new(document, stored.layout().clone());
    stored.forgotten_in(&now).into_iter().for_each(|user| watch.forgot(user));
    *stored = now;
}

const fn step_name(effect: &Effect) -> Option<&'static str> {
    match effect {
        Effect::Preflight(_) => Some("preflight"),
        Effect::Claim(..) => Some("claim"),
        Effect::CreateUser(..) => Some("user"),
        Effect::CreateKey(..) => Some("key"),
        Effect::Check(..) => Some("check"),
        Effect::Publish(..) => Some("publish"),
        Effect::ReadBack(_) => Some("read-back"),
        Effect::Fence | Effect::Withdraw(..) | Effect::Finish(_) => None,
    }
}
