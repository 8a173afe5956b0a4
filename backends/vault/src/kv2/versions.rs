//! What the engine knows of a record's versions, apart from what is in them.

use jiff::{SignedDuration, Timestamp};
use momo_cred_backend_api::Version;
use vaultrs::api::kv2::requests::ReadSecretMetadataRequest;
use vaultrs::api::kv2::responses::{ReadSecretMetadataResponse, SecretMetadata};

use super::{Found, age, moment, revision, version};
use crate::Problem;
use crate::answer::Data;
use crate::call::Call;
use crate::path::Place;
use crate::session::{Heard, Session};
use crate::wire::Again;

/// The current version of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Current {
    /// There is none: never written, or nothing is left of it.
    None,
    /// This one, and it can be read.
    Live(u64),
    /// This one, and it was deleted or destroyed.
    Deleted(u64),
}

/// Asks for the current version: from metadata, or where the token may not read that, from the record.
pub(crate) async fn current(session: &Session, place: &Place) -> Result<Current, Problem> {
    match told(session, place).await {
        Err(Problem::Denied { .. }) => Ok(match super::read(session, place, None).await? {
            Found::Record(stored) => Current::Live(version(&stored.revision)?),
            Found::Deleted(version) => Current::Deleted(version),
            Found::Missing => Current::None,
        }),
        answer => answer,
    }
}

/// The current version as metadata tells it.
pub(crate) async fn told(session: &Session, place: &Place) -> Result<Current, Problem> {
    let heard = metadata(session, place).await?;
    if heard.answer.is_nothing() {
        return Ok(Current::None);
    }
    let now = heard.answer.date;
    let Data { data }: Data<ReadSecretMetadataResponse> = heard.good()?.json()?;
    let current = data.current_version;
    Ok(match data.versions.get(&current.to_string()) {
        None if current == 0 => Current::None,
        Some(entry) if !is_gone(entry, now) => Current::Live(current),
        _ => Current::Deleted(current),
    })
}

/// All versions that the engine knows of, newest first.
pub(crate) async fn history(session: &Session, place: &Place) -> Result<Vec<Version>, Problem> {
    let heard = metadata(session, place).await?;
    if heard.answer.is_nothing() {
        return Ok(Vec::new());
    }
    let now = heard.answer.date;
    let answer = heard.good()?;
    let Data { data }: Data<ReadSecretMetadataResponse> = answer.json()?;
    let odd = Problem::NotVault { status: answer.status, what: "a version that is no number" };
    let mut versions = Vec::new();
    for (number, entry) in &data.versions {
        let number: u64 = number.parse().map_err(|_| odd.clone())?;
        versions.push((number, entry));
    }
    versions.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let version = |(number, entry): (u64, &SecretMetadata)| Version {
        revision: revision(number),
        age: age(&entry.created_time, now),
        deleted: is_gone(entry, now),
    };
    Ok(versions.into_iter().map(version).collect())
}

async fn metadata(session: &Session, place: &Place) -> Result<Heard, Problem> {
    let request = ReadSecretMetadataRequest { mount: place.mount.clone(), path: place.path.clone() };
    session.send(&Call::of(&request), Again::Safe).await
}

/// A time of deletion in the future is one that `delete_version_after` has set. `now` is cut down to whole seconds.
fn is_gone(entry: &SecretMetadata, now: Option<Timestamp>) -> bool {
    let past = |at: Timestamp| now.is_none_or(|now| at < now + SignedDuration::from_secs(1));
    entry.destroyed || moment(&entry.deletion_time).is_some_and(past)
}
