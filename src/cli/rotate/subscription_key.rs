//! `rotate --subscription-key`: the secondary key takes over, so that the primary can be regenerated without an outage.
//!
//! Two publications with a person's work between them, under a claim that stays open: the swap, and the completion.
//! Neither waits under the store's hold. What comes between them from elsewhere is found by the writes, which expect
//! what was read.
//!
//! - `begin`: what the record must have, and the plan
//! - `swap`: the first publication
//! - `consumers`: who must have the new key before the old one dies
//! - `portal`: what a person does there, and the key that they bring
//! - `complete`: the second publication

mod begin;
mod complete;
mod consumers;
mod portal;
mod swap;

use std::path::Path;

use momo_cred_backend_api::{Hold, Secret};
use uuid::Uuid;

use crate::cli::context::{Context, Place, complete as whole};
use crate::cli::resume::{inputs, keep_callback_host};
use crate::config::Settings;
use crate::credential::{Field, Malformed, Phase, Record};
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::{Inputs, Leg, Obtain, Seen};
use crate::{Error, Outcome, Result};

/// What goes on with it where nobody can be asked.
const GO_ON: &str = "then go on, with the new primary alone in FILE (`-`: standard input): `momo-cred resume \
                     --consumers-restarted --from FILE`; at a terminal `momo-cred resume` asks for it";

/// A rotation of the subscription key at one place.
#[derive(Debug)]
pub(in crate::cli) struct Change<'a> {
    pub(in crate::cli) context: &'a Context,
    pub(in crate::cli) settings: &'a Settings,
    pub(in crate::cli) place: &'a Place,
    /// Where the new primary is read from; else a person is asked.
    pub(in crate::cli) from: Option<&'a Path>,
    pub(in crate::cli) consumers: Consumers,
}

/// Whether programs have the key that serves now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Consumers {
    /// A person is asked.
    Unknown,
    /// `--consumers-restarted`.
    Restarted,
}

impl From<bool> for Consumers {
    fn from(restarted: bool) -> Self {
        if restarted { Self::Restarted } else { Self::Unknown }
    }
}

impl Change<'_> {
    /// Goes on under the claim of a run that is gone.
    pub(in crate::cli) async fn proceed(
        &self,
        phase: Phase,
        seen: Seen,
        hold: Option<Hold>,
    ) -> Result<Outcome> {
        whole(&seen, self.place, &self.settings.profile)?;
        match phase {
            Phase::Moving => {
                let effective = self.effective(&seen.record)?;
                let inputs = self.inputs(&seen, &effective)?;
                self.swap(&effective, seen, inputs, Obtain::Moved { leg: Leg::Swap }, hold).await
            }
            Phase::Swapped => {
                drop(hold);
                self.regenerate(seen).await
            }
            Phase::Regenerated => {
                drop(hold);
                let new = match self.from {
                    Some(_) => self.new_primary(&seen)?,
                    None => self.pending(&seen)?,
                };
                self.complete(seen, new).await
            }
        }
    }

    /// Between the two publications: everything that a person does.
    async fn regenerate(&self, seen: Seen) -> Result<Outcome> {
        self.wait_for_consumers(&seen).await?;
        self.say_what_to_do(&seen)?;
        let new = self.new_primary(&seen)?;
        self.complete(seen, new).await
    }

    fn effective(&self, record: &Record) -> Result<Effective> {
        Effective::new(self.settings, record, Holder::Record(&self.place.location), Purpose::Finish)
    }

    /// What the next publication takes: from the claim, else from the record. A provisioning key plays no part, since a
    /// user that it makes may be bound to no product.
    fn inputs(&self, seen: &Seen, effective: &Effective) -> Result<Inputs> {
        keep_callback_host(seen, effective, self.place)?;
        Ok(Inputs { provisioning: None, ..inputs(seen, effective, self.place)? })
    }

    fn user_and_key(&self, record: &Record) -> Result<(Uuid, Secret)> {
        match (record.api_user(), record.get(Field::ApiKey)) {
            (Ok(Some(user)), Some(api_key)) => Ok((user, api_key.clone())),
            _ => Err(self.lacks(Field::ApiUser)),
        }
    }

    /// The key of a field that the record must have by now.
    fn key<'r>(&self, record: &'r Record, field: Field) -> Result<&'r Secret> {
        record.get(field).ok_or_else(|| self.lacks(field))
    }

    fn lacks(&self, field: Field) -> Error {
        Holder::Record(&self.place.location).malformed(&Malformed::Incomplete(vec![field]))
    }

    /// The record as it is now, where somebody has edited beside the open claim; else as it was. Whether that is still
    /// true is told by the write that expects it.
    async fn again(&self, before: Seen) -> Result<Seen> {
        let now = self.place.glance(self.settings, self.context).await?;
        let claim = |seen: &Seen| seen.record.claim().ok().flatten();
        let same = claim(&now).is_some_and(|claim_now| Some(claim_now) == claim(&before));
        Ok(if same && now.record.same_credential(&before.record) { now } else { before })
    }
}
