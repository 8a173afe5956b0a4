//! Tells people and scripts of each step of a lifecycle, and of what a write loses.

use std::time::Duration;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::context::Context;
use super::document;
use super::output::Output;
use crate::credential::RETIRED;
use crate::lifecycle::Watch;
use crate::momo::StepReport;

/// Tells of each step.
pub(crate) struct Steps<'a> {
    context: &'a Context,
    head: Map<String, Value>,
    /// The steps so far, for the result.
    pub(crate) taken: Vec<Value>,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(context: &'a Context, head: Map<String, Value>) -> Self {
        Self { context, head, taken: Vec::new() }
    }
}

impl Watch for Steps<'_> {
    fn noted(&mut self, signal: i32, at_most: Duration) {
        let name = match signal {
            2 => "INT",
            15 => "TERM",
            _ => "HUP",
        };
        self.context.output.warn(&format!(
            "{name} is noted: finishing what was begun, for at most {} s; once more stops at once",
            at_most.as_secs()
        ));
    }

    fn forgot(&mut self, user: Uuid) {
        say_forgotten(&self.context.output, user);
    }

    fn begins(&mut self, step: &'static str) {
        self.context.output.detail(&format!("  {step} ..."));
    }

    fn ended(&mut self, report: &StepReport) {
        self.context.subject.took(document::step(report));
        if self.context.output.json() {
            let mut event = self.head.clone();
            event.insert("event".into(), json!("step"));
            self.taken.push(document::step(report));
            event.insert("steps".into(), json!([document::step(report)]));
            // A reader that went away does not stop a lifecycle in its middle.
            let _ = self.context.output.document(&Value::Object(event));
        }
        let status = report.status.map(|status| format!(" ({status})")).unwrap_or_default();
        // What to do about a failure is told by the error that follows.
        self.context.output.note(&format!("  {:<10} {}{status}", report.name, report.outcome.name()));
    }
}

/// Says that nothing in the record leads to a retired API user any more.
pub(crate) fn say_forgotten(output: &Output, user: Uuid) {
    output.warn(&format!(
        "the record lists {RETIRED} retired API users at most, and {user} is not among them any more: write it down, \
         and make it useless with `momo-cred revoke --user {user} --yes`; `momo-cred revoke` makes room"
    ));
}
