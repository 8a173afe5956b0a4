//! Why credentials that somebody set up could not be had.

use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use momo_cred_backend_api::ErrorKind;
use momo_cred_transport::{ClientError, Silence};

use crate::codes::{Meaning, meaning};
use crate::trail::{Trail, Trouble};

/// Why credentials that somebody set up could not be had. Completes the sentence "the credentials of X ..".
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// They are not set up as they have to be.
    Unusable(&'static str),
    /// Their source says no: with a status, and its code where it is a known one.
    Refused(u16, Option<&'static str>),
    /// They are over, or what leads to them is.
    Expired,
    /// The program that prints them does not.
    Program(&'static str),
    /// Their source does not answer.
    Silent {
        /// How.
        silence: Silence,
        /// The host that was asked.
        host: String,
    },
    /// Their source cannot answer now.
    Down(u16),
    /// Their source limits requests.
    Throttled,
    /// They did not come before the time was over.
    Late,
    /// They would come over plain http.
    Plain,
    /// There is no client that could ask for them.
    Client(ClientError),
    /// Something came, and not what belongs there.
    Strange,
}

impl Fault {
    /// Reads an error of the SDK by its variant, and by what the last request for credentials ended in.
    pub(crate) fn of(error: &CredentialsError, trail: &Trail) -> Self {
        match trail.last() {
            Some(Trouble::Silent(silence)) => Self::Silent { silence, host: trail.host() },
            Some(Trouble::Client(error)) => Self::Client(error),
            Some(Trouble::Plain) => Self::Plain,
            Some(Trouble::TooLarge) => Self::Strange,
            Some(Trouble::Status(status, code)) => match code.and_then(meaning) {
                Some(Meaning::Throttled) => Self::Throttled,
                Some(Meaning::Down) => Self::Down(status),
                Some(Meaning::Expired) => Self::Expired,
                _ if status == 429 => Self::Throttled,
                _ if status >= 500 => Self::Down(status),
                _ => Self::Refused(status, code),
            },
            None => match error {
                CredentialsError::ProviderTimedOut(_) => Self::Late,
                CredentialsError::InvalidConfiguration(_) => {
                    Self::Unusable("they are not written as they have to be")
                }
                // Nobody was asked: a file that belongs to them, such as a token, is not there or not readable.
                CredentialsError::ProviderError(_) if trail.host().is_empty() => {
                    Self::Unusable("a file that they need cannot be read")
                }
                _ => Self::Strange,
            },
        }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(..) | Self::Expired => ErrorKind::Denied,
            Self::Silent { silence, .. } if silence.is_misconfiguration() => ErrorKind::Misconfigured,
            Self::Silent { .. } | Self::Down(_) | Self::Throttled | Self::Late => ErrorKind::Unavailable,
            Self::Unusable(_) | Self::Program(_) | Self::Plain | Self::Client(_) => ErrorKind::Misconfigured,
            Self::Strange => ErrorKind::Protocol,
        }
    }

    pub(crate) fn next(&self) -> &'static str {
        match self {
            Self::Unusable(_) | Self::Refused(..) => {
                "see what `aws sts get-caller-identity` says with the same settings"
            }
            Self::Expired => "log in again: try `aws sts get-caller-identity` with the same settings",
            Self::Program(_) => {
                "run the program by hand; it has no terminal here, and of the environment only what SECURITY.md lists"
            }
            Self::Silent { .. } => "check the network, and the region and the endpoint of the credentials",
            Self::Down(_) | Self::Throttled => "run it again later",
            Self::Late => "run it again later, or give more time with --timeout",
            Self::Plain => "use an https endpoint, or one on this machine",
            Self::Client(_) => "see SSL_CERT_FILE, AWS_CA_BUNDLE, and the certificates of this system",
            Self::Strange => "check what stands between here and the source of the credentials",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(why) => write!(f, "cannot be used: {why}"),
            Self::Refused(_, Some(code)) => write!(f, "are refused ({code})"),
            Self::Refused(status, None) => write!(f, "are refused (status {status})"),
            Self::Expired => f.write_str("have expired"),
            Self::Program(why) => write!(f, "cannot be had: the credential_process {why}"),
            Self::Silent { silence, host } => {
                write!(f, "cannot be fetched: {} ({host})", silence.told_of("their source"))
            }
            Self::Down(status) => {
                write!(f, "cannot be fetched: their source cannot answer now (status {status})")
            }
            Self::Throttled => f.write_str("cannot be fetched: their source limits requests"),
            Self::Late => f.write_str("did not come in time"),
            Self::Plain => f.write_str("are not fetched: plain http is for this machine only"),
            Self::Client(error) => write!(f, "cannot be fetched: {error}"),
            Self::Strange => f.write_str("are not what belongs there"),
        }
    }
}
