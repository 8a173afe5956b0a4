//! What the audit trail is told of a command: one line for each run that changes a record, or tried to.
//!
//! The file is named by the settings, so a run that fails before they are read has no line. What was there before is
//! noted as it is read; a command says only how it ended.

use std::cell::{Cell, RefCell};

use momo_cred_backend_api::{Expect, Location, Revision};
use serde_json::{Value, json};

use super::output::Output;
use crate::Result;
use crate::audit::{Audit, Ending, Entry, Fingerprints, Unwritten};
use crate::config::Settings;
use crate::credential::Record;
use crate::lifecycle::{Here, Seen, World};

/// The audit trail of one run.
#[derive(Debug)]
pub(crate) struct Trail {
    command: &'static str,
    audited: Cell<bool>,
    run: RefCell<Option<Run>>,
}

/// A run with a line to come.
#[derive(Debug)]
struct Run {
    audit: Audit,
    profile: String,
    location: Option<String>,
    previous: Option<Revision>,
    old: Fingerprints,
    told: Option<std::result::Result<(), Unwritten>>,
}

impl Trail {
    /// A trail of a command, or none for one that changes no record.
    pub(crate) fn new(command: &'static str, audited: bool) -> Self {
        Self { command, audited: Cell::new(audited), run: RefCell::default() }
    }

    /// Leaves this run out: it was asked to change nothing.
    pub(crate) fn leave_out(&self) {
        self.audited.set(false);
    }

    /// Opens the file that the settings name, before anything is changed.
    pub(crate) fn begin(&self, settings: &Settings) -> Result<()> {
        if let (true, Some(setting)) = (self.audited.get(), &settings.audit) {
            self.run.replace(Some(Run {
                audit: Audit::begin(setting)?,
                profile: settings.profile.clone(),
                location: None,
                previous: None,
                old: Fingerprints::default(),
                told: None,
            }));
        }
        Ok(())
    }

    /// Notes a record as it was read; the last one before a change counts.
    pub(crate) fn saw(&self, location: &Location, seen: &Seen) {
        if let Some(run) = self.run.borrow_mut().as_mut() {
            run.location = Some(location.to_string());
            run.previous = found(seen);
            run.old = Fingerprints::of(&seen.record);
        }
    }

    /// Writes the line of a run that found nothing to do.
    pub(crate) fn noop(&self, output: &Output, seen: &Seen) {
        let revision = found(seen);
        self.ended(output, Ending::Noop, revision.as_ref().map(|revision| (revision, &seen.record)));
    }

    /// Writes the line, unless there is one: how it ended, and what there is now. A line that cannot be written is told
    /// and undoes nothing.
    pub(crate) fn ended(&self, output: &Output, ending: Ending, now: Option<(&Revision, &Record)>) {
        let mut run = self.run.borrow_mut();
        let Some(run) = run.as_mut().filter(|run| run.told.is_none()) else { return };
        let entry = Entry {
            time: Here.now(),
            command: self.command,
            profile: run.profile.clone(),
            location: run.location.clone(),
            ending,
            revision: now.map(|(revision, _)| revision.clone()),
            previous: run.previous.clone(),
            api_user: now.and_then(|(_, record)| record.api_user().ok().flatten()),
            old: run.old,
            new: now.map_or_else(Fingerprints::default, |(_, record)| Fingerprints::of(record)),
        };
        let told = run.audit.add(&entry);
        if let Err(unwritten) = told {
            let path = run.audit.path().display();
            output.warn(&format!(
                "the audit trail {path} has no line of this run, which is not undone: {unwritten}"
            ));
        }
        run.told = Some(told);
    }

    /// Begins another line of the same run, for a change of its own after the first.
    pub(crate) fn another(&self) {
        if let Some(run) = self.run.borrow_mut().as_mut() {
            run.told = None;
        }
    }

    /// Whether the line was written, for JSON; `None` without a trail.
    pub(crate) fn document(&self) -> Option<Value> {
        let told = self.run.borrow().as_ref()?.told?;
        Some(json!({ "written": told.is_ok(), "error": told.err().map(|unwritten| unwritten.to_string()) }))
    }
}

/// The revision of a record that is there.
pub(crate) fn found(seen: &Seen) -> Option<Revision> {
    match &seen.expect {
        Expect::Revision(revision) if !seen.deleted => Some(revision.clone()),
        _ => None,
    }
}
