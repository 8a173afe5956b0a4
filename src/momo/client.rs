//! The gateway over HTTP.

use std::fmt;
use std::time::Duration;

use momo_cred_transport::reqwest;
use momo_cred_transport::{ClientError, ClientOptions, Deadline, ProxyUrl, TlsError, TlsOptions};

use super::BaseUrl;
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
        let options = ClientOptions {
            address: config.base_url.address(),
            connect_timeout: config.connect_timeout,
            proxy: config.proxy.as_ref(),
            tls: TlsOptions::default(),
            stands_for: None,
        };
        let http = momo_cred_transport::client(&options).map_err(|error| match error {
            ClientError::Tls(TlsError::NoSystemRoots) => {
                Error::new(Kind::Misconfigured, "no certificates to check the gateway with").because(error).next(
                    "install the system's CA certificates (package ca-certificates), or name a file in SSL_CERT_FILE",
                )
            }
            ClientError::Proxy => Error::new(Kind::Misconfigured, error.to_string()),
            _ => Error::new(Kind::Internal, error.to_string()),
        })?;
        Ok(Self { http, base: config.base_url.clone(), deadline: config.deadline.clone() })
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
