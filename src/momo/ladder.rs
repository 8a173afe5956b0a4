//! Verification: user, token, product read, and what the three together say.

use momo_cred_backend_api::Secret;
use uuid::Uuid;

use super::{Diagnosis, Gateway, KnownCode, Msisdn, Refusal, Shape, StoredHost, UserInfo, Verdict};
use crate::credential::{Product, TargetEnvironment};
use crate::error::Error;

/// A credential to verify.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its product.
    pub product: Product,
    /// Its target environment.
    pub target_environment: &'a TargetEnvironment,
    /// The product's subscription key.
    pub subscription_key: &'a Secret,
    /// The API user.
    pub api_user: Uuid,
    /// The API key.
    pub api_key: &'a Secret,
    /// A number for the product read.
    pub msisdn: Option<&'a Msisdn>,
}

/// What a step, or the whole ladder, says of the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It works.
    Ok,
    /// It is refused.
    Bad,
    /// The gateway could not say.
    Inconclusive,
    /// Not asked.
    Skipped,
}

/// One step. Its fields are the JSON keys of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// The step: `user`, `token`, `read` and what the lifecycle adds.
    pub name: &'static str,
    /// The status of a refusal.
    pub status: Option<u16>,
    /// The shape of a refusal.
    pub shape: Option<Shape>,
    /// The known code in it.
    pub code: Option<KnownCode>,
    /// The id by which MTN finds it.
    pub activity_id: Option<Uuid>,
    /// What it says.
    pub outcome: Outcome,
    /// What to do.
    pub hint: Option<String>,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The steps, in order.
    pub steps: Vec<StepReport>,
    /// What they say together: `Ok`, `Bad` or `Inconclusive`.
    pub outcome: Outcome,
    /// The refusal that decided, unless the outcome is `Ok`.
    pub refusal: Option<Refusal>,
    /// What the gateway knows of the API user, where it was asked.
    pub user: Option<UserInfo>,
}

impl Outcome {
    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Bad => "bad",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
        }
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Bad => Self::Bad,
            Verdict::Inconclusive | Verdict::Protocol => Self::Inconclusive,
        }
    }
}

impl StepReport {
    /// A step that went well, or that was refused.
    pub fn of(name: &'static str, refusal: Option<&Refusal>) -> Self {
        Self {
            name,
            status: refusal.and_then(|refusal| refusal.status),
            shape: refusal.map(|refusal| refusal.shape),
            code: refusal.and_then(|refusal| refusal.code),
            activity_id: refusal.and_then(|refusal| refusal.activity_id),
            outcome: refusal.map_or(Outcome::Ok, |refusal| refusal.verdict().into()),
            hint: refusal.and_then(Refusal::next),
        }
    }

    /// A step that was not taken.
    pub fn skipped(name: &'static str) -> Self {
        Self { outcome: Outcome::Skipped, ..Self::of(name, None) }
    }
}

impl Report {
    /// The error for a credential that was not proven.
    pub fn error(&self) -> Option<Error> {
        self.refusal.as_ref().map(Error::from)
    }
}

/// Climbs the ladder. The read decides; what comes before it tells why it fails. So a step goes on where a later one
/// can still say more, and an outage never says that a credential is bad.
pub async fn verify(gateway: &dyn Gateway, subject: &Subject<'_>) -> Report {
    let mut climb = Climb { steps: Vec::new(), user: None, refusal: None };
    if climb.user(gateway, subject).await {
        climb.token_and_read(gateway, subject).await;
    }
    for name in ["user", "token", "read"].into_iter().skip(climb.steps.len()) {
        climb.steps.push(StepReport::skipped(name));
    }
    let outcome = climb.refusal.as_ref().map_or(Outcome::Ok, |refusal| refusal.verdict().into());
    Report { steps: climb.steps, outcome, refusal: climb.refusal, user: climb.user }
}

struct Climb {
    steps: Vec<StepReport>,
    user: Option<UserInfo>,
    /// The refusal that decides if no later step does.
    refusal: Option<Refusal>,
}

impl Climb {
    /// Looks the user up. Answers whether to go on.
    async fn user(&mut self, gateway: &dyn Gateway, subject: &Subject<'_>) -> bool {
        if !subject.target_environment.is_sandbox() {
            self.steps.push(StepReport::skipped("user"));
            return true;
        }
        match gateway.glance(subject.subscription_key, subject.api_user).await {
            Ok(info) => {
                let mut step = StepReport::of("user", None);
                if info.callback_host == StoredHost::Odd {
                    step.hint = Some(
                        "the callback host of this API user is not a bare host name, so callbacks will be \
                                      refused and it cannot be changed: provision a new one"
                            .to_owned(),
                    );
                }
                self.steps.push(step);
                self.user = Some(info);
                true
            }
            Err(refusal) => {
                self.steps.push(StepReport::of("user", Some(&refusal)));
                // Provisioning and products may fail apart: a token may still be had. Not for a user that does not
                // exist.
                let unknown = refusal.diagnosis == Diagnosis::UnknownUser;
                self.refusal = Some(refusal);
                !unknown
            }
        }
    }

    async fn token_and_read(&mut self, gateway: &dyn Gateway, subject: &Subject<'_>) {
        let Subject { product, subscription_key: key, .. } = *subject;
        let answer = gateway.token(product, key, subject.api_user, subject.api_key).await;
        self.steps.push(StepReport::of("token", answer.as_ref().err()));
        let token = match answer {
            Ok(token) => token,
            Err(refusal) => return self.decide(refusal),
        };
        let answer = gateway.read(product, key, &token, subject.target_environment, subject.msisdn).await;
        self.steps.push(StepReport::of("read", answer.as_ref().err()));
        match answer {
            // A credential that a product serves works, whatever the user look-up said.
            Ok(()) => self.refusal = None,
            Err(refusal) => self.decide(refusal),
        }
    }

    /// The later step decides, but for one that only says that it cannot say: then what came before stands.
    fn decide(&mut self, refusal: Refusal) {
        let earlier_is_bad = self.refusal.as_ref().is_some_and(|earlier| earlier.verdict() == Verdict::Bad);
        if refusal.verdict() == Verdict::Bad || !earlier_is_bad {
            self.refusal = Some(refusal);
        }
    }
}
