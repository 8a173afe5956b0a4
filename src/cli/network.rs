//! What the commands share of the network: one deadline, one runtime, the stores with their connections.

use std::cell::RefCell;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use momo_cred_backend_api::Backend;
use momo_cred_transport::Deadline;

use crate::config::{Environment, Settings};
use crate::registry::{Opened, Runtime, Stores};
use crate::{Error, Kind, Result};

/// Total time for the network where nothing says otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);

/// The network side of one run.
pub(crate) struct Network {
    deadline: Deadline,
    stores: Stores,
    /// Built by the first command that waits for anything, and kept: connections live on it.
    tokio: RefCell<Option<tokio::runtime::Runtime>>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl Network {
    pub(crate) fn new() -> Self {
        let deadline = Deadline::after(TIMEOUT);
        Self { stores: Stores::new(deadline.clone()), deadline, tokio: RefCell::default() }
    }

    /// Begins a piece of work, whose whole time for the network is what its settings say. Of several profiles the one
    /// that is given most time counts.
    pub(crate) fn begin<'a>(&self, all: impl IntoIterator<Item = &'a Settings>, default: Duration) {
        let total = |settings: &Settings| settings.timeout.as_ref().map_or(default, |setting| setting.value);
        self.deadline.begin(all.into_iter().map(total).max().unwrap_or(default));
    }

    /// The end of all network work.
    pub(crate) fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// Opens the store of a profile.
    pub(crate) fn open(&self, settings: &Settings, environment: &Environment) -> Result<Opened> {
        self.stores.open(settings, environment)
    }

    /// Opens a store for what is of no one record.
    pub(crate) fn store(
        &self,
        settings: &Settings,
        environment: &Environment,
    ) -> Result<(Arc<dyn Backend>, Runtime)> {
        self.stores.open_store(settings, environment)
    }

    /// Runs a future to its end.
    pub(crate) fn block_on<T>(&self, runtime: Runtime, future: impl Future<Output = Result<T>>) -> Result<T> {
        if runtime == Runtime::None {
            return poll_once(future);
        }
        let mut tokio = self.tokio.borrow_mut();
        if tokio.is_none() {
            #[cfg(without_shared_libraries)]
            crate::exec::resolve_without_modules();
            let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
            *tokio = Some(built.map_err(|_| Error::new(Kind::Internal, "cannot start the network runtime"))?);
        }
        match tokio.as_ref() {
            Some(tokio) => tokio.block_on(future),
            None => Err(Error::new(Kind::Internal, "cannot start the network runtime")),
        }
    }

    /// Ends the business with all stores: logins that were made are revoked. What stays behind is in their notices.
    pub(crate) fn close(&self) -> Vec<momo_cred_backend_api::Notice> {
        let mut notices = Vec::new();
        if let Some(tokio) = self.tokio.borrow_mut().take() {
            notices = tokio.block_on(self.stores.close());
            // A name look-up that hangs has a thread of its own, which nobody waits for.
            tokio.shutdown_background();
        }
        notices
    }
}

/// Building a runtime costs more than a file store's whole work. Such a store is ready at the first poll.
fn poll_once<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::new(Kind::Internal, "a store that never waits has waited")),
    }
}
