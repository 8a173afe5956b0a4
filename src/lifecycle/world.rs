//! What a lifecycle takes from outside besides store and gateway: identity, random ids, clocks.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::Owner;

/// Identity, randomness and clocks. Tests bring their own.
pub trait World: Send + Sync {
    /// The process that claims.
    fn owner(&self) -> Owner;
    /// A new random v4 UUID. Never derived from a plan, a host or a name: two claims must not share a user.
    fn uuid(&self) -> Uuid;
    /// The wall clock, for people only.
    fn now(&self) -> Timestamp;
    /// Time since boot, suspended time included: what a lease is measured by.
    fn boot_time(&self) -> Duration;
}

/// This machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Here;

impl World for Here {
    fn owner(&self) -> Owner {
        Owner::this_process()
    }

    fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn now(&self) -> Timestamp {
        // Whole seconds: fractions help nobody in a file that people read.
        Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn boot_time(&self) -> Duration {
        #[cfg(target_os = "linux")]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = rustix::time::ClockId::Monotonic;
        let now = rustix::time::clock_gettime(clock);
        let now = Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0));
        #[cfg(feature = "faults")]
        let now = now + crate::faults::ahead();
        now
    }
}
