//! The second publication: the regenerated key serves, and the claim is closed.

use momo_cred_backend_api::{Secret, Work};

use super::Change;
use crate::cli::provision::Lifecycle;
use crate::credential::{Field, Record};
use crate::effective::Effective;
use crate::lifecycle::{Check, Inputs, Leg, Obtain, Owner, Seen};
use crate::momo::{Diagnosis, Gateway as _};
use crate::{Error, Kind, Outcome, Result, prompt};

impl Change<'_> {
    /// Keeps the new key in the claim, tries it, and publishes it. At a terminal, a key that is refused is asked for
    /// again.
    pub(super) async fn complete(&self, mut seen: Seen, mut new: Secret) -> Result<Outcome> {
        loop {
            let before = seen.record.clone();
            match self.complete_once(seen, new).await {
                Err(error) if error.kind() == Kind::Denied && self.may_ask() => {
                    seen = self.ours(&error).await?;
                    // The whole error is told at the end of the run, if no other key is given.
                    let refusal = error.causes().first().map_or(error.what(), String::as_str);
                    self.context.output.note(&format!("not taken: {refusal}"));
                    self.context.output.note("type or paste it again; Enter alone stops");
                    new = match self.new_primary(&seen) {
                        // Enter alone: what failed stays what is told.
                        Err(stop) if stop.kind() == Kind::Conflict => return Err(error),
                        answer => answer?,
                    };
                }
                Ok(Outcome::Exit(0)) => {
                    self.look_at_the_old(&before).await;
                    return Ok(Outcome::SUCCESS);
                }
                outcome => return outcome,
            }
        }
    }

    fn may_ask(&self) -> bool {
        self.from.is_none() && prompt::available()
    }

    async fn complete_once(&self, seen: Seen, new: Secret) -> Result<Outcome> {
        let Self { context, settings, place, .. } = *self;
        let hold = place.hold(Work::Renewal, context).await?;
        let seen = self.again(seen).await?;
        let effective = self.effective(&seen.record)?;
        let (user, api_key) = self.user_and_key(&seen.record)?;
        let serves = self.key(&seen.record, Field::SubscriptionKey)?.clone();
        let inputs = self.inputs(&seen, &effective)?;
        let inputs = Inputs { subscription_key: new, secondary: Some(serves), ..inputs };
        let obtain = Obtain::Kept { user, api_key, leg: Leg::Completion };
        let lifecycle = Lifecycle { context, settings, place, effective: &effective, hold };
        lifecycle.run(seen, inputs, obtain, Check::Full).await
    }

    /// The record after a refusal, if the claim in it is still this run's.
    async fn ours(&self, error: &Error) -> Result<Seen> {
        let seen = self.place.glance(self.settings, self.context).await?;
        let here = Owner::this_process().to_string();
        match seen.record.claim() {
            Ok(Some(claim)) if claim.owner == here => Ok(seen),
            _ => Err(error.clone()),
        }
    }

    /// Whether the portal has killed the old primary. Whatever comes of it, the rotation is done.
    async fn look_at_the_old(&self, before: &Record) {
        let output = &self.context.output;
        output.note("the regenerated subscription key serves, and the claim is closed");
        self.context.network.deadline().restart();
        if let Err(error) = self.try_the_old(before).await {
            output.warn(&format!(
                "whether the old primary subscription key is refused cannot be told: {}",
                error.what()
            ));
        }
    }

    async fn try_the_old(&self, before: &Record) -> Result<()> {
        let output = &self.context.output;
        let old = self.key(before, Field::SubscriptionKeySecondary)?;
        let (user, api_key) = self.user_and_key(before)?;
        let effective: Effective = self.effective(before)?;
        let gateway = self.context.gateway(self.settings, &effective)?;
        match gateway.token(effective.product, old, user, &api_key).await {
            Err(refusal) if refusal.diagnosis == Diagnosis::InvalidKey => {
                output.note("the old primary subscription key is refused now");
            }
            Err(refusal) => output.warn(&format!(
                "whether the old primary subscription key is refused cannot be told: {refusal}"
            )),
            Ok(_) => output.warn(
                "the old primary subscription key still works: if the portal has regenerated the other one instead, \
                 subscription_key_secondary of the record is dead; if neither, the new one is of another subscription",
            ),
        }
        Ok(())
    }
}
