//! The gateway over HTTP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Proxy;
use reqwest::redirect::Policy;

use super::resolver::Resolver;
use super::{BaseUrl, Deadline, ProxyUrl, tls};
use crate::error::{Error, Kind, Result};

/// What a client is built from.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where the API is.
    pub base_url: BaseUrl,
    /// The end of all network work.
    pub deadline: Deadline,
    /// The time for one connection, TLS included.
    pub connect_timeout: Duration,
    /// The proxy. Not used for plain http to this machine: the proxy would see the keys.
    pub proxy: Option<ProxyUrl>,
}

/// The gateway over HTTP/1.1: no redirects, no cookies, no compression, no proxy but a configured one, https unless
/// the host is this machine. Needs a tokio runtime with io and time.
pub struct Client {
    pub(super) http: reqwest::Client,
    pub(super) base: BaseUrl,
    pub(super) deadline: Deadline,
}

const USER_AGENT: &str = concat!("momo-cred/", env!("CARGO_PKG_VERSION"));

impl ClientConfig {
    /// The usual settings: 5 s for a connection, no proxy.
    pub fn new(base_url: BaseUrl, deadline: Deadline) -> Self {
        Self { base_url, deadline, connect_timeout: Duration::from_secs(5), proxy: None }
    }
}

impl Client {
    /// Builds a client. Reads the system's certificates, but not for plain http to this machine.
    ///
    /// # Errors
    /// `Misconfigured` if there are no certificates or the proxy is refused.
    pub fn new(config: &ClientConfig) -> Result<Self> {
        let base = &config.base_url;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(base)?)
            .https_only(!base.is_plain())
            .no_proxy()
            .redirect(Policy::none())
            // What is repeated is decided in `retry.rs` alone.
            .retry(reqwest::retry::never())
            .http1_only()
            .referer(false)
            .dns_resolver(Arc::new(Resolver))
            .connect_timeout(config.connect_timeout)
            // Longer, and a call is likelier to meet a connection that the peer is just closing: an answer lost.
            .pool_idle_timeout(Duration::from_secs(5))
            .user_agent(USER_AGENT);
        if let (Some(proxy), false) = (&config.proxy, base.is_plain()) {
            let proxy = Proxy::all(proxy.as_str())
                .map_err(|_| Error::new(Kind::Misconfigured, "the proxy setting cannot be used"))?;
            builder = builder.proxy(proxy);
        }
        let http =
            builder.build().map_err(|_| Error::new(Kind::Internal, "the HTTP client could not be built"))?;
        Ok(Self { http, base: base.clone(), deadline: config.deadline })
    }

    /// Where it asks.
    pub fn base_url(&self) -> &BaseUrl {
        &self.base
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.base)
    }
}
