//! Reading a version.

use std::time::Duration;

use aws_smithy_types::DateTime;
use jiff::Timestamp;
use momo_cred_backend_api::{Document, Revision, Stored};

use crate::session::Session;
use crate::state::{State, describe};
use crate::{CURRENT, Problem};

/// What there is.
pub(crate) enum Found {
    Record(Stored),
    /// Scheduled for deletion; the version that was current.
    Deleted(String),
    Missing,
}

/// Reads a version, or the current one: one request.
pub(crate) async fn read(session: &Session, name: &str, version: Option<&str>) -> Result<Found, Problem> {
    let client = session.client().await?;
    // The service refuses what cannot be the id of a version, for which there is no version of that id.
    if version.is_some_and(|version| !(32..=64).contains(&version.len())) {
        return Ok(Found::Missing);
    }
    let request = client.get_secret_value().secret_id(name);
    let request = match version {
        Some(version) => request.version_id(version),
        // What is meant without it too; a policy may ask for it, and look-alikes of the service need it.
        None => request.version_stage(CURRENT),
    };
    match session.call(request.send()).await {
        Ok(output) => {
            let version = output.version_id().ok_or(Problem::NotAws)?;
            if output.secret_string().is_none() && output.secret_binary().is_none() {
                return Err(Problem::NotAws);
            }
            let document = document(output.secret_string())?;
            let age = age(session, output.created_date());
            Ok(Found::Record(Stored { document, revision: Revision::new(version), age }))
        }
        Err(Problem::NotFound) => Ok(Found::Missing),
        // Scheduled for deletion, or another service's: only a look at it tells.
        Err(Problem::State) => match describe(session, name).await {
            Ok(Some(State { deleted: true, current, .. })) => Ok(Found::Deleted(current.unwrap_or_default())),
            Ok(None) => Ok(Found::Missing),
            // Whoever may read may not look at what it is: the value was not denied.
            Ok(Some(_)) | Err(Problem::Denied { .. }) => Err(Problem::State),
            Err(problem) => Err(problem),
        },
        Err(problem) => Err(problem),
    }
}

/// Reads the value of a secret.
pub(crate) fn document(value: Option<&str>) -> Result<Document, Problem> {
    let text = value.ok_or(Problem::Corrupt("it is binary"))?;
    Document::from_json(text.as_bytes()).map_err(|not| Problem::Corrupt(not.why()))
}

/// How long ago a version was made, by the service's own clock.
pub(crate) fn age(session: &Session, made: Option<&DateTime>) -> Option<Duration> {
    let made = made?;
    let nanos = i32::try_from(made.subsec_nanos()).ok()?;
    let made = Timestamp::new(made.secs(), nanos).ok()?;
    // `Date` counts whole seconds, so that a version can seem to be made after its own answer.
    Some(Duration::try_from(session.http.date()?.duration_since(made)).unwrap_or_default())
}
