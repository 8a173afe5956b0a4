//! What became of the requests of one call. The SDK sends several, rests in between and tells of the last one at most, and
//! of none when it is cut off: what was heard is kept beside it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use momo_cred_transport::{ClientError, Silence};
use tokio::task_local;

task_local! {
    static CURRENT: Trail;
}

/// What one attempt ended in, other than an answer that says yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Silent(Silence),
    /// An answer that says no, with its code where it is a known one.
    Status(u16, Option<&'static str>),
    TooLarge,
    /// It would go over plain http, or to no host.
    Plain,
    /// There is no client to send it with.
    Client(ClientError),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer")
    }
}

impl std::error::Error for Trouble {}

/// The requests of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(Arc<Mutex<Seen>>);

#[derive(Clone, Debug, Default)]
struct Seen {
    host: String,
    last: Option<Trouble>,
    sent: bool,
}

impl Trail {
    /// Keeps what becomes of the requests of a call.
    pub(crate) async fn follow<F: Future>(&self, call: F) -> F::Output {
        CURRENT.scope(self.clone(), call).await
    }

    /// The trail of the call that is under way here; one that nobody reads where there is none.
    pub(crate) fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// An attempt begins.
    pub(crate) fn begin(&self, host: &str) {
        let mut seen = self.seen();
        host.clone_into(&mut seen.host);
        // Cut off from here on, it is this attempt that had no answer.
        seen.last = None;
    }

    /// An attempt has ended.
    pub(crate) fn end(&self, trouble: Option<Trouble>) {
        let mut seen = self.seen();
        seen.sent |= match &trouble {
            Some(Trouble::Silent(silence)) => silence.was_sent(),
            Some(Trouble::Status(status, _)) => *status >= 500,
            _ => false,
        };
        seen.last = trouble;
    }

    /// Who was asked last; empty where nobody was.
    pub(crate) fn host(&self) -> String {
        self.seen().host.clone()
    }

    /// What the last attempt ended in.
    pub(crate) fn last(&self) -> Option<Trouble> {
        self.seen().last.clone()
    }

    /// Whether an attempt may have reached its peer without an answer that says what became of it.
    pub(crate) fn was_sent(&self) -> bool {
        self.seen().sent
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
