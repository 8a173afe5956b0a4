//! Labels of a record: people who browse the server see whose it is.

use std::time::Duration;

use momo_cred_transport::reqwest::Method;

use crate::call::Call;
use crate::path::Place;
use crate::session::Session;

/// How long it may take: nothing depends on it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Adds `managed-by=momo-cred` to the record's custom metadata. A merge patch leaves other labels alone, where a plain
/// write replaces them all. A policy that does not allow it, or a server that is too old, is no failure.
pub(crate) async fn label(session: &Session, place: &Place) {
    const BODY: &[u8] = br#"{"custom_metadata":{"managed-by":"momo-cred"}}"#;
    let path = format!("{}/metadata/{}", place.mount, place.path);
    let call = Call::with_body(Method::PATCH, path, BODY.to_vec());
    let Some(left) = session.wire().deadline().remaining() else { return };
    let Ok(login) = session.login().await else { return };
    if let Err(problem) = session.wire().part(&call, &login.token, PATIENCE.min(left)).await {
        tracing::debug!(%problem, "no label");
    }
}
