//! When a call is made again, and after which pause.

use std::time::Duration;

use momo_cred_transport::backoff;

use super::{Diagnosis, Refusal};

const TIMES: u32 = 4;

/// What may be repeated without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// A call without effect, or with the same effect each time: reads, tokens, the creation of one UUID.
    Safe,
    /// A read of something that was just made: an unknown user may be one that is not known everywhere yet.
    Fresh,
    /// A key: each success makes a new one and, it is thought, kills the last. Only what surely had no effect.
    Key,
}

impl Again {
    /// The pause before a call is made again, or `None` when it is not. `done` counts the calls made.
    pub(super) fn pause(self, refusal: &Refusal, done: u32) -> Option<Duration> {
        if done >= TIMES || !self.allows(refusal) {
            return None;
        }
        Some(backoff(done, refusal.retry_after))
    }

    fn allows(self, refusal: &Refusal) -> bool {
        let passes = match refusal.diagnosis {
            Diagnosis::Outage | Diagnosis::RateLimited => true,
            Diagnosis::NoAnswer(silence) => silence.passes(),
            // PyPI's `mtnmomo` waits 5 s between the calls and a Dart SDK 2 s, others none.
            Diagnosis::UnknownUser => self != Self::Safe,
            _ => false,
        };
        passes && (self != Self::Key || !refusal.ambiguous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::momo::{Silence, Step, TlsFault};

    #[test]
    fn only_what_is_safe_is_done_again() {
        let refusal = |diagnosis| Refusal::local(Step::CreateKey, diagnosis);
        let silent = |silence| Refusal::no_answer(Step::CreateKey, silence);
        for (refusal, safe, key) in [
            (refusal(Diagnosis::Outage), true, true),
            (refusal(Diagnosis::RateLimited), true, true),
            (refusal(Diagnosis::UnknownUser), false, true),
            (Refusal { ambiguous: true, ..refusal(Diagnosis::Outage) }, true, false),
            (silent(Silence::Unconnected), true, true),
            (silent(Silence::Unresolved), true, true),
            (silent(Silence::Unanswered), true, false),
            (silent(Silence::Broken), true, false),
            (silent(Silence::Truncated), true, false),
            (silent(Silence::Tls(TlsFault::Untrusted)), false, false),
            (silent(Silence::Deadline), false, false),
            (refusal(Diagnosis::InvalidKey), false, false),
            (refusal(Diagnosis::LoginFailed), false, false),
            (refusal(Diagnosis::Malformed), false, false),
            (refusal(Diagnosis::Intercepted), false, false),
            (refusal(Diagnosis::Quota), false, false),
        ] {
            assert_eq!(Again::Safe.allows(&refusal), safe, "{refusal}");
            assert_eq!(Again::Key.allows(&refusal), key, "{refusal}");
            assert_eq!(Again::Safe.pause(&refusal, TIMES), None);
        }
        assert!(Again::Fresh.allows(&refusal(Diagnosis::UnknownUser)));
    }
}
