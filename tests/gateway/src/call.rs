//! One request as the rules see it: parsed once, before anything is decided.

use crate::route::Route;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName};
use hyper::{Method, Request};

/// More than any call of the gateway needs; a larger body is answered by the edge.
const BODY_LIMIT: usize = 64 * 1024;

const SUBSCRIPTION_KEY: HeaderName = HeaderName::from_static("ocp-apim-subscription-key");
const REFERENCE_ID: HeaderName = HeaderName::from_static("x-reference-id");
const TARGET_ENVIRONMENT: HeaderName = HeaderName::from_static("x-target-environment");

/// The body of a request.
#[derive(Debug)]
pub(crate) enum Body {
    Whole(Bytes),
    TooLarge,
}

/// A request that has arrived as a whole.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Without the query, which could hold a key: Azure takes one there.
    pub(crate) path: String,
    pub(crate) route: Route,
    pub(crate) content_length: Option<u64>,
    pub(crate) body: Body,
    headers: HeaderMap,
}

impl Call {
    /// Reads a request; `None` when the client left in the middle of its body.
    pub(crate) async fn read(request: Request<Incoming>) -> Option<Self> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let route = Route::of(&head.method, &path);
        let length = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        // A chunked POST is refused for its header alone, so its body, however long, is not awaited.
        let body = if length.is_none() {
            Body::Whole(Bytes::new())
        } else {
            match Limited::new(body, BODY_LIMIT).collect().await {
                Ok(collected) => Body::Whole(collected.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => Body::TooLarge,
                Err(_) => return None,
            }
        };
        Some(Self { method: head.method, path, route, content_length: length, body, headers: head.headers })
    }

    pub(crate) fn subscription_key(&self) -> Option<&[u8]> {
        self.headers.get(&SUBSCRIPTION_KEY).map(hyper::header::HeaderValue::as_bytes)
    }

    pub(crate) fn reference_id(&self) -> Option<&str> {
        self.text(&REFERENCE_ID)
    }

    pub(crate) fn target_environment(&self) -> Option<&str> {
        self.text(&TARGET_ENVIRONMENT)
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.text(&AUTHORIZATION)
    }

    fn text(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
