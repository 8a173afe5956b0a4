//! `status`: records, revisions, ages, open claims, fingerprints; no values.

use serde_json::{Value, json};

use super::context::{Context, Place};
use super::document;
use super::each::each;
use crate::config::Settings;
use crate::credential::{ClaimKind, Field, Fingerprint, Phase, RecordState};
use crate::lifecycle::{Described, Life, Owner, Seen};
use crate::{Outcome, Result};

/// Shows what is stored: state, revision, age, API user, fingerprints of the keys, retired users, an open claim.
///
/// It asks the store only; whether the credential works is told by `momo-cred verify`. Fingerprints are the first 8
/// hex digits of a SHA-256: compare them, they give no value away. Ends with 0 whatever the state of a record: ask
/// `--json` for `state` (absent, deleted, vacant, complete, malformed).
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  momo-cred status\n  momo-cred status --all --json")]
pub(crate) struct Options {
    /// Every profile of the config file
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    each(context, options.all.into(), |settings, documents| {
        let place = context.place(settings)?;
        let seen = context.block_on(place.runtime, place.seen(settings, context))?;
        if context.output.json() {
            documents.push(document(context, settings, &place, &seen));
        } else {
            show(context, settings, &place, &seen)?;
        }
        Ok(None)
    })
}

fn state(seen: &Seen) -> &'static str {
    match seen.record.state() {
        _ if seen.deleted => "deleted",
        RecordState::Complete if seen.record.check().is_ok() => "complete",
        RecordState::Complete | RecordState::Incomplete(_) => "malformed",
        RecordState::Vacant if seen.record.document().is_empty() => "absent",
        RecordState::Vacant => "vacant",
    }
}

fn revision(seen: &Seen) -> Option<String> {
    match &seen.expect {
        momo_cred_backend_api::Expect::Revision(revision) => Some(revision.to_string()),
        momo_cred_backend_api::Expect::Absent => None,
    }
}

fn show(context: &Context, settings: &Settings, place: &Place, seen: &Seen) -> Result<()> {
    let output = &context.output;
    let record = &seen.record;
    output.data(&format!("{}  {}  {}", settings.profile, place.location, state(seen)))?;
    let line = |name: &str, value: Option<String>| match value {
        Some(value) => output.data(&format!("  {name:<27} {value}")),
        None => Ok(()),
    };
    line("revision", revision(seen))?;
    line("age", seen.age.map(|age| format!("{} s", age.as_secs())))?;
    for field in Field::ALL {
        let shown = match record.get(field) {
            Some(value) if field.is_key() => Some(match Fingerprint::of(field, value) {
                Some(fingerprint) => format!("fingerprint {fingerprint}"),
                None => "set, but not of the shape of a key".to_owned(),
            }),
            _ if field == Field::RetiredApiUsers => None,
            Some(_) => {
                Some(record.shown(field).unwrap_or("set, but not of the form of this field").to_owned())
            }
            None => None,
        };
        line(field.name(), shown)?;
    }
    for user in record.retired() {
        line("retired api user", Some(user.to_string()))?;
    }
    if let RecordState::Complete | RecordState::Incomplete(_) = record.state() {
        line("malformed", record.check().err().map(|malformed| malformed.to_string()))?;
    }
    match record.claim() {
        Ok(None) => Ok(()),
        Ok(Some(claim)) => {
            // The claim is of the revision that was read.
            let age = seen.age.map(|age| format!(", {} s old", age.as_secs())).unwrap_or_default();
            line("open claim", Some(format!("{}{age}", Described(&claim))))?;
            let at_work =
                claim.owner.parse().is_ok_and(|owner| Owner::this_process().sees(&owner) == Life::Alive);
            let next = match claim.kind {
                _ if at_work => "that process is at work on it: wait",
                ClaimKind::Rekey => {
                    "the key may be dead: finish it with `momo-cred resume --force-takeover`; if the key still works, \
                     `momo-cred abort` drops it"
                }
                ClaimKind::SubscriptionKey(Phase::Swapped) => {
                    "both subscription keys work; once what uses the record is restarted: `momo-cred resume`, or \
                     `momo-cred abort` to leave the other one as it is"
                }
                _ => "finish it with `momo-cred resume`, or drop it with `momo-cred abort`",
            };
            line("", Some(next.to_owned()))
        }
        Err(unknown) => line("open claim", Some(format!("cannot be read by this version: {unknown}"))),
    }
}

fn document(context: &Context, settings: &Settings, place: &Place, seen: &Seen) -> Value {
    let mut map = document::head(context.command, &settings.profile, &place.location.to_string());
    document::record(&mut map, &seen.record);
    map.insert("outcome".into(), json!("ok"));
    map.insert("state".into(), json!(state(seen)));
    map.insert("revision".into(), document::revision(seen));
    map.insert("age_s".into(), json!(seen.age.map(|age| age.as_secs())));
    let retired: Vec<_> = seen.record.retired().iter().map(ToString::to_string).collect();
    map.insert("retired_api_users".into(), json!(retired));
    map.insert("claim".into(), document::claim_of(seen));
    Value::Object(map)
}
