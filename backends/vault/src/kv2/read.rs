//! Reading a version.

use jiff::Timestamp;
use momo_cred_backend_api::{Document, Notice, Stored};
use serde::Deserialize;
use serde_json::value::RawValue;
use vaultrs::api::kv2::requests::ReadSecretRequest;

use super::{age, moment, revision};
use crate::Problem;
use crate::answer::Data;
use crate::call::Call;
use crate::path::Place;
use crate::session::{Heard, Session};
use crate::wire::Again;

/// vaultrs's own type of it makes a tree of the values, which takes a hundred times the memory of their text.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Version<'a>,
}

#[derive(Deserialize)]
struct Version<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    metadata: About,
}

/// Without the custom metadata, which nobody here asks for.
#[derive(Deserialize)]
struct About {
    created_time: String,
    deletion_time: String,
    version: u64,
}

/// What there is.
pub(crate) enum Found {
    /// A document.
    Record(Stored),
    /// This version was deleted or destroyed.
    Deleted(u64),
    /// Nothing, and nothing that knows of it.
    Missing,
}

/// Reads a version, or the current one: one request. On another engine than one of version 2 the answer is
/// [`Problem::Denied`], [`Problem::Mount`] or [`Problem::NotVault`], or that there is nothing.
pub(crate) async fn read(session: &Session, place: &Place, at: Option<u64>) -> Result<Found, Problem> {
    let request = ReadSecretRequest { mount: place.mount.clone(), path: place.path.clone(), version: at };
    let heard = session.send(&Call::of(&request), Again::Safe).await?;
    let date = heard.answer.date;
    let found = match heard.answer.status {
        200 => found(session, place, &heard, date)?,
        404 => gone(&heard)?,
        _ => return Err(heard.problem()),
    };
    match (&found, at) {
        (Found::Record(stored), Some(at)) if stored.revision != revision(at) => Err(other_version()),
        (Found::Deleted(version), Some(at)) if *version != at => Err(other_version()),
        _ => Ok(found),
    }
}

fn other_version() -> Problem {
    Problem::NotVault { status: 200, what: "another version than the one that was asked for" }
}

fn found(session: &Session, place: &Place, heard: &Heard, date: Option<Timestamp>) -> Result<Found, Problem> {
    // An engine of version 1 with a record called `data/..` has no metadata.
    let Envelope { data: Version { data, metadata } } = heard.answer.borrowed()?;
    if metadata.version == 0 {
        return Err(Problem::NotVault { status: 200, what: "a version 0" });
    }
    let Some(data) = data else { return Ok(Found::Deleted(metadata.version)) };
    vanishes(session, place, &metadata.deletion_time);
    Ok(Found::Record(Stored {
        document: Document::from_json(data.get().as_bytes())?,
        revision: revision(metadata.version),
        age: age(&metadata.created_time, date),
    }))
}

/// A 404 with a body of the engine is a version that was deleted; with an empty list of errors it is nothing at all.
fn gone(heard: &Heard) -> Result<Found, Problem> {
    if heard.answer.is_nothing() {
        return Ok(Found::Missing);
    }
    let read: Result<Data<Tombstone>, _> = heard.answer.json();
    match read {
        Ok(Data { data }) if data.metadata.version > 0 => Ok(Found::Deleted(data.metadata.version)),
        _ => Err(heard.problem()),
    }
}

/// `data` is null in it.
#[derive(serde::Deserialize)]
struct Tombstone {
    metadata: About,
}

/// A version that is there and has a time of deletion will be gone then: `delete_version_after` of mount or record.
pub(super) fn vanishes(session: &Session, place: &Place, deletion_time: &str) {
    if let Some(moment) = moment(deletion_time) {
        session.notices.add(Notice::Mend(format!(
            "vault:{}/{} will be deleted by the server at {moment}: take delete_version_after away from the record or \
             its mount",
            place.mount, place.path
        )));
    }
}
