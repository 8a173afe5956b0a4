//! Where a server is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

/// Scheme, host, port and perhaps a path prefix, without a slash at its end. Always https, unless the host is this
/// machine. Never holds a user or password.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpAddress {
    text: String,
    host: String,
    loopback: bool,
    plain: bool,
}

/// A string that cannot be an address. Never repeats it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// Not a URL.
    #[error("it is not a URL such as https://host.example.com")]
    Malformed,
    /// Neither http nor https.
    #[error("it must begin with https://")]
    Scheme,
    /// http to another machine.
    #[error("plain http is for this machine only")]
    Plain,
    /// A user name or a password in it.
    #[error("it holds a user name or password")]
    UserInfo,
    /// A query or a fragment.
    #[error("it has a query or fragment")]
    Query,
    /// A path with anything but letters, digits and `-._~/`.
    #[error("its path may hold letters, digits and -._~/ only")]
    Path,
}

impl HttpAddress {
    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path prefix: empty, or beginning with a slash.
    pub fn path(&self) -> &str {
        let after = self.text.find("://").map_or(0, |at| at + 3);
        self.text[after..].find('/').map_or("", |at| &self.text[after + at..])
    }

    /// The same place with another host, to be asked for by that name: its certificate is for it.
    ///
    /// # Errors
    /// [`InvalidAddress`] for a text that is no host name.
    pub fn under(&self, name: &str) -> Result<Self, InvalidAddress> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        // An address needs no resolver, which is what leads the name to this host.
        if name.is_empty() || !name.bytes().all(plain) || name.parse::<IpAddr>().is_ok() {
            return Err(InvalidAddress::Malformed);
        }
        let scheme = if self.plain { "http" } else { "https" };
        let port = self.authority().strip_prefix(&self.host).unwrap_or_default();
        let address: Self = format!("{scheme}://{name}{port}{}", self.path()).parse()?;
        // `1.2` is an address in other clothes.
        if address.host.eq_ignore_ascii_case(name) { Ok(address) } else { Err(InvalidAddress::Malformed) }
    }

    /// Host and port, as the head of a request has them.
    pub fn authority(&self) -> &str {
        let after = self.text.find("://").map_or(0, |at| at + 3);
        self.text[after..].split('/').next().unwrap_or_default()
    }

    /// Whether the host is this machine: 127.0.0.0/8, ::1, or `localhost`, which is never looked up.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether it is plain http, which is only so on this machine.
    pub fn is_plain(&self) -> bool {
        self.plain
    }
}

impl FromStr for HttpAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        // The URL standard drops tabs and line ends, trims, and turns `\` into `/`; a setting with those is a slip.
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(InvalidAddress::Malformed);
        }
        let url = Url::parse(text).map_err(|_| InvalidAddress::Malformed)?;
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(InvalidAddress::Scheme),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidAddress::Malformed)?;
        if url.port() == Some(0) {
            return Err(InvalidAddress::Malformed);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidAddress::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidAddress::Query);
        }
        let loopback = is_loopback(host);
        if plain && !loopback {
            return Err(InvalidAddress::Plain);
        }
        let path = url.path().trim_end_matches('/');
        if !path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b)) {
            return Err(InvalidAddress::Path);
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

impl fmt::Display for HttpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_or_this_machine() {
        let parse = |text: &str| text.parse::<HttpAddress>().map(|address| address.to_string());
        assert_eq!(parse("https://vault.example.com:8200/"), Ok("https://vault.example.com:8200".to_owned()));
        assert_eq!(parse("https://h/v/"), Ok("https://h/v".to_owned()));
        assert_eq!(parse("http://[::1]:8200"), Ok("http://[::1]:8200".to_owned()));
        assert_eq!(parse("http://vault.example.com:8200"), Err(InvalidAddress::Plain));
        assert_eq!(parse("https://u:p@h"), Err(InvalidAddress::UserInfo));
        assert_eq!(parse("unix:///run/vault.sock"), Err(InvalidAddress::Scheme));
        assert_eq!(parse("h:8200"), Err(InvalidAddress::Scheme));
        assert_eq!(parse("https://h/?a"), Err(InvalidAddress::Query));
        assert_eq!(parse("https://h/a%20b"), Err(InvalidAddress::Path));
        assert_eq!(parse("https://h\n"), Err(InvalidAddress::Malformed));
    }

    #[test]
    fn a_host_can_be_asked_for_by_another_name() {
        let address: HttpAddress = "https://[::1]:8200/https".parse().unwrap();
        assert_eq!(address.authority(), "[::1]:8200");
        assert_eq!(
            address.under("vault.example.com").unwrap().as_str(),
            "https://vault.example.com:8200/https"
        );
        let short: HttpAddress = "https://p:1".parse().unwrap();
        assert_eq!(short.under("https").unwrap().as_str(), "https://https:1");
        assert!(address.under("127.0.0.9").is_err() && address.under("1.2").is_err());
        assert!(address.under("a/b").is_err() && address.under("").is_err() && address.under("a@b").is_err());
    }

    #[test]
    fn the_prefix_is_told_from_the_host() {
        let path = |text: &str| text.parse::<HttpAddress>().unwrap().path().to_owned();
        assert_eq!((path("https://h:1"), path("https://h/a/b/")), (String::new(), "/a/b".to_owned()));
    }
}
