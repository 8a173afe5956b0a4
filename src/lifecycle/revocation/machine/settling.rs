//! The end of a revocation: its fence, and the one write of the list.

use std::mem;

use momo_cred_backend_api as api;
use momo_cred_backend_api::{ErrorKind, Expect, Lookup, Revision};
use uuid::Uuid;

use super::super::step::Effect;
use super::super::{Fate, RevocationEnd, Settled, finish};
use super::{ROUNDS, Revocation, State};
use crate::credential::Record;
use crate::lifecycle::compose;

impl Revocation {
    pub(super) fn fence(&mut self, round: u8) -> Effect {
        self.state = State::Fencing { round };
        Effect::Fence { round }
    }

    pub(super) fn fenced(&mut self, round: u8, answer: Result<Lookup, api::Error>) -> Effect {
        let stored = match self.current(round, answer, |machine| machine.fence(round + 1)) {
            Ok(stored) => stored,
            Err(effect) => return effect,
        };
        let mut record = Record::new(stored.document, self.plan.seen.record.layout().clone());
        // An earlier write of ours whose answer was lost.
        let closes = self.open.is_some() || self.dead().is_some();
        if round > 0 && closes && record.claim() == Ok(None) && self.is_written(&record) {
            let (revision, users) = (Some(stored.revision), mem::take(&mut self.users));
            return self.finish(RevocationEnd::Settled(Box::new(Settled { record, revision, users })));
        }
        if !self.is_ours(&record) {
            return self.finish(finish::not_ours(&record, &self.users, &self.renewed));
        }
        let found = record.document().clone();
        if self.open.is_none() {
            compose::retire_claimed(&mut record);
        }
        record.close_claim();
        self.strike(&mut record);
        if self.open.is_none() && record.document().same_as(&found) {
            let users = mem::take(&mut self.users);
            return self.finish(RevocationEnd::Settled(Box::new(Settled { record, revision: None, users })));
        }
        let document = record.document().clone();
        self.state = State::Settling { round, record };
        Effect::Settle(document, Expect::Revision(stored.revision))
    }

    /// Whether a record has our claim; where we made none, the dead one that was there before, or none as before.
    pub(super) fn is_ours(&self, record: &Record) -> bool {
        let ours = self.open.as_ref().map(|(open, _)| open.id).or_else(|| self.dead());
        record.claim().is_ok_and(|claim| claim.map(|claim| claim.id) == ours)
    }

    /// The claim that was found dead before this run.
    fn dead(&self) -> Option<Uuid> {
        self.plan.seen.record.claim().ok().flatten().map(|claim| claim.id)
    }

    /// Takes those off the list that are proven to be useless.
    fn strike(&self, record: &mut Record) {
        for revoked in &self.users {
            if revoked.fate.is_proven() {
                compose::take_off_the_list(record, revoked.user);
            } else if self.plan.only == Some(revoked.user) && revoked.fate != Fate::Stranger {
                // It was not on the list perhaps, and is not to be forgotten now.
                record.retire(revoked.user);
            }
        }
    }

    fn is_written(&self, record: &Record) -> bool {
        let mut struck = record.clone();
        self.strike(&mut struck);
        struck.document().same_as(record.document())
    }

    pub(super) fn settled(
        &mut self,
        round: u8,
        record: Record,
        answer: Result<Revision, api::Error>,
    ) -> Effect {
        match answer {
            Ok(revision) => {
                let (revision, users) = (Some(revision), mem::take(&mut self.users));
                self.finish(RevocationEnd::Settled(Box::new(Settled { record, revision, users })))
            }
            Err(error) if round < ROUNDS && (error.kind() == ErrorKind::Conflict || error.retryable()) => {
                self.fence(round + 1)
            }
            Err(error) => self.finish(finish::store_failed(error, &self.users)),
        }
    }
}
