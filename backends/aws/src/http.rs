//! The SDK's requests over our own client: one TLS stack, no redirects, a cap on every body, one deadline.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
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
use momo_cred_transport::{
    ClientError, ClientOptions, Deadline, Limits, Roots, Silence, TlsOptions, client, exchange_heard_by,
};

use crate::codes;
use crate::trail::{Trail, Trouble};

/// Twenty secrets of the largest size, which one batch can hold, and some.
const BODY_CAP: usize = 4 * 1024 * 1024;
/// How long one attempt waits at most for all of its answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// And for its beginning: within the time of a command a second attempt has to fit.
const HEARD: Duration = Duration::from_secs(5);
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
    /// Which issuers count, where it is not those of the system.
    roots: OnceLock<Roots>,
    /// One for each way: https, this machine, the link to the host. Built when first used.
    clients: [OnceLock<Result<reqwest::Client, ClientError>>; 3],
    /// The service's clock, as the last answer told it.
    date: Mutex<Option<Timestamp>>,
    /// Where the service was asked last.
    asked: Mutex<Option<String>>,
}

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Https,
    Loopback,
    Metadata,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    pub(crate) fn new(deadline: Deadline) -> Self {
        Self(Arc::new(Inner {
            deadline,
            roots: OnceLock::new(),
            clients: Default::default(),
            date: Mutex::default(),
            asked: Mutex::default(),
        }))
    }

    /// The issuers of this file count, and no others. To be said before anything is asked.
    pub(crate) fn trust(&self, file: PathBuf) {
        let _ = self.0.roots.set(Roots::File(file));
    }

    /// The service's clock.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        *self.0.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the service was asked last.
    pub(crate) fn asked(&self) -> Option<String> {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn client(&self, way: Way) -> Result<reqwest::Client, ClientError> {
        let build = || {
            // An address of its kind: it decides on https and on the certificates.
            let address = match way {
                Way::Https => "https://secretsmanager.amazonaws.com",
                Way::Loopback | Way::Metadata => "http://127.0.0.1",
            };
            let connect_timeout = if way == Way::Metadata { LINK_LOCAL } else { CONNECT };
            let address = address.parse().map_err(|_| ClientError::Build)?;
            let roots = self.0.roots.get().cloned().unwrap_or_default();
            let tls = TlsOptions { roots, identity: None };
            client(&ClientOptions { address: &address, stands_for: None, connect_timeout, proxy: None, tls })
        };
        self.0.clients[way as usize].get_or_init(build).clone()
    }

    /// Sends a request once, and leaves on its call's trail what became of it.
    async fn send(self, request: HttpRequest, waits: Waits) -> Result<HttpResponse, Trouble> {
        let trail = Trail::current();
        let sent = self.exchange(request, waits, &trail).await;
        trail.end(match &sent {
            Err(trouble) => Some(trouble.clone()),
            Ok(response) if response.status().as_u16() >= 400 => {
                let code = response.body().bytes().and_then(codes::within);
                Some(Trouble::Status(response.status().as_u16(), code))
            }
            Ok(_) => None,
        });
        sent
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        waits: Waits,
        trail: &Trail,
    ) -> Result<HttpResponse, Trouble> {
        let life = request.headers().get(TOKEN_LIFE).map(str::to_owned);
        let request = translate(&request).ok_or(Trouble::Plain)?;
        let host = host(request.url());
        trail.begin(&host);
        let way = way(request.url()).ok_or(Trouble::Plain)?;
        let client = self.client(way).map_err(Trouble::Client)?;
        let left = self.0.deadline.remaining().ok_or(Trouble::Silent(Silence::Deadline))?;
        let now = Instant::now();
        let limits = Limits { end: now + waits.whole.min(left), body: BODY_CAP };
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or("-").to_owned();
        if target.is_some() {
            let origin = request.url().origin().ascii_serialization();
            *self.0.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(origin);
        }
        let received = exchange_heard_by(&client, request, now + waits.heard, limits).await;
        let status = received.as_ref().map(|received| received.status).unwrap_or_default();
        tracing::debug!(host, operation, status, "aws");
        let received = received.map_err(Trouble::Silent)?;
        if let (Way::Https | Way::Loopback, Some(date)) = (way, received.date) {
            *self.0.date.lock().unwrap_or_else(PoisonError::into_inner) = Some(date);
        }
        // A redirect is an answer that the SDK does not follow.
        let body = received.body.ok_or(Trouble::TooLarge)?;
        let status = StatusCode::try_from(received.status).map_err(|_| Trouble::Silent(Silence::Broken))?;
        let mut response = HttpResponse::new(status, SdkBody::from(body.to_vec()));
        // Headers stay behind, but for the one that the SDK cannot do without: a token lives as long as was asked for.
        if let Some(life) = life {
            response.headers_mut().insert(TOKEN_LIFE, life);
        }
        Ok(response)
    }
}

/// Host and port, for people. Never what stands before an `@`: an endpoint may come from a file.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("no host");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
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

/// How long one attempt waits.
#[derive(Clone, Copy, Debug)]
struct Waits {
    heard: Duration,
    whole: Duration,
}

/// A client with the times that the SDK asks for.
#[derive(Debug)]
struct Connector {
    http: Http,
    waits: Waits,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (http, waits) = (self.http.clone(), self.waits);
        HttpConnectorFuture::new(async move {
            http.send(request, waits).await.map_err(|trouble| match trouble {
                // Of these the SDK tries again.
                Trouble::Silent(silence) if silence.passes() => ConnectorError::io(Box::new(trouble)),
                _ => ConnectorError::user(Box::new(trouble)),
            })
        })
    }
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let asked =
            settings.connect_timeout().zip(settings.read_timeout()).map(|(connect, read)| connect + read);
        let waits = match asked {
            Some(asked) => Waits { heard: asked.min(PATIENCE), whole: asked.min(PATIENCE) },
            None => Waits { heard: HEARD, whole: PATIENCE },
        };
        SharedHttpConnector::new(Connector { http: self.clone(), waits })
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
    fn a_host_is_shown_without_what_stands_before_it() {
        let host = |text: &str| host(&Url::parse(text).unwrap());
        assert_eq!(host("https://me:s3krit@h.example.com/s3krit?s3krit"), "h.example.com");
        assert_eq!(host("http://127.0.0.1:5000/"), "127.0.0.1:5000");
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
