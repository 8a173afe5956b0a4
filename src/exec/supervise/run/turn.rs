//! What follows from what has happened: the beginning and the end of a program, a look, a restart.

use std::io;
use std::time::Instant;

use rustix::rand::{GetRandomFlags, getrandom};

use super::*;

impl Supervisor<'_> {
    /// Goes as far as can be gone now. `Some` is the end, or a child.
    pub(super) fn advance(&mut self, now: Instant) -> io::Result<Option<Role>> {
        for pump in &mut self.pumps {
            pump.tick(&mut self.scratch, now);
        }
        if self.resume.is_some_and(|at| at <= now) {
            self.resume = None;
            if let Some(program) = self.running() {
                program.signal(libc::SIGCONT);
            }
        }
        match self.current.as_ref().map(|current| current.state) {
            None => self.first(),
            Some(state) if state.is_end() => self.ended(state, now),
            Some(_) => self.go_on(now),
        }
    }

    /// Before the first program: one that cannot be prepared has said why, and its exit code is ours.
    fn first(&mut self) -> io::Result<Option<Role>> {
        match &self.next {
            Some(next) if next.state.is_end() => Ok(Some(self.finish(next.state))),
            Some(next) if next.ready.is_some() => {
                self.begin();
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// The program has ended: what it printed is printed, then we end like it, or the next one begins.
    fn ended(&mut self, state: State, now: Instant) -> io::Result<Option<Role>> {
        for pump in &mut self.pumps {
            pump.drain(&mut self.scratch, now);
        }
        if !self.hurry && !self.pumps.iter().all(Pump::is_done) {
            return Ok(None);
        }
        if !self.over.is_set(now) && matches!(self.phase, Phase::Stopping(_)) {
            if self.next.as_ref().is_some_and(|next| next.state.is_end())
                && let Some(role) = self.prepare_again()?
            {
                return Ok(Some(role));
            }
            if let Some(next) = &self.next {
                if next.ready.is_some() {
                    self.begin();
                }
                return Ok(None);
            }
        }
        Ok(Some(self.finish(state)))
    }

    /// While the program runs.
    fn go_on(&mut self, now: Instant) -> io::Result<Option<Role>> {
        if let Some(terminal) = &mut self.terminal {
            terminal.enter();
        }
        let lost = self.next.as_ref().is_none_or(|next| next.state.is_end());
        match self.phase {
            Phase::Waiting(at) if at <= now => {
                if self.over.is_set(now) {
                    self.put_off(now);
                } else {
                    self.phase = Phase::Preparing;
                    return Ok(self.prepare_beside());
                }
            }
            Phase::Preparing if lost => self.unprepared(KILLED, true),
            Phase::Stopping(_) if lost => return self.prepare_again(),
            Phase::Stopping(Some(at)) if at <= now => {
                self.phase = Phase::Stopping(None);
                if let Some(current) = &self.current {
                    current.signal_group(libc::SIGKILL);
                }
            }
            _ => {}
        }
        if self.may_look(now) && self.schedule.as_ref().is_some_and(|schedule| schedule.next() <= now) {
            match look(self.order(Purpose::Look)) {
                Ok(Forked::Child(errand)) => return Ok(Some(Role::Errand(errand))),
                Ok(Forked::Parent(looker)) => self.looker = Some(looker),
                Err(error) => self.failed(LOOK, &error.to_string(), true),
            }
        }
        Ok(None)
    }

    /// Starts the next process beside the program, which runs on where that fails.
    fn prepare_beside(&mut self) -> Option<Role> {
        self.prepare().unwrap_or_else(|error| {
            self.unprepared(&error.to_string(), true);
            None
        })
    }

    /// The next one has died when the program was already asked to end: prepares another, once.
    fn prepare_again(&mut self) -> io::Result<Option<Role>> {
        self.drop_next();
        if self.retried {
            self.unprepared(KILLED, true);
            return Ok(None);
        }
        self.retried = true;
        // Whatever is read now, the program is not to have been asked in vain.
        if let Some(known) = &mut self.known {
            known.revisions.clear();
            known.digest = Default::default();
        }
        Ok(self.prepare_beside())
    }

    /// A restart waits until nobody wants an end any more.
    fn put_off(&mut self, now: Instant) {
        self.drop_next();
        self.phase = self.over.until(now).map_or(Phase::Steady, Phase::Waiting);
    }

    fn drop_next(&mut self) {
        if let Some(next) = self.next.take() {
            next.signal(libc::SIGKILL);
        }
    }

    /// Lets the next process become the program.
    fn begin(&mut self) {
        let Some(mut next) = self.next.take() else { return };
        let Some((known, pumps)) = next.ready.take() else { return };
        self.pumps = pumps;
        if let (Some(terminal), Some(master)) = (&mut self.terminal, &next.terminal) {
            terminal.resize(master);
            terminal.enter();
        }
        next.begin();
        self.current = Some(next);
        self.known = Some(known);
        (self.phase, self.resume, self.retried) = (Phase::Steady, None, false);
        let schedule = |watch: Watch| Schedule::new(watch.interval, Instant::now(), chance());
        self.schedule = self.plan.watch.map(schedule);
    }

    /// The end, with the terminal as we found it and nothing of ours left running.
    fn finish(&mut self, state: State) -> Role {
        self.drop_next();
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
        let now = Instant::now();
        let Some(next) = &mut self.next else { return Ok(()) };
        let Some(report) = next.line.as_mut().map(receive) else { return Ok(()) };
        let Some(current) = &self.current else {
            match report {
                Ok(Report::Ready(known, table)) => next.ready = Some((known, pumps(next, table)?)),
                // Its end tells the rest.
                _ => next.line = None,
            }
            return Ok(());
        };
        let asked = matches!(self.phase, Phase::Stopping(_));
        match report {
            // It has ended by itself, and is not to be revived.
            _ if current.state.is_end() && !asked => {
                self.drop_next();
                self.phase = Phase::Steady;
            }
            Ok(Report::Ready(..)) if self.over.is_set(now) && !asked => self.put_off(now),
            Ok(Report::Ready(known, table)) => match pumps(next, table) {
                Ok(pumps) => {
                    next.ready = Some((known, pumps));
                    if !asked {
                        self.phase = Phase::Stopping(Some(now + GRACE));
                        current.signal(libc::SIGTERM);
                        if let State::Stopped(_) = current.state {
                            current.signal(libc::SIGCONT);
                        }
                        self.tell("the credential has changed: the program is restarted");
                    }
                }
                Err(error) => self.unprepared(&error.to_string(), true),
            },
            // It has changed back.
            Ok(Report::Same(known) | Report::Changed(known, _)) => {
                (self.next, self.phase) = (None, Phase::Steady);
                self.looked_well(known);
            }
            Ok(Report::Failed { text, down }) => self.unprepared(&text, down),
            Err(_) => next.line = None,
        }
        Ok(())
    }

    /// The program runs on, since there is no other.
    fn unprepared(&mut self, text: &str, down: bool) {
        self.drop_next();
        self.phase = Phase::Steady;
        self.failed("the next program cannot be started", text, down);
    }

    /// The process that looks at the records speaks, or has died.
    pub(super) fn looked(&mut self) {
        let Some(mut looker) = self.looker.take() else { return };
        let (known, table) = match receive(&mut looker.line) {
            Ok(Report::Same(known)) => return self.looked_well(known),
            Ok(Report::Changed(known, table)) => (known, table),
            Ok(Report::Failed { text, down }) => return self.failed(LOOK, &text, down),
            Ok(Report::Ready(..)) | Err(_) => return self.failed(LOOK, "the look was cut off", true),
        };
        let now = Instant::now();
        let Some(watch) = self.plan.watch.filter(|_| !self.over.is_set(now)) else { return };
        match watch.action {
            // What is known stays what the program was given.
            Action::Restart => self.phase = Phase::Waiting(now + splay(watch.interval, chance())),
            Action::Signal(signal) => {
                // A program that was told would show what is not hidden yet.
                let renewed = table.map_or(Ok(()), |table| {
                    self.pumps.iter_mut().try_for_each(|pump| pump.renew(table.clone()))
                });
                if let Err(error) = renewed {
                    return self.failed("the new values cannot be hidden", &error.to_string(), true);
                }
                if let Some(current) = &self.current {
                    current.signal(signal);
                }
                self.looked_well(known);
                self.tell("the credential has changed: the program is told by a signal");
            }
        }
    }

    /// The program has what there is.
    fn looked_well(&mut self, known: Known) {
        self.known = Some(known);
        let schedule = self.schedule.as_mut();
        if let Some(line) = schedule.and_then(|schedule| schedule.succeeded(Instant::now(), chance())) {
            self.tell(line);
        }
    }

    fn failed(&mut self, what: &str, why: &str, down: bool) {
        let line = format!("{what}; the program runs on as it is. {why}");
        let schedule = self.schedule.as_mut();
        let line = schedule.and_then(|schedule| schedule.failed(Instant::now(), chance(), line, down));
        if let Some(line) = line {
            self.tell(&line);
        }
    }

    /// Tells people, on a terminal that is as they expect it, if they listen.
    fn tell(&mut self, line: &str) {
        let (Some(line), Some(notes)) = ((self.say)(line), &self.notes) else { return };
        if let Some(terminal) = &mut self.terminal {
            terminal.leave();
        }
        notes.offer(&line);
        if let Some(terminal) = &mut self.terminal {
            terminal.enter();
        }
    }
}

const LOOK: &str = "cannot look for changes";
const KILLED: &str = "it was killed before it began";

/// What moves the output of a program, where there is something to hide.
fn pumps(program: &mut Program, table: Option<Table>) -> io::Result<Vec<Pump>> {
    let Some(table) = table else { return Ok(Vec::new()) };
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let pump = |(source, number)| {
        let sink = Sink::new(if number == 1 { stdout.as_fd() } else { stderr.as_fd() }, number)?;
        Ok(Pump::new(source, sink, Masker::new(table.clone())?))
    };
    program.streams.drain(..).map(pump).collect()
}

/// Without chance there is no jitter, and no harm.
fn chance() -> u32 {
    let mut bytes = [0; 4];
    getrandom(&mut bytes, GetRandomFlags::empty()).map_or(u32::MAX / 2, |_| u32::from_ne_bytes(bytes))
}
