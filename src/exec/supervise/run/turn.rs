//! What follows from what has happened: the beginning and the end of a program, a look, a restart.

use std::io;
use std::time::Instant;

use rustix::rand::{GetRandomFlags, getrandom};

use super::*;

impl Supervisor<'_> {
    /// Goes as far as can be gone now. `Some` is the end, or a child.
    pub(super) fn advance(&mut self, now: Instant) -> io::Result<Option<Role>> {
        for pump in &mut self.pumps {
            pump.tick(now);
        }
        match self.current.as_ref().map(|current| current.state) {
            None => self.first(),
            Some(state) if state.is_end() => self.ended(state),
            Some(_) => self.go_on(now),
        }
    }

    /// Before the first program: one that cannot be prepared has said why, and its exit code is ours.
    fn first(&mut self) -> io::Result<Option<Role>> {
        match &self.next {
            Some(next) if next.state.is_end() => Ok(Some(self.finish(next.state))),
            Some(next) if next.ready.is_some() => self.begin().map(|()| None),
            _ => Ok(None),
        }
    }

    /// The program has ended: what it printed is printed, then we end like it, or the next one begins.
    fn ended(&mut self, state: State) -> io::Result<Option<Role>> {
        for pump in &mut self.pumps {
            pump.drain(&mut self.scratch);
        }
        if !self.hurry && !self.pumps.iter().all(Pump::is_done) {
            return Ok(None);
        }
        let ready = self.next.as_ref().is_some_and(|next| next.ready.is_some() && !next.state.is_end());
        if ready && !self.over && matches!(self.phase, Phase::Stopping(_)) {
            return self.begin().map(|()| None);
        }
        Ok(Some(self.finish(state)))
    }

    /// While the program runs.
    fn go_on(&mut self, now: Instant) -> io::Result<Option<Role>> {
        let Some(current) = &self.current else { return Ok(None) };
        if self.resume.is_some_and(|at| at <= now) {
            self.resume = None;
            current.signal(libc::SIGCONT);
        }
        if let Some(terminal) = &mut self.terminal {
            terminal.enter();
        }
        match self.phase {
            Phase::Waiting(at) if at <= now => {
                self.phase = Phase::Preparing;
                return self.prepare();
            }
            Phase::Preparing if self.next.as_ref().is_none_or(|next| next.state.is_end()) => {
                self.unprepared("the next program was killed before it began".to_owned(), true);
            }
            Phase::Stopping(Some(at)) if at <= now => {
                self.phase = Phase::Stopping(None);
                current.signal_group(libc::SIGKILL);
            }
            _ => {}
        }
        if self.may_look() && self.schedule.as_ref().is_some_and(|schedule| schedule.next() <= now) {
            match look(self.order(Purpose::Look))? {
                Forked::Child(errand) => return Ok(Some(Role::Errand(errand))),
                Forked::Parent(looker) => self.looker = Some(looker),
            }
        }
        Ok(None)
    }

    /// Lets the next process become the program.
    fn begin(&mut self) -> io::Result<()> {
        let Some(mut next) = self.next.take() else { return Ok(()) };
        let Some((known, table)) = next.ready.take() else { return Ok(()) };
        self.pumps.clear();
        if let Some(table) = table {
            for (source, number) in next.streams.drain(..) {
                let (stdout, stderr) = (io::stdout(), io::stderr());
                let sink = Sink::new(if number == 1 { stdout.as_fd() } else { stderr.as_fd() }, number)?;
                self.pumps.push(Pump::new(source, sink, Masker::new(table.clone())?));
            }
        }
        if let (Some(terminal), Some(master)) = (&mut self.terminal, &next.terminal) {
            terminal.resize(master);
            terminal.enter();
        }
        next.begin();
        self.current = Some(next);
        self.known = Some(known);
        (self.phase, self.resume) = (Phase::Steady, None);
        self.schedule = match self.plan.watch {
            Some(watch) => Some(Schedule::new(watch.interval, Instant::now(), chance()?)),
            None => None,
        };
        Ok(())
    }

    /// The end, with the terminal as we found it and nothing of ours left running.
    fn finish(&mut self, state: State) -> Role {
        if let Some(next) = &self.next {
            next.signal(libc::SIGKILL);
        }
        if let Some(looker) = &self.looker {
            sys::kill(looker.pid.as_raw_nonzero().get(), libc::SIGKILL);
        }
        if let Some(terminal) = &mut self.terminal {
            terminal.leave();
        }
        Role::Ended(state.outcome())
    }

    /// The process that is to become the program speaks.
    pub(super) fn report(&mut self) -> io::Result<()> {
        let Some(next) = &mut self.next else { return Ok(()) };
        let Some(report) = next.line.as_mut().map(receive) else { return Ok(()) };
        let restart = self.current.is_some();
        match report {
            Ok(Report::Ready(known, table)) => {
                next.ready = Some((known, table));
                if let Some(current) = &self.current {
                    self.phase = Phase::Stopping(Some(Instant::now() + GRACE));
                    current.signal(libc::SIGTERM);
                    if let State::Stopped(_) = current.state {
                        current.signal(libc::SIGCONT);
                    }
                    self.tell("the credential has changed: the program is restarted");
                }
            }
            // It has changed back.
            Ok(Report::Same(known) | Report::Changed(known, _)) => {
                (self.next, self.phase, self.known) = (None, Phase::Steady, Some(known));
            }
            Ok(Report::Failed { text, down }) if restart => self.unprepared(text, down),
            // Its end tells the rest.
            Ok(Report::Failed { .. }) | Err(_) => next.line = None,
        }
        Ok(())
    }

    /// The program runs on, since there is no other.
    fn unprepared(&mut self, text: String, down: bool) {
        if let Some(next) = self.next.take() {
            next.signal(libc::SIGKILL);
        }
        self.phase = Phase::Steady;
        self.failed(text, down);
    }

    /// The process that looks at the records speaks, or has died.
    pub(super) fn looked(&mut self) -> io::Result<()> {
        let Some(mut looker) = self.looker.take() else { return Ok(()) };
        let report = receive(&mut looker.line);
        let chance = chance()?;
        let (known, changed) = match report {
            Ok(Report::Same(known)) => (known, None),
            Ok(Report::Changed(known, table)) => (known, Some(table)),
            Ok(Report::Failed { text, down }) => {
                self.failed(text, down);
                return Ok(());
            }
            Ok(Report::Ready(..)) | Err(_) => {
                self.failed("the look was cut off".to_owned(), true);
                return Ok(());
            }
        };
        let better = self.schedule.as_mut().and_then(|schedule| schedule.succeeded(Instant::now(), chance));
        if let Some(better) = better {
            self.tell(better);
        }
        match (changed, self.plan.watch) {
            (Some(table), Some(watch)) => match watch.action {
                // What is known stays what the program was given.
                Action::Restart => {
                    self.phase = Phase::Waiting(Instant::now() + splay(watch.interval, chance));
                }
                Action::Signal(signal) => {
                    self.known = Some(known);
                    if let Some(table) = table {
                        for pump in &mut self.pumps {
                            pump.renew(Masker::new(table.clone())?);
                        }
                    }
                    if let Some(current) = &self.current {
                        current.signal(signal);
                    }
                    self.tell("the credential has changed: the program is told by a signal");
                }
            },
            _ => self.known = Some(known),
        }
        Ok(())
    }

    fn failed(&mut self, text: String, down: bool) {
        // Without chance there is no jitter, and no harm.
        let chance = chance().unwrap_or(u32::MAX / 2);
        let schedule = self.schedule.as_mut();
        if let Some(line) = schedule.and_then(|schedule| schedule.failed(Instant::now(), chance, text, down))
        {
            self.tell(&line);
        }
    }

    /// Tells people, on a terminal that is as they expect it.
    fn tell(&mut self, line: &str) {
        if let Some(terminal) = &mut self.terminal {
            terminal.leave();
        }
        (self.say)(line);
        if let Some(terminal) = &mut self.terminal {
            terminal.enter();
        }
    }
}

fn chance() -> io::Result<u32> {
    let mut bytes = [0; 4];
    getrandom(&mut bytes, GetRandomFlags::empty())?;
    Ok(u32::from_ne_bytes(bytes))
}
