//! AppRole, with a secret id that may be wrapped.

use momo_cred_backend_api::Secret;
use serde::Deserialize;
use vaultrs::api::auth::approle::requests::LoginWithApproleRequest;
use vaultrs::api::sys::requests::{UnwrapRequest, WrappingLookupRequest};
use vaultrs::api::sys::responses::WrappingLookupResponse;

use super::{Attempt, Login, source};
use crate::Problem;
use crate::answer::Data;
use crate::call::Call;
use crate::config::{MountPath, SecretSource};
use crate::wire::{Again, Wire};

pub(super) async fn login(
    wire: &Wire,
    mount: &MountPath,
    role_id: &str,
    secret_id: Option<&SecretSource>,
    wrapped: Option<&MountPath>,
) -> Result<Login, Problem> {
    let origin = secret_id.map_or_else(|| "no secret id".to_owned(), SecretSource::origin);
    let secret = match (secret_id, wrapped) {
        (None, _) => Secret::from(""),
        (Some(source), None) => source.read("secret id")?,
        (Some(source), Some(path)) => {
            unwrap(wire, &source.read("wrapping token")?, path, &source.origin()).await?
        }
    };
    #[expect(clippy::disallowed_methods, reason = "goes into the body of the login")]
    let request = LoginWithApproleRequest {
        mount: mount.as_str().to_owned(),
        role_id: role_id.to_owned(),
        secret_id: secret.expose_secret().to_owned(),
    };
    Attempt { method: "approle", mount, origin }.make(wire, &Call::of(&request)).await
}

#[derive(Deserialize)]
struct SecretId {
    secret_id: String,
}

/// Opens a wrapped secret id, after a look at where it was made: a token that somebody else wrapped leads to a login
/// that somebody else chose (<https://developer.hashicorp.com/vault/docs/concepts/response-wrapping>).
async fn unwrap(wire: &Wire, token: &Secret, path: &MountPath, origin: &str) -> Result<Secret, Problem> {
    let fault = |why| Problem::Wrapped { origin: origin.to_owned(), why };
    #[expect(clippy::disallowed_methods, reason = "goes into the body of a look at the wrapping token")]
    let look = WrappingLookupRequest { token: token.expose_secret().to_owned() };
    let answer = wire.send(&Call::of(&look), None, Again::Safe).await?;
    match answer.status {
        200 => {}
        400 | 403 | 404 if answer.is_vaults_own() => return Err(fault("was opened before, or is too old")),
        _ => return Err(answer.problem(origin)),
    }
    let made: Data<WrappingLookupResponse> = answer.json()?;
    if made.data.creation_path.trim_end_matches('/') != path.as_str() {
        return Err(fault("was made in another path than secret-id-wrapping-path"));
    }
    let answer = wire.send(&Call::of(&UnwrapRequest { token: None }), Some(token), Again::Never).await?;
    match answer.status {
        200 => {}
        400 | 403 | 404 if answer.is_vaults_own() => {
            return Err(fault("was opened by somebody at this moment"));
        }
        _ => return Err(answer.problem(origin)),
    }
    let opened: Data<SecretId> = answer.json()?;
    source::checked("secret id", origin, Secret::new(opened.data.secret_id))
}
