//! User name and password.

use vaultrs::api::auth::userpass::requests::LoginRequest;

use super::{Attempt, Login};
use crate::Problem;
use crate::call::Call;
use crate::config::{MountPath, SecretSource};
use crate::path;
use crate::wire::Wire;

pub(super) async fn login(
    wire: &Wire,
    mount: &MountPath,
    username: &str,
    password: &SecretSource,
) -> Result<Login, Problem> {
    let secret = password.read_password()?;
    // It is a segment of the path.
    if matches!(username, "" | "." | "..") || username.contains('/') || path::check(username).is_err() {
        let why = "it is letters, digits and `-_.@:+=`";
        return Err(Problem::Setting { what: "the user name", why });
    }
    #[expect(clippy::disallowed_methods, reason = "goes into the body of the login")]
    let request = LoginRequest {
        mount: mount.as_str().to_owned(),
        username: username.to_owned(),
        password: secret.expose_secret().to_owned(),
    };
    Attempt { method: "userpass", mount, origin: password.origin() }.make(wire, &Call::of(&request)).await
}
