//! Starts the children of the supervisor.

use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal, setpgid};
use rustix::termios::isatty;

use super::super::{Inherited, sys};
use super::errand::{Errand, Known, Purpose};
use super::monitor;
use super::program::{Program, State};
use super::signals::Group;
use super::terminal::{Terminal, is_same};

/// What a child is started for, and with.
pub(super) struct Order<'a> {
    pub(super) purpose: Purpose,
    pub(super) known: Option<Known>,
    pub(super) key: [u8; 32],
    pub(super) masks: bool,
    /// The signal mask that we found.
    pub(super) mask: &'a sys::Mask,
    /// Our terminal, where the program is to have one of its own.
    pub(super) terminal: Option<&'a Terminal>,
    /// Whether we have a controlling terminal, so that the program stays in our group.
    pub(super) controlled: bool,
}

/// Who returns from a fork.
pub(super) enum Forked<T> {
    Parent(T),
    Child(Errand),
}

/// A process that looks at the records.
pub(super) struct Looker {
    pub(super) pid: Pid,
    pub(super) line: UnixStream,
}

/// The standard descriptors of the program, and our ends of them.
#[derive(Default)]
struct Streams {
    stdio: [Option<OwnedFd>; 3],
    ours: Vec<(OwnedFd, i32)>,
    terminal: Option<(OwnedFd, OwnedFd)>,
}

/// Starts a process that looks at the records.
pub(super) fn look(order: Order<'_>) -> io::Result<Forked<Looker>> {
    let (ours, theirs) = UnixStream::pair()?;
    let us = getpid();
    match sys::fork()? {
        Some(pid) => Ok(Forked::Parent(Looker { pid, line: ours })),
        None => {
            settle(us, Group::Own, order.mask);
            Ok(Forked::Child(errand(order, theirs, Default::default(), us)))
        }
    }
}

/// Starts the process that is to become the program.
pub(super) fn start(order: Order<'_>) -> io::Result<Forked<Program>> {
    let (ours, theirs) = UnixStream::pair()?;
    let streams = if order.masks { Streams::new(order.terminal)? } else { Streams::default() };
    let us = getpid();
    let program = |pid, group, monitor, terminal, streams| Program {
        pid,
        group,
        state: State::Running,
        line: Some(ours),
        monitor,
        terminal,
        streams,
        ready: None,
    };
    let Some((master, slave)) = streams.terminal else {
        let group = if order.controlled { Group::Shared } else { Group::Own };
        return match sys::fork()? {
            Some(pid) => {
                if group == Group::Own {
                    // Both do it, so that it is done for each of us.
                    let _ = setpgid(Some(pid), Some(pid));
                }
                Ok(Forked::Parent(program(pid, group, None, None, streams.ours)))
            }
            None => {
                settle(us, group, order.mask);
                Ok(Forked::Child(errand(order, theirs, streams.stdio, us)))
            }
        };
    };
    let (mut line, speaks) = UnixStream::pair()?;
    if sys::fork()?.is_some() {
        drop((speaks, slave, theirs));
        let mut number = [0; 4];
        line.read_exact(&mut number)?;
        let child = Pid::from_raw(i32::from_ne_bytes(number)).ok_or(io::ErrorKind::InvalidData)?;
        return Ok(Forked::Parent(program(child, Group::Own, Some(line), Some(master), streams.ours)));
    }
    let monitor = getpid();
    if monitor::lead(&slave).is_err() || getppid() != Some(us) {
        sys::vanish();
    }
    match sys::fork() {
        Ok(None) => {
            settle(monitor, Group::Own, order.mask);
            Ok(Forked::Child(errand(order, theirs, streams.stdio, us)))
        }
        Ok(Some(child)) => monitor::watch(child, &slave, speaks),
        Err(_) => sys::vanish(),
    }
}

fn errand(order: Order<'_>, line: UnixStream, stdio: [Option<OwnedFd>; 3], supervisor: Pid) -> Errand {
    let Order { purpose, known, key, masks, .. } = order;
    Errand { purpose, known, key, masks, line, stdio, supervisor }
}

/// The child does not outlive its parent, has the signals that we were given, and a group of its own where it is to.
fn settle(parent: Pid, group: Group, mask: &sys::Mask) {
    // TERM: the program may have something to finish. It stays set after execve.
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    if getppid() != Some(parent) {
        sys::vanish();
    }
    if group == Group::Own {
        let _ = setpgid(None, None);
    }
    sys::set_mask(mask);
}

impl Streams {
    /// A terminal where our standard output is one, and for whatever else is the same terminal; pipes for the rest.
    /// Standard input is the program's as it is, but for a terminal that it would read beside us.
    fn new(terminal: Option<&Terminal>) -> io::Result<Self> {
        let mut streams = Self::default();
        let inherited = Inherited::from_parent();
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let together = is_same(&stdout, &stderr) && !inherited.lacks(1) && !inherited.lacks(2);
        if let Some(terminal) = terminal {
            let (master, slave) = terminal.another()?;
            if terminal.is_typed_at() {
                streams.stdio[0] = Some(slave.try_clone()?);
            }
            streams.stdio[1] = Some(slave.try_clone()?);
            if together {
                streams.stdio[2] = Some(slave.try_clone()?);
            }
            streams.ours.push((master.try_clone()?, 1));
            streams.terminal = Some((master, slave));
        } else if !inherited.lacks(1) {
            let theirs = streams.pipe(1)?;
            if together && !isatty(&stderr) {
                streams.stdio[2] = Some(theirs.try_clone()?);
            }
            streams.stdio[1] = Some(theirs);
        }
        if !inherited.lacks(2) && streams.stdio[2].is_none() {
            streams.stdio[2] = Some(streams.pipe(2)?);
        }
        Ok(streams)
    }

    /// A pipe to one of our descriptors; gives the program's end.
    fn pipe(&mut self, number: i32) -> io::Result<OwnedFd> {
        let (ours, theirs) = io::pipe()?;
        let ours = OwnedFd::from(ours);
        // Of our end alone: the two ends of a pipe are opened apart.
        rustix::io::ioctl_fionbio(&ours, true)?;
        self.ours.push((ours, number));
        Ok(theirs.into())
    }
}
