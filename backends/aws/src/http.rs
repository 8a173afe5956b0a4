//! The SDK's requests over our own client: one TLS stack, no redirects, a cap on every body, one deadline.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use momo_cred_transport::reqwest::header::{HeaderName, HeaderValue};
use momo_cred_transport::reqwest::{self, Method, Request, Url};
use momo_cred_transport::{ClientOptions, Deadline, Limits, Silence, TlsOptions, client, exchange};

/// Twenty secrets of the largest size, which one batch can hold, and some.
const BODY_CAP: usize = 4 * 1024 * 1024;
/// How long one attempt waits at most.
const PATIENCE: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(5);
/// A machine that is not on EC2 has nobody at the address of the instance metadata: it must not cost more than this.
const LINK_LOCAL: Duration = Duration::from_secs(1);

/// Where containers and instances get their credentials from: plain http on the link to their host
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>, `feature-imds-credentials`).
const METADATA: [&str; 5] =
    ["169.254.169.254", "169.254.170.2", "169.254.170.23", "[fd00:ec2::254]", "[fd00:ec2::23]"];

/// How long a token for the instance's metadata lives: asked for and answered.
const TOKEN_LIFE: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// Our client, in the form the SDK takes.
#[derive(Clone)]
pub(crate) struct Http(Arc<Inner>);

struct Inner {
    deadline: Deadline,
    /// One for each way: https, this machine, the link to the host. Built when first used.
    clients: [OnceLock<Option<reqwest::Client>>; 3],
    /// The service's clock, as the last answer told it.
    date: Mutex<Option<Timestamp>>,
}

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Https,
    Loopback,
    Metadata,
}

/// Why there was no answer, for our own error: it comes back through the SDK as a source.
#[derive(Debug)]
pub(crate) enum Unheard {
    Silent(Silence),
    TooLarge,
    Refused,
}

impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer")
    }
}

impl std::error::Error for Unheard {}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    pub(crate) fn new(deadline: Deadline) -> Self {
        Self(Arc::new(Inner { deadline, clients: Default::default(), date: Mutex::default() }))
    }

    /// The service's clock.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        *self.0.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self, way: Way) -> Option<reqwest::Client> {
        let build = || {
            // An address of its kind: it decides on https and on the certificates.
            let address = match way {
                Way::Https => "https://secretsmanager.amazonaws.com",
                Way::Loopback | Way::Metadata => "http://127.0.0.1",
            };
            let connect_timeout = if way == Way::Metadata { LINK_LOCAL } else { CONNECT };
            let address = address.parse().ok()?;
            let tls = TlsOptions::default();
            client(&ClientOptions { address: &address, stands_for: None, connect_timeout, proxy: None, tls })
                .ok()
        };
        self.0.clients[way as usize].get_or_init(build).clone()
    }

    async fn send(self, request: HttpRequest, wait: Duration) -> Result<HttpResponse, Unheard> {
        let life = request.headers().get(TOKEN_LIFE).map(str::to_owned);
        let request = translate(&request).ok_or(Unheard::Refused)?;
        let way = way(request.url()).ok_or(Unheard::Refused)?;
        let client = self.client(way).ok_or(Unheard::Refused)?;
        let left = self.0.deadline.remaining().ok_or(Unheard::Silent(Silence::Deadline))?;
        let end = Instant::now() + wait.min(left);
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let operation = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = operation.and_then(|target| target.rsplit('.').next()).unwrap_or("-").to_owned();
        let received = exchange(&client, request, Limits { end, body: BODY_CAP }).await;
        let status = received.as_ref().map(|received| received.status).unwrap_or_default();
        tracing::debug!(host, operation, status, "aws");
        let received = received.map_err(Unheard::Silent)?;
        if let (Way::Https | Way::Loopback, Some(date)) = (way, received.date) {
            *self.0.date.lock().unwrap_or_else(PoisonError::into_inner) = Some(date);
        }
        // A redirect is an answer that the SDK does not follow.
        let body = received.body.ok_or(Unheard::TooLarge)?;
        let status = StatusCode::try_from(received.status).map_err(|_| Unheard::Refused)?;
        let mut response = HttpResponse::new(status, SdkBody::from(body.to_vec()));
        // Headers stay behind, but for the one that the SDK cannot do without: a token lives as long as was asked for.
        if let Some(life) = life {
            response.headers_mut().insert(TOKEN_LIFE, life);
        }
        Ok(response)
    }
}

/// https, or plain http to this machine or to the metadata of its host, and nothing else: an endpoint may come from a
/// variable or a shared file.
fn way(url: &Url) -> Option<Way> {
    let host = url.host_str()?;
    let bare = host.trim_matches(['[', ']']);
    let loopback = host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => Some(Way::Https),
        "http" if loopback => Some(Way::Loopback),
        "http" if METADATA.contains(&host) => Some(Way::Metadata),
        _ => None,
    }
}

fn translate(request: &HttpRequest) -> Option<Request> {
    let url = Url::parse(request.uri()).ok()?;
    let mut translated = Request::new(Method::from_bytes(request.method().as_bytes()).ok()?, url);
    for (name, value) in request.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let mut value = HeaderValue::from_str(value).ok()?;
        // The signature, and the session's token.
        value.set_sensitive(matches!(
            name.as_str(),
            "authorization" | "x-amz-security-token" | "x-amz-sso_bearer_token" | "x-aws-ec2-metadata-token"
        ));
        translated.headers_mut().append(name, value);
    }
    *translated.body_mut() = Some(request.body().bytes()?.to_vec().into());
    Some(translated)
}

/// A client with the times that the SDK asks for.
#[derive(Debug)]
struct Connector {
    http: Http,
    wait: Duration,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (http, wait) = (self.http.clone(), self.wait);
        HttpConnectorFuture::new(async move {
            http.send(request, wait).await.map_err(|unheard| match unheard {
                // Of these the SDK tries again.
                Unheard::Silent(silence) if silence.passes() => ConnectorError::io(Box::new(unheard)),
                _ => ConnectorError::user(Box::new(unheard)),
            })
        })
    }
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let asked =
            settings.connect_timeout().zip(settings.read_timeout()).map(|(connect, read)| connect + read);
        SharedHttpConnector::new(Connector {
            http: self.clone(),
            wait: asked.unwrap_or(PATIENCE).min(PATIENCE),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_machine_and_its_host_only() {
        let way = |text: &str| way(&Url::parse(text).unwrap());
        assert_eq!(way("https://secretsmanager.eu-west-1.amazonaws.com/"), Some(Way::Https));
        assert_eq!(way("http://127.0.0.1:5000/"), Some(Way::Loopback));
        assert_eq!(way("http://localhost:4566/"), Some(Way::Loopback));
        assert_eq!(way("http://169.254.169.254/latest"), Some(Way::Metadata));
        assert_eq!(way("http://[fd00:ec2::254]/latest"), Some(Way::Metadata));
        assert_eq!(way("http://secretsmanager.example.com/"), None);
        assert_eq!(way("http://169.254.1.1/"), None);
        assert_eq!(way("file:///etc/passwd"), None);
    }

    #[test]
    fn a_request_renders_no_signature() {
        let mut request = HttpRequest::new(SdkBody::from("s3krit"));
        request.set_uri("https://h.example.com/").unwrap();
        request.headers_mut().insert("authorization", "s3krit");
        request.headers_mut().insert("x-amz-security-token", "s3krit");
        request.headers_mut().insert("x-amz-sso_bearer_token", "s3krit");
        let shown = format!("{:?}", translate(&request).unwrap());
        assert!(shown.contains("Sensitive") && !shown.contains("s3krit"), "{shown}");
    }
}
