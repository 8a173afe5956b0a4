//! The program that is supervised, from the process that is to become it to its end.

use std::ffi::c_int;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::process::{Pid, getpid};

use super::super::mask::pump::Pump;
use super::super::sys;
use super::errand::Known;
use super::signals::Group;
use crate::Outcome;

/// What is known of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Stopped(c_int),
    Exited(u8),
    Killed(c_int),
}

/// A process that becomes, or is, the program.
pub(super) struct Program {
    pub(super) pid: Pid,
    pub(super) group: Group,
    pub(super) state: State,
    /// Over it the report comes, and the word to begin goes.
    pub(super) line: Option<UnixStream>,
    /// The line to its parent, where that is not us.
    pub(super) monitor: Option<UnixStream>,
    /// Our end of its terminal.
    pub(super) terminal: Option<OwnedFd>,
    /// Where its output comes from, and the number of the descriptor of ours that it goes to.
    pub(super) streams: Vec<(OwnedFd, i32)>,
    /// What it was given, and what moves its output, once it is ready to begin.
    pub(super) ready: Option<(Known, Vec<Pump>)>,
}

impl State {
    pub(super) fn is_end(self) -> bool {
        matches!(self, Self::Exited(_) | Self::Killed(_))
    }

    /// Two bytes.
    pub(super) fn encode(self) -> [u8; 2] {
        let number = |signal: c_int| u8::try_from(signal).unwrap_or(0);
        match self {
            Self::Running => [b'r', 0],
            Self::Stopped(signal) => [b's', number(signal)],
            Self::Exited(code) => [b'e', code],
            Self::Killed(signal) => [b'k', number(signal)],
        }
    }

    fn decode([kind, number]: [u8; 2]) -> Option<Self> {
        match kind {
            b'r' => Some(Self::Running),
            b's' => Some(Self::Stopped(number.into())),
            b'e' => Some(Self::Exited(number)),
            b'k' => Some(Self::Killed(number.into())),
            _ => None,
        }
    }

    pub(super) fn of(status: rustix::process::WaitStatus) -> Self {
        if let Some(code) = status.exit_status() {
            Self::Exited(u8::try_from(code & 0xff).unwrap_or(0))
        } else if let Some(signal) = status.terminating_signal() {
            Self::Killed(signal)
        } else {
            status.stopping_signal().map_or(Self::Running, Self::Stopped)
        }
    }

    /// How we end when the program did: with its code, or of its signal. Process 1 cannot die of one.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Exited(code) => Outcome::Exit(code),
            Self::Killed(signal) if getpid() == Pid::INIT => {
                Outcome::Exit(u8::try_from(128 + signal).unwrap_or(u8::MAX))
            }
            Self::Killed(signal) => Outcome::Signal(signal),
            Self::Running | Self::Stopped(_) => Outcome::SUCCESS,
        }
    }
}

impl Program {
    /// Sends it a signal.
    pub(super) fn signal(&self, signal: c_int) {
        if !self.state.is_end() {
            sys::kill(self.pid.as_raw_nonzero().get(), signal);
        }
    }

    /// Sends a signal to it and to those that it started, where they are a group of their own.
    pub(super) fn signal_group(&self, signal: c_int) {
        match self.group {
            Group::Own if !self.state.is_end() => sys::kill(-self.pid.as_raw_nonzero().get(), signal),
            _ => self.signal(signal),
        }
    }

    /// Lets it become the program. One that has died is waited for like any other.
    pub(super) fn begin(&mut self) {
        if let Some(mut line) = self.line.take() {
            let _ = line.write_all(b"g");
        }
    }

    /// What the monitor has to tell.
    pub(super) fn hear(&mut self) {
        let Some(monitor) = &mut self.monitor else { return };
        let mut news = [0; 2];
        let heard = monitor.read_exact(&mut news).ok().and_then(|()| State::decode(news));
        // It was killed, and the program's terminal has gone with it.
        self.state = heard.unwrap_or(State::Killed(libc::SIGKILL));
    }

    /// Where the monitor speaks.
    pub(super) fn news(&self) -> Option<BorrowedFd<'_>> {
        self.monitor.as_ref().filter(|_| !self.state.is_end()).map(AsFd::as_fd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_come_through() {
        for state in [State::Running, State::Stopped(20), State::Exited(255), State::Killed(64)] {
            assert_eq!(State::decode(state.encode()), Some(state));
        }
        assert_eq!(State::decode([0, 0]), None);
    }
}
