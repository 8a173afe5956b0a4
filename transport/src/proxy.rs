//! The proxy, where one is configured. The environment's `HTTP_PROXY` and its kin are never read by the client.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// An HTTP proxy: scheme, host and port. It sees host names, never a request: https goes through a tunnel, and plain
/// http to this machine goes past it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyUrl(String);

/// A string that cannot be a proxy. Never repeats it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidProxy {
    /// Not an http or https URL with a host.
    Malformed,
    /// A user name or a password in it.
    UserInfo,
    /// A path, a query or a fragment.
    Path,
}

impl ProxyUrl {
    /// The URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProxyUrl {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(InvalidProxy::Malformed);
        }
        let url = Url::parse(text).map_err(|_| InvalidProxy::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(InvalidProxy::Malformed);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidProxy::UserInfo);
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidProxy::Path);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a proxy: ")?;
        f.write_str(match self {
            Self::Malformed => "it is not a URL such as http://proxy.example.com:3128",
            Self::UserInfo => "it holds a user name or password, which this program does not keep",
            Self::Path => "it has a path, query or fragment",
        })
    }
}

impl std::error::Error for InvalidProxy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_scheme_host_and_port_only() {
        let proxy = |text: &str| text.parse::<ProxyUrl>().map(|proxy| proxy.to_string());
        assert_eq!(proxy("http://proxy.example.com:3128/"), Ok("http://proxy.example.com:3128".to_owned()));
        assert_eq!(proxy("http://u:p@proxy.example.com"), Err(InvalidProxy::UserInfo));
        assert_eq!(proxy("http://proxy.example.com/x"), Err(InvalidProxy::Path));
        assert_eq!(proxy("proxy.example.com:3128"), Err(InvalidProxy::Malformed));
        assert_eq!(proxy("socks5://proxy.example.com"), Err(InvalidProxy::Malformed));
    }
}
