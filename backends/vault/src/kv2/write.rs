//! Writing a version with compare-and-swap. An answer that is lost is settled by reading the version that the write
//! would have made.

use momo_cred_backend_api::{Document, Effect, Json};
use momo_cred_transport::backoff;
use vaultrs::api::kv2::requests::{SetSecretRequest, SetSecretRequestOptions};
use vaultrs::api::kv2::responses::SecretVersionMetadata;

use super::read::vanishes;
use super::{Found, version};
use crate::Problem;
use crate::answer::{Answer, Data};
use crate::call::Call;
use crate::path::Place;
use crate::session::Session;
use crate::wire::Again;

/// How often a write is sent.
const TIMES: u32 = 4;

/// How a write ended.
#[derive(Debug)]
pub(crate) enum Written {
    /// As this version.
    Done(u64),
    /// Another version than the expected one is there. This call changed nothing.
    Mismatch,
}

/// What became of a write that nobody heard of.
enum Settled {
    /// It is there.
    Done,
    /// Something else is, so that it is not and cannot be any more.
    Lost,
    /// It is not there, and may still be under way.
    Open,
    /// Its version was made, and there is nothing left of it that would say by whom.
    Gone,
}

/// Writes a document if the current version is `expect`, 0 for none.
pub(crate) async fn write(
    session: &Session,
    place: &Place,
    document: &Document,
    expect: u64,
) -> Result<Written, (Problem, Effect)> {
    let known = |problem| (problem, Effect::NotApplied);
    // No record has this many versions, so that it is not the current one.
    let cas = u32::try_from(expect).map_err(|_| known(Problem::Stale))?;
    let call = call(place, document, cas).map_err(known)?;
    let next = expect + 1;
    // Why it is not known what became of an attempt.
    let mut unheard: Option<Problem> = None;
    let mut done = 0;
    loop {
        let answer = session.send(&call, Again::Never).await;
        done += 1;
        let (problem, asked) = match answer {
            Ok(heard) if heard.answer.is_good() => match confirmed(session, place, &heard.answer, next) {
                Ok(()) => return Ok(Written::Done(next)),
                Err(problem) => (problem, None),
            },
            // Perhaps because of what an earlier attempt of this call did.
            Ok(heard) if heard.answer.is_cas_mismatch() => {
                let Some(unheard) = unheard else { return Ok(Written::Mismatch) };
                return match settle(session, place, document, next).await {
                    Ok(Settled::Done) => Ok(Written::Done(next)),
                    Ok(Settled::Lost) => Ok(Written::Mismatch),
                    // Made by whom, and gone since: a conflict would say that this call changed nothing.
                    Ok(Settled::Open | Settled::Gone) | Err(_) => Err((unheard, Effect::Unknown)),
                };
            }
            Ok(heard) => (heard.problem(), heard.answer.retry_after.filter(|_| heard.answer.passes())),
            Err(problem) => (problem, None),
        };
        let passes = problem.is_ambiguous()
            || matches!(problem, Problem::RateLimited | Problem::Sealed | Problem::Unavailable(_))
            || matches!(&problem, Problem::Silent { silence, .. } if silence.passes());
        if problem.is_ambiguous() {
            unheard = Some(problem.clone());
            match settle(session, place, document, next).await {
                Ok(Settled::Done) => return Ok(Written::Done(next)),
                Ok(Settled::Lost) => return Ok(Written::Mismatch),
                Ok(Settled::Open) => {}
                Ok(Settled::Gone) | Err(_) => return Err((problem, Effect::Unknown)),
            }
        }
        let effect = if unheard.is_some() { Effect::Unknown } else { Effect::NotApplied };
        let rested = passes && done < TIMES && session.wire().rest(backoff(done, asked)).await;
        if !rested || session.wire().deadline().remaining().is_none() {
            return Err((problem, effect));
        }
    }
}

fn call(place: &Place, document: &Document, cas: u32) -> Result<Call, Problem> {
    let request = SetSecretRequest {
        mount: place.mount.clone(),
        path: place.path.clone(),
        data: Json::of(document)?.take(),
        options: Some(SetSecretRequestOptions { cas }),
    };
    let call = Call::of(&request);
    drop(Json::new(request.data));
    Ok(call)
}

/// A good answer names the version that was made.
fn confirmed(session: &Session, place: &Place, answer: &Answer, next: u64) -> Result<(), Problem> {
    let Data { data }: Data<SecretVersionMetadata> = answer.json()?;
    if data.version != next {
        return Err(Problem::NotVault { status: answer.status, what: "another version than the next one" });
    }
    vanishes(session, place, &data.deletion_time);
    Ok(())
}

/// Looks at the version that the write would have made. Nobody else can have made it with our content: a claim holds an
/// id of its own, and each later write of a lifecycle what only that one knows.
async fn settle(
    session: &Session,
    place: &Place,
    document: &Document,
    next: u64,
) -> Result<Settled, Problem> {
    Ok(match super::read(session, place, Some(next)).await? {
        Found::Record(stored) if stored.document.same_as(document) => Settled::Done,
        Found::Record(_) => Settled::Lost,
        Found::Deleted(_) => Settled::Gone,
        // Not yet, or not any more, because later ones pushed it out.
        Found::Missing => match super::read(session, place, None).await? {
            Found::Record(stored) if version(&stored.revision)? > next => Settled::Gone,
            Found::Deleted(current) if current > next => Settled::Gone,
            Found::Record(_) | Found::Deleted(_) | Found::Missing => Settled::Open,
        },
    })
}
