//! Why there was no answer: told by the type and place of a transport error, never by its text.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use rustls::CertificateError;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Silence {
    /// The time of the whole command was over before the call began.
    Deadline,
    /// The host name has no address, or the name service did not answer.
    Unresolved,
    /// No connection: refused, unreachable, or refused by the proxy.
    Unconnected,
    /// No connection in the time for one.
    ConnectTimeout,
    /// A connection without a trusted peer.
    Tls(TlsFault),
    /// The request was sent and nothing came back in time.
    Unanswered,
    /// The connection broke, or what came back was not HTTP.
    Broken,
    /// The answer began and stopped before its end.
    Truncated,
}

/// Why TLS failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsFault {
    /// No issuer that this system trusts.
    Untrusted,
    /// Expired, or not valid yet.
    Time,
    /// For another host.
    Name,
    /// Another fault of the certificate.
    Certificate,
    /// The handshake: no common version or cipher, or not TLS at all.
    Handshake,
}

/// The error of our own resolver, so that this phase can be told from the next.
#[derive(Debug)]
pub(crate) struct NoAddress;

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address")
    }
}

impl StdError for NoAddress {}

impl Silence {
    /// Whether the request may have reached the server.
    pub const fn was_sent(self) -> bool {
        matches!(self, Self::Unanswered | Self::Broken | Self::Truncated)
    }

    /// Whether it lies in how things are set up, here or there, and not in a server that cannot answer now: a peer that
    /// is not trusted stays so, whoever asks, and however often.
    pub const fn is_misconfiguration(self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Whether it may go away by itself within seconds.
    pub const fn passes(self) -> bool {
        !self.is_misconfiguration() && !matches!(self, Self::Deadline)
    }

    /// Reads a failure to get the head of an answer.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn StdError + 'static)> = error.source();
        while let Some(now) = cause {
            if now.is::<NoAddress>() {
                return Self::Unresolved;
            }
            // On an open connection the request may be done already: what breaks then is a lost answer.
            if let Some(fault) = tls_fault(now).filter(|_| error.is_connect()) {
                return Self::Tls(fault);
            }
            cause = now.source();
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::ConnectTimeout,
            (true, false) => Self::Unconnected,
            (false, true) => Self::Unanswered,
            (false, false) => Self::Broken,
        }
    }
}

/// An `io::Error` leaves the error it wraps out of its chain of sources, and the layers here wrap twice.
fn tls_fault(error: &(dyn StdError + 'static)) -> Option<TlsFault> {
    let mut inner = error;
    while let Some(wrapped) = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        inner = wrapped;
    }
    let tls = inner.downcast_ref::<rustls::Error>()?;
    Some(match tls {
        rustls::Error::InvalidCertificate(fault) => match fault {
            // An issuer that was made anew under its old name is another one: its signature does not fit.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFault::Untrusted,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFault::Time,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFault::Name
            }
            _ => TlsFault::Certificate,
        },
        _ => TlsFault::Handshake,
    })
}

impl Silence {
    /// The words for it, with what the peer is called: `the gateway`.
    pub const fn told_of(self, peer: &'static str) -> ToldOf {
        ToldOf(self, peer)
    }
}

/// Renders a [`Silence`].
#[derive(Clone, Copy, Debug)]
pub struct ToldOf(Silence, &'static str);

impl fmt::Display for ToldOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.1;
        match self.0 {
            Silence::Deadline => write!(f, "the time limit was over before {peer} could be asked"),
            Silence::Unresolved => write!(f, "{peer}'s host name could not be resolved"),
            Silence::Unconnected => write!(f, "no connection to {peer}"),
            Silence::ConnectTimeout => write!(f, "no connection to {peer} in time"),
            Silence::Tls(TlsFault::Untrusted) => {
                write!(f, "{peer}'s certificate is from an issuer that is not trusted here")
            }
            Silence::Tls(TlsFault::Time) => write!(f, "{peer}'s certificate is expired or not valid yet"),
            Silence::Tls(TlsFault::Name) => write!(f, "{peer}'s certificate is for another host"),
            Silence::Tls(TlsFault::Certificate) => write!(f, "{peer}'s certificate is not acceptable"),
            Silence::Tls(TlsFault::Handshake) => write!(f, "the TLS handshake with {peer} failed"),
            Silence::Unanswered => write!(f, "{peer} did not answer in time"),
            Silence::Broken => write!(f, "the connection to {peer} broke before an answer"),
            Silence::Truncated => write!(f, "{peer}'s answer stopped before its end"),
        }
    }
}
