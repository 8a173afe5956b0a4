//! Being the first process of a container.
//!
//! For process 1 the kernel drops every signal that has no handler. A program that waits for a store could then be ended
//! by nothing but KILL, which whoever stops a container sends after ten seconds or more.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::register_conditional_shutdown;

use super::is_ignored;

/// Lets INT, TERM, HUP and QUIT end this process at once with 128 and their number, if it is process 1. The program that
/// it becomes finds them as our parent gave them. Only for what may die at any moment.
pub fn obey_signals_as_first_process() {
    if std::process::id() != 1 {
        return;
    }
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
        if !is_ignored(signal) {
            // Where it cannot be registered the signal is dropped, as it would have been.
            let _ = register_conditional_shutdown(signal, 128 + signal, Arc::new(AtomicBool::new(true)));
        }
    }
}
