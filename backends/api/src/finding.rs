//! What a store tells people besides answers: notices on the way, and findings when it is asked.

use std::sync::{Mutex, PoisonError};

use crate::ErrorKind;

/// Something people should know of. A sentence without a full stop; holds no value and no foreign text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// Works, but should be mended.
    Mend(String),
    /// A detail for those who want to know more.
    Detail(String),
}

impl Notice {
    /// The sentence.
    pub fn text(&self) -> &str {
        match self {
            Self::Mend(text) | Self::Detail(text) => text,
        }
    }
}

/// The notices of one handle, each told once.
#[derive(Debug, Default)]
pub struct Notices(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    seen: Vec<Notice>,
    untold: Vec<Notice>,
}

impl Notices {
    /// Keeps a notice to be told, unless it was before.
    pub fn add(&self, notice: Notice) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.seen.contains(&notice) {
            told.seen.push(notice.clone());
            told.untold.push(notice);
        }
    }

    /// Takes those that were not told yet.
    pub fn take(&self) -> Vec<Notice> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).untold)
    }
}

/// One thing that [`Backend::examine`](crate::Backend::examine) looked at. Holds no value and no foreign text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a word or two: `server`, `login`, `file`.
    pub about: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found: a clause without a full stop.
    pub text: String,
    /// What to do about it: a sentence in the imperative without a full stop, or nothing.
    pub next: Option<String>,
}

/// How a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Neither good nor bad, or it could not be seen.
    Told,
    /// Works, but should be mended.
    Mend,
    /// Keeps calls from working, which fail with this kind.
    Bad(ErrorKind),
}

impl Verdict {
    /// A stable word for scripts.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Told => "info",
            Self::Mend => "warning",
            Self::Bad(_) => "bad",
        }
    }
}

impl Finding {
    /// A finding without a next step.
    pub fn new(about: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        Self { about, verdict, text: text.into(), next: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}
