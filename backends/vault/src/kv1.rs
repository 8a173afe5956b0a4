//! The secrets engine KV version 1: no versions, no compare-and-swap, the last writer wins. The revision is a hash of
//! what is there.

use momo_cred_backend_api::{Document, Effect, Json, RecordName, Revision, Stored};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use vaultrs::api::kv1::requests::{
    DeleteSecretRequest, GetSecretRequest, ListSecretRequest, SetSecretRequest,
};
use zeroize::Zeroizing;

use crate::Problem;
use crate::call::Call;
use crate::kv2::walk;
use crate::path::Place;
use crate::session::Session;
use crate::wire::Again;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Reads what is there.
pub(crate) async fn read(session: &Session, place: &Place) -> Result<Option<Stored>, Problem> {
    let request = GetSecretRequest { mount: place.mount.clone(), path: place.path.clone() };
    let heard = session.send(&Call::of(&request), Again::Safe).await?;
    if heard.answer.is_nothing() {
        return Ok(None);
    }
    let answer = heard.good()?;
    let Envelope { data } = answer.borrowed()?;
    let document = Document::from_json(data.get().as_bytes())?;
    let revision = revision(&document)?;
    Ok(Some(Stored { document, revision, age: None }))
}

/// Writes over whatever is there, and reads it back.
pub(crate) async fn write(
    session: &Session,
    place: &Place,
    document: &Document,
) -> Result<Revision, (Problem, Effect)> {
    let known = |problem| (problem, Effect::NotApplied);
    let body = Json::of(document).map_err(|not| known(not.into()))?;
    let data = body.to_bytes().to_vec();
    let mut request = SetSecretRequest { mount: place.mount.clone(), path: place.path.clone(), data };
    let call = Call::of(&request);
    drop(Zeroizing::new(std::mem::take(&mut request.data)));
    let answer = session.send(&call, Again::Never).await;
    let problem = match answer {
        Ok(heard) if heard.answer.is_good() => None,
        Ok(heard) => Some(heard.problem()),
        Err(problem) => Some(problem),
    };
    if let Some(problem) = problem.as_ref().filter(|problem| !problem.is_ambiguous()) {
        return Err(known(problem.clone()));
    }
    match read(session, place).await {
        Ok(Some(stored)) if stored.document.same_as(document) => Ok(stored.revision),
        // A write that was confirmed and is not there was written over since, and nothing of it is left.
        Ok(_) => Err(problem.map_or(known(Problem::Overwritten), |problem| (problem, Effect::Unknown))),
        Err(unread) => Err((problem.unwrap_or(unread), Effect::Unknown)),
    }
}

/// Takes away whatever is there.
pub(crate) async fn remove(session: &Session, place: &Place) -> Result<(), (Problem, Effect)> {
    let request = DeleteSecretRequest { mount: place.mount.clone(), path: place.path.clone() };
    let problem = match session.send(&Call::of(&request), Again::Never).await {
        Ok(heard) if heard.answer.is_good() => return Ok(()),
        Ok(heard) => heard.problem(),
        Err(problem) => problem,
    };
    if !problem.is_ambiguous() {
        return Err((problem, Effect::NotApplied));
    }
    match read(session, place).await {
        Ok(None) => Ok(()),
        _ => Err((problem, Effect::Unknown)),
    }
}

/// Names of a mount that begin with `prefix`.
pub(crate) async fn list(session: &Session, mount: &str, prefix: &str) -> Result<Vec<RecordName>, Problem> {
    let call = |mount: &str, folder: &str| {
        let mut call = Call::of(&ListSecretRequest { mount: mount.to_owned(), path: folder.to_owned() });
        // The root of a mount is listed as the mount itself.
        if folder.is_empty() {
            call.path = format!("{mount}/");
        }
        call
    };
    walk(session, mount, prefix, call).await
}

/// A hash of names and values. 128 bits, in hex.
fn revision(document: &Document) -> Result<Revision, Problem> {
    let object = Json::of(document)?;
    let text = object.to_bytes();
    let mut hash = Sha256::new_with_prefix(b"momo-cred vault revision 1\0");
    hash.update(&*text);
    let digest: Zeroizing<[u8; 32]> = Zeroizing::new(hash.finalize().into());
    Ok(Revision::new(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}
