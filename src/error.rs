//! The error people and scripts see: one kind, one exit code, what failed, where, what was tried, what to do next.

use std::fmt;
use std::time::Duration;

use momo_cred_backend_api as api;

use crate::credential::Claim;

/// A `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Kinds of failure. Each has a stable token and exit code (cf. `sysexits.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The command line is wrong, a value given is refused, or there is no terminal to ask at: 2.
    Usage,
    /// What is stored is malformed: 65.
    Corrupt,
    /// No record: missing, vacant or deleted: 66.
    NotFound,
    /// Store or gateway did not answer or says that it cannot now: 69.
    Unavailable,
    /// A fault of this program: 70.
    Internal,
    /// A file of ours cannot be written: 73.
    CannotWrite,
    /// Somebody else's claim, lock or write: 75.
    Conflict,
    /// The remote broke its protocol: 76.
    Protocol,
    /// Access refused, or the gateway refuses the credential: 77.
    Denied,
    /// The store cannot do this: 78.
    Unsupported,
    /// Settings are wrong: 78.
    Misconfigured,
}

impl Kind {
    /// A stable word for scripts: `error[TOKEN]: ...`.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Corrupt => "corrupt",
            Self::NotFound => "not-found",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
            Self::CannotWrite => "cannot-write",
            Self::Conflict => "conflict",
            Self::Protocol => "protocol",
            Self::Denied => "denied",
            Self::Unsupported => "unsupported",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// The exit code of every command but `exec`, which answers 125.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Corrupt => 65,
            Self::NotFound => 66,
            Self::Unavailable => 69,
            Self::Internal => 70,
            Self::CannotWrite => 73,
            Self::Conflict => 75,
            Self::Protocol => 76,
            Self::Denied => 77,
            Self::Unsupported | Self::Misconfigured => 78,
        }
    }
}

impl From<api::ErrorKind> for Kind {
    fn from(kind: api::ErrorKind) -> Self {
        match kind {
            api::ErrorKind::Conflict => Self::Conflict,
            api::ErrorKind::Denied => Self::Denied,
            api::ErrorKind::Unavailable => Self::Unavailable,
            api::ErrorKind::Unsupported => Self::Unsupported,
            api::ErrorKind::Misconfigured => Self::Misconfigured,
            api::ErrorKind::Corrupt => Self::Corrupt,
            api::ErrorKind::Protocol => Self::Protocol,
            _ => Self::Internal,
        }
    }
}

/// A failure, ready to be shown. Never holds a value or foreign text: all strings in it are ours, or names and
/// locations that are not secret.
#[derive(Clone, Debug)]
pub struct Error(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    kind: Kind,
    what: String,
    why: Vec<String>,
    tried: Vec<String>,
    next: Vec<String>,
    op: Option<&'static str>,
    location: Option<String>,
    claim: Option<(Claim, Option<Duration>)>,
}

impl Error {
    /// A failure of a kind. `what` says what failed and where: a clause without a full stop.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        let (why, tried, next) = (Vec::new(), Vec::new(), Vec::new());
        let what = what.into();
        Self(Box::new(Parts { kind, what, why, tried, next, op: None, location: None, claim: None }))
    }

    /// Adds a cause.
    #[must_use]
    pub fn because(mut self, why: impl fmt::Display) -> Self {
        self.0.why.push(why.to_string());
        self
    }

    /// Adds something that was tried.
    #[must_use]
    pub fn tried(mut self, tried: impl Into<String>) -> Self {
        self.0.tried.push(tried.into());
        self
    }

    /// Adds what the user can do next: an imperative sentence without a full stop.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.0.next.push(next.into());
        self
    }

    /// Says which record it is about.
    #[must_use]
    pub fn at(mut self, location: &api::Location) -> Self {
        self.0.location = Some(location.to_string());
        self
    }

    /// Says which open claim it is about, and how old that is by the store's clock.
    #[must_use]
    pub fn about(mut self, claim: &Claim, age: Option<Duration>) -> Self {
        self.0.claim = Some((claim.clone(), age));
        self
    }

    /// The same, with causes and next steps in other words.
    #[must_use]
    pub fn reworded(mut self, reword: impl Fn(&str) -> String) -> Self {
        self.0.why.iter_mut().chain(&mut self.0.next).for_each(|text| *text = reword(text));
        self
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The headline: what failed, and where.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// Causes, outermost first.
    pub fn causes(&self) -> &[String] {
        &self.0.why
    }

    /// What was tried.
    pub fn attempts(&self) -> &[String] {
        &self.0.tried
    }

    /// What to do next.
    pub fn next_steps(&self) -> &[String] {
        &self.0.next
    }

    /// The store call that failed, if one did.
    pub fn op(&self) -> Option<&'static str> {
        self.0.op
    }

    /// The open claim it is about, and its age.
    pub fn claim(&self) -> Option<(&Claim, Option<Duration>)> {
        self.0.claim.as_ref().map(|(claim, age)| (claim, *age))
    }

    /// The record it is about.
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }
}

impl From<api::Error> for Error {
    fn from(error: api::Error) -> Self {
        let mut ours = Self::new(error.kind().into(), error.to_string()).at(error.location());
        ours.0.op = Some(error.op().token());
        if let Some(reason) = error.reason() {
            ours = ours.because(reason);
            if let Some(next) = reason.next() {
                ours = ours.next(next);
            }
        }
        ours
    }
}

/// `what: cause: cause`, on one line.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)?;
        self.0.why.iter().try_for_each(|why| write!(f, ": {why}"))
    }
}

impl std::error::Error for Error {}
