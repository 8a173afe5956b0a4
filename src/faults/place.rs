//! Where and when a process believes to be, so that a test needs neither a second machine nor a quarter of an hour.

use std::time::Duration;

/// The id of another boot: the process is on another machine.
const BOOT: &str = "MOMO_CRED_FAULT_BOOT";
/// A file with the seconds by which the clock since boot is ahead.
const CLOCK: &str = "MOMO_CRED_FAULT_CLOCK";

/// The boot that this process is to be of.
pub(crate) fn boot() -> Option<String> {
    super::text(BOOT)
}

/// By how much the clock since boot is ahead now.
pub(crate) fn ahead() -> Duration {
    let seconds = super::text(CLOCK).and_then(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}
