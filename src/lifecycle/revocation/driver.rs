//! Performs the effects of a [`Revocation`].

use std::time::Duration;

use momo_cred_backend_api::{At, Secret};
use uuid::Uuid;

use super::step::{Effect, Event};
use super::{Revocation, RevocationEnd, RevocationPlan};
use crate::lifecycle::{Driver, KeyRole, Watch};
use crate::momo::{Diagnosis, Outcome, Refusal, StepReport};

/// How long to wait before the record is read once more.
const PAUSE: Duration = Duration::from_millis(300);

impl Driver<'_> {
    /// Runs a revocation to its end.
    pub async fn revoke(&self, plan: RevocationPlan, watch: &mut dyn Watch) -> RevocationEnd {
        let mut machine = Revocation::new(plan);
        let mut effect = machine.step(Event::Begin);
        let mut claimed_at = self.world.boot_time();
        #[cfg(feature = "faults")]
        let mut way = crate::faults::Way::default();
        loop {
            #[cfg(feature = "faults")]
            way.before(super::points::of(&effect));
            let lease_is_over = self.world.boot_time().saturating_sub(claimed_at) > self.lease;
            let event = match effect {
                Effect::Finish(end) => return *end,
                Effect::Renew(..) | Effect::Settle(..) if lease_is_over => Event::OutOfTime,
                Effect::Preflight(role) => {
                    watch.begins("preflight");
                    let answer = self.may_ask(&machine, role).await;
                    watch.ended(&StepReport {
                        hint: None,
                        ..StepReport::of("preflight", answer.as_ref().err())
                    });
                    Event::Preflight(answer)
                }
                Effect::Claim(document, expect) => {
                    watch.begins("claim");
                    claimed_at = self.world.boot_time();
                    let answer = self.store.write(self.name, &document, &expect).await;
                    if answer.is_ok() {
                        watch.ended(&StepReport::of("claim", None));
                    }
                    Event::Written(answer)
                }
                Effect::Renew(role, user) => {
                    watch.begins("renew");
                    let answer = self.renew(&machine, role, user).await;
                    watch.ended(&renewal(answer.as_ref().err()));
                    Event::Renewed(answer)
                }
                Effect::Witness(user, key) => {
                    watch.begins("witness");
                    let answer = self.try_old(&machine, user, &key).await;
                    watch.ended(&StepReport {
                        hint: None,
                        ..StepReport::of("witness", answer.as_ref().err())
                    });
                    Event::Tried(answer)
                }
                Effect::Try(user, key) => {
                    watch.begins("old-key");
                    let answer = self.try_old(&machine, user, &key).await;
                    watch.ended(&trial(answer.as_ref().err()));
                    Event::Tried(answer)
                }
                Effect::Control { product, subscription_key, user, key } => {
                    watch.begins("in-use");
                    let answer = self.gateway.token(product, &subscription_key, user, &key).await.map(drop);
                    watch
                        .ended(&StepReport { hint: None, ..StepReport::of("in-use", answer.as_ref().err()) });
                    Event::Tried(answer)
                }
                Effect::Look { round } | Effect::Fence { round } => {
                    if round > 0 {
                        tokio::time::sleep(PAUSE).await;
                    }
                    Event::Read(self.store.read(self.name, &At::Current).await)
                }
                Effect::Settle(document, expect) => {
                    watch.begins("settle");
                    let answer = self.store.write(self.name, &document, &expect).await;
                    if answer.is_ok() {
                        watch.ended(&StepReport::of("settle", None));
                    }
                    Event::Written(answer)
                }
            };
            #[cfg(feature = "faults")]
            way.after();
            effect = machine.step(event);
        }
    }

    async fn may_ask(&self, machine: &Revocation, role: KeyRole) -> Result<(), Refusal> {
        match key(machine, role) {
            Some(key) => self.may_provision(key).await,
            None => Ok(()),
        }
    }

    /// Asks for a key, which is dropped here. One that came in a form that cannot be read was made all the same.
    async fn renew(&self, machine: &Revocation, role: KeyRole, user: Uuid) -> Result<(), Refusal> {
        let Some(key) = key(machine, role) else { return Ok(()) };
        match self.gateway.create_key(key, user).await {
            Ok(_) => Ok(()),
            Err(refusal) if refusal.status.is_some_and(|status| (200..300).contains(&status)) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    async fn try_old(&self, machine: &Revocation, user: Uuid, api_key: &Secret) -> Result<(), Refusal> {
        let inputs = &machine.plan().inputs;
        self.gateway.token(inputs.product, &inputs.subscription_key, user, api_key).await.map(drop)
    }
}

fn key(machine: &Revocation, role: KeyRole) -> Option<&Secret> {
    let keys = machine.plan().inputs.provisioning_keys();
    keys.into_iter().find(|(known, _)| *known == role).map(|(_, key)| key)
}

/// An unknown user is as good as a revoked one.
fn renewal(refusal: Option<&Refusal>) -> StepReport {
    let report = StepReport { hint: None, ..StepReport::of("renew", refusal) };
    match refusal {
        Some(refusal) if refusal.diagnosis == Diagnosis::UnknownUser => {
            StepReport { outcome: Outcome::Ok, ..report }
        }
        _ => report,
    }
}

/// Here a refusal of the pair is what is hoped for, and a token is bad.
fn trial(refusal: Option<&Refusal>) -> StepReport {
    let report = StepReport { hint: None, ..StepReport::of("old-key", refusal) };
    match refusal {
        Some(refusal) if refusal.diagnosis == Diagnosis::LoginFailed => {
            StepReport { outcome: Outcome::Ok, ..report }
        }
        None => StepReport { outcome: Outcome::Bad, ..report },
        Some(_) => report,
    }
}
