//! The terminal: what is typed, and stops with the program and going on with it.

use std::time::Instant;

use rustix::process::getpid;

use super::super::super::sys;
use super::super::program::State;
use super::super::relay::Passed;
use super::super::signals::Group;
use super::{RESUME, Supervisor};

impl Supervisor<'_> {
    /// Something was typed, or what was typed before can go on.
    pub(super) fn typed(&mut self) {
        let master = self.current.as_ref().and_then(|current| current.terminal.as_ref());
        let (Some(terminal), Some(master)) = (&mut self.terminal, master) else { return };
        match self.relay.pass(&*terminal, master) {
            Passed::On => {}
            // The program's terminal makes a signal of it, of which we do not hear.
            Passed::Interrupt => self.over.hear(libc::SIGINT, Instant::now()),
            Passed::Refused if terminal.is_ours() => self.relay.close(),
            Passed::Refused => terminal.forget(),
        }
    }

    /// We stop with the program, so that the shell hears of it.
    pub(super) fn stopped(&mut self) {
        let Some(program) = self.current.as_ref().or(self.next.as_ref()) else { return };
        let State::Stopped(signal) = program.state else {
            if program.state == State::Running {
                self.resume = None;
            }
            return;
        };
        match (&mut self.terminal, program.group) {
            (Some(terminal), _) => {
                let ours = terminal.is_ours();
                terminal.leave();
                // All of our group, as the terminal would have done. In a group that no shell looks after nothing
                // happens, and the program goes on.
                sys::suffer(if ours { 0 } else { getpid().as_raw_nonzero().get() }, libc::SIGTSTP);
                if self.current.is_some() {
                    terminal.enter();
                }
                if matches!(signal, libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU) {
                    program.signal_group(libc::SIGCONT);
                }
            }
            (None, Group::Shared) => sys::suffer(getpid().as_raw_nonzero().get(), libc::SIGTSTP),
            (None, Group::Own) => {}
        }
    }

    /// Somebody continued us.
    pub(super) fn continued(&mut self) {
        if let (Some(terminal), Some(current)) = (&mut self.terminal, &self.current) {
            terminal.enter_again();
            if let Some(master) = &current.terminal {
                terminal.resize(master);
            }
        }
        let Some(program) = self.running() else { return };
        match (program.state, program.group) {
            (State::Stopped(_), Group::Shared) => self.resume = Some(Instant::now() + RESUME),
            (State::Running, Group::Shared) => {}
            (State::Running, Group::Own) => program.signal(libc::SIGCONT),
            _ => program.signal_group(libc::SIGCONT),
        }
    }
}
