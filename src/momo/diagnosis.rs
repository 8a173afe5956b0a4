//! What a refusal means and what to do about it.

use std::fmt;

use super::{Silence, TlsFault};
use crate::credential::Field;

/// What a refusal means. Which layer answers what was collected from MTN's pages (momodeveloper.mtn.com: API user and key
/// management, common errors; momodevelopercommunity.mtn.com) and from logs in public issues of SDKs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The gateway got no subscription key: something on the way takes headers out.
    MissingKey,
    /// The subscription key is not one for this API at this host.
    InvalidKey,
    /// The host has no provisioning API: production, or a wrong path.
    NoProvisioningApi,
    /// The host has no API of this product.
    NoProductApi,
    /// The API user does not exist in this environment.
    UnknownUser,
    /// The product read does not know the phone number.
    UnknownNumber,
    /// API user and API key do not go together.
    LoginFailed,
    /// A token was issued and is then refused.
    TokenRefused,
    /// The user is not bound to this product and target environment.
    NotAllowedTargetEnvironment,
    /// Not allowed from here, or not with this subscription.
    Forbidden,
    /// The subscription's quota is used up.
    Quota,
    /// Too many calls.
    RateLimited,
    /// The request was found wrong.
    BadRequest,
    /// The API user exists already, and was not made by this call.
    DuplicateUser,
    /// 411: the length of the body was lost on the way.
    LengthRequired,
    /// The gateway points elsewhere. Never followed: it would get the keys.
    Redirect,
    /// A firewall or proxy answers, not the gateway.
    Intercepted,
    /// The gateway fails.
    Outage,
    /// No answer at all.
    NoAnswer(Silence),
    /// A good status with something that is no answer of this API.
    Malformed,
    /// The issued key does not have the shape of one.
    KeyShape,
    /// A value that no header can carry.
    Unsendable(Field),
    /// A status that this API does not give.
    Unexpected,
}

/// What a refusal says about the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is refused: asking again changes nothing.
    Bad,
    /// Nothing: the gateway cannot be asked now, or not from here.
    Inconclusive,
    /// Nothing: the peer does not speak the protocol.
    Protocol,
}

impl Diagnosis {
    /// What to do, as an imperative sentence without a full stop.
    pub fn next(self) -> Option<&'static str> {
        Some(match self {
            Self::MissingKey => "find out what on the way removes the header Ocp-Apim-Subscription-Key",
            Self::InvalidKey => {
                "use this product's key (not the Collection Widget's) from the portal of this same host; \
                 check that the subscription is active; try the secondary key"
            }
            Self::NoProvisioningApi => {
                "provision against the sandbox, https://sandbox.momodeveloper.mtn.com; for production create the \
                 API user in the Partner Portal and run `momo-cred import`"
            }
            Self::NoProductApi => "check the base URL: it is scheme and host, without a path of the API",
            Self::UnknownUser => "check the API user and the base URL: a user exists in one environment only",
            Self::UnknownNumber => "give a number that has a wallet there with --msisdn",
            Self::LoginFailed => {
                "check that API user and API key are one pair; the key may have been replaced or revoked: \
                 run `momo-cred provision --replace` (sandbox) or `momo-cred import --replace` (production)"
            }
            Self::TokenRefused => "check the product and the target environment; verify again in a minute",
            Self::NotAllowedTargetEnvironment => {
                "check the target environment; a sandbox API user works only with the product whose subscription \
                 key made it: provision one with this product's key"
            }
            Self::Forbidden => {
                "check that the product is enabled for this subscription; in production, ask MTN to allow the \
                 public IP address of the machine that calls"
            }
            Self::Quota => "wait until the quota is filled up again, or ask MTN for more",
            Self::RateLimited => "wait, then run it again with fewer calls at a time",
            Self::BadRequest => {
                "check that the API user is a UUID of version 4 and the callback host a bare host name"
            }
            Self::DuplicateUser => "run it again: it takes a fresh API user",
            Self::LengthRequired => "check the proxy on the way: it drops Content-Length",
            Self::Redirect => "check the base URL, and whether a proxy or a sign-in page is on the way",
            Self::Intercepted => "check the proxy or firewall on the way; the credential was not looked at",
            Self::Outage => "run it again later; the credential was not refused, keep it",
            Self::Malformed | Self::Unexpected => "check that the base URL is the API of MTN MoMo",
            Self::KeyShape => "run it again; if it stays, report it",
            Self::Unsendable(_) => "take the value anew from the portal; it has characters that no key has",
            Self::NoAnswer(silence) => match silence {
                Silence::Deadline | Silence::Unanswered | Silence::ConnectTimeout => {
                    "run it again later, or give more time with --timeout"
                }
                Silence::Unresolved => "check the base URL and the name service of this machine",
                Silence::Unconnected => "check the network, the base URL and the proxy setting",
                Silence::Tls(TlsFault::Untrusted) => {
                    "if a proxy of your company reads TLS, add its issuer to the system's certificates"
                }
                Silence::Tls(TlsFault::Time) => "check this machine's clock",
                Silence::Tls(_) => "check the base URL, and what is between here and the gateway",
                Silence::Broken | Silence::Truncated => "run it again",
            },
        })
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingKey => "the gateway got no subscription key",
            Self::InvalidKey => "the gateway refuses the subscription key",
            Self::NoProvisioningApi => "there is no provisioning API at this host",
            Self::NoProductApi => "there is no API of this product at this host",
            Self::UnknownUser => "the API user is unknown there",
            Self::UnknownNumber => "the phone number is unknown there",
            Self::LoginFailed => "the gateway refuses the pair of API user and API key",
            Self::TokenRefused => "the gateway refuses the token that it just issued",
            Self::NotAllowedTargetEnvironment => {
                "the API user is not allowed in this product and target environment"
            }
            Self::Forbidden => "the gateway forbids it for this subscription or from this address",
            Self::Quota => "the subscription's quota is used up",
            Self::RateLimited => "too many calls",
            Self::BadRequest => "the gateway finds the request wrong",
            Self::DuplicateUser => "the API user exists already and was not made by this run",
            Self::LengthRequired => "the gateway got no Content-Length, though it was sent",
            Self::Redirect => "the gateway redirects, which is never followed",
            Self::Intercepted => "a firewall or proxy answered, not the gateway",
            Self::Outage => "the gateway fails",
            Self::Malformed => "the answer is not one of this API",
            Self::KeyShape => "the issued API key does not have 32 hex digits",
            Self::Unsendable(field) => return write!(f, "{field} has characters that cannot be sent"),
            Self::Unexpected => "the gateway answers with a status that this API does not have",
            Self::NoAnswer(silence) => return silence.told_of("the gateway").fmt(f),
        })
    }
}
