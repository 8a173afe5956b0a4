//! The JSON that scripts may rely on. Keys are those of the README's table; values never hold a secret.

use momo_cred_backend_api::Expect;
use serde_json::{Map, Value, json};
use std::time::Duration;

use crate::credential::{Claim, Field, Fingerprint, Phase, Record};
use crate::lifecycle::{Owner, Seen};
use crate::momo::{KnownCode, Shape, StepReport};
use crate::{Error, Kind};

/// The version of this layout.
const SCHEMA: u32 = 1;

/// The beginning of every document: which command.
pub(crate) fn begin(command: &str) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("schema".into(), json!(SCHEMA));
    map.insert("command".into(), json!(command));
    map
}

/// The same, about what.
pub(crate) fn head(command: &str, profile: &str, location: &str) -> Map<String, Value> {
    let mut map = begin(command);
    map.insert("profile".into(), json!(profile));
    map.insert("location".into(), json!(location));
    map
}

/// Adds what a record shows of itself.
pub(crate) fn record(map: &mut Map<String, Value>, record: &Record) {
    for field in [Field::Product, Field::TargetEnvironment, Field::IssuedAt] {
        map.insert(field.name().into(), json!(record.shown(field)));
    }
    map.insert("fields".into(), fields(record));
}

/// Name to presence and fingerprint, for every field of ours.
fn fields(record: &Record) -> Value {
    let field = |field: Field| {
        let fingerprint = record.get(field).and_then(|value| Fingerprint::of(field, value));
        let shown = json!({
            "present": record.get(field).is_some(),
            "value": record.shown(field),
            "fingerprint": fingerprint.map(|fingerprint| fingerprint.to_string()),
        });
        (field.name().to_owned(), shown)
    };
    Value::Object(Field::ALL.into_iter().map(field).collect())
}

/// The revision that was read.
pub(crate) fn revision(seen: &Seen) -> Value {
    match &seen.expect {
        Expect::Revision(revision) => json!(revision.as_str()),
        Expect::Absent => Value::Null,
    }
}

/// The open claim of a record, or null.
pub(crate) fn claim_of(seen: &Seen) -> Value {
    match seen.record.claim() {
        Ok(open) => open.map_or(Value::Null, |open| claim(&open, seen.age)),
        Err(unknown) => json!({ "unknown": unknown.to_string() }),
    }
}

/// The open claim that an error is about, or null.
pub(crate) fn claim_in(error: &Error) -> Value {
    error.claim().map_or(Value::Null, |(open, age)| claim(open, age))
}

/// An open claim.
fn claim(claim: &Claim, age: Option<Duration>) -> Value {
    json!({
        "id": claim.id.to_string(),
        "kind": claim.kind.name(),
        "phase": claim.kind.phase().and_then(Phase::name),
        "api_user": claim.api_user.map(|user| user.to_string()),
        "since": claim.since.to_string(),
        "owner": claim.owner.parse::<Owner>().ok().map(|owner| owner.to_string()),
        "age_s": age.map(|age| age.as_secs()),
    })
}

/// One step at the gateway or the store.
pub(crate) fn step(report: &StepReport) -> Value {
    json!({
        "name": report.name,
        "status": report.status,
        "shape": report.shape.map(Shape::name),
        "code": report.code.map(KnownCode::as_str),
        "activity_id": report.activity_id.map(|id| id.to_string()),
        "outcome": report.outcome.name(),
        "hint": report.hint,
    })
}

/// The word for a failure. Most, such as an outage or a missing record, say nothing of a credential.
pub(crate) fn outcome(error: &Error) -> &'static str {
    match error.kind() {
        Kind::Denied | Kind::Corrupt => "bad",
        _ => "inconclusive",
    }
}

/// A failure.
pub(crate) fn error(error: &Error, exit_code: u8) -> Value {
    json!({
        "kind": error.kind().token(),
        "op": error.op(),
        "location": error.location(),
        "message": error.to_string(),
        "next": error.next_steps(),
        "exit_code": exit_code,
    })
}
