//! The loop of the supervisor: what has happened. What follows is in `turn`.

mod stop;
mod turn;

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{WaitOptions, getpid, wait};
use rustix::rand::{GetRandomFlags, getrandom};

use super::super::Inherited;
use super::super::mask::masker::Masker;
use super::super::mask::pump::{PIECE, Pump};
use super::super::mask::sink::Sink;
use super::super::sys::{self, Locked};
use super::errand::{Known, Purpose};
use super::fork::{Forked, Looker, Order, look, start};
use super::over::Over;
use super::program::{Program, State};
use super::relay::Relay;
use super::reports::{Report, Table, receive};
use super::schedule::{Schedule, splay};
use super::signals::{self, Arrived, Pass, pass};
use super::terminal::{Terminal, is_controlled};
use super::{Action, GRACE, Plan, Role, Watch};
use crate::{Error, Kind, Result};

/// How long the program has to be continued by whoever continued us, before we do it.
const RESUME: Duration = Duration::from_millis(100);
/// How often we look whether a shell has put us in front: it need not tell.
const FRONT: Duration = Duration::from_millis(500);

/// Supervises a program: returns at its end, and in each child at its beginning. Call it before anything is read, in a
/// process of one thread. `say` makes of what there is to tell people a line for standard error, or nothing.
///
/// # Errors
/// [`Kind::Internal`] where the system refuses what is needed.
pub fn supervise(plan: Plan, say: &dyn Fn(&str) -> Option<String>) -> Result<Role> {
    // A child of a process with more threads could find a lock held for ever.
    if std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() > 1) {
        return Err(Error::new(Kind::Internal, "a process of several threads cannot supervise a program"));
    }
    Supervisor::new(plan, say).and_then(Supervisor::run).map_err(|error| {
        // The system's own words for a number.
        Error::new(Kind::Internal, "the program cannot be supervised").because(error)
    })
}

struct Supervisor<'a> {
    plan: Plan,
    say: &'a dyn Fn(&str) -> Option<String>,
    /// Standard error, which never makes us wait.
    notes: Option<Sink>,
    signals: OwnedFd,
    /// The signal mask that we found.
    mask: sys::Mask,
    key: [u8; 32],
    controlled: bool,
    terminal: Option<Terminal>,
    relay: Relay,
    pumps: Vec<Pump>,
    scratch: Locked<u8>,
    /// What runs.
    current: Option<Program>,
    /// What is to run next.
    next: Option<Program>,
    looker: Option<Looker>,
    known: Option<Known>,
    schedule: Option<Schedule>,
    phase: Phase,
    /// When to continue the program ourselves.
    resume: Option<Instant>,
    /// The next program died before it could begin, and was prepared once more.
    retried: bool,
    over: Over,
    /// And does not want to wait for our reader to take the last of the output.
    hurry: bool,
}

/// How far a restart has come.
#[derive(Clone, Copy)]
enum Phase {
    /// There is none.
    Steady,
    /// It waits for its turn.
    Waiting(Instant),
    /// The next program is being prepared.
    Preparing,
    /// The next one is ready, and the one that runs was asked to end; at this time it is killed.
    Stopping(Option<Instant>),
}

/// What is ready.
#[derive(Clone, Copy)]
enum Ready {
    Signals,
    NextLine,
    NextNews,
    News,
    Look,
    Source(usize),
    Sink(usize),
    Keys,
    Typed,
}

impl<'a> Supervisor<'a> {
    fn new(plan: Plan, say: &'a dyn Fn(&str) -> Option<String>) -> io::Result<Self> {
        let mask = sys::mask();
        let signals = signals::collect()?;
        let terminal =
            if plan.mask && !Inherited::from_parent().lacks(1) { Terminal::of_stdout()? } else { None };
        let mut key = [0; 32];
        getrandom(&mut key, GetRandomFlags::empty())?;
        let scratch = Locked::zeroed(if plan.mask { PIECE } else { 0 })?;
        Ok(Self {
            plan,
            say,
            notes: Sink::new(io::stderr().as_fd(), 2).ok(),
            signals,
            mask,
            key,
            controlled: is_controlled(),
            terminal,
            relay: Relay::new(),
            pumps: Vec::new(),
            scratch,
            current: None,
            next: None,
            looker: None,
            known: None,
            schedule: None,
            phase: Phase::Preparing,
            resume: None,
            retried: false,
            over: Over::No,
            hurry: false,
        })
    }

    fn run(mut self) -> io::Result<Role> {
        if let Some(role) = self.prepare()? {
            return Ok(role);
        }
        loop {
            for ready in self.wait()? {
                self.act(ready)?;
            }
            if let Some(role) = self.advance(Instant::now())? {
                return Ok(role);
            }
        }
    }

    fn order(&self, purpose: Purpose) -> Order<'_> {
        Order {
            purpose,
            known: self.known.clone(),
            key: self.key,
            masks: self.plan.mask,
            mask: &self.mask,
            terminal: self.terminal.as_ref(),
            controlled: self.controlled,
        }
    }

    /// Starts the process that is to become the program. `Some` in that process.
    fn prepare(&mut self) -> io::Result<Option<Role>> {
        match start(self.order(Purpose::Start))? {
            Forked::Child(errand) => return Ok(Some(Role::Errand(errand))),
            Forked::Parent(program) => self.next = Some(program),
        }
        Ok(None)
    }

    /// Waits until something happens, or is due.
    fn wait(&self) -> io::Result<Vec<Ready>> {
        let mut all = vec![(Ready::Signals, PollFd::new(&self.signals, PollFlags::IN))];
        let mut add = |ready, fd, flags| all.push((ready, PollFd::from_borrowed_fd(fd, flags)));
        if let Some(next) = &self.next {
            if let Some(line) = next.line.as_ref().filter(|_| next.ready.is_none()) {
                add(Ready::NextLine, line.as_fd(), PollFlags::IN);
            }
            if let Some(news) = next.news() {
                add(Ready::NextNews, news, PollFlags::IN);
            }
        }
        if let Some(news) = self.current.as_ref().and_then(Program::news) {
            add(Ready::News, news, PollFlags::IN);
        }
        if let Some(looker) = &self.looker {
            add(Ready::Look, looker.line.as_fd(), PollFlags::IN);
        }
        for (n, pump) in self.pumps.iter().enumerate() {
            if let Some(source) = pump.source() {
                add(Ready::Source(n), source, PollFlags::IN);
            }
            if let Some(sink) = pump.sink() {
                add(Ready::Sink(n), sink, PollFlags::OUT);
            }
        }
        if let (Some(terminal), Some(master)) = (&self.terminal, self.master()) {
            if self.relay.wants_more() && terminal.is_raw() {
                add(Ready::Keys, terminal.as_fd(), PollFlags::IN);
            } else if self.relay.has_some() {
                add(Ready::Typed, master.as_fd(), PollFlags::OUT);
            }
        }
        let timeout = self.due().map(|due| {
            let left = due.saturating_duration_since(Instant::now());
            // Never a moment too early, which would only be one more turn.
            Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            }
        });
        let (tags, mut fds): (Vec<Ready>, Vec<PollFd<'_>>) = all.into_iter().unzip();
        match poll(&mut fds, timeout.as_ref()) {
            Err(rustix::io::Errno::INTR) => return Ok(Vec::new()),
            result => result?,
        };
        Ok(tags.into_iter().zip(fds).filter(|(_, fd)| !fd.revents().is_empty()).map(|(tag, _)| tag).collect())
    }

    /// When something is to be done at the latest.
    fn due(&self) -> Option<Instant> {
        let now = Instant::now();
        let look = self.schedule.as_ref().filter(|_| self.may_look(now)).map(Schedule::next);
        let phase = match self.phase {
            Phase::Waiting(at) => Some(at),
            Phase::Stopping(at) => at,
            Phase::Steady | Phase::Preparing => None,
        };
        let hidden =
            self.terminal.as_ref().is_some_and(|terminal| terminal.is_typed_at() && !terminal.is_raw());
        let front = (hidden && self.current.is_some()).then(|| now + FRONT);
        let pumps = self.pumps.iter().filter_map(Pump::deadline).min();
        [look, phase, front, pumps, self.resume, self.over.until(now)].into_iter().flatten().min()
    }

    fn may_look(&self, now: Instant) -> bool {
        self.looker.is_none()
            && !self.over.is_set(now)
            && matches!(self.phase, Phase::Steady)
            && self.current.is_some()
    }

    /// What runs, or before that what is about to.
    fn running(&self) -> Option<&Program> {
        self.current.as_ref().or(self.next.as_ref())
    }

    fn master(&self) -> Option<&OwnedFd> {
        self.current.as_ref()?.terminal.as_ref()
    }

    fn act(&mut self, ready: Ready) -> io::Result<()> {
        match ready {
            Ready::Signals => {
                while let Some(arrived) = signals::next(&self.signals) {
                    self.arrived(arrived);
                }
            }
            Ready::NextLine => self.report()?,
            Ready::NextNews => {
                if let Some(next) = &mut self.next {
                    next.hear();
                }
                self.stopped();
            }
            Ready::News => {
                if let Some(current) = &mut self.current {
                    current.hear();
                }
                self.stopped();
            }
            Ready::Look => self.looked(),
            Ready::Source(n) => {
                if let Some(pump) = self.pumps.get_mut(n) {
                    pump.read(&mut self.scratch, Instant::now());
                }
            }
            Ready::Sink(n) => {
                if let Some(pump) = self.pumps.get_mut(n) {
                    pump.write();
                }
            }
            Ready::Keys | Ready::Typed => self.typed(),
        }
        Ok(())
    }

    fn arrived(&mut self, arrived: Arrived) {
        let by_us = !arrived.by_kernel && arrived.sender == getpid().as_raw_nonzero().get().unsigned_abs();
        match arrived.signal {
            libc::SIGCHLD => return self.reap(),
            libc::SIGCONT => return self.continued(),
            libc::SIGWINCH if arrived.by_kernel && self.terminal.is_some() => {
                // The program's terminal tells it when its size has changed.
                if let (Some(terminal), Some(master)) = (&self.terminal, self.master()) {
                    terminal.resize(master);
                }
                return;
            }
            _ if by_us => return,
            _ => {}
        }
        self.over.hear(arrived.signal, Instant::now());
        let ends = matches!(arrived.signal, libc::SIGTERM | libc::SIGINT | libc::SIGQUIT);
        let ended = self.current.as_ref().is_some_and(|current| current.state.is_end());
        self.hurry |= ends && ended;
        let Some(program) = self.running() else { return };
        match pass(arrived, program.group) {
            Pass::Nobody => {}
            Pass::Program => program.signal(arrived.signal),
            Pass::Group => program.signal_group(arrived.signal),
        }
    }

    /// Hears of every child that has ended, stopped or gone on: of ours, and as process 1 of everybody's.
    fn reap(&mut self) {
        let changes = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        while let Ok(Some((pid, status))) = wait(changes) {
            let state = State::of(status);
            let ours = |program: &&mut Program| program.pid == pid && program.monitor.is_none();
            if let Some(current) = self.current.as_mut().filter(ours) {
                current.state = state;
                self.stopped();
            } else if let Some(next) = self.next.as_mut().filter(ours) {
                next.state = state;
                self.stopped();
            } else if state.is_end() && self.looker.as_ref().is_some_and(|looker| looker.pid == pid) {
                // What it had to say is still in its line.
                self.looked();
            }
        }
    }
}
