//! A hook under way: waits for its end, its time, or a signal for us, and leaves nothing of its process group behind
//! where it has to be stopped.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::Ended;
use crate::signals::Suspended;

/// How often it is looked at: short beside what a hook does, long beside what a look costs.
const LOOK: Duration = Duration::from_millis(10);

/// A hook that runs.
pub(super) struct Watched {
    child: Child,
    group: Pid,
    signals: Signals,
}

impl Watched {
    /// Starts it. The command gets a process group of its own.
    pub(super) fn begin(mut command: Command) -> Result<Self, std::io::ErrorKind> {
        // Before the start: a signal in between would leave the hook alone.
        let signals = Signals::note();
        let child = command.spawn().map_err(|error| error.kind())?;
        let group = Pid::from_child(&child);
        Ok(Self { child, group, signals })
    }

    /// Waits. A hook that takes too long, and one that stands between us and a signal, is asked to end, and after
    /// `grace` ended.
    pub(super) fn until_it_ends(mut self, limit: Duration, grace: Duration) -> Ended {
        let start = Instant::now();
        loop {
            if self.has_ended() {
                return self.reap().map_or(Ended::NotStarted(std::io::ErrorKind::Other), ended);
            }
            let signal = self.signals.noted();
            if signal.is_none() && start.elapsed() < limit {
                std::thread::sleep(LOOK);
                continue;
            }
            self.stop(grace);
            return signal.map_or(Ended::TooLong(limit), Ended::Stopped);
        }
    }

    fn stop(&mut self, grace: Duration) {
        // A group that has gone meanwhile is what is wanted.
        let _ = kill_process_group(self.group, Signal::TERM);
        // One that is stopped could not hear it.
        let _ = kill_process_group(self.group, Signal::CONT);
        let asked = Instant::now();
        while !self.has_ended() && asked.elapsed() < grace {
            std::thread::sleep(LOOK);
        }
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.reap();
    }

    /// Whether the leader has ended. It is not reaped, so that the group's number stays its own.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // Without a child to wait for there is nothing to wait for.
        waitid(WaitId::Pid(self.group), options).map_or(true, |status| status.is_some())
    }

    fn reap(&mut self) -> Option<ExitStatus> {
        self.child.wait().ok()
    }
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ended::Well,
        (Some(status), _) => Ended::Status(status),
        (None, signal) => Ended::Signal(signal.unwrap_or_default()),
    }
}

/// INT, TERM and HUP for us: kept until the hook is stopped and everything is said.
struct Signals {
    which: Arc<AtomicUsize>,
    _suspended: Suspended,
}

impl Signals {
    fn note() -> Self {
        let which = Arc::new(AtomicUsize::new(0));
        let suspended = Suspended::begin(|signal| {
            let number = usize::try_from(signal).unwrap_or(0);
            signal_hook::flag::register_usize(signal, Arc::clone(&which), number).into_iter().collect()
        });
        Self { which, _suspended: suspended }
    }

    fn noted(&self) -> Option<i32> {
        i32::try_from(self.which.load(Ordering::Relaxed)).ok().filter(|signal| *signal != 0)
    }
}
