//! Which texts can be a setting of Vault.

use std::borrow::Cow;
use std::fmt;

use momo_cred_transport::{HttpAddress, InvalidAddress};

use super::VaultKvVersion;
use crate::config::fault::{Bad, Fault};

/// A text that is no server's address.
#[derive(Debug)]
pub(super) enum BadAddress {
    /// A socket on this machine, which Vault's agent may listen on.
    Socket,
    /// Anything else.
    Http(InvalidAddress),
}

/// Reads a server's address.
pub(super) fn address(text: &str) -> Result<HttpAddress, BadAddress> {
    if text.starts_with("unix:") {
        return Err(BadAddress::Socket);
    }
    text.parse().map_err(BadAddress::Http)
}

/// Reads a namespace or a mount: what every server and proxy takes for the same path. One `/` at its end, as Vault
/// prints it, is dropped.
pub(super) fn segments(text: &str) -> Result<String, Bad> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let plain = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    if text.len() <= 512 && text.split('/').all(plain) {
        return Ok(text.to_owned());
    }
    Err(Bad::new(
        "it may hold letters, digits and `-_.` only, in segments parted by `/`",
        "give one such as team-a/secret, without a slash before it",
    ))
}

/// Reads the name that a server's certificate must have.
pub(super) fn server_name(text: &str) -> Result<String, Bad> {
    let plain = (1..=253).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':'));
    if plain {
        return Ok(text.to_owned());
    }
    Err(Bad::new(
        "it is not a host name",
        "give the name in the server's certificate, such as vault.example.com",
    ))
}

/// Reads the name of a file in systemd's folder of credentials.
pub(super) fn credential_name(text: &str) -> Result<String, Bad> {
    if text.len() <= 255 && !text.contains('/') && !matches!(text, "" | "." | "..") {
        return Ok(text.to_owned());
    }
    Err(Bad::new(
        "it is the name of one file, without a folder",
        "give the name in LoadCredential= or SetCredential=, such as vault-secret-id",
    ))
}

/// Reads a text that the server is to know, such as a role.
pub(super) fn name(text: &str) -> Result<String, Bad> {
    if text.len() <= 512 && !text.is_empty() && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Bad::new("it is empty, too long or holds a control character", "give it as the server has it"))
}

/// Reads the version of the secrets engine.
pub(super) fn kv_version(number: Option<u32>) -> Result<VaultKvVersion, Bad> {
    match number {
        Some(1) => Ok(VaultKvVersion::V1),
        Some(2) => Ok(VaultKvVersion::V2),
        _ => Err(Bad::new("the KV secrets engine has the versions 1 and 2", "give 1 or 2, or leave it out")),
    }
}

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the address of a Vault server: ")?;
        match self {
            Self::Socket => f.write_str("it is a socket, and this program speaks to network addresses only"),
            Self::Http(fault) => fault.fmt(f),
        }
    }
}

impl Fault for BadAddress {
    fn next(&self) -> Cow<'static, str> {
        match self {
            Self::Socket => "let the agent listen on a port too, and give http://127.0.0.1:PORT",
            Self::Http(InvalidAddress::Malformed) => {
                "give scheme, host and port, such as https://vault.example.com:8200"
            }
            Self::Http(InvalidAddress::UserInfo) => {
                "take what stands before the @ out: `auth` or VAULT_TOKEN says how to log in"
            }
            Self::Http(fault) => return fault.next(),
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_by_what_to_do() {
        let next = |text: &str| address(text).unwrap_err().next();
        assert!(next("unix:///run/vault.sock").contains("http://127.0.0.1:PORT"));
        assert!(next("vault.example.com:8200").contains("https://"));
        assert!(next("http://vault.example.com:8200").contains("localhost"));
        assert!(next("https://me:s3krit@vault.example.com").contains("VAULT_TOKEN"));
        assert_eq!(address("http://127.0.0.1:8200/").unwrap().as_str(), "http://127.0.0.1:8200");
    }

    #[test]
    fn namespaces_and_mounts_are_plain_segments() {
        assert_eq!(segments("team-a/kv_v.2/").unwrap(), "team-a/kv_v.2");
        for bad in ["", "/", "/a", "a//b", "a/../b", "a b", "a?b", "\u{e9}", "a//"] {
            assert!(segments(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn credentials_are_one_segment() {
        for (text, good) in [("vault-secret-id", true), ("a/b", false), ("..", false), ("", false)] {
            assert_eq!(credential_name(text).is_ok(), good, "{text:?}");
        }
    }
}
