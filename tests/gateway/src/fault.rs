//! Scripted failures: a queue of what goes wrong, to which operation, and how often.

use crate::{Answer, Operation};
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing but the delay.
    Pass,
    /// This answer in place of the genuine one.
    Answer(Answer),
    /// The connection is dropped without an answer.
    Drop,
    /// The connection stays open and no answer ever comes.
    Silence,
    /// The genuine answer promises a longer body than it sends: half of it, then the connection is dropped.
    Truncate,
    /// The genuine answer's head, then this many bytes of junk, or junk without end.
    Huge {
        /// The length; `None` is endless.
        bytes: Option<u64>,
    },
    /// The genuine answer, its body one byte at a time.
    Drip {
        /// The pause before each byte.
        interval: Duration,
    },
    /// A key request issues this text. The user's key is then this one, whatever its shape.
    Key(String),
}

impl Action {
    /// A key of `length` hex digits.
    #[must_use]
    pub fn key_of_length(length: usize) -> Self {
        Self::Key("0123456789abcdef".chars().cycle().take(length).collect())
    }

    /// A key of 32 hex digits with a newline after it.
    #[must_use]
    pub fn key_with_newline() -> Self {
        Self::Key("0123456789abcdef0123456789abcdef\n".to_owned())
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Answer(_) => "answer",
            Self::Drop => "drop",
            Self::Silence => "silence",
            Self::Truncate => "truncate",
            Self::Huge { .. } => "huge",
            Self::Drip { .. } => "drip",
            Self::Key(_) => "key",
        }
    }
}

/// On which side of the effect the failure and its delay lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The gateway has done nothing when it happens. `Truncate`, `Huge`, `Drip`, `Key` and `Pass` need the
    /// genuine answer, so with them only the delay comes before.
    BeforeEffect,
    /// User, key or token have been made when it happens.
    AfterEffect,
}

/// One line of a script. The first one that fits a request is used; each use counts.
#[must_use = "a fault does nothing until it is scripted"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(crate) operation: Option<Operation>,
    pub(crate) skip: u32,
    pub(crate) times: Option<u32>,
    pub(crate) stage: Stage,
    pub(crate) delay: Duration,
    pub(crate) action: Action,
}

impl Fault {
    /// Once, to the next request for `operation`, before its effect.
    pub const fn on(operation: Operation, action: Action) -> Self {
        Self::new(Some(operation), action)
    }

    /// Once, to the next request whatever it asks for, before its effect.
    pub const fn on_any(action: Action) -> Self {
        Self::new(None, action)
    }

    const fn new(operation: Option<Operation>, action: Action) -> Self {
        let (stage, delay) = (Stage::BeforeEffect, Duration::ZERO);
        Self { operation, skip: 0, times: Some(1), stage, delay, action }
    }

    /// After the effect: the client cannot tell it from a failure before.
    pub const fn after_effect(mut self) -> Self {
        self.stage = Stage::AfterEffect;
        self
    }

    /// Lets this many matching requests pass first.
    pub const fn skip(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// To this many matching requests.
    pub const fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// To every matching request from then on.
    pub const fn forever(mut self) -> Self {
        self.times = None;
        self
    }

    /// Waits first. An effect that comes after the delay happens even when the client has hung up by then.
    pub const fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.action.name()
    }
}

/// The faults that have not been used up.
#[derive(Debug, Default)]
pub(crate) struct Script(Vec<Fault>);

impl Script {
    pub(crate) fn push(&mut self, fault: Fault) {
        if fault.times != Some(0) {
            self.0.push(fault);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The fault that the next request for `operation` meets. A request counts against every line it is
    /// skipped by, and uses up the first line that fits.
    pub(crate) fn take(&mut self, operation: Operation) -> Option<Fault> {
        let mut found = None;
        for (at, fault) in self.0.iter_mut().enumerate() {
            if fault.operation.is_some_and(|wanted| wanted != operation) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            found = Some(at);
            break;
        }
        let at = found?;
        let fault = self.0.get_mut(at)?;
        let taken = fault.clone();
        if let Some(times) = &mut fault.times {
            *times -= 1;
            if *times == 0 {
                drop(self.0.remove(at));
            }
        }
        Some(taken)
    }
}
