//! When a call is made again, and after which pause.

use std::time::Duration;

use momo_cred_transport::backoff;

use super::{Diagnosis, Refusal};

const TIMES: u32 = 4;

/// How long one attempt waits, so that a lost answer leaves time for another one.
const PATIENCE: Duration = Duration::from_secs(20);

/// What may be repeated without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// A call without effect, or with the same effect each time: reads, tokens, the creation of one UUID.
    Safe,
    /// A read of something that was just made: an unknown user may be one that is not known everywhere yet.
    Fresh,
    /// A call that others wait for and that they can do without: once, in a quarter of the time that is left.
    Never,
    /// A key: each success makes a new one and, it is thought, kills the last. Only what surely had no effect; after
    /// anything else the key is given up, and the run stops. A gateway that makes a key and says 429 makes another one:
    /// for a new user both are of that user alone, and a rekey has killed its key with the first.
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

    /// How long one attempt may take of the time that is left.
    pub(super) fn share(self, left: Duration) -> Duration {
        if self == Self::Never { left / 4 } else { left }.min(PATIENCE)
    }

    fn allows(self, refusal: &Refusal) -> bool {
        let passes = match refusal.diagnosis {
            Diagnosis::Outage | Diagnosis::RateLimited => true,
            Diagnosis::NoAnswer(silence) => silence.passes(),
            // PyPI's `mtnmomo` waits 5 s between the calls and a Dart SDK 2 s, others none.
            Diagnosis::UnknownUser => self != Self::Safe,
            _ => false,
        };
        passes && self != Self::Never && (self != Self::Key || !refusal.ambiguous)
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
            (Refusal { ambiguous: true, ..refusal(Diagnosis::RateLimited) }, true, false),
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
            assert_eq!(Again::Never.pause(&refusal, 1), None);
        }
        assert_eq!(Again::Never.share(Duration::from_secs(20)), Duration::from_secs(5));
        assert_eq!(Again::Safe.share(Duration::from_secs(60)), PATIENCE);
        assert!(Again::Fresh.allows(&refusal(Diagnosis::UnknownUser)));
    }
}
