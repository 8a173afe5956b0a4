//! What `--dry-run` shows: what would be written, with fingerprints in the place of keys.

use momo_cred_backend_api::Secret;
use serde_json::{Value, json};

use super::context::{Context, Place};
use super::document;
use crate::config::Settings;
use crate::credential::{Field, Fingerprint};
use crate::{Outcome, Result};

/// Lines of a name and what is told of it.
#[derive(Debug, Default)]
pub(crate) struct Plan(Vec<(&'static str, String)>);

impl Plan {
    /// Adds a line.
    pub(crate) fn say(&mut self, name: &'static str, text: impl Into<String>) {
        self.0.push((name, text.into()));
    }

    /// Adds a key, as its fingerprint.
    pub(crate) fn key(&mut self, field: Field, value: &Secret) {
        if let Some(fingerprint) = Fingerprint::of(field, value) {
            self.say(field.name(), format!("fingerprint {fingerprint}"));
        }
    }

    /// Adds a key that goes, and the one that takes its place, where that is known already.
    pub(crate) fn replaced(&mut self, field: Field, old: Option<&Secret>, new: Option<&Secret>) {
        let shown = |value: &Secret| Some(format!("fingerprint {}", Fingerprint::of(field, value)?));
        let new = new.and_then(shown).unwrap_or_else(|| "a new one".to_owned());
        if let Some(old) = old.and_then(shown) {
            self.say(field.name(), format!("{old}, replaced by {new}"));
        }
    }

    /// Adds a key that goes, and one of another field that takes its place: with the fingerprint that it has there, and
    /// the one that it had.
    pub(crate) fn taken_over(&mut self, field: Field, old: &Secret, (from, new): (Field, &Secret)) {
        let prints =
            [(field, old), (field, new), (from, new)].map(|(field, key)| Fingerprint::of(field, key));
        if let [Some(old), Some(new), Some(before)] = prints {
            let text = format!("fingerprint {old}, replaced by fingerprint {new} ({before} as {from})");
            self.say(field.name(), text);
        }
    }

    /// Shows it. `verb` says what would be done at the place.
    pub(crate) fn show(
        self,
        context: &Context,
        settings: &Settings,
        place: &Place,
        verb: &str,
    ) -> Result<Outcome> {
        if context.output.json() {
            let mut head = document::head(context.command, &settings.profile, &place.location.to_string());
            let plan = self.0.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect();
            head.insert("dry_run".into(), json!(true));
            head.insert("plan".into(), Value::Object(plan));
            context.result(head, "noop")?;
        } else {
            context.output.data(&format!("would {verb} {}", place.location))?;
            for (name, text) in self.0 {
                context.output.data(&format!("  {name:<27} {text}"))?;
            }
        }
        Ok(Outcome::SUCCESS)
    }
}
