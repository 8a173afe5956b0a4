//! INT, TERM and HUP: for a while noted, and else obeyed.
//!
//! signal-hook leaves its own handler in place when the last action is gone, after which a signal would do nothing. So the
//! default is an action, too: registered once, for good, and in force whenever nobody notes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Once};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_default;

use crate::exec::is_ignored;

/// Whether they end the process, as they do by default.
static OBEYED: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));

/// While it lives, the signals do what was asked for and nothing else.
#[derive(Debug)]
pub(crate) struct Suspended(Vec<SigId>);

impl Suspended {
    /// Begins. `register` gives each signal its actions; one that is ignored (`nohup`) stays ignored, and one that cannot
    /// be registered keeps its effect.
    pub(crate) fn begin(register: impl FnMut(i32) -> Vec<SigId>) -> Self {
        static DEFAULTS: Once = Once::new();
        let ending: Vec<i32> =
            [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)).collect();
        OBEYED.store(false, Ordering::SeqCst);
        DEFAULTS.call_once(|| {
            for signal in &ending {
                let _ = register_conditional_default(*signal, Arc::clone(&OBEYED));
            }
        });
        Self(ending.into_iter().flat_map(register).collect())
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        // First this: a signal in between is obeyed, and not lost.
        OBEYED.store(true, Ordering::SeqCst);
        for id in self.0.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}
