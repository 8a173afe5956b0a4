//! The points of a revocation, at which a test kills the process.

use super::step::Effect;
use crate::faults::Step;

/// The step of an effect: each effect but the last has one, so that a new one without a point does not build.
pub(super) const fn of(effect: &Effect) -> Option<Step> {
    Some(match effect {
        Effect::Preflight(_) => Step::RevokePreflight,
        Effect::Claim(..) => Step::RevokeClaim,
        Effect::Witness(..) => Step::Witness,
        Effect::Look { .. } => Step::RevokeLook,
        Effect::Renew(..) => Step::Renew,
        Effect::Try(..) => Step::OldKey,
        Effect::Control { .. } => Step::InUse,
        Effect::Fence { .. } => Step::RevokeFence,
        Effect::Settle(..) => Step::Settle,
        Effect::Finish(_) => return None,
    })
}
