//! The gateway's base URL.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

use super::hosts;
use crate::credential::TargetEnvironment;

/// Where the API is: scheme, host, port and perhaps a path prefix. Always https, unless the host is this machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    text: String,
    host: String,
    loopback: bool,
    plain: bool,
}

/// A string that cannot be a base URL. Never repeats it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidBaseUrl {
    /// Not a URL.
    Malformed,
    /// Neither http nor https.
    Scheme,
    /// http to another machine.
    Plain,
    /// A user name or a password in it.
    UserInfo,
    /// A query or a fragment.
    Query,
    /// A path with anything but letters, digits and `-._~/`.
    Path,
    /// A path that ends in a part of the API, such as `/v1_0` or `/collection`.
    ApiPath,
    /// A host that is known not to be the API, and why.
    NotTheApi(&'static str),
}

/// Path segments that the calls bring themselves.
const API_SEGMENTS: [&str; 7] =
    ["v1_0", "apiuser", "token", "collection", "disbursement", "remittance", "provisioning"];

impl BaseUrl {
    /// The built-in one for a target environment.
    pub fn default_for(target: &TargetEnvironment) -> Self {
        let text = hosts::default_url(target);
        let host = text.trim_start_matches("https://");
        Self { text: text.to_owned(), host: host.to_owned(), loopback: false, plain: false }
    }

    /// Whether this is one of the hosts that this program knows to be MTN's, without port or path: a secret may be
    /// sent there though an untrusted file says so.
    pub fn is_built_in(&self) -> bool {
        hosts::known(&self.host).is_some_and(|host| self.text.strip_prefix("https://") == Some(host.name))
    }

    /// Whether the host is this machine: 127.0.0.0/8, ::1, or `localhost`, which is never looked up.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Why it does not go with a target environment, where that is known.
    pub fn misfit(&self, target: &TargetEnvironment) -> Option<&'static str> {
        hosts::misfit(&self.host, target)
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is plain http.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        // The URL standard drops tabs and line ends, trims, and turns `\` into `/`; a setting with those is a slip.
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(InvalidBaseUrl::Malformed);
        }
        let url = Url::parse(text).map_err(|_| InvalidBaseUrl::Malformed)?;
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(InvalidBaseUrl::Scheme),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidBaseUrl::Malformed)?;
        if url.port() == Some(0) {
            return Err(InvalidBaseUrl::Malformed);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidBaseUrl::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidBaseUrl::Query);
        }
        let loopback = is_loopback(host);
        if plain && !loopback {
            return Err(InvalidBaseUrl::Plain);
        }
        if let Some(why) = hosts::wrong(host) {
            return Err(InvalidBaseUrl::NotTheApi(why));
        }
        let path = url.path().trim_end_matches('/');
        if !path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b)) {
            return Err(InvalidBaseUrl::Path);
        }
        if path.rsplit('/').next().is_some_and(|last| API_SEGMENTS.contains(&last)) {
            return Err(InvalidBaseUrl::ApiPath);
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let text = format!("{}://{host}{port}{path}", url.scheme());
        Ok(Self { text, host: host.to_owned(), loopback, plain })
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for InvalidBaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a base URL of the API: ")?;
        f.write_str(match self {
            Self::Malformed => "it is not a URL such as https://sandbox.momodeveloper.mtn.com",
            Self::Scheme => "it must begin with https://",
            Self::Plain => "plain http is for this machine only",
            Self::UserInfo => "it holds a user name or password",
            Self::Query => "it has a query or fragment",
            Self::Path => "its path may hold letters, digits and -._~/ only",
            Self::ApiPath => "its path ends in a part of the API",
            Self::NotTheApi(why) => why,
        })
    }
}

impl std::error::Error for InvalidBaseUrl {}
