//! The controlling terminal: opening it, its modes, and reading and writing that a signal can end.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

use super::PromptError;
use super::line::Line;
use super::signals::Signals;

/// Silence that ends a paste, and how long macOS, which cannot poll `/dev/tty`, sleeps between two looks at it.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    On,
    Off,
}

/// What ended a wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    Ready,
    Signal,
}

/// `/dev/tty`, opened for ourselves: not blocking here changes nothing for others.
pub(super) struct Terminal(OwnedFd);

impl Terminal {
    /// Opens it, if there is one and we are in its foreground.
    pub(super) fn open() -> Result<Self, PromptError> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let terminal = match rustix::fs::open("/dev/tty", flags, Mode::empty()) {
            Ok(fd) => Self(fd),
            Err(errno @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM)) => return Err(errno.into()),
            Err(_) => return Err(PromptError::NoTerminal),
        };
        if terminal.in_foreground()? { Ok(terminal) } else { Err(PromptError::NoTerminal) }
    }

    /// Waits, stopped, until we are in the foreground: somebody may have continued us with `bg`.
    pub(super) fn wait_for_foreground(&self) -> Result<(), PromptError> {
        while !self.in_foreground()? {
            // Reading in the background stops us, just as it would stop `cat`. Where nobody could continue us
            // (orphaned process group, SIGTTIN ignored) it fails instead.
            if rustix::io::read(&self.0, &mut *Zeroizing::new([0; 1])) == Err(Errno::IO) {
                return Err(PromptError::NoTerminal);
            }
        }
        Ok(())
    }

    /// Sets lines, signals and echo as asked until the guard goes. What was typed before is dropped.
    pub(super) fn enter(&self, echo: Echo) -> Result<Modes<'_>, PromptError> {
        let modes = Modes { terminal: self, before: tcgetattr(&self.0)? };
        let mut ours = modes.before.clone();
        ours.input_modes.insert(InputModes::ICRNL);
        ours.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        ours.local_modes.set(LocalModes::ECHO, echo == Echo::On);
        ours.local_modes.remove(LocalModes::ECHONL);
        tcsetattr(&self.0, OptionalActions::Now, &ours)?;
        tcflush(&self.0, QueueSelector::IFlush)?;
        // It succeeds if any of the changes could be made.
        if tcgetattr(&self.0)?.local_modes.contains(LocalModes::ECHO) == (echo == Echo::On) {
            Ok(modes)
        } else {
            Err(Errno::NOTSUP.into())
        }
    }

    /// Prints all of it, unless a signal comes while the terminal takes nothing (Ctrl-S).
    pub(super) fn print(&self, text: &str, signals: &Signals) -> Result<Wake, PromptError> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(&self.0, rest) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if self.wait(PollFlags::OUT, signals)? == Wake::Signal {
                        return Ok(Wake::Signal);
                    }
                }
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(Wake::Ready)
    }

    /// Ends the line of the question, if the terminal takes it. Nothing depends on it.
    pub(super) fn end_line(&self) {
        let _ = rustix::io::write(&self.0, b"\n");
    }

    /// Waits for something to read.
    pub(super) fn wait_for_input(&self, signals: &Signals) -> Result<Wake, PromptError> {
        self.wait(PollFlags::IN, signals)
    }

    /// Reads what there is into the line.
    pub(super) fn read(&self, line: &mut Line) -> Result<(), PromptError> {
        match rustix::io::read(&self.0, line.spare()) {
            Ok(0) | Err(Errno::IO) => Err(PromptError::Closed),
            Ok(count) => line.advance(count),
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Reads and forgets further lines as long as they keep coming: the rest of a paste, which a shell would run.
    /// Flushing is not enough, a long paste comes in pieces.
    pub(super) fn drop_paste(&self) {
        let mut scrap = Zeroizing::new(vec![0; 4096]);
        for _ in 0..1000 {
            let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
            if !matches!(poll(&mut fds, Some(&PAUSE)), Ok(1)) {
                return;
            }
            if !matches!(rustix::io::read(&self.0, &mut scrap[..]), Ok(1..)) {
                return;
            }
        }
    }

    fn wait(&self, event: PollFlags, signals: &Signals) -> Result<Wake, PromptError> {
        loop {
            let mut fds = [PollFd::new(signals, PollFlags::IN), PollFd::new(&self.0, event)];
            match poll(&mut fds, None) {
                Ok(_) if !fds[0].revents().is_empty() => return Ok(Wake::Signal),
                Ok(_) if fds[1].revents().contains(PollFlags::NVAL) => {
                    let _ = poll(&mut fds[..1], Some(&PAUSE));
                    return Ok(Wake::Ready);
                }
                Ok(_) => return Ok(Wake::Ready),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    #[expect(
        unsafe_code,
        reason = "rustix refuses group 0, which is ours in a pid namespace entered from outside"
    )]
    fn in_foreground(&self) -> Result<bool, PromptError> {
        // SAFETY: two system calls without pointers, on a descriptor that we own.
        let (front, ours) = unsafe { (libc::tcgetpgrp(self.0.as_raw_fd()), libc::getpgrp()) };
        // It fails once the terminal has hung up.
        if front == -1 { Err(PromptError::NoTerminal) } else { Ok(front == ours) }
    }
}

/// Puts the modes back when dropped.
pub(super) struct Modes<'a> {
    terminal: &'a Terminal,
    before: Termios,
}

impl Drop for Modes<'_> {
    /// TCSAFLUSH in two steps: type-ahead goes, but without waiting first until the terminal takes output, which it
    /// never does after Ctrl-S. A failure means that it has hung up.
    fn drop(&mut self) {
        let _ = tcflush(&self.terminal.0, QueueSelector::IFlush);
        let _ = tcsetattr(&self.terminal.0, OptionalActions::Now, &self.before);
    }
}
