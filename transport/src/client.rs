//! Builds the HTTP client.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Proxy;
use reqwest::redirect::Policy;

use crate::resolver::Resolver;
use crate::tls::{self, TlsError, TlsOptions};
use crate::{HttpAddress, ProxyUrl};

/// What a client is built from.
#[derive(Clone, Debug)]
pub struct ClientOptions<'a> {
    /// The server.
    pub address: &'a HttpAddress,
    /// The time for one connection, TLS included.
    pub connect_timeout: Duration,
    /// The proxy. Not used for plain http to this machine: the proxy would see the secrets.
    pub proxy: Option<&'a ProxyUrl>,
    /// Whom to trust, and who we are.
    pub tls: TlsOptions,
    /// The host that the name of a [renamed](HttpAddress::under) address stands for.
    pub stands_for: Option<&'a HttpAddress>,
}

/// Why there is no client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The TLS settings.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The proxy.
    #[error("the proxy setting cannot be used")]
    Proxy,
    /// Anything else.
    #[error("the HTTP client could not be built")]
    Build,
}

const USER_AGENT: &str = concat!("momo-cred/", env!("CARGO_PKG_VERSION"));

/// Builds a client: no redirects, no cookies, no compression, no repetition, no proxy but the one given. Needs a tokio
/// runtime with io and time where it is used.
///
/// # Errors
/// [`ClientError`].
pub fn client(options: &ClientOptions<'_>) -> Result<reqwest::Client, ClientError> {
    let address = options.address;
    let bare = |address: &HttpAddress| address.host().trim_matches(['[', ']']).to_owned();
    let alias = options.stands_for.map(|host| (bare(address), bare(host)));
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::config(address, &options.tls)?)
        .https_only(!address.is_plain())
        .no_proxy()
        .redirect(Policy::none())
        // What is repeated is decided by whoever knows what a call does.
        .retry(reqwest::retry::never())
        .http1_only()
        .referer(false)
        .dns_resolver(Arc::new(Resolver { alias }))
        .connect_timeout(options.connect_timeout)
        // Longer, and a call is likelier to meet a connection that the peer is just closing: an answer lost.
        .pool_idle_timeout(Duration::from_secs(5))
        .user_agent(USER_AGENT);
    if let (Some(proxy), false) = (options.proxy, address.is_plain()) {
        let proxy = Proxy::all(proxy.as_str()).map_err(|_| ClientError::Proxy)?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|_| ClientError::Build)
}
