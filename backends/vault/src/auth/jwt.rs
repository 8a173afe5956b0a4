//! A JWT of any issuer: a CI job's id token, a workload identity.

use vaultrs::api::auth::oidc::requests::JWTLoginRequest;

use super::{Attempt, Login};
use crate::Problem;
use crate::call::Call;
use crate::config::{MountPath, SecretSource};
use crate::wire::Wire;

pub(super) async fn login(
    wire: &Wire,
    mount: &MountPath,
    role: Option<&str>,
    jwt: &SecretSource,
) -> Result<Login, Problem> {
    let token = jwt.read("JWT")?;
    #[expect(clippy::disallowed_methods, reason = "goes into the body of the login")]
    let request = JWTLoginRequest {
        mount: mount.as_str().to_owned(),
        jwt: token.expose_secret().to_owned(),
        role: role.map(str::to_owned),
    };
    Attempt { method: "jwt", mount, origin: jwt.origin() }.make(wire, &Call::of(&request)).await
}
