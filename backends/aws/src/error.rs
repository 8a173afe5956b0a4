//! Why the store failed, each with a next step; which code of the service is which. No variant holds a value or text of
//! the service: the SDK's own errors, which hold whole answers, end in `answer.rs`.

use momo_cred_backend_api::{Effect, Error, ErrorKind, Location, Op, Reason};
use momo_cred_transport::{ClientError, Silence, TlsFault};

use crate::fault::Fault;

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
    /// A shared file that cannot be used.
    #[error("{path} {why}")]
    SharedFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No such profile.
    #[error(
        "there is no profile {name} in the shared files of ~/.aws{}",
        .by.as_ref().map(|by| format!(", which the profile {by} has as its source_profile")).unwrap_or_default()
    )]
    NoProfile {
        /// Its name.
        name: String,
        /// The profile that names it.
        by: Option<String>,
    },
    /// Nobody is logged in to single sign-on.
    #[error(
        "the single sign-on of the profile {profile} has no valid login: there was none, or it has expired"
    )]
    NotLoggedIn {
        /// The profile.
        profile: String,
    },
    /// Credentials that cannot be had or used.
    #[error("the credentials of {from} {fault}")]
    Credentials {
        /// Where they are from.
        from: String,
        /// What is wrong.
        fault: Fault,
    },
    /// No answer.
    #[error("{} ({host})", .silence.told_of("AWS Secrets Manager"))]
    Silent {
        /// How.
        silence: Silence,
        /// The host that was asked.
        host: String,
        /// One of the attempts may have been heard.
        sent: bool,
    },
    /// A request that would go over plain http, or to no host.
    #[error("the endpoint {host} is refused: plain http is for this machine only")]
    Endpoint {
        /// The host.
        host: String,
    },
    /// No endpoint fits the settings.
    #[error("no endpoint fits the region and the settings (FIPS, dual stack, an endpoint of your own)")]
    NoEndpoint,
    /// No client can be made.
    #[error("{0}")]
    Client(ClientError),
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
    #[error("access denied: {operation}, with the credentials of {who}")]
    Denied {
        /// Where the credentials are from.
        who: String,
        /// What was refused.
        operation: &'static str,
    },
    /// The credentials are none, or not any more.
    #[error("the credentials of {who} are refused: {why}")]
    Identity {
        /// Where they are from.
        who: String,
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
    /// Whether the account, the network or the login is at fault, and not one record: nothing else can be told of it either.
    pub(crate) fn is_of_all(&self) -> bool {
        matches!(
            self,
            Self::Silent { .. }
                | Self::Credentials { .. }
                | Self::NoCredentials { .. }
                | Self::NoProfile { .. }
                | Self::SharedFile { .. }
                | Self::NoRegion
                | Self::Region
                | Self::NotLoggedIn { .. }
                | Self::Identity { .. }
                | Self::Endpoint { .. }
                | Self::NoEndpoint
                | Self::Client(_)
                | Self::Unavailable(_)
                | Self::Throttled
                | Self::NotAws
                | Self::TooLarge
        )
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Name(_)
            | Self::Empty
            | Self::NoRegion
            | Self::Region
            | Self::NoCredentials { .. }
            | Self::SharedFile { .. }
            | Self::NoProfile { .. }
            | Self::Endpoint { .. }
            | Self::NoEndpoint
            | Self::Client(_)
            | Self::Rotated
            | Self::Replica
            | Self::Replicated
            | Self::Refused(_) => ErrorKind::Misconfigured,
            Self::Credentials { fault, .. } => fault.kind(),
            Self::Silent { silence, .. } if silence.is_misconfiguration() => ErrorKind::Misconfigured,
            Self::TooLong { .. } => ErrorKind::Unsupported,
            Self::Silent { .. }
            | Self::Unavailable(_)
            | Self::Throttled
            | Self::Quota
            | Self::Lag
            | Self::MadeAnew => ErrorKind::Unavailable,
            Self::NotAws | Self::TooLarge => ErrorKind::Protocol,
            Self::Denied { .. } | Self::Identity { .. } | Self::NotLoggedIn { .. } | Self::Kms(_) => {
                ErrorKind::Denied
            }
            Self::NotFound | Self::Exists | Self::Deleted | Self::Stale | Self::State | Self::Rotating => {
                ErrorKind::Conflict
            }
            Self::Corrupt(_) => ErrorKind::Corrupt,
        }
    }

    /// Whether a call that failed so may have taken effect all the same.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self {
            Self::Silent { silence, sent, .. } => *sent || silence.was_sent(),
            Self::Unavailable(_) | Self::NotAws | Self::TooLarge => true,
            _ => false,
        }
    }

    /// Whether the same call may succeed within seconds.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Silent { silence, .. } => silence.passes(),
            Self::Credentials { fault: Fault::Down(_) | Fault::Throttled, .. } => true,
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
            Self::Credentials { fault, .. } => fault.next(),
            Self::SharedFile { .. } => {
                "mend the file, or take it away: other credentials are not taken in its place"
            }
            Self::NoProfile { .. } => {
                "check AWS_PROFILE and `profile` in [aws]; in ~/.aws/config its section is [profile NAME]"
            }
            Self::NotLoggedIn { profile } => {
                return Some(format!("log in: aws sso login --profile {}", quoted(profile)));
            }
            Self::Client(_) => "see SSL_CERT_FILE, AWS_CA_BUNDLE, and the certificates of this system",
            Self::NoEndpoint => {
                "see AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, the region and the endpoint"
            }
            Self::Silent { silence, .. } => match silence {
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
            Self::Endpoint { .. } => "use an https endpoint, or one on this machine",
            Self::NotAws | Self::TooLarge => {
                "check the endpoint, and what stands between here and the service"
            }
            Self::Unavailable(_) | Self::Lag => "run it again later",
            Self::Throttled => "wait, then run it again with fewer requests at a time",
            Self::Quota => {
                "wait a day: versions younger than that are not collected; take stages away if the secret has twenty; or ask AWS for a higher quota"
            }
            Self::Denied { .. } => {
                "see who that is with `aws sts get-caller-identity`, and ask for a policy; the README of the AWS backend has the smallest ones; with a KMS key of your own, its policy counts too"
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

/// A name as a shell takes it.
fn quoted(name: &str) -> String {
    if name.contains(' ') { format!("'{name}'") } else { name.to_owned() }
}
