//! Catches signals while a question is up, so that the terminal is put right before they act.
//!
//! Not with signal-hook: its `unregister` leaves its own handler in place, after which the signal does nothing.
//! Here Ctrl-C must again do what it did before once the question is answered, and a second question must work.

use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::{io, ptr};

use libc::c_int;

use super::PromptError;

/// What would leave the terminal without echo, and SIGCONT: whoever had the terminal meanwhile may have changed it.
const CAUGHT: [c_int; 6] =
    [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGTSTP, libc::SIGCONT];

/// The self-pipe, made once: the handler writes signal numbers to `.1`, we read them from `.0`.
static PIPE: OnceLock<(UnixStream, UnixStream)> = OnceLock::new();
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// While it lives, signals are noted instead of acting. Dropping it puts every disposition back.
pub(super) struct Signals {
    before: Vec<(c_int, libc::sigaction)>,
    pipe: &'static UnixStream,
    _alone: MutexGuard<'static, ()>,
}

impl Signals {
    /// Starts noting. A signal ignored so far (`nohup`, a shell's `trap '' INT`) stays ignored.
    pub(super) fn catch() -> Result<Self, PromptError> {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = self_pipe().map_err(PromptError::Io)?;
        let mut signals = Self { before: Vec::with_capacity(CAUGHT.len()), pipe, _alone: alone };
        signals.noted(); // left-overs of the last question
        for signal in CAUGHT {
            let before = disposition(signal, Change::None).map_err(PromptError::Io)?;
            if before.sa_sigaction != libc::SIG_IGN {
                disposition(signal, Change::Catch).map_err(PromptError::Io)?;
                signals.before.push((signal, before));
            }
        }
        Ok(signals)
    }

    /// Stops noting, puts the dispositions back and tells what was noted, each signal once.
    pub(super) fn release(mut self) -> Vec<c_int> {
        self.restore();
        self.noted()
    }

    fn restore(&mut self) {
        for (signal, before) in self.before.drain(..) {
            // Cannot fail: the signal number and the action come from the kernel.
            let _ = disposition(signal, Change::Put(&before));
        }
    }

    fn noted(&self) -> Vec<c_int> {
        let mut noted = Vec::new();
        let mut byte = [0];
        while let Ok(1) = rustix::io::read(self.pipe, &mut byte) {
            let signal = c_int::from(byte[0]);
            if !noted.contains(&signal) {
                noted.push(signal);
            }
        }
        noted
    }
}

impl AsFd for Signals {
    /// Readable once a signal was noted.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Lets the noted signals act, now that the terminal is right. Comes back after a stop; after another signal only
/// when that did not end us.
pub(super) fn deliver(caught: &[c_int]) -> Result<(), PromptError> {
    for &signal in caught {
        if signal == libc::SIGCONT {
            continue;
        }
        // To this thread, so that it acts before the next statement. In an orphaned process group a stop does
        // nothing: the question is then put again.
        signal_hook::low_level::raise(signal).map_err(PromptError::Io)?;
        if signal != libc::SIGTSTP {
            return Err(PromptError::Interrupted);
        }
    }
    Ok(())
}

fn self_pipe() -> io::Result<&'static UnixStream> {
    if PIPE.get().is_none() {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        // Under ONE_AT_A_TIME nobody else sets it.
        let _ = PIPE.set((read, write));
    }
    PIPE.get().map(|(read, _)| read).ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// The signal handler: an atomic load and one `write`, both safe at any point of the program. A full pipe is no
/// loss: it already wakes us.
extern "C" fn note(signal: c_int) {
    if let (Some((_, write)), Ok(byte)) = (PIPE.get(), u8::try_from(signal)) {
        let _ = rustix::io::write(write, &[byte]);
    }
}

#[derive(Clone, Copy)]
enum Change<'a> {
    None,
    Catch,
    Put(&'a libc::sigaction),
}

/// Changes what a signal does, and returns what it did.
#[expect(unsafe_code, reason = "no safe interface hands out the previous disposition and puts it back")]
fn disposition(signal: c_int, change: Change<'_>) -> io::Result<libc::sigaction> {
    let handler: extern "C" fn(c_int) = note;
    // SAFETY: `sigaction` is plain integers (and a nullable function pointer), for which zero is valid. Both
    // pointers are null or point to live values of that type. `note` has the signature of a handler without
    // SA_SIGINFO and does only what is async-signal-safe; `Put` gets what an earlier call returned.
    unsafe {
        let mut before: libc::sigaction = mem::zeroed();
        let mut ours: libc::sigaction = mem::zeroed();
        let new = match change {
            Change::None => ptr::null(),
            Change::Put(action) => ptr::from_ref(action),
            Change::Catch => {
                ours.sa_sigaction = handler as libc::sighandler_t;
                ours.sa_flags = libc::SA_RESTART; // for the other threads; `poll` comes back all the same
                libc::sigemptyset(&raw mut ours.sa_mask);
                &raw const ours
            }
        };
        match libc::sigaction(signal, new, &raw mut before) {
            0 => Ok(before),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_signals_and_puts_dispositions_back() {
        for _ in 0..2 {
            let before = disposition(libc::SIGTERM, Change::None).unwrap();
            let signals = Signals::catch().unwrap();
            for signal in [libc::SIGTERM, libc::SIGCONT, libc::SIGTERM] {
                signal_hook::low_level::raise(signal).unwrap();
            }
            assert_eq!(signals.release(), [libc::SIGTERM, libc::SIGCONT]);
            let after = disposition(libc::SIGTERM, Change::None).unwrap();
            assert_eq!(after.sa_sigaction, before.sa_sigaction);
        }
    }
}
