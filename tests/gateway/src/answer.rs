//! The exact answers of the gateway, one function each. README.md names the sources; what no source
//! shows is marked "inferred".

use hyper::body::Bytes;
use uuid::Uuid;

const JSON: &str = "application/json";
const WALLET_JSON: &str = "application/json;charset=utf-8";
const HTML: &str = "text/html";

/// A complete answer: status line, headers and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: Option<&'static str>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Any answer. `content_type` may be empty for none.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let answer = Self { status, reason: None, headers: Vec::new(), body: Bytes::from(body.into()) };
        if content_type.is_empty() { answer } else { answer.with_header("content-type", content_type) }
    }

    /// Adds a header. One that HTTP cannot carry is left out when the answer is sent.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn with_reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    // ----- the gateway in front (Azure API Management) -----

    fn apim(status: u16, message: &str) -> Self {
        Self::new(status, JSON, format!(r#"{{ "statusCode": {status}, "message": "{message}" }}"#))
    }

    /// 401 for an unknown key, another product's key, or an inactive subscription.
    #[must_use]
    pub fn invalid_key() -> Self {
        Self::apim(
            401,
            "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
        )
        .with_reason("Access Denied")
    }

    /// 401 for a request without `Ocp-Apim-Subscription-Key`.
    #[must_use]
    pub fn missing_key() -> Self {
        Self::apim(
            401,
            "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
        )
        .with_reason("Access Denied")
    }

    /// 401 for a product read whose access token is missing, dead or another product's (inferred).
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::apim(401, "Unauthorized")
    }

    /// 404 for a path that the gateway does not know.
    #[must_use]
    pub fn path_not_found() -> Self {
        Self::apim(404, "Resource not found").with_reason("Resource Not Found")
    }

    /// 403 for an operation that the subscription does not include.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::apim(403, "Forbidden")
    }

    /// 403 for an address that is not on the allow-list. The words are MTN's, the shape is inferred.
    #[must_use]
    pub fn forbidden_ip() -> Self {
        Self::apim(403, "FORBIDDEN IP")
    }

    /// 403 for a used-up quota: Azure's default, not seen at MTN.
    #[must_use]
    pub fn out_of_quota() -> Self {
        Self::apim(403, "Out of call volume quota. Quota will be replenished in 00:30:02.")
    }

    /// 429 with `Retry-After` as given, sense or nonsense: Azure's default, not seen at MTN.
    #[must_use]
    pub fn rate_limited(retry_after: &str) -> Self {
        Self::apim(429, "Rate limit is exceeded. Try again in 26 seconds.")
            .with_header("retry-after", retry_after)
    }

    /// 500 of the gateway itself, 111 bytes. It says nothing about credentials.
    #[must_use]
    pub fn gateway_fault() -> Self {
        let activity = Uuid::from_u128(0x5f0c_93f4_61d2_4b0e_9a57_20c7_8d14_e6b3);
        let body = format!(
            r#"{{ "statusCode": 500, "message": "Internal server error", "activityId": "{activity}" }}"#
        );
        Self::new(500, JSON, body)
    }

    // ----- the wallet behind it -----

    fn wallet(status: u16, message: &str, code: &str) -> Self {
        Self::new(status, WALLET_JSON, format!(r#"{{"message":"{message}","code":"{code}"}}"#))
    }

    /// 400 for a bad reference id or body. No public log shows a body, so there is none (inferred).
    #[must_use]
    pub fn bad_request() -> Self {
        Self::new(400, "", "")
    }

    /// 409 for an API user id that exists.
    #[must_use]
    pub fn duplicate_reference() -> Self {
        Self::wallet(409, "Duplicated reference id. Creation of resource failed.", "RESOURCE_ALREADY_EXIST")
    }

    /// 404 for an API user that does not exist.
    #[must_use]
    pub fn user_not_found() -> Self {
        Self::wallet(404, "Requested resource was not found.", "RESOURCE_NOT_FOUND")
    }

    /// 500 of the wallet.
    #[must_use]
    pub fn wallet_fault() -> Self {
        Self::wallet(500, "An internal error occurred while processing.", "INTERNAL_PROCESSING_ERROR")
    }

    /// 503 of the wallet.
    #[must_use]
    pub fn service_unavailable() -> Self {
        Self::wallet(503, "Service temporarily unavailable, try again later.", "SERVICE_UNAVAILABLE")
    }

    /// 500 for a wrong target environment and for a user of another product.
    #[must_use]
    pub fn target_environment_forbidden() -> Self {
        Self::wallet(500, "Access to target environment is forbidden.", "NOT_ALLOWED_TARGET_ENVIRONMENT")
    }

    // ----- the token endpoint -----

    /// A wrong pair of API user and API key, with the status given.
    #[must_use]
    pub fn login_failed(status: u16) -> Self {
        let answer = Self::new(status, WALLET_JSON, r#"{"error":"login_failed"}"#)
            .with_header("cache-control", "no-store")
            .with_header("pragma", "no-cache");
        if status == 500 { answer.with_reason("Server Error") } else { answer }
    }

    // ----- the edge -----

    fn page(status: u16, title: &str, text: &str) -> Self {
        let body = format!(
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n\
             <HTML><HEAD><TITLE>{title}</TITLE>\r\n\
             <META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>\r\n\
             <BODY><h2>{title}</h2>\r\n<hr><p>HTTP Error {status}. {text}</p>\r\n</BODY></HTML>\r\n"
        );
        Self::new(status, HTML, body)
    }

    /// 411 for a POST without `Content-Length`; an HTML page, whose text is inferred.
    #[must_use]
    pub fn length_required() -> Self {
        Self::page(411, "Length Required", "The request must be chunked or have a content length.")
    }

    /// 413 for a body beyond the gateway's patience (inferred).
    #[must_use]
    pub fn too_large() -> Self {
        Self::page(413, "Request Entity Too Large", "The request is too large.")
    }

    /// 502 of the edge.
    #[must_use]
    pub fn bad_gateway() -> Self {
        Self::page(502, "Bad Gateway", "The server could not be reached.")
    }

    /// The firewall's refusal, as seen in Rwanda: HTML with status 200.
    #[must_use]
    pub fn request_rejected() -> Self {
        let body = "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. \
                    Please consult with your administrator.<br><br>Your support ID is: 1234567890</body></html>";
        Self::new(200, HTML, body)
    }

    /// A redirect with the status given.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::page(status, "Moved", "The document has moved.").with_header("location", location)
    }

    // ----- success -----

    /// 201 without a body: a created user, or a key request that lost its key.
    #[must_use]
    pub fn created() -> Self {
        Self::new(201, "", "")
    }

    pub(crate) fn key(key: &str) -> Self {
        Self::new(201, WALLET_JSON, serde_json::json!({ "apiKey": key }).to_string())
    }

    pub(crate) fn user(callback_host: Option<&str>, target_environment: &str) -> Self {
        let mut user = serde_json::json!({ "targetEnvironment": target_environment });
        if let (Some(host), Some(object)) = (callback_host, user.as_object_mut()) {
            object.insert("providerCallbackHost".to_owned(), host.into());
        }
        Self::new(200, WALLET_JSON, user.to_string())
    }

    pub(crate) fn token(token: &str, expires_in: u64) -> Self {
        let body =
            format!(r#"{{"access_token":"{token}","token_type":"access_token","expires_in":{expires_in}}}"#);
        Self::new(200, WALLET_JSON, body)
    }

    pub(crate) fn balance() -> Self {
        Self::new(200, WALLET_JSON, r#"{"availableBalance":"1000","currency":"EUR"}"#)
    }

    pub(crate) fn active() -> Self {
        Self::new(200, WALLET_JSON, r#"{"result":true}"#)
    }
}
