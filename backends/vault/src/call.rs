//! A call of the API as data: what vaultrs's request types say of method, path, query and body, and nothing of how it
//! is sent.

use momo_cred_transport::reqwest::Method;
use rustify::endpoint::Endpoint;
use rustify::enums::RequestMethod;
use zeroize::Zeroizing;

/// A call. Has no `Debug`: a body may hold a secret.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Below `/v1/`, without a slash at its beginning.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
    /// Of `application/merge-patch+json`.
    pub(crate) merge_patch: bool,
}

impl Call {
    /// Takes a request of vaultrs apart. Building it with rustify's own client would log, panic on odd headers and keep
    /// the body in its errors.
    pub(crate) fn of(endpoint: &impl Endpoint) -> Self {
        // Both fail only for types that cannot be serialised, and those of vaultrs can.
        let query = endpoint.query().ok().flatten().filter(|query| !query.is_empty());
        let body = endpoint.body().ok().flatten().filter(|body| !body.is_empty());
        Self {
            method: method(&endpoint.method()),
            // Some paths of vaultrs begin with a slash or a tab.
            path: endpoint.path().trim().trim_start_matches('/').to_owned(),
            query,
            body: body.map(Zeroizing::new),
            merge_patch: false,
        }
    }

    /// A call that vaultrs has no type for.
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, query: None, body: None, merge_patch: false }
    }

    /// A call with a body that vaultrs has no type for.
    pub(crate) fn with_body(method: Method, path: String, body: Vec<u8>) -> Self {
        let merge_patch = method == Method::PATCH;
        Self { method, path, query: None, body: Some(Zeroizing::new(body)), merge_patch }
    }
}

fn method(method: &RequestMethod) -> Method {
    match method {
        RequestMethod::POST => Method::POST,
        RequestMethod::PUT => Method::PUT,
        RequestMethod::PATCH => Method::PATCH,
        RequestMethod::DELETE => Method::DELETE,
        RequestMethod::HEAD => Method::HEAD,
        RequestMethod::LIST => list(),
        _ => Method::GET,
    }
}

/// Vault's own verb.
fn list() -> Method {
    Method::from_bytes(b"LIST").unwrap_or(Method::GET)
}

#[cfg(test)]
mod tests {
    use vaultrs::api::kv2::requests::{ListSecretsRequest, ReadSecretRequest};
    use vaultrs::api::token::requests::RevokeTokenSelfRequest;

    use super::*;

    #[test]
    fn vaultrs_says_what_is_asked() {
        let read = ReadSecretRequest { mount: "kv".into(), path: "a/b".into(), version: Some(3) };
        let call = Call::of(&read);
        assert_eq!(
            (call.method, &*call.path, call.query.as_deref()),
            (Method::GET, "kv/data/a/b", Some("version=3"))
        );
        assert!(call.body.is_none());
        let call = Call::of(&ReadSecretRequest { version: None, ..read });
        assert_eq!(call.query, None);
        let call = Call::of(&RevokeTokenSelfRequest {});
        assert_eq!((call.method, &*call.path), (Method::POST, "auth/token/revoke-self"));
        let call = Call::of(&ListSecretsRequest { mount: "kv".into(), path: "a/".into() });
        assert_eq!((call.method.as_str(), &*call.path), ("LIST", "kv/metadata/a/"));
    }
}
