//! What people and scripts are told of a revocation: each user once.

use momo_cred_backend_api::{Expect, Revision};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::REFUSED;
use super::alone::{Alone, Why};
use crate::audit::Ending;
use crate::cli::context::{Context, Place};
use crate::cli::document;
use crate::cli::holders::Holding;
use crate::config::Settings;
use crate::credential::Record;
use crate::lifecycle::{By, Fate, Revoked, Seen, Settled};
use crate::{Error, Kind, Outcome, Result};

/// What came of a revocation.
pub(in crate::cli) struct Report {
    record: Record,
    expect: Expect,
    /// The revision that was written; `None` where nothing had to be.
    revision: Option<Revision>,
    told: Vec<(Revoked, By)>,
    alone: Vec<Alone>,
    steps: Vec<Value>,
    /// The one that everything is judged by; else all are.
    leaked: Option<Uuid>,
    /// Records that have a key that is tried, and dies for nobody by that.
    also: Vec<Holding<Uuid>>,
    /// How an earlier key of the user in use is proven to be dead where it was not now.
    later: Option<String>,
}

impl Report {
    pub(super) fn new(seen: &Seen) -> Self {
        Self {
            record: seen.record.clone(),
            expect: seen.expect.clone(),
            revision: None,
            told: Vec::new(),
            alone: Vec::new(),
            steps: Vec::new(),
            leaked: None,
            also: Vec::new(),
            later: None,
        }
    }

    pub(super) fn settled(&mut self, settled: Settled, by: By) {
        self.record = settled.record;
        if let Some(revision) = settled.revision {
            self.expect = Expect::Revision(revision.clone());
            self.revision = Some(revision);
        }
        self.told.extend(settled.users.into_iter().map(|revoked| (revoked, by)));
    }

    pub(super) fn stepped(&mut self, steps: Vec<Value>) {
        self.steps.extend(steps);
    }

    /// Adds those of which no key was asked for.
    pub(super) fn left_alone(&mut self, alone: impl IntoIterator<Item = Alone>) {
        self.alone.extend(alone);
    }

    /// Is about one user: what becomes of the others is told, and fails nothing.
    pub(super) fn about(mut self, leaked: Uuid, also: Vec<Holding<Uuid>>, later: &str) -> Self {
        (self.leaked, self.also, self.later) = (Some(leaked), also, Some(later.to_owned()));
        self
    }

    /// Says of a failure what came of the users before it.
    pub(super) fn before(&self, error: Error) -> Error {
        self.told.iter().fold(error, |error, (revoked, by)| {
            error.because(format!("API user {}: {}", revoked.user, words(revoked, *by)))
        })
    }

    /// The record as it is now.
    pub(super) fn seen(&self) -> Seen {
        Seen { record: self.record.clone(), expect: self.expect.clone(), deleted: false, age: None }
    }

    /// Each user, for JSON.
    pub(in crate::cli) fn document(&self) -> Value {
        let of = |user: Uuid, outcome, proven| json!({ "api_user": user.to_string(), "outcome": outcome, "proven": proven });
        let told = self.told.iter().map(|(told, _)| of(told.user, told.fate.name(), told.fate.is_proven()));
        let mut all: Vec<_> = told.collect();
        for alone in &self.alone {
            let entry = of(alone.user, alone.why.name(), false);
            // One that several records hold.
            if !all.contains(&entry) {
                all.push(entry);
            }
        }
        all.into()
    }

    /// The records that hold the credential that has leaked still, for JSON.
    pub(in crate::cli) fn holders(&self) -> Value {
        let held = self.alone.iter().filter(|alone| self.counts(alone.user));
        let held =
            held.filter_map(|alone| if let Why::Held(holding) = &alone.why { Some(holding) } else { None });
        let all = held.chain(&self.also);
        all.map(|holding| json!({ "profile": holding.profile, "location": holding.location })).collect()
    }

    /// The steps that were taken.
    pub(in crate::cli) fn steps(&self) -> &[Value] {
        &self.steps
    }

    /// What it left: the record, and its revision where that is another than before.
    pub(in crate::cli) fn left(&self) -> (Option<&Revision>, &Record) {
        (self.revision.as_ref(), &self.record)
    }

    fn counts(&self, user: Uuid) -> bool {
        self.leaked.is_none_or(|leaked| leaked == user)
    }

    fn is_in_use(&self, user: Uuid) -> bool {
        self.record.api_user().ok().flatten() == Some(user)
    }

    /// Tells people of each user that the error does not tell of.
    pub(in crate::cli) fn say(&self, context: &Context) {
        let stays = "it stays on the list";
        for (revoked, by) in &self.told {
            let (user, words) = (revoked.user, words(revoked, *by));
            if revoked.fate.is_proven() {
                context.output.note(&format!("API user {user}: {words}"));
            } else if !self.counts(user) {
                context.output.warn(&format!("API user {user}: {words}; {stays}"));
            }
        }
        for Alone { user, why } in self.alone.iter().filter(|alone| !self.counts(alone.user)) {
            context.output.warn(&format!("API user {user}: {why}; {stays}"));
        }
        for holding in &self.also {
            context.output.warn(&format!(
                "profile {} still has the old key, at {}: its programs fail where that is refused; give it the new one",
                holding.profile, holding.location
            ));
        }
    }

    /// Why it did not do all that it was to do.
    pub(in crate::cli) fn error(&self, place: &Place) -> Option<Error> {
        let left: Vec<_> =
            self.told.iter().filter(|(told, _)| !told.fate.is_proven() && self.counts(told.user)).collect();
        let alone: Vec<_> = self.alone.iter().filter(|alone| self.counts(alone.user)).collect();
        if left.is_empty() && alone.is_empty() {
            return None;
        }
        let mut error = left.iter().fold(self.headline(place, &left, &alone), |error, (revoked, by)| {
            error.because(format!("API user {}: {}", revoked.user, words(revoked, *by)))
        });
        error = alone
            .iter()
            .fold(error, |error, Alone { user, why }| error.because(format!("API user {user}: {why}")));
        let next = alone.iter().flat_map(|alone| alone.why.next());
        let next = next.chain(left.iter().filter_map(|(revoked, by)| self.next(revoked, *by)));
        let mut said: Vec<String> = Vec::new();
        for next in next {
            // The last word on a profile stands behind all profiles.
            said.retain(|known| *known != next);
            said.push(next);
        }
        Some(said.into_iter().fold(error, Error::next).at(&place.location))
    }

    fn headline(&self, place: &Place, left: &[&(Revoked, By)], alone: &[&Alone]) -> Error {
        let location = &place.location;
        let alive = left.iter().find(|(told, _)| told.fate == Fate::Alive);
        if let Some((told, _)) = alive.filter(|(told, _)| self.is_in_use(told.user)) {
            let what = format!("NOT REVOKED: an earlier key of API user {} still works", told.user);
            return Error::new(Kind::Denied, what);
        }
        let held = alone.iter().any(|alone| matches!(alone.why, Why::Held(_)));
        if alive.is_some() || held {
            let what = format!("NOT REVOKED: a retired API user of {location} still works");
            return Error::new(Kind::Denied, what);
        }
        // What has leaked works, for all that is known.
        if let (Some(leaked), Some(_)) = (self.leaked, alone.first()) {
            return Error::new(
                Kind::Denied,
                format!("NOT REVOKED: API user {leaked} of {location} may still work"),
            );
        }
        let later = alone.iter().any(|alone| alone.why.name() == "not-asked");
        let kind = if left.is_empty() && !later { Kind::Misconfigured } else { Kind::Unavailable };
        Error::new(kind, format!("not every retired API user of {location} is proven to be revoked"))
    }

    fn next(&self, revoked: &Revoked, by: By) -> Option<String> {
        let next = match (&revoked.fate, by) {
            (Fate::Dead | Fate::Unknown, _) => return None,
            (Fate::Alive, _) if self.is_in_use(revoked.user) => {
                "make another API user in the Partner Portal, and run `momo-cred compromise` again with it: to revoke \
                 this one would end the new key, too"
            }
            (Fate::Alive, By::NewKey) => {
                "take its old key for live: watch what is done with it, and ask MTN to close the API user, for which the \
                 sandbox has no call"
            }
            (Fate::Alive, By::Portal) => "revoke it in the Partner Portal, then run `momo-cred revoke` again",
            // No list has it, so no other run tries its key.
            (_, _) if self.is_in_use(revoked.user) => return self.later.clone(),
            (Fate::Unclear(_) | Fate::Doubtful(_) | Fate::Unasked, _) => {
                "run `momo-cred revoke` again later; those users stay on the list"
            }
            (Fate::Stranger, _) => {
                "check that this is the API user, and with which gateway it was used; the list is as before"
            }
            (Fate::Unproven | Fate::Unwitnessed, _) => {
                return Some(format!(
                    "if you have its old key elsewhere, try it there: `momo-cred verify` {REFUSED}; the user stays on the \
                     list"
                ));
            }
        };
        Some(next.to_owned())
    }

    /// The end of `revoke`: what was done stands, whatever could not be proven.
    pub(super) fn end(self, context: &Context, settings: &Settings, place: &Place) -> Result<Outcome> {
        let output = &context.output;
        self.say(context);
        let error = self.error(place).map(|error| output.addressed(&error));
        let ending = error.as_ref().map_or(Ending::Ok, |error| Ending::Failed(error.kind()));
        let now = self.revision.as_ref().map(|revision| (revision, &self.record));
        context.trail.ended(output, ending, now);
        if let Some(error) = &error {
            output.error(error);
        }
        let code = error.as_ref().map_or(0, |error| error.kind().exit_code());
        if output.json() {
            let mut head = document::head(context.command, &settings.profile, &place.location.to_string());
            document::record(&mut head, &self.record);
            self.describe(&mut head);
            head.insert("steps".into(), json!(self.steps));
            if let Some(error) = &error {
                head.insert("error".into(), document::error(error, code));
            }
            context.result(head, error.as_ref().map_or("ok", document::outcome))?;
        }
        Ok(Outcome::Exit(code))
    }

    /// Adds what became of record and users.
    fn describe(&self, head: &mut Map<String, Value>) {
        let revision = self.revision.as_ref().map(Revision::as_str);
        head.insert("revision".into(), json!(revision));
        head.insert("claim".into(), document::claim_of(&self.seen()));
        head.insert("revoked".into(), self.document());
    }
}

fn words(revoked: &Revoked, by: By) -> String {
    match (by, &revoked.fate) {
        (By::Portal, Fate::Unproven) => {
            "not proven: no old key of it is known that could be tried".to_owned()
        }
        (_, fate) => fate.to_string(),
    }
}
