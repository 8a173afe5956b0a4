//! `providerCallbackHost`.
//!
//! The gateway takes any string and keeps it for good: a URL given there is found out only when every callback is
//! refused with `INVALID_CALLBACK_URL_HOST`. The rules (host only, no scheme, path or port; a host name, not an IP
//! address; sub-domains are not covered) are those of MTN's FAQ and of its page of common errors.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use momo_cred_transport::reqwest::Url;

/// A bare host name, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallbackHost(String);

/// A string that cannot be a callback host. Never repeats it; the suggestion is a host found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCallbackHost {
    /// What is wrong.
    pub fault: HostFault,
    /// What was probably meant.
    pub suggestion: Option<CallbackHost>,
}

/// What is wrong with a callback host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFault {
    /// Nothing in it.
    Empty,
    /// White space or a control character.
    Space,
    /// A scheme: it is a URL.
    Url,
    /// A path, a query or a fragment.
    Path,
    /// A port.
    Port,
    /// A user name or an e-mail address.
    UserInfo,
    /// An IP address.
    Address,
    /// A wildcard.
    Wildcard,
    /// Letters outside ASCII.
    NotAscii,
    /// A character that no host name has.
    Character,
    /// An empty label: two dots, or one at an end.
    EmptyLabel,
    /// A label that begins or ends with a hyphen.
    Hyphen,
    /// A label of more than 63 characters.
    LongLabel,
    /// More than 253 characters.
    TooLong,
    /// 32 hex digits or a UUID: a key or an API user in the wrong place.
    Credential,
}

impl CallbackHost {
    /// The host name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CallbackHost {
    type Err = InvalidCallbackHost;

    fn from_str(text: &str) -> Result<Self, InvalidCallbackHost> {
        match fault(text) {
            None => Ok(Self(text.to_ascii_lowercase())),
            Some(fault) => Err(InvalidCallbackHost { fault, suggestion: suggest(text, fault) }),
        }
    }
}

fn fault(text: &str) -> Option<HostFault> {
    let labels = || text.split('.');
    let last_is_number = || labels().next_back().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let fault = if text.is_empty() {
        HostFault::Empty
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        HostFault::Space
    } else if text.contains("://") {
        HostFault::Url
    } else if text.contains(['/', '?', '#', '\\']) {
        HostFault::Path
    } else if text.contains('@') {
        HostFault::UserInfo
    } else if is_address(text) {
        HostFault::Address
    } else if text.contains(':') {
        HostFault::Port
    } else if text.contains('*') {
        HostFault::Wildcard
    } else if !text.is_ascii() {
        HostFault::NotAscii
    } else if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
        HostFault::Character
    } else if is_credential(text) {
        HostFault::Credential
    } else if labels().any(str::is_empty) {
        HostFault::EmptyLabel
    } else if last_is_number() {
        // `127.1` and `2130706433` are addresses to most programs.
        HostFault::Address
    } else if labels().any(|label| label.starts_with('-') || label.ends_with('-')) {
        HostFault::Hyphen
    } else if labels().any(|label| label.len() > 63) {
        HostFault::LongLabel
    } else if text.len() > 253 {
        HostFault::TooLong
    } else {
        return None;
    };
    Some(fault)
}

fn is_address(text: &str) -> bool {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(text);
    bare.parse::<IpAddr>().is_ok()
}

fn is_credential(text: &str) -> bool {
    let hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    hex || uuid::Uuid::try_parse(text).is_ok()
}

/// The host in a URL, behind a port or a dot, or in its ASCII form.
fn suggest(text: &str, fault: HostFault) -> Option<CallbackHost> {
    let trimmed = text.trim();
    let url = match fault {
        HostFault::Url => trimmed.to_owned(),
        HostFault::Path | HostFault::Port | HostFault::NotAscii => format!("https://{trimmed}"),
        HostFault::Space | HostFault::EmptyLabel => format!("https://{}", trimmed.trim_matches('.')),
        HostFault::Wildcard => format!("https://{}", trimmed.trim_start_matches("*.")),
        _ => return None,
    };
    let host = Url::parse(&url).ok()?.host_str()?.to_owned();
    self::fault(&host).is_none().then_some(CallbackHost(host))
}

impl fmt::Display for CallbackHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for HostFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::Space => "it has white space or a control character in it",
            Self::Url => "it is a URL; the host alone is wanted",
            Self::Path => "it has a path or query; the host alone is wanted",
            Self::Port => "it has a port; the host alone is wanted",
            Self::UserInfo => "it has an @ in it; the host alone is wanted",
            Self::Address => "it is an IP address; MTN takes a host name only",
            Self::Wildcard => "it has a wildcard; MTN compares the whole name",
            Self::NotAscii => "it has letters outside ASCII; its xn-- form is wanted",
            Self::Character => "a host name has letters, digits, hyphens and dots only",
            Self::EmptyLabel => "it has an empty part: two dots in a row, or a dot at an end",
            Self::Hyphen => "a part of it begins or ends with a hyphen",
            Self::LongLabel => "a part of it has more than 63 characters",
            Self::TooLong => "it has more than 253 characters",
            Self::Credential => "it looks like a key or an API user, not like a host; were they swapped?",
        })
    }
}

impl fmt::Display for InvalidCallbackHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a callback host: {}", self.fault)?;
        match &self.suggestion {
            Some(host) => write!(f, " (did you mean {host}?)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for InvalidCallbackHost {}
