//! INT, TERM and HUP between the request for a key and its publication: noted, not obeyed. The first is remembered and
//! the run goes on to a safe end; a second has its default effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Notes signals while it lives.
#[derive(Debug)]
pub(super) struct Noted {
    first: Arc<AtomicUsize>,
    registered: Vec<SigId>,
}

impl Noted {
    /// Begins to note. A signal that cannot be registered keeps its effect: the claim makes that safe, too.
    pub(super) fn arm() -> Self {
        let mut noted = Self { first: Arc::default(), registered: Vec::new() };
        let arrived = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if ignored(signal) {
                continue;
            }
            // In this order: a second arrival, of whichever signal, finds the flag set and takes the default way.
            let second = signal_hook::flag::register_conditional_default(signal, Arc::clone(&arrived));
            let number = usize::try_from(signal).unwrap_or(0);
            let which = signal_hook::flag::register_usize(signal, Arc::clone(&noted.first), number);
            let first = signal_hook::flag::register(signal, Arc::clone(&arrived));
            noted.registered.extend([second, which, first].into_iter().flatten());
        }
        noted
    }

    /// The signal that was noted, if one was: the process is to end by it once it has said how things stand.
    pub(super) fn signal(&self) -> Option<i32> {
        i32::try_from(self.first.load(Ordering::Relaxed)).ok().filter(|signal| *signal != 0)
    }
}

/// Under `nohup` a hang-up is ignored, and stays so.
fn ignored(signal: i32) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return false };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

impl Drop for Noted {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}
