//! The TLS client certificate.

use momo_cred_transport::reqwest::Method;
use serde_json::json;

use super::{Attempt, Login};
use crate::Problem;
use crate::call::Call;
use crate::config::MountPath;
use crate::wire::Wire;

/// vaultrs names the role `cert_name`, which the server ignores: it is `name`
/// (<https://developer.hashicorp.com/vault/api-docs/auth/cert#login-with-tls-certificate-method>).
pub(super) async fn login(wire: &Wire, mount: &MountPath, name: Option<&str>) -> Result<Login, Problem> {
    let body = name.map_or_else(|| json!({}), |name| json!({ "name": name }));
    let path = format!("auth/{}/login", mount.as_str());
    let call = Call::with_body(Method::POST, path, body.to_string().into_bytes());
    let origin = "the client certificate".to_owned();
    Attempt { method: "cert", mount, origin }.make(wire, &call).await
}
