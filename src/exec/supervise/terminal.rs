//! Our terminal, while the program has one of its own: what is typed goes to the program's, raw, and the size with it.
//! It is put right before we stop or end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::fstat;
use rustix::process::{Pid, getpgrp, getpid};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{
    OptionalActions, OutputModes, Termios, isatty, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr,
    tcsetwinsize,
};

/// The terminal that our standard output is.
pub(super) struct Terminal {
    fd: OwnedFd,
    /// Standard input is this terminal, too, and it is the one that controls us: it is read for the program.
    typed: bool,
    /// Its modes as we found them, while they are ours.
    found: Option<Termios>,
    owner: Pid,
}

impl Terminal {
    /// `None` where standard output is no terminal.
    pub(super) fn of_stdout() -> io::Result<Option<Self>> {
        let stdout = io::stdout();
        if !isatty(&stdout) {
            return Ok(None);
        }
        let fd = rustix::io::fcntl_dupfd_cloexec(&stdout, 3)?;
        // Another terminal would neither tell us who is in front nor make signals of keys: the program reads it itself.
        let typed = is_same(io::stdin(), &fd) && tcgetpgrp(&fd).is_ok();
        Ok(Some(Self { typed, fd, found: None, owner: getpid() }))
    }

    /// Whether it is read for the program.
    pub(super) fn is_typed_at(&self) -> bool {
        self.typed
    }

    /// Whether it is ours to read and to set: our controlling terminal, with us in front.
    pub(super) fn is_ours(&self) -> bool {
        self.typed && tcgetpgrp(&self.fd).is_ok_and(|group| group == getpgrp())
    }

    /// Whether what is typed is being passed on.
    pub(super) fn is_raw(&self) -> bool {
        self.found.is_some()
    }

    /// A terminal for the program, like this one: our end, and its.
    pub(super) fn another(&self) -> io::Result<(OwnedFd, OwnedFd)> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let slave = ioctl_tiocgptpeer(&master, flags)?;
        let mut modes = match &self.found {
            Some(found) => found.clone(),
            None => tcgetattr(&self.fd)?,
        };
        if !self.typed {
            // Ours stays as it is, and ends the lines by itself.
            modes.output_modes.remove(OutputModes::OPOST);
        }
        tcsetattr(&slave, OptionalActions::Now, &modes)?;
        self.resize(&master);
        rustix::io::ioctl_fionbio(&master, true)?;
        Ok((master, slave))
    }

    /// Gives the program's terminal the size of ours.
    pub(super) fn resize(&self, master: impl AsFd) {
        if let Ok(size) = tcgetwinsize(&self.fd) {
            let _ = tcsetwinsize(master, size);
        }
    }

    /// Passes on what is typed, from now on, if the terminal is ours.
    pub(super) fn enter(&mut self) {
        if self.found.is_some() || !self.is_ours() {
            return;
        }
        if let Ok(found) = tcgetattr(&self.fd) {
            self.pass_on(found);
        }
    }

    /// The same after we were stopped: a shell has set it to what it needs, or keeps it.
    pub(super) fn enter_again(&mut self) {
        match self.found.take() {
            Some(found) if self.is_ours() => self.pass_on(found),
            Some(_) => {}
            None => self.enter(),
        }
    }

    fn pass_on(&mut self, found: Termios) {
        let mut raw = found.clone();
        raw.make_raw();
        if tcsetattr(&self.fd, OptionalActions::Now, &raw).is_ok() {
            self.found = Some(found);
        }
    }

    /// Leaves it as it is: another has it now.
    pub(super) fn forget(&mut self) {
        self.found = None;
    }

    /// Puts it right.
    pub(super) fn leave(&mut self) {
        if let Some(found) = self.found.take() {
            let _ = tcsetattr(&self.fd, OptionalActions::Now, &found);
        }
    }
}

impl AsFd for Terminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Not in a child, which drops it unused.
        if self.owner == getpid() {
            self.leave();
        }
    }
}

/// Whether two descriptors are the same file, pipe or terminal.
pub(super) fn is_same(a: impl AsFd, b: impl AsFd) -> bool {
    let id = |file: rustix::fs::Stat| (file.st_dev, file.st_ino, file.st_rdev);
    matches!((fstat(a), fstat(b)), (Ok(a), Ok(b)) if id(a) == id(b))
}

/// Whether this process has a controlling terminal.
pub(super) fn is_controlled() -> bool {
    use rustix::fs::{Mode, OFlags, open};
    open("/dev/tty", OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
        .is_ok()
}
