//! Requests and answers as JSON.

use std::fmt;
use std::time::Duration;

use momo_cred_backend_api::{
    At, Copies, Document, Effect, Error, ErrorKind, Expect, Location, Lookup, Op, Reason, Result, Revision,
    Stored,
};
use serde_json::{Value, json};

/// The kinds an error can have on the wire.
const KINDS: [ErrorKind; 8] = [
    ErrorKind::Conflict,
    ErrorKind::Denied,
    ErrorKind::Unavailable,
    ErrorKind::Unsupported,
    ErrorKind::Misconfigured,
    ErrorKind::Corrupt,
    ErrorKind::Protocol,
    ErrorKind::Other,
];

/// Why a request failed, as far as it comes over the wire.
#[derive(Debug)]
pub(super) enum Told {
    /// The store refused, and says what to do next.
    Refused(Option<String>),
    /// There was no answer, or none that can be read.
    Nothing,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(_) => "the store in the test's memory refuses",
            Self::Nothing => "the test's port gave no answer",
        })
    }
}

impl std::error::Error for Told {}

impl Reason for Told {
    fn next(&self) -> Option<String> {
        match self {
            Self::Refused(next) => next.clone(),
            Self::Nothing => None,
        }
    }
}

/// Text that is no part of the protocol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unreadable;

type Read<T> = std::result::Result<T, Unreadable>;

pub(super) fn document(document: &Document) -> Read<Value> {
    let bytes = document.to_json().map_err(|_| Unreadable)?;
    serde_json::from_slice(&bytes).map_err(|_| Unreadable)
}

pub(super) fn to_document(value: &Value) -> Read<Document> {
    Document::from_json(value.to_string().as_bytes()).map_err(|_| Unreadable)
}

pub(super) fn revision(value: &Value) -> Option<Revision> {
    value.as_str().map(Revision::new)
}

pub(super) fn at(at: &At) -> Value {
    match at {
        At::Current => Value::Null,
        At::Revision(revision) => json!(revision.as_str()),
    }
}

pub(super) fn expect(expect: &Expect) -> Value {
    match expect {
        Expect::Absent => Value::Null,
        Expect::Revision(revision) => json!(revision.as_str()),
    }
}

pub(super) fn lookup(lookup: &Lookup) -> Read<Value> {
    Ok(match lookup {
        Lookup::Missing => json!({}),
        Lookup::Deleted { revision } => json!({ "deleted": revision.as_str() }),
        Lookup::Found(stored) => json!({
            "revision": stored.revision.as_str(),
            "age_s": stored.age.map(|age| age.as_secs()),
            "document": document(&stored.document)?,
        }),
    })
}

pub(super) fn to_lookup(value: &Value) -> Read<Lookup> {
    if let Some(revision) = revision(&value["deleted"]) {
        return Ok(Lookup::Deleted { revision });
    }
    let Some(revision) = revision(&value["revision"]) else { return Ok(Lookup::Missing) };
    let document = to_document(&value["document"])?;
    let age = value["age_s"].as_u64().map(Duration::from_secs);
    Ok(Lookup::Found(Stored { document, revision, age }))
}

pub(super) fn copies(copies: &Copies) -> Value {
    json!({ "behind": copies.behind, "failed": copies.failed })
}

pub(super) fn to_copies(value: &Value) -> Copies {
    let places = |key: &str| {
        let places = value[key].as_array().map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Copies { behind: places("behind"), failed: places("failed"), mend: None }
}

/// An answer: what was asked for, or how that failed.
pub(super) fn answer(result: Result<Value>) -> Value {
    match result {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({
            "kind": error.kind().token(),
            "unknown": error.effect() == Effect::Unknown,
            "retryable": error.retryable(),
            "next": error.reason().and_then(Reason::next),
        }),
    }
}

/// Reads an answer to a call.
pub(super) fn to_answer(value: &Value, op: Op, place: Location) -> Result<Value> {
    if let Some(value) = value.get("ok") {
        return Ok(value.clone());
    }
    let Some(kind) = KINDS.into_iter().find(|kind| value["kind"] == kind.token()) else {
        return Err(nothing(op, place));
    };
    let error = Error::new(kind, op, place)
        .because(Told::Refused(value["next"].as_str().map(str::to_owned)))
        .with_retryable(value["retryable"].as_bool().unwrap_or_default());
    Err(if value["unknown"] == true { error.with_unknown_effect() } else { error })
}

/// There was no answer: what a change came to is not known.
pub(super) fn nothing(op: Op, place: Location) -> Error {
    let error = Error::new(ErrorKind::Unavailable, op, place).because(Told::Nothing);
    if matches!(op, Op::Write | Op::Remove) { error.with_unknown_effect() } else { error }
}
