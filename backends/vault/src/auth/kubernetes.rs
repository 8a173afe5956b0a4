//! A Kubernetes service account.

use vaultrs::api::auth::kubernetes::requests::LoginWithKubernetesRequest;

use super::{Attempt, Login};
use crate::Problem;
use crate::call::Call;
use crate::config::{MountPath, SecretSource};
use crate::wire::Wire;

pub(super) async fn login(
    wire: &Wire,
    mount: &MountPath,
    role: &str,
    jwt: &SecretSource,
) -> Result<Login, Problem> {
    let token = jwt.read("service account token")?;
    #[expect(clippy::disallowed_methods, reason = "goes into the body of the login")]
    let request = LoginWithKubernetesRequest {
        mount: mount.as_str().to_owned(),
        role: role.to_owned(),
        jwt: token.expose_secret().to_owned(),
    };
    Attempt { method: "kubernetes", mount, origin: jwt.origin() }.make(wire, &Call::of(&request)).await
}
