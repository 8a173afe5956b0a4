//! The second half of a lifecycle: fence, publish, read back, and after a rekey check once more.

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Document, Expect, Lookup, Revision};

use super::{Machine, compose, finish};
use crate::credential::{Field, Record};
use crate::lifecycle::finish::{Finish, Published};
use crate::lifecycle::plan::{Leg, Obtain};
use crate::lifecycle::state::{Issued, State};
use crate::lifecycle::step::Effect;
use crate::momo::{Refusal, Verdict};

/// How often publish goes back to the fence because somebody edited the record beside us.
const FENCES: u8 = 3;

impl Machine {
    pub(super) fn fence(&mut self, issued: Issued, round: u8) -> Effect {
        self.state = State::Fencing { issued, round };
        Effect::Fence
    }

    pub(super) fn fenced(&mut self, issued: Issued, round: u8, answer: Result<Lookup, api::Error>) -> Effect {
        let Some(open) = &self.open else { return self.finish(finish::impossible()) };
        if round < FENCES && answer.as_ref().is_ok_and(|read| self.plan.seen.is_shown_by(read)) {
            return self.fence(issued, round + 1);
        }
        let left = self.leftover();
        let stored = match answer {
            Ok(Lookup::Found(stored)) => stored,
            Ok(Lookup::Deleted { .. }) => return self.finish(finish::deleted(left)),
            Ok(Lookup::Missing) => return self.finish(finish::vanished(left)),
            Err(error) if round < FENCES && error.retryable() => return self.fence(issued, round + 1),
            Err(error) if self.unsure => {
                return self.finish(finish::perhaps_published(error, issued.user, left));
            }
            Err(error) => return self.leave(finish::store_failed(error, left)),
        };
        // What is there tells what became of it.
        self.unsure = false;
        let record = Record::new(stored.document, open.record.layout().clone());
        // An earlier publish of ours whose answer was lost, whatever somebody has begun since.
        #[cfg(feature = "faults")]
        let round = if crate::faults::Control::Resent.is_on() { 0 } else { round };
        if round > 0 && self.is_published(&record, &issued) {
            return self.done(&issued, &record, stored.revision);
        }
        #[cfg(feature = "faults")]
        if let Some(expect) = crate::faults::unfenced(open.revision.as_ref(), &stored.revision) {
            return self.publish(issued, record, expect, FENCES);
        }
        match record.claim() {
            Ok(Some(claim)) if claim.id == open.claim.id && record.same_credential(&open.record) => {
                self.publish(issued, record, Expect::Revision(stored.revision), round)
            }
            Ok(Some(claim)) => self.finish(finish::not_ours(Some(&claim), left)),
            Ok(None) | Err(_) => self.finish(finish::not_ours(None, left)),
        }
    }

    /// Whether a record holds what is to be published. The API key alone does not tell where it stays.
    fn is_published(&self, record: &Record, issued: &Issued) -> bool {
        let key = &self.plan.inputs.subscription_key;
        record.get(Field::ApiKey).is_some_and(|known| known.same_as(&issued.api_key))
            && record.get(Field::SubscriptionKey).is_some_and(|known| known.same_as(key))
    }

    fn publish(&mut self, issued: Issued, record: Record, expect: Expect, round: u8) -> Effect {
        let record = compose::published(&self.plan, record, issued.user, &issued.api_key);
        let document = record.document().clone();
        self.state = State::Publishing { issued, document: document.clone(), round };
        Effect::Publish(document, expect)
    }

    /// An import has no claim to fence: nothing is issued, and its one write expects what was read.
    pub(super) fn publish_import(&mut self, issued: Issued) -> Effect {
        let mut record = self.plan.seen.record.clone();
        compose::retire_claimed(&mut record);
        self.publish(issued, record, self.plan.seen.expect.clone(), FENCES)
    }

    pub(super) fn published(
        &mut self,
        issued: Issued,
        document: Document,
        round: u8,
        answer: Result<Revision, api::Error>,
    ) -> Effect {
        self.unsure = answer.as_ref().is_err_and(|error| error.effect() == api::Effect::Unknown);
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
            Err(error) if matches!(self.plan.obtain, Obtain::Restored(_)) => {
                self.finish(finish::restoration_failed(error))
            }
            Err(error) if matches!(self.plan.obtain, Obtain::Kept { leg: Leg::Swap, .. }) => {
                self.finish(finish::swap_failed(error))
            }
            Err(error) if self.unsure => {
                self.finish(finish::perhaps_published(error, issued.user, self.leftover()))
            }
            Err(error) => self.leave(finish::store_failed(error, self.leftover())),
        }
    }

    pub(super) fn read_back(
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
        let rekeys = matches!(self.plan.obtain, Obtain::NewKey { .. });
        let published = Box::new(Published {
            revision,
            record: record.clone(),
            user: issued.user,
            key: issued.key,
            verified: issued.verified && !rekeys,
        });
        // No fence keeps another key request for the same user away: what counts is which key works now.
        if rekeys {
            self.state = State::Rechecking { published };
            return Effect::Check(issued.user, issued.api_key.clone());
        }
        self.finish(Finish::Published(published))
    }

    pub(super) fn rechecked(&mut self, mut published: Box<Published>, answer: Result<(), Refusal>) -> Effect {
        match answer {
            Err(refusal) if refusal.verdict() == Verdict::Bad => {
                return self.finish(finish::refused_after_publication(&refusal, &published.revision));
            }
            answer => published.verified = answer.is_ok(),
        }
        self.finish(Finish::Published(published))
    }
}
