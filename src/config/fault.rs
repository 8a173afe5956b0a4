//! What is wrong with a value that was given, and what to give instead.
//!
//! Neither repeats the value, but for the host in a callback URL.

use std::borrow::Cow;
use std::fmt;

use momo_cred_backend_api::InvalidLocation;
use momo_cred_transport::InvalidAddress;

use super::duration::{self, BadDuration};
use super::secrets::looks_like_secret;
use super::suggest::nearest;
use crate::Error;
use crate::credential::{Field, InvalidLayout, InvalidTarget, Product, UnknownProduct};
use crate::momo::{HostFault, InvalidBaseUrl, InvalidCallbackHost, InvalidProxy};

/// Why a value is refused. Its text says what is wrong and does not hold the value.
pub(super) trait Fault: fmt::Display {
    /// What to give instead, as an imperative sentence without a full stop.
    fn next(&self) -> Cow<'static, str>;
}

/// A fault in words of this module.
#[derive(Debug)]
pub(super) struct Bad {
    why: Cow<'static, str>,
    next: Cow<'static, str>,
}

impl Bad {
    pub(super) fn new(why: impl Into<Cow<'static, str>>, next: impl Into<Cow<'static, str>>) -> Self {
        Self { why: why.into(), next: next.into() }
    }
}

/// The error with the fault as its cause, and what to do about it.
pub(super) fn because(error: Error, fault: &impl Fault) -> Error {
    error.because(fault).next(fault.next())
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Fault for Bad {
    fn next(&self) -> Cow<'static, str> {
        self.next.clone()
    }
}

impl Fault for UnknownProduct {
    fn next(&self) -> Cow<'static, str> {
        format!("use one of: {}", Product::ALL.map(Product::name).join(", ")).into()
    }
}

impl Fault for InvalidTarget {
    fn next(&self) -> Cow<'static, str> {
        "use sandbox, or the value of one country, such as mtnuganda or mtnivorycoast".into()
    }
}

impl Fault for InvalidBaseUrl {
    fn next(&self) -> Cow<'static, str> {
        match self {
            Self::Address(InvalidAddress::Malformed) => {
                "give scheme and host, such as https://sandbox.momodeveloper.mtn.com"
            }
            Self::Address(InvalidAddress::Plain) => {
                "begin it with https://, or use localhost for a gateway on this machine"
            }
            Self::Address(InvalidAddress::UserInfo) => {
                "take what stands before the @ out: keys belong in the store"
            }
            Self::Address(fault) => return fault.next(),
            Self::ApiPath => "leave that part out: each call adds its own path",
            Self::NotTheApi(_) => "use that one, or leave the base URL out: MTN's hosts are built in",
        }
        .into()
    }
}

impl Fault for InvalidAddress {
    fn next(&self) -> Cow<'static, str> {
        match self {
            Self::Malformed => "give scheme and host, such as https://host.example.com",
            Self::Scheme => "begin it with https://",
            Self::Plain => "begin it with https://, or use localhost for a server on this machine",
            Self::UserInfo => "take what stands before the @ out",
            Self::Query => "take out what begins with ? or #",
            Self::Path => "take the other characters out of the path; mostly there is no path at all",
        }
        .into()
    }
}

impl Fault for InvalidProxy {
    fn next(&self) -> Cow<'static, str> {
        match self {
            Self::Malformed => "give scheme, host and port, such as http://proxy.example.com:3128",
            Self::UserInfo => "use a proxy that knows this machine without a password",
            Self::Path => "take out what follows the port",
        }
        .into()
    }
}

impl Fault for InvalidLocation {
    fn next(&self) -> Cow<'static, str> {
        "give a location such as dotenv:.env#MOMO".into()
    }
}

impl Fault for BadDuration {
    fn next(&self) -> Cow<'static, str> {
        match self {
            Self::Syntax => "write a number and its unit without a space between, such as 15s or 2m".into(),
            Self::Bounds(bounds) => {
                let (least, most) = (duration::format(*bounds.start()), duration::format(*bounds.end()));
                format!("give at least {least} and at most {most}").into()
            }
        }
    }
}

impl Fault for InvalidLayout {
    fn next(&self) -> Cow<'static, str> {
        match self {
            Self::Name(field) => format!("give the name that the store has for {field}").into(),
            Self::Shared(a, b) => format!("give {a} and {b} different names").into(),
            Self::Pending(field) => format!("give {field} another name").into(),
        }
    }
}

/// A callback host, of which the cause is said here and what was meant is the next step.
pub(super) struct BadHost(pub(super) InvalidCallbackHost);

impl BadHost {
    /// The host, where the value is surely an address with one in it. Any other text may be a password.
    fn meant(&self) -> Option<&str> {
        let InvalidCallbackHost { fault, suggestion } = &self.0;
        let is_address = matches!(
            fault,
            HostFault::Url | HostFault::Path | HostFault::Port | HostFault::Wildcard | HostFault::NotAscii
        );
        let host = suggestion.as_ref()?.as_str();
        let named = host.rsplit_once('.').is_some_and(|(_, top)| {
            top.starts_with("xn--") || top.len() > 1 && top.bytes().all(|b| b.is_ascii_alphabetic())
        });
        (is_address && (named || host == "localhost") && !looks_like_secret(host)).then_some(host)
    }
}

impl fmt::Display for BadHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fault.fmt(f)
    }
}

impl Fault for BadHost {
    fn next(&self) -> Cow<'static, str> {
        if let Some(host) = self.meant() {
            return format!("use {host}").into();
        }
        match self.0.fault {
            HostFault::Empty => "give the host of your callbacks, or leave it out",
            HostFault::Credential => {
                "give the host of your callbacks here; keys are asked for or read from a file"
            }
            HostFault::UserInfo => "give what stands behind the @, if that is the host",
            HostFault::Address => "give the name that leads to this address, such as momo.example.com",
            HostFault::Space => "take the white space out",
            HostFault::NotAscii => "give its ASCII form, which begins with xn--",
            HostFault::EmptyLabel => "take the spare dot out",
            _ => "give a host name such as momo.example.com",
        }
        .into()
    }
}

/// The field of that name.
pub(super) fn field(name: &str) -> Result<Field, Bad> {
    Field::from_name(name).ok_or_else(|| {
        let next = match nearest(name, Field::ALL.map(Field::name)) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("use one of: {}", Field::names()),
        };
        Bad::new("a record has no such field", next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::momo::CallbackHost;

    #[test]
    fn only_the_host_of_an_address_is_said() {
        let next = |text: &str| BadHost(text.parse::<CallbackHost>().unwrap_err()).next();
        for (text, host) in [
            ("https://me:s3krit@Testsite.Test.com:1313/api/s3krit", "testsite.test.com"),
            ("http://localhost:8000/callback", "localhost"),
            ("pay.example.com:443", "pay.example.com"),
            ("pay.example.com/callback", "pay.example.com"),
            ("*.example.com", "example.com"),
        ] {
            assert_eq!(next(text), format!("use {host}"), "{text}");
        }
        for text in [
            "https://s3krit/",
            "s3krit/x",
            "s3krit:443",
            "s3krit.x9/",
            " s3krit.example ",
            "s3krit.example.",
            "s3krit@example.com",
            "https://c0ffee00c0ffee00c0ffee00c0ffee00.example.com/",
        ] {
            let next = next(text);
            assert!(!next.contains("krit") && !next.contains("c0ffee"), "{text}: {next}");
        }
    }

    #[test]
    fn closed_vocabularies_are_named() {
        assert_eq!(UnknownProduct.next(), "use one of: collection, disbursement, remittance");
        assert_eq!(field("api-kye").unwrap_err().next(), "did you mean api_key?");
        assert!(field("something").unwrap_err().next().starts_with("use one of: subscription_key, "));
    }
}
