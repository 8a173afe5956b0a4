//! The gateway's base URL.

use std::fmt;
use std::str::FromStr;

use momo_cred_transport::{HttpAddress, InvalidAddress};

use super::hosts;
use crate::credential::TargetEnvironment;

/// Where the API is: scheme, host, port and perhaps a path prefix. Always https, unless the host is this machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl(HttpAddress);

/// A string that cannot be a base URL. Never repeats it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidBaseUrl {
    /// Not an address at all.
    Address(InvalidAddress),
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
        #[expect(clippy::expect_used, reason = "one of a list of literals, which a test goes through")]
        Self(hosts::default_url(target).parse().expect("a literal"))
    }

    /// Whether this is one of the hosts that this program knows to be MTN's, without port or path: a secret may be
    /// sent there though an untrusted file says so.
    pub fn is_built_in(&self) -> bool {
        hosts::known(self.host())
            .is_some_and(|host| self.as_str().strip_prefix("https://") == Some(host.name))
    }

    /// Whether the host is this machine: 127.0.0.0/8, ::1, or `localhost`, which is never looked up.
    pub fn is_loopback(&self) -> bool {
        self.0.is_loopback()
    }

    /// Why it does not go with a target environment, where that is known.
    pub fn misfit(&self, target: &TargetEnvironment) -> Option<&'static str> {
        hosts::misfit(self.host(), target)
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        self.0.host()
    }

    /// The URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Where to connect.
    pub(super) fn address(&self) -> &HttpAddress {
        &self.0
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        let address: HttpAddress = text.parse().map_err(InvalidBaseUrl::Address)?;
        if let Some(why) = hosts::wrong(address.host()) {
            return Err(InvalidBaseUrl::NotTheApi(why));
        }
        if address.path().rsplit('/').next().is_some_and(|last| API_SEGMENTS.contains(&last)) {
            return Err(InvalidBaseUrl::ApiPath);
        }
        Ok(Self(address))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for InvalidBaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a base URL of the API: ")?;
        match self {
            Self::Address(InvalidAddress::Malformed) => {
                f.write_str("it is not a URL such as https://sandbox.momodeveloper.mtn.com")
            }
            Self::Address(why) => why.fmt(f),
            Self::ApiPath => f.write_str("its path ends in a part of the API"),
            Self::NotTheApi(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for InvalidBaseUrl {}
