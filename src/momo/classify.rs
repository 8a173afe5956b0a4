//! From an answer to its meaning: the shape first, then the status.

use super::answer::{Answer, Says};
use super::{Diagnosis, KnownCode, Refusal, Shape, Step};

/// Lets a good answer pass, and says what another one means.
pub(super) fn sift(step: Step, answer: Answer) -> Result<Answer, Refusal> {
    let good = (200..300).contains(&answer.status) && matches!(answer.shape, Shape::Json | Shape::Empty);
    if good { Ok(answer) } else { Err(refuse(step, &answer, diagnose(step, &answer))) }
}

/// A good status whose body does not hold what it should.
pub(super) fn malformed(step: Step, answer: &Answer) -> Refusal {
    refuse(step, answer, Diagnosis::Malformed)
}

/// A refusal on the ground of an answer.
pub(super) fn refuse(step: Step, answer: &Answer, diagnosis: Diagnosis) -> Refusal {
    Refusal {
        step,
        status: Some(answer.status),
        shape: answer.shape,
        code: answer.code(),
        activity_id: answer.activity_id(),
        diagnosis,
        ambiguous: step.has_effect() && may_have_happened(answer),
        retry_after: answer.retry_after,
    }
}

/// Refusals of the caller's doing (4xx) and the wallet's own "not now" come instead of the effect; everything else may
/// come after it. The gateway counts calls before it passes one on, so its 429 comes instead of the effect, too; one in
/// nobody's words is of something on the way, which may have passed the call on.
fn may_have_happened(answer: &Answer) -> bool {
    match answer.status {
        408 => true,
        429 => !matches!(answer.shape, Shape::Gateway | Shape::Wallet),
        400..=499 => false,
        503 => answer.shape != Shape::Wallet,
        _ => true,
    }
}

fn diagnose(step: Step, answer: &Answer) -> Diagnosis {
    let code = answer.code();
    match (answer.status, answer.shape) {
        (200..=299, _) => Diagnosis::Malformed,
        (300..=399, _) => Diagnosis::Redirect,
        (411, _) => Diagnosis::LengthRequired,
        (429, _) => Diagnosis::RateLimited,
        (408 | 503, _) => Diagnosis::Outage,
        (400..=499, Shape::Html | Shape::Other) => Diagnosis::Intercepted,
        (500..=599, Shape::Html | Shape::Other | Shape::Gateway) => Diagnosis::Outage,
        // A wrong pair is documented as 401 and was seen as 500 (laravel-mtn-momo issues 38 and 46).
        (_, Shape::Token) if code == Some(KnownCode::LoginFailed) => Diagnosis::LoginFailed,
        // Published as 500 (MTN's page of common errors).
        (_, Shape::Wallet) if code == Some(KnownCode::NotAllowedTargetEnvironment) => {
            Diagnosis::NotAllowedTargetEnvironment
        }
        (500..=599, _) => Diagnosis::Outage,
        (400, _) => Diagnosis::BadRequest,
        (401, _) => unauthorised(step, answer),
        (403, _) if answer.says() == Says::OutOfQuota => Diagnosis::Quota,
        (403, _) => Diagnosis::Forbidden,
        (404, _) => not_found(step, answer.shape),
        (409, _) if step == Step::CreateUser => Diagnosis::DuplicateUser,
        _ => Diagnosis::Unexpected,
    }
}

/// The front refuses keys, what is behind it refuses users and tokens. It refuses tokens in the front's shape, too, and
/// before a read the same key was good for a token.
fn unauthorised(step: Step, answer: &Answer) -> Diagnosis {
    match (answer.shape, step) {
        (Shape::Gateway, _) if answer.says() == Says::MissingKey => Diagnosis::MissingKey,
        (Shape::Gateway, Step::Read) if answer.says() != Says::InvalidKey => Diagnosis::TokenRefused,
        (Shape::Gateway, _) => Diagnosis::InvalidKey,
        (_, Step::Token) => Diagnosis::LoginFailed,
        (_, Step::Read) => Diagnosis::TokenRefused,
        _ => Diagnosis::InvalidKey,
    }
}

/// The front knows paths, what is behind it knows things.
fn not_found(step: Step, shape: Shape) -> Diagnosis {
    match (shape, step) {
        (Shape::Gateway, _) if step.provisions() => Diagnosis::NoProvisioningApi,
        (Shape::Gateway, _) => Diagnosis::NoProductApi,
        (_, Step::User | Step::CreateKey) => Diagnosis::UnknownUser,
        (_, Step::Read) => Diagnosis::UnknownNumber,
        (_, Step::CreateUser) => Diagnosis::NoProvisioningApi,
        (_, Step::Token) => Diagnosis::NoProductApi,
    }
}
