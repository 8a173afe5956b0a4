//! What our parent gave us and the program must get unchanged, read before anything changes it.
//!
//! The start-up code of std, which runs before `main`, ignores SIGPIPE and opens /dev/null on those of the descriptors
//! 0, 1 and 2 that are closed. So this state is read earlier still, by a function on the loader's list. That function
//! only reads: a program that uses this crate as a library sees no effect.
//!
//! **No file of ours gets a descriptor 0, 1 or 2.** When work begins all three are taken, by what the parent gave or by
//! /dev/null, and nothing here closes one. Those that were closed are marked close-on-exec right before
//! `execve`, so it is the kernel that closes them, when there is nothing left of us that could open a file.
//!
//! Descriptors from 3 on belong to parent and program (job servers, socket activation, `<(process substitution)`) and
//! pass untouched. Each one that we open ourselves is close-on-exec from birth: std and rustix see to that. The files of
//! `--file` alone lose that mark, right before `execve`. Working directory, umask, process group, hard limits and every soft limit but the core size are never changed by us.

use std::ffi::c_int;
use std::fmt;
use std::os::fd::IntoRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::sys::{self, Disposition};

/// The standard signals. Nothing of ours touches a real-time one.
const SIGNALS: std::ops::RangeInclusive<c_int> = 1..=31;

static BEFORE_MAIN: OnceLock<Inherited> = OnceLock::new();

/// Signal dispositions, signal mask, soft core limit and closed standard descriptors, as our parent left them.
#[derive(Clone, Copy)]
pub struct Inherited {
    /// Bit n: signal n is ignored.
    ignored: u32,
    mask: sys::Mask,
    core: Rlimit,
    /// Of the descriptors 0, 1 and 2.
    closed: [bool; 3],
}

/// For the loader's list; see `sys`.
pub(super) fn read_before_main() {
    // It cannot have been set: this is its only writer, called once.
    let _ = BEFORE_MAIN.set(Inherited::now());
}

impl Inherited {
    /// What was read before `main`.
    pub fn from_parent() -> Self {
        BEFORE_MAIN.get().copied().unwrap_or_else(|| {
            // A loader without such a list. std has ignored SIGPIPE by now; hardly a parent does.
            let now = Self::now();
            Self { ignored: now.ignored & !bit(libc::SIGPIPE), ..now }
        })
    }

    /// What std does before `main`, where it is the one that starts the program: /dev/null in the place of standard
    /// descriptors that are closed, and SIGPIPE ignored, so that a reader who has left is an error.
    pub fn settle(&self) {
        for fd in (0..).zip(self.closed).filter_map(|(fd, closed)| closed.then_some(fd)) {
            // The lowest free number is the one that is given out.
            if sys::is_closed(fd) && open_null().ok() != Some(fd) {
                std::process::abort();
            }
        }
        sys::set_disposition(libc::SIGPIPE, Disposition::Ignored);
    }

    fn now() -> Self {
        let ignored = SIGNALS.filter(|signal| sys::disposition(*signal) == Disposition::Ignored);
        Self {
            ignored: ignored.fold(0, |bits, signal| bits | bit(signal)),
            mask: sys::mask(),
            core: getrlimit(Resource::Core),
            closed: [0, 1, 2].map(sys::is_closed),
        }
    }

    /// Whether there was no such standard descriptor.
    #[cfg(target_os = "linux")]
    pub(super) fn lacks(&self, number: usize) -> bool {
        self.closed.get(number).copied().unwrap_or(true)
    }

    /// Gives all of it back. Nothing but `execve` may follow.
    pub(super) fn give_back(&self) {
        // Until execve succeeds the process stays not dumpable, so the limit alone lets no core be written.
        let soft = Rlimit { current: self.core.current, ..getrlimit(Resource::Core) };
        let _ = setrlimit(Resource::Core, soft);
        // All of them, since libraries set handlers too: an inherited "ignore" under a handler would become the
        // default. Those that nobody touched do not change.
        for signal in SIGNALS {
            let ignored = self.ignored & bit(signal) != 0;
            sys::set_disposition(signal, if ignored { Disposition::Ignored } else { Disposition::Default });
        }
        for fd in (0..).zip(self.closed).filter_map(|(fd, closed)| closed.then_some(fd)) {
            sys::close_on_exec(fd);
        }
        // Last: what was pending meets the parent's dispositions.
        sys::set_mask(&self.mask);
    }
}

/// Gives a command that is not the program, but runs beside us, a start of its own: no descriptor but the standard ones,
/// default dispositions, an empty signal mask, the core limit that we found, a process group of its own.
pub fn start_apart(command: &mut Command) {
    let core = Inherited::from_parent().core;
    command.process_group(0);
    sys::start_apart(command, move || {
        let soft = Rlimit { current: core.current, ..getrlimit(Resource::Core) };
        let _ = setrlimit(Resource::Core, soft);
    });
}

/// Opens /dev/null for good, also for what is started from here.
fn open_null() -> rustix::io::Result<c_int> {
    Ok(rustix::fs::open("/dev/null", OFlags::RDWR, Mode::empty())?.into_raw_fd())
}

/// Whether a signal is ignored, as under `nohup`.
pub fn is_ignored(signal: c_int) -> bool {
    sys::disposition(signal) == Disposition::Ignored
}

const fn bit(signal: c_int) -> u32 {
    1 << signal
}

impl fmt::Debug for Inherited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inherited")
            .field("ignored", &format_args!("{:#x}", self.ignored))
            .field("core", &self.core)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_before_std_ignores_sigpipe() {
        let before = BEFORE_MAIN.get().copied();
        assert!(before.is_some(), "the loader did not call it");
        // The harness may have been started with SIGPIPE ignored, so only the difference is certain.
        assert!(Inherited::now().ignored & bit(libc::SIGPIPE) != 0);
    }

    #[test]
    fn tells_closed_descriptors() {
        assert!(sys::is_closed(i32::MAX));
    }
}
