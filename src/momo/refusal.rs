//! A call that did not do what was asked.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use super::{Diagnosis, KnownCode, Shape, Silence, Verdict};
use crate::error::{Error, Kind};

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// `GET /v1_0/apiuser/{id}`.
    User,
    /// `POST /v1_0/apiuser`.
    CreateUser,
    /// `POST /v1_0/apiuser/{id}/apikey`.
    CreateKey,
    /// `POST /{product}/token/`.
    Token,
    /// The product read.
    Read,
}

/// Why a call did not do what was asked. Holds nothing that a server wrote but its status, a known code and an id of
/// UUID shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which call.
    pub step: Step,
    /// The status, if an answer came.
    pub status: Option<u16>,
    /// Who answered.
    pub shape: Shape,
    /// The code in the answer, if it is a known one.
    pub code: Option<KnownCode>,
    /// The id by which MTN finds the failure in its logs.
    pub activity_id: Option<Uuid>,
    /// What it means.
    pub diagnosis: Diagnosis,
    /// The effect may have happened all the same: a user or a key may exist.
    pub ambiguous: bool,
    /// How long the gateway asks to wait, capped at 30 s.
    pub retry_after: Option<Duration>,
}

impl Step {
    /// A stable word for JSON and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User | Self::CreateUser => "user",
            Self::CreateKey => "key",
            Self::Token => "token",
            Self::Read => "read",
        }
    }

    /// Whether it leaves something behind at the gateway that matters.
    pub(super) const fn has_effect(self) -> bool {
        matches!(self, Self::CreateUser | Self::CreateKey)
    }

    /// Whether it belongs to the provisioning API.
    pub(super) const fn provisions(self) -> bool {
        matches!(self, Self::User | Self::CreateUser | Self::CreateKey)
    }

    const fn failed(self) -> &'static str {
        match self {
            Self::User => "the API user could not be looked up",
            Self::CreateUser => "no API user was created",
            Self::CreateKey => "no API key was issued",
            Self::Token => "no token was issued",
            Self::Read => "the product read failed",
        }
    }
}

impl Refusal {
    /// A refusal without an answer.
    pub fn no_answer(step: Step, silence: Silence) -> Self {
        Self {
            ambiguous: step.has_effect() && silence.was_sent(),
            ..Self::local(step, Diagnosis::NoAnswer(silence))
        }
    }

    /// A refusal by ourselves, before anything was sent.
    pub(super) const fn local(step: Step, diagnosis: Diagnosis) -> Self {
        Self {
            step,
            status: None,
            shape: Shape::None,
            code: None,
            activity_id: None,
            diagnosis,
            ambiguous: false,
            retry_after: None,
        }
    }

    /// Whether asking again is pointless: 400, 401, 403 and 404 that are not an outage in disguise.
    pub fn is_for_good(&self) -> bool {
        !self.ambiguous
            && matches!(self.status, Some(400 | 401 | 403 | 404))
            && self.verdict() != Verdict::Inconclusive
    }

    /// What it says about the credential.
    ///
    /// 403 from a product is inconclusive: production lets only allow-listed addresses in, and this machine may not be
    /// the one that will call. Provisioning knows no such list.
    pub fn verdict(&self) -> Verdict {
        match self.diagnosis {
            Diagnosis::MissingKey
            | Diagnosis::InvalidKey
            | Diagnosis::NoProvisioningApi
            | Diagnosis::NoProductApi
            | Diagnosis::UnknownUser
            | Diagnosis::LoginFailed
            | Diagnosis::TokenRefused
            | Diagnosis::NotAllowedTargetEnvironment
            | Diagnosis::Unsendable(_) => Verdict::Bad,
            Diagnosis::Forbidden | Diagnosis::BadRequest if self.step.provisions() => Verdict::Bad,
            Diagnosis::Forbidden
            | Diagnosis::UnknownNumber
            | Diagnosis::Quota
            | Diagnosis::RateLimited
            | Diagnosis::Intercepted
            | Diagnosis::Outage
            | Diagnosis::NoAnswer(_) => Verdict::Inconclusive,
            Diagnosis::BadRequest
            | Diagnosis::DuplicateUser
            | Diagnosis::LengthRequired
            | Diagnosis::Redirect
            | Diagnosis::Malformed
            | Diagnosis::KeyShape
            | Diagnosis::Unexpected => Verdict::Protocol,
        }
    }

    /// The kind of error it becomes. A host without the API, or without a certificate that is trusted, is a wrong setting,
    /// not a wrong credential.
    pub fn kind(&self) -> Kind {
        match (self.diagnosis, self.verdict()) {
            (Diagnosis::NoProvisioningApi | Diagnosis::NoProductApi, _) => Kind::Misconfigured,
            (Diagnosis::NoAnswer(silence), _) if silence.is_misconfiguration() => Kind::Misconfigured,
            (_, Verdict::Bad) => Kind::Denied,
            (_, Verdict::Inconclusive) => Kind::Unavailable,
            (_, Verdict::Protocol) => Kind::Protocol,
        }
    }

    /// What to do, as an imperative sentence without a full stop.
    pub fn next(&self) -> Option<String> {
        if let (Diagnosis::RateLimited, Some(wait)) = (self.diagnosis, self.retry_after) {
            return Some(format!("wait {} s, then run it again with fewer calls at a time", wait.as_secs()));
        }
        self.diagnosis.next().map(str::to_owned)
    }
}

/// What it means, then what the answer was: `the gateway fails (500 gateway, activity id ..)`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnosis.fmt(f)?;
        if let Some(status) = self.status {
            write!(f, " (status {status}, answer of shape {}", self.shape)?;
            if let Some(code) = self.code {
                write!(f, ", code {code}")?;
            }
            if let Some(id) = self.activity_id {
                write!(f, ", activity id {id}")?;
            }
            f.write_str(")")?;
        }
        if self.ambiguous {
            f.write_str("; it may have been done all the same")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl From<&Refusal> for Error {
    fn from(refusal: &Refusal) -> Self {
        let error = Self::new(refusal.kind(), refusal.step.failed()).because(refusal);
        match refusal.next() {
            Some(next) => error.next(next),
            None => error,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        (&refusal).into()
    }
}
