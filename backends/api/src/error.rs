//! The error every store answers with.

use std::fmt;
use std::sync::Arc;

use crate::Location;

/// A `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, for callers that branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Somebody else wrote, removed or holds the record. This call changed nothing.
    Conflict,
    /// The store refuses us: no login, or no right to this record.
    Denied,
    /// The store did not answer, or says that it cannot now.
    Unavailable,
    /// The store cannot do this, or cannot hold this value.
    Unsupported,
    /// Settings or names are wrong; trying again will not help.
    Misconfigured,
    /// What is stored is not a record.
    Corrupt,
    /// The answer is none of the store's protocol: a page of a proxy, a redirect, nonsense.
    Protocol,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// A stable word for logs, scripts and exit codes.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Unsupported => "unsupported",
            Self::Misconfigured => "misconfigured",
            Self::Corrupt => "corrupt",
            Self::Protocol => "protocol",
            Self::Other => "other",
        }
    }
}

/// Which call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// Opening the store.
    Open,
    /// [`Backend::read`](crate::Backend::read) and [`read_many`](crate::Backend::read_many).
    Read,
    /// [`Backend::revision`](crate::Backend::revision).
    Revision,
    /// [`Backend::write`](crate::Backend::write).
    Write,
    /// [`Backend::remove`](crate::Backend::remove).
    Remove,
    /// [`Backend::list`](crate::Backend::list).
    List,
    /// [`Backend::history`](crate::Backend::history).
    History,
    /// [`Backend::copies`](crate::Backend::copies).
    Copies,
    /// [`Backend::hold`](crate::Backend::hold).
    Hold,
}

impl Op {
    /// A stable word.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Revision => "revision",
            Self::Write => "write",
            Self::Remove => "remove",
            Self::List => "list",
            Self::History => "history",
            Self::Copies => "copies",
            Self::Hold => "hold",
        }
    }
}

/// Whether a failed write or removal took effect. Never in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The store is as it was, as far as this call goes.
    NotApplied,
    /// The answer was lost and could not be settled: the effect is there as a whole, or not at all.
    Unknown,
}

/// Why a store failed, in the backend's own words.
///
/// Implement it only for types whose every rendering (`Display`, `Debug`, `source`) is free of values and of foreign
/// text: no message of a parser, an SDK or a server. Classify those by variant; keep a status, a known code, a line
/// number.
pub trait Reason: std::error::Error + Send + Sync + 'static {
    /// What the user can do next: a sentence in the imperative without a full stop, or nothing.
    fn next(&self) -> Option<String> {
        None
    }
}

/// A failed call to a store.
///
/// `Display` says what failed and where, and leaves the cause to [`reason`](Self::reason): the edge prints the chain
/// once.
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
    op: Op,
    location: Location,
    effect: Effect,
    retryable: bool,
    reason: Option<Arc<dyn Reason>>,
}

impl Error {
    /// An error that changed nothing. [`Unavailable`](ErrorKind::Unavailable) starts as retryable, all others not.
    pub fn new(kind: ErrorKind, op: Op, location: Location) -> Self {
        let retryable = kind == ErrorKind::Unavailable;
        Self { kind, op, location, effect: Effect::NotApplied, retryable, reason: None }
    }

    /// Adds why, in the backend's own words.
    #[must_use]
    pub fn because(mut self, reason: impl Reason) -> Self {
        self.reason = Some(Arc::new(reason));
        self
    }

    /// Says that the effect could not be settled.
    #[must_use]
    pub fn with_unknown_effect(mut self) -> Self {
        self.effect = Effect::Unknown;
        self
    }

    /// Says whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Which call failed.
    pub fn op(&self) -> Op {
        self.op
    }

    /// Where.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Whether it took effect.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn retryable(&self) -> bool {
        self.retryable
    }

    /// Why, in the backend's own words.
    pub fn reason(&self) -> Option<&dyn Reason> {
        self.reason.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.op {
            Op::Open => "cannot open",
            Op::Read => "cannot read",
            Op::Revision => "cannot read the revision of",
            Op::Write => "cannot write",
            Op::Remove => "cannot remove",
            Op::List => "cannot list",
            Op::History => "cannot read the history of",
            Op::Copies => "cannot look at the copies of",
            Op::Hold => "cannot take hold of",
        };
        write!(f, "{what} {}", self.location)?;
        if self.effect == Effect::Unknown {
            f.write_str(" (it is not known whether this took effect)")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error[{} {} {:?}] {}", self.kind.token(), self.op.token(), self.effect, self.location)?;
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason:?}"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.reason.as_deref().map(|reason| reason as &(dyn std::error::Error + 'static))
    }
}
