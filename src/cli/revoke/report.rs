//! What people and scripts are told of a revocation.

use std::collections::BTreeSet;

use momo_cred_backend_api::Revision;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::audit::Ending;
use crate::cli::context::{Context, Place};
use crate::cli::document;
use crate::cli::holders::Holding;
use crate::config::Settings;
use crate::lifecycle::{By, Fate, Revoked, Settled};
use crate::{Error, Kind, Outcome, Result};

/// What came of a revocation.
pub(in crate::cli) struct Report {
    settled: Settled,
    by: By,
    steps: Vec<Value>,
    held: Vec<Holding<Uuid>>,
}

impl Report {
    pub(super) fn new(settled: Settled, by: By, steps: Vec<Value>) -> Self {
        Self { settled, by, steps, held: Vec::new() }
    }

    /// Adds those that were left alone, since another record holds them.
    pub(super) fn left_alone(mut self, held: Vec<Holding<Uuid>>) -> Self {
        self.held = held;
        self
    }

    /// Each user, for JSON.
    pub(in crate::cli) fn document(&self) -> Value {
        let users = self.settled.users.iter().map(|revoked| {
            json!({
                "api_user": revoked.user.to_string(),
                "outcome": revoked.fate.name(),
                "proven": revoked.fate.is_proven(),
            })
        });
        let held = self.held_users().into_iter().map(
            |user| json!({ "api_user": user.to_string(), "outcome": "in-use-elsewhere", "proven": false }),
        );
        users.chain(held).collect()
    }

    fn held_users(&self) -> BTreeSet<Uuid> {
        self.held.iter().map(|holding| holding.what).collect()
    }

    /// The records that hold one of the users still, for JSON.
    pub(in crate::cli) fn holders(&self) -> Value {
        let holders = self.held.iter();
        holders.map(|holding| json!({ "profile": holding.profile, "location": holding.location })).collect()
    }

    /// The steps that were taken.
    pub(in crate::cli) fn steps(&self) -> &[Value] {
        &self.steps
    }

    /// What it left.
    pub(in crate::cli) fn settled(&self) -> &Settled {
        &self.settled
    }

    /// Tells people of each user.
    pub(in crate::cli) fn say(&self, context: &Context) {
        for revoked in &self.settled.users {
            context.output.note(&format!("API user {}: {}", revoked.user, self.words(revoked)));
        }
        for holding in &self.held {
            context.output.warn(&format!(
                "profile {} still has API user {}, at {}",
                holding.profile, holding.what, holding.location
            ));
        }
    }

    fn words(&self, revoked: &Revoked) -> String {
        match (self.by, &revoked.fate) {
            (By::Portal, Fate::Unproven) => {
                "not proven: no old key of it is known that could be tried".to_owned()
            }
            (_, fate) => fate.to_string(),
        }
    }

    /// Why it did not do all that it was to do.
    pub(in crate::cli) fn error(&self, place: &Place) -> Option<Error> {
        let location = &place.location;
        let left = || self.settled.users.iter().filter(|revoked| !revoked.fate.is_proven());
        let any = |wanted: fn(&Fate) -> bool| left().any(|revoked| wanted(&revoked.fate));
        let error = if any(|fate| *fate == Fate::Alive) || !self.held.is_empty() {
            Error::new(Kind::Denied, format!("NOT REVOKED: a retired API user of {location} still works"))
        } else if left().next().is_some() {
            let what = format!("not every retired API user of {location} is proven to be revoked");
            Error::new(Kind::Unavailable, what)
        } else {
            return None;
        };
        let mut error = left().fold(error, |error, revoked| {
            error.because(format!("API user {}: {}", revoked.user, self.words(revoked)))
        });
        for user in self.held_users() {
            error = error
                .because(format!("API user {user}: NOT REVOKED: another profile of the config file has it"));
        }
        for holding in &self.held {
            let profile = &holding.profile;
            error = error.next(format!("rotate it there: `momo-cred rotate -p {profile}`"));
        }
        if !self.held.is_empty() {
            error = error.next("then run `momo-cred revoke` here");
        }
        if any(|fate| *fate == Fate::Alive) {
            error = error.next(match self.by {
                By::NewKey => {
                    "take its old key for live: watch what is done with it, and ask MTN to close the API user, for which \
                     the sandbox has no call"
                }
                By::Portal => "revoke it in the Partner Portal, then run `momo-cred revoke` again",
            });
        }
        if any(|fate| matches!(fate, Fate::Unclear(_) | Fate::Doubtful(_) | Fate::Unasked)) {
            error = error.next("run `momo-cred revoke` again later; those users stay on the list");
        }
        if any(|fate| *fate == Fate::Unproven) {
            error = error.next(
                "if you have its old key elsewhere, try it there: `momo-cred verify` must end with 77; the user stays on the \
                 list",
            );
        }
        Some(error.at(location))
    }

    /// The end of `revoke`: what was done stands, whatever could not be proven.
    pub(super) fn end(self, context: &Context, settings: &Settings, place: &Place) -> Result<Outcome> {
        let (output, settled) = (&context.output, &self.settled);
        self.say(context);
        let error = self.error(place).map(|error| output.addressed(&error));
        let ending = error.as_ref().map_or(Ending::Ok, |error| Ending::Failed(error.kind()));
        let now = settled.revision.as_ref().map(|revision| (revision, &settled.record));
        context.trail.ended(output, ending, now);
        if let Some(error) = &error {
            output.error(error);
        }
        let code = error.as_ref().map_or(0, |error| error.kind().exit_code());
        if output.json() {
            let mut head = document::head(context.command, &settings.profile, &place.location.to_string());
            document::record(&mut head, &settled.record);
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
        let revision = self.settled.revision.as_ref().map(Revision::as_str);
        head.insert("revision".into(), json!(revision));
        head.insert("claim".into(), Value::Null);
        head.insert("revoked".into(), self.document());
    }
}
