//! The parent of a program that has a terminal of its own: the leader of that terminal's session.
//!
//! Without it Ctrl-Z would do nothing there: the kernel stops no job whose parents are all in other sessions. It reads
//! nothing, holds nothing, and only tells what becomes of the program.

use std::io::{Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, ioctl_tiocsctty, set_parent_process_death_signal, setpgid, setsid,
    waitid,
};
use rustix::termios::tcsetpgrp;

use super::super::sys;
use super::program::State;

/// Becomes the leader of the terminal's session.
pub(super) fn lead(terminal: &OwnedFd) -> rustix::io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    setsid()?;
    ioctl_tiocsctty(terminal)
}

/// Puts the program in front, and tells what becomes of it. The supervisor hears of its end before anybody else can be
/// given its number.
pub(super) fn watch(program: Pid, terminal: &OwnedFd, mut line: UnixStream) -> ! {
    let _ = setpgid(Some(program), Some(program));
    let _ = tcsetpgrp(terminal, program);
    let _ = line.write_all(&program.as_raw_nonzero().get().to_ne_bytes());
    sys::close_all_but(line.as_raw_fd());
    let changes = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED;
    while let Ok(Some(status)) = waitid(WaitId::Pid(program), changes | WaitIdOptions::NOWAIT) {
        let state = if let Some(code) = status.exit_status() {
            State::Exited(u8::try_from(code & 0xff).unwrap_or(0))
        } else if let Some(signal) = status.terminating_signal() {
            State::Killed(signal)
        } else if let Some(signal) = status.stopping_signal() {
            State::Stopped(signal)
        } else {
            State::Running
        };
        if line.write_all(&state.encode()).is_err() {
            break;
        }
        if state.is_end() {
            // Until the supervisor has heard it. The terminal goes with us.
            let _ = line.read(&mut [0]);
            break;
        }
        let _ = waitid(
            WaitId::Pid(program),
            WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED | WaitIdOptions::NOHANG,
        );
    }
    sys::vanish()
}
