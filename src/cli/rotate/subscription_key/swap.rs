//! The first publication: the secondary key serves.

use momo_cred_backend_api::{Expect, Hold, Revision};
use serde_json::{Value, json};

use super::Change;
use crate::Outcome;
use crate::audit::Ending;
use crate::cli::document;
use crate::cli::hook::after_publish;
use crate::cli::provision::{Lifecycle, Performed, Publication};
use crate::credential::{Field, Fingerprint, Record};
use crate::effective::Effective;
use crate::lifecycle::{Check, Inputs, Obtain, Seen};
use crate::{Error, Result};

impl Change<'_> {
    /// Publishes the secondary in the place of the primary, and opens the claim, in one write. Then goes on.
    pub(super) async fn swap(
        &self,
        effective: &Effective,
        seen: Seen,
        inputs: Inputs,
        obtain: Obtain,
        hold: Option<Hold>,
    ) -> Result<Outcome> {
        let Self { context, settings, place, .. } = *self;
        let mut lifecycle = Lifecycle { context, settings, place, effective, hold };
        let publication = match lifecycle.perform(seen, inputs, obtain, Check::Full).await? {
            Performed::Stopped(outcome) => return Ok(outcome),
            Performed::Published(publication) => *publication,
        };
        let (revision, record) =
            (publication.published.revision.clone(), publication.published.record.clone());
        let told = self.tell(&lifecycle, publication);
        // However the rest ends, this is what the run has left.
        let ended = |ending| context.trail.ended(&context.output, ending, Some((&revision, &record)));
        if let Some(signal) = told? {
            ended(Ending::Stopped);
            return Ok(Outcome::Signal(signal));
        }
        context.network.deadline().restart();
        let seen = Seen {
            expect: Expect::Revision(revision.clone()),
            record: record.clone(),
            deleted: false,
            age: None,
        };
        let outcome = self.regenerate(seen).await;
        outcome.inspect_err(|error: &Error| ended(Ending::Failed(error.kind())))
    }

    /// Says what was published, runs the hook, and says how that went. Answers with a signal that is to end the process.
    fn tell(&self, lifecycle: &Lifecycle<'_>, publication: Publication) -> Result<Option<i32>> {
        let Publication { mut head, published, previous, noted } = publication;
        let (context, output) = (self.context, &self.context.output);
        output.note(&format!(
            "stored at {}: the secondary subscription key serves, fingerprint {}, revision {}",
            self.place.location,
            in_both_fields(&published.record, Field::SubscriptionKey),
            published.revision
        ));
        if published.key.is_some() {
            output.note(&format!(
                "it has a new API user, {}: the gateway refuses the one before with this key",
                published.user
            ));
        }
        output.note("the primary works as before; a claim stays open until it is regenerated");
        document::record(&mut head, &published.record);
        head.insert("event".into(), json!("published"));
        head.insert("phase".into(), json!("swapped"));
        head.insert("revision".into(), json!(published.revision.as_str()));
        head.insert("verified".into(), json!(published.verified));
        let facts = lifecycle.facts(&published, previous);
        drop(published);
        let hooked = after_publish(context, self.settings, &facts, noted);
        if let Some(hooked) = &hooked {
            head.insert("hook".into(), hooked.document());
        }
        context.subject.told();
        if output.json() {
            output.document(&Value::Object(head))?;
        }
        Ok(noted.or_else(|| hooked.and_then(|hooked| hooked.signal())))
    }
}

/// The fingerprint of one key of the pair, and the one that it had before the two changed places: a fingerprint is of a
/// value in its field.
pub(super) fn in_both_fields(record: &Record, now: Field) -> String {
    let before = match now {
        Field::SubscriptionKey => Field::SubscriptionKeySecondary,
        _ => Field::SubscriptionKey,
    };
    let key = record.get(now);
    let print = |field| key.and_then(|key| Fingerprint::of(field, key)).map(|print| print.to_string());
    let (now, was) = (print(now).unwrap_or_default(), print(before).unwrap_or_default());
    format!("{now} ({was} as {before})")
}

/// The revision that a record was read at, as people are told of it.
pub(super) fn shown(expect: &Expect) -> &str {
    match expect {
        Expect::Revision(revision) => Revision::as_str(revision),
        Expect::Absent => "",
    }
}
