//! Why the store failed, each with a next step; which code of the service is which. No variant holds a value or text of
//! the service: the SDK's own errors, which hold whole answers, end here.

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use momo_cred_backend_api::{Effect, Error, ErrorKind, Location, Op, Reason};
use momo_cred_transport::{Silence, TlsFault};

use crate::http::Unheard;

/// Why an AWS store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The name cannot be a secret's.
    #[error("the name cannot be a secret's: {0}")]
    Name(&'static str),
    /// A document without fields.
    #[error("a record needs at least one field")]
    Empty,
    /// The document is larger than a secret can be.
    #[error("the record is {size} bytes long as JSON, and a secret holds 65536 at most")]
    TooLong {
        /// Its length as JSON.
        size: usize,
    },
    /// A region that cannot be one: it becomes part of a host name.
    #[error("the region cannot be one: regions are letters, digits and hyphens")]
    Region,
    /// No region is known.
    #[error(
        "no region is set: neither in the settings, nor in AWS_REGION or AWS_DEFAULT_REGION, nor in the profile"
    )]
    NoRegion,
    /// No credentials anywhere.
    #[error("there are no credentials; looked for in: {}", .tried.join(", "))]
    NoCredentials {
        /// Where they were looked for.
        tried: Vec<&'static str>,
    },
    /// Credentials that cannot be used.
    #[error("the credentials of {from} {why}")]
    Credentials {
        /// Where they are from.
        from: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// No answer.
    #[error("{}", .0.told_of("AWS Secrets Manager"))]
    Silent(Silence),
    /// A request that would go over plain http, or to no host.
    #[error("the endpoint is refused: plain http is for this machine only")]
    Endpoint,
    /// An answer that the service does not give.
    #[error("the answer is none of AWS Secrets Manager's")]
    NotAws,
    /// An answer over the cap.
    #[error("the answer is larger than any of AWS Secrets Manager")]
    TooLarge,
    /// The service fails.
    #[error("the service cannot answer now (status {0})")]
    Unavailable(u16),
    /// Too many requests.
    #[error("the service limits requests, and the limit is reached")]
    Throttled,
    /// A quota: versions, labels, secrets.
    #[error("a quota of the account or the secret is used up (LimitExceededException)")]
    Quota,
    /// The identity has no right to this.
    #[error("access denied to the credentials of {who}")]
    Denied {
        /// Where the credentials are from.
        who: &'static str,
    },
    /// The credentials are none, or not any more.
    #[error("the credentials of {who} are refused: {why}")]
    Identity {
        /// Where they are from.
        who: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// The KMS key.
    #[error("the KMS key of the secret cannot be used ({0})")]
    Kms(&'static str),
    /// The request was found wrong.
    #[error("the service finds the request wrong (status {0})")]
    Refused(u16),
    /// No such secret, or no such version of it.
    #[error("there is no such secret")]
    NotFound,
    /// The secret exists already.
    #[error("the record exists already")]
    Exists,
    /// The state of the secret does not allow it: scheduled for deletion, or another service's.
    #[error(
        "the secret does not allow this now: it waits for its deletion, or belongs to another service of AWS"
    )]
    State,
    /// The secret is scheduled for deletion, which is not absent.
    #[error("the record was deleted and waits for its recovery window to end, which is not absent")]
    Deleted,
    /// The record is at another revision.
    #[error("the record was changed since it was read")]
    Stale,
    /// The secret that was expected is gone, and another of its name had no version until ours came.
    #[error(
        "the secret was deleted and made anew without a value meanwhile: what was written is its first version"
    )]
    MadeAnew,
    /// The secret has copies in other regions, and is not deleted as long as it has.
    #[error("the secret is replicated to other regions, and AWS does not delete it as long as it is")]
    Replicated,
    /// What was confirmed is not shown.
    #[error("the service does not show yet what it has confirmed")]
    Lag,
    /// AWS rotates the secret.
    #[error("AWS itself rotates this secret: its Lambda may hold an older copy, and put that back")]
    Rotated,
    /// A rotation of AWS's own is under way.
    #[error("a rotation by AWS itself is under way: another version has the stage AWSPENDING")]
    Rotating,
    /// A replica.
    #[error("the secret is a replica; only in its primary region can it be written")]
    Replica,
    /// What is stored is no record.
    #[error("what is stored is no record: {0}")]
    Corrupt(&'static str),
}

impl Problem {
    /// Reads an error of the SDK by its variant and its code.
    pub(crate) fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, who: &'static str) -> Self {
        match error {
            SdkError::ServiceError(service) => {
                by_code(service.err().code().unwrap_or_default(), service.raw().status().as_u16(), who)
            }
            SdkError::TimeoutError(_) => Self::Silent(Silence::Unanswered),
            SdkError::DispatchFailure(failure) => {
                let connector = failure.as_connector_error();
                match connector
                    .and_then(std::error::Error::source)
                    .and_then(|source| source.downcast_ref::<Unheard>())
                {
                    Some(Unheard::Silent(silence)) => Self::Silent(*silence),
                    Some(Unheard::TooLarge) => Self::TooLarge,
                    Some(Unheard::Refused) => Self::Endpoint,
                    // The SDK fails so when credentials ran out and there are no new ones.
                    None => Self::Credentials { from: who, why: "could not be renewed" },
                }
            }
            SdkError::ConstructionFailure(_) => Self::Credentials { from: who, why: "could not be renewed" },
            SdkError::ResponseError(_) => Self::NotAws,
            _ => Self::NotAws,
        }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Name(_)
            | Self::Empty
            | Self::NoRegion
            | Self::Region
            | Self::NoCredentials { .. }
            | Self::Credentials { .. }
            | Self::Endpoint
            | Self::Rotated
            | Self::Replica
            | Self::Replicated
            | Self::Refused(_) => ErrorKind::Misconfigured,
            Self::Silent(Silence::Tls(_)) => ErrorKind::Misconfigured,
            Self::TooLong { .. } => ErrorKind::Unsupported,
            Self::Silent(_)
            | Self::Unavailable(_)
            | Self::Throttled
            | Self::Quota
            | Self::Lag
            | Self::MadeAnew => ErrorKind::Unavailable,
            Self::NotAws | Self::TooLarge => ErrorKind::Protocol,
            Self::Denied { .. } | Self::Identity { .. } | Self::Kms(_) => ErrorKind::Denied,
            Self::NotFound | Self::Exists | Self::Deleted | Self::Stale | Self::State | Self::Rotating => {
                ErrorKind::Conflict
            }
            Self::Corrupt(_) => ErrorKind::Corrupt,
        }
    }

    /// Whether a call that failed so may have taken effect all the same.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self {
            Self::Silent(silence) => silence.was_sent(),
            Self::Unavailable(_) | Self::NotAws | Self::TooLarge => true,
            _ => false,
        }
    }

    /// Whether the same call may succeed within seconds.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Silent(silence) => silence.passes(),
            Self::Unavailable(_) | Self::Throttled | Self::NotAws | Self::Lag => true,
            _ => false,
        }
    }

    pub(crate) fn at(self, op: Op, location: Location) -> Error {
        self.with_effect(op, location, Effect::NotApplied)
    }

    pub(crate) fn with_effect(self, op: Op, location: Location, effect: Effect) -> Error {
        let retryable = self.passes();
        let error = Error::new(self.kind(), op, location).with_retryable(retryable);
        let error = if effect == Effect::Unknown { error.with_unknown_effect() } else { error };
        error.because(self)
    }
}

/// The codes of Secrets Manager, of KMS behind it, and those that all services share
/// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html>).
fn by_code(code: &str, status: u16, who: &'static str) -> Problem {
    match code {
        "ResourceNotFoundException" => Problem::NotFound,
        "ResourceExistsException" => Problem::Exists,
        "InvalidRequestException" => Problem::State,
        "LimitExceededException" => Problem::Quota,
        "DecryptionFailure" => Problem::Kms("DecryptionFailure"),
        "EncryptionFailure" => Problem::Kms("EncryptionFailure"),
        "AccessDeniedException" | "AccessDenied" | "NotAuthorized" | "UnauthorizedOperation" => {
            Problem::Denied { who }
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "OptInRequired" => Problem::Identity { who, why: "the access key is unknown" },
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException" => {
            Problem::Identity { who, why: "the signature does not match, or a clock is wrong" }
        }
        "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" => {
            Problem::Identity { who, why: "they have expired" }
        }
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown" => Problem::Throttled,
        "InternalServiceError"
        | "InternalServiceErrorException"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => Problem::Unavailable(status),
        _ if status >= 500 => Problem::Unavailable(status),
        "" => Problem::NotAws,
        _ => Problem::Refused(status),
    }
}

impl Reason for Problem {
    fn next(&self) -> Option<String> {
        let next = match self {
            Self::Name(_) => "give the name of the secret, not its ARN, like aws:momo/sandbox/collection",
            Self::Empty => "use `remove` to take a record away",
            Self::TooLong { .. } => "take fields of other programs out of it, or keep it in another secret",
            Self::Region => "set AWS_REGION, or `region` in [aws], like eu-west-1",
            Self::NoRegion => "set AWS_REGION, or `region` in [aws], like eu-west-1",
            Self::NoCredentials { .. } => {
                "log in (aws sso login), set AWS_PROFILE, or run where a role is attached"
            }
            Self::Credentials { .. } => {
                "see what `aws sts get-caller-identity` says with the same settings; with single sign-on, log in first (aws sso login)"
            }
            Self::Silent(silence) => match silence {
                Silence::Deadline | Silence::Unanswered | Silence::ConnectTimeout => {
                    "run it again later, or give more time with --timeout"
                }
                Silence::Unresolved => "check the region, the endpoint and the name service of this machine",
                Silence::Tls(TlsFault::Untrusted) => {
                    "if a proxy of your company reads TLS, add its issuer to the system's certificates"
                }
                Silence::Tls(TlsFault::Time) => "check this machine's clock",
                _ => {
                    "check the network, and the region and the endpoint, which `momo-cred doctor` shows with what set them"
                }
            },
            Self::Endpoint => "use an https endpoint, or one on this machine",
            Self::NotAws | Self::TooLarge => {
                "check the endpoint, and what stands between here and the service"
            }
            Self::Unavailable(_) | Self::Lag => "run it again later",
            Self::Throttled => "wait, then run it again with fewer requests at a time",
            Self::Quota => {
                "wait a day: versions younger than that are not collected; take stages away if the secret has twenty; or ask AWS for a higher quota"
            }
            Self::Denied { .. } => {
                "see who that is with `aws sts get-caller-identity`, and ask for a policy; the README of the AWS backend has the smallest ones"
            }
            Self::Identity { .. } => "log in again, and check the clock: try `aws sts get-caller-identity`",
            Self::Kms(_) => "check that the key is enabled and that its policy lets this identity use it",
            Self::Refused(_) => "run `momo-cred doctor`; if it finds nothing, report it",
            Self::NotFound => "create the record instead",
            Self::Exists => "read the record first and replace what was seen",
            Self::State => {
                "look at it with `aws secretsmanager describe-secret`, which takes the right to DescribeSecret"
            }
            Self::Deleted => {
                "bring it back (aws secretsmanager restore-secret), or write over it with --replace"
            }
            Self::Stale => "read the record again and decide anew",
            Self::Rotated => "turn its rotation off, or set allow-aws-rotation = true in [aws]",
            Self::Rotating => {
                "wait until it has ended; if it failed, cancel it (aws secretsmanager cancel-rotate-secret) and take AWSPENDING from that version (update-secret-version-stage --version-stage AWSPENDING --remove-from-version-id ID)"
            }
            Self::MadeAnew => "look at it with `momo-cred status`, and find out who made the secret anew",
            Self::Replicated => {
                "take the copies away first (aws secretsmanager remove-regions-from-replication), then remove it"
            }
            Self::Replica => "use the primary region: AWS_REGION, or `region` in [aws]",
            Self::Corrupt(_) => "look at it in the console; it has to be a JSON object with string values",
        };
        Some(next.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide() {
        let kind = |code, status| by_code(code, status, "w").kind();
        assert_eq!(kind("AccessDeniedException", 400), ErrorKind::Denied);
        assert_eq!(kind("DecryptionFailure", 400), ErrorKind::Denied);
        assert_eq!(kind("ThrottlingException", 400), ErrorKind::Unavailable);
        assert_eq!(kind("ExpiredTokenException", 400), ErrorKind::Denied);
        assert_eq!(kind("SomethingNew", 500), ErrorKind::Unavailable);
        assert_eq!(kind("SomethingNew", 400), ErrorKind::Misconfigured);
        assert_eq!(kind("", 200), ErrorKind::Protocol);
        // A proxy's or a load balancer's page.
        assert_eq!(kind("", 503), ErrorKind::Unavailable);
    }
}
