//! Signals: which ones the supervisor takes, and whether the program has them already.

use std::ffi::c_int;
use std::io;
use std::os::fd::OwnedFd;

use super::super::sys;

/// Those of a fault of our own, those that nobody can take, and those of a limit or a pipe of our own.
const NOT_TAKEN: [c_int; 11] = [
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGKILL,
    libc::SIGSEGV,
    libc::SIGPIPE,
    libc::SIGSTOP,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGSYS,
];

/// Names that `--watch` takes, with or without SIG.
const NAMES: [(&str, c_int); 9] = [
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("USR1", libc::SIGUSR1),
    ("USR2", libc::SIGUSR2),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("CONT", libc::SIGCONT),
    ("WINCH", libc::SIGWINCH),
];

/// The signal of a name, in any case.
pub fn by_name(name: &str) -> Option<c_int> {
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, signal)| signal)
}

/// Collects signals from here on: nothing that arrives later acts on this process by itself, not even as process 1.
pub(super) fn collect() -> io::Result<OwnedFd> {
    // One that the parent ignores would reap our children before we hear of their end.
    sys::set_disposition(libc::SIGCHLD, sys::Disposition::Default);
    // The two that the C library keeps for itself are between the standard and the real-time ones.
    sys::collect((1..=31).chain(34..=64).filter(|signal| !NOT_TAKEN.contains(signal)))
}

/// A signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) signal: c_int,
    /// The kernel sent it: for a key of the terminal, a window that changed, a terminal that is gone.
    pub(super) by_kernel: bool,
    /// Who sent it, else 0.
    pub(super) sender: u32,
}

/// The next one.
pub(super) fn next(signals: &OwnedFd) -> Option<Arrived> {
    // signalfd_siginfo: number, errno, code and process id come first, four bytes each.
    let mut info = [0; 128];
    if rustix::io::read(signals, &mut info).ok()? != info.len() {
        return None;
    }
    let word =
        |at: usize| info.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_ne_bytes);
    let signal = c_int::try_from(word(0)).ok()?;
    Some(Arrived { signal, by_kernel: word(8) == SI_KERNEL, sender: word(12) })
}

const SI_KERNEL: u32 = 0x80;

/// Where the program stands for those who send signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// In our process group: what the terminal sends, it gets from the terminal.
    Shared,
    /// In one of its own. Nobody but us sends it anything.
    Own,
}

/// Who is to get a signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Nobody: the program has it.
    Nobody,
    /// The program.
    Program,
    /// The program's group, as a terminal would.
    Group,
}

/// Each signal reaches the program once.
pub(super) fn pass(arrived: Arrived, group: Group) -> Pass {
    match (group, arrived.by_kernel) {
        (Group::Shared, true) => Pass::Nobody,
        (Group::Own, true) => Pass::Group,
        (_, false) => Pass::Program,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kill() {
        for (name, signal) in [("HUP", 1), ("SIGHUP", 1), ("usr1", 10), ("sigterm", 15)] {
            assert_eq!(by_name(name), Some(signal), "{name}");
        }
        for name in ["", "KILL", "SIG", "1", "restart", "STOP"] {
            assert_eq!(by_name(name), None, "{name}");
        }
    }

    #[test]
    fn what_the_terminal_sent_to_both_is_not_sent_again() {
        let by = |by_kernel| Arrived { signal: libc::SIGINT, by_kernel, sender: 1 };
        assert_eq!(pass(by(true), Group::Shared), Pass::Nobody);
        assert_eq!(pass(by(false), Group::Shared), Pass::Program);
        assert_eq!(pass(by(true), Group::Own), Pass::Group);
        assert_eq!(pass(by(false), Group::Own), Pass::Program);
    }
}
