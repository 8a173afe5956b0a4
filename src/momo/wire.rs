//! What goes onto the wire. The one place of the gateway client that opens secrets.

use momo_cred_backend_api::Secret;
use momo_cred_transport::reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue,
};
use momo_cred_transport::reqwest::{Method, Request, Url};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{BaseUrl, Diagnosis, Refusal, Step};
use crate::credential::{Field, TargetEnvironment};

const SUBSCRIPTION_KEY: HeaderName = HeaderName::from_static("ocp-apim-subscription-key");
const REFERENCE_ID: HeaderName = HeaderName::from_static("x-reference-id");
const TARGET_ENVIRONMENT: HeaderName = HeaderName::from_static("x-target-environment");

/// A request, with its secrets still closed.
pub(super) struct Call<'a> {
    pub(super) step: Step,
    /// Below the base URL; begins with a slash.
    pub(super) path: String,
    pub(super) key: &'a Secret,
    pub(super) send: Send<'a>,
    pub(super) auth: Auth<'a>,
}

/// Method and body.
pub(super) enum Send<'a> {
    Get,
    /// Without a body, which the gateway wants to hear: `Content-Length: 0`.
    Post,
    /// The creation of an API user.
    PostUser {
        reference: Uuid,
        json: &'a str,
    },
}

/// Who asks.
pub(super) enum Auth<'a> {
    /// The subscription key is enough.
    Key,
    Basic(Uuid, &'a Secret),
    Bearer(&'a Secret, &'a TargetEnvironment),
}

impl Call<'_> {
    pub(super) fn method(&self) -> Method {
        match self.send {
            Send::Get => Method::GET,
            Send::Post | Send::PostUser { .. } => Method::POST,
        }
    }

    /// Builds the request. Nothing in it renders a secret: the headers that hold one are marked.
    pub(super) fn request(&self, base: &BaseUrl) -> Result<Request, Refusal> {
        let refuse = |diagnosis| Refusal::local(self.step, diagnosis);
        let url = Url::parse(&format!("{base}{}", self.path))
            .map_err(|_| refuse(Diagnosis::Unsendable(Field::BaseUrl)))?;
        let mut request = Request::new(self.method(), url);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let key = secret_header("", self.key).ok_or(refuse(Diagnosis::Unsendable(Field::SubscriptionKey)))?;
        headers.insert(SUBSCRIPTION_KEY, key);
        match self.auth {
            Auth::Key => {}
            Auth::Basic(user, api_key) => {
                let value = basic(user, api_key).ok_or(refuse(Diagnosis::Unsendable(Field::ApiKey)))?;
                headers.insert(AUTHORIZATION, value);
            }
            Auth::Bearer(token, target) => {
                let value = secret_header("Bearer ", token).ok_or(refuse(Diagnosis::Malformed))?;
                headers.insert(AUTHORIZATION, value);
                let target = HeaderValue::from_str(target.as_str())
                    .map_err(|_| refuse(Diagnosis::Unsendable(Field::TargetEnvironment)))?;
                headers.insert(TARGET_ENVIRONMENT, target);
            }
        }
        match self.send {
            Send::Get => {}
            Send::Post => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            Send::PostUser { reference, json } => {
                let reference = HeaderValue::from_str(&reference.to_string())
                    .map_err(|_| refuse(Diagnosis::Unsendable(Field::ApiUser)))?;
                headers.insert(REFERENCE_ID, reference);
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                *request.body_mut() = Some(json.to_owned().into());
            }
        }
        Ok(request)
    }
}

fn secret_header(prefix: &str, secret: &Secret) -> Option<HeaderValue> {
    #[expect(clippy::disallowed_methods, reason = "goes into a request header that is marked sensitive")]
    let secret = secret.expose_secret();
    let text = Zeroizing::new(format!("{prefix}{secret}"));
    marked(&text)
}

fn basic(user: Uuid, api_key: &Secret) -> Option<HeaderValue> {
    #[expect(clippy::disallowed_methods, reason = "goes into the Basic header, which is marked sensitive")]
    let api_key = api_key.expose_secret();
    let pair = Zeroizing::new(format!("{user}:{api_key}"));
    marked(&Zeroizing::new(format!("Basic {}", *base64(pair.as_bytes()))))
}

fn marked(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Standard base64 with padding (RFC 4648, 4), into memory that is wiped.
fn base64(bytes: &[u8]) -> Zeroizing<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(3) * 4));
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = (bits >> (18 - 6 * i) & 63) as usize;
            text.push(if i <= chunk.len() { char::from(ALPHABET[digit]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_rfc() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ] {
            assert_eq!(*base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_request_renders_no_secret() {
        let key = Secret::from("11111111111111111111111111111111");
        let api_key = Secret::from("22222222222222222222222222222222");
        let auth = Auth::Basic(Uuid::nil(), &api_key);
        let call =
            Call { step: Step::Token, path: "/collection/token/".into(), key: &key, send: Send::Post, auth };
        let base: BaseUrl = "http://127.0.0.1:1/prefix".parse().unwrap();
        let request = call.request(&base).unwrap();
        assert_eq!(request.url().as_str(), "http://127.0.0.1:1/prefix/collection/token/");
        let shown = format!("{request:?} {request:#?}");
        assert!(shown.contains("Sensitive"), "{shown}");
        assert!(!shown.contains("1111") && !shown.contains("Basic"), "{shown}");
    }

    #[test]
    fn a_key_with_a_line_end_is_not_sent() {
        let key = Secret::from("1111\r\nX-Evil: 1");
        let call = Call { step: Step::User, path: "/".into(), key: &key, send: Send::Get, auth: Auth::Key };
        let refusal = call.request(&"http://localhost".parse().unwrap()).unwrap_err();
        assert_eq!(refusal.diagnosis, Diagnosis::Unsendable(Field::SubscriptionKey));
    }
}
