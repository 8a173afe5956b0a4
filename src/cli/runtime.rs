//! Runs a command's asynchronous part: with tokio, or without where nothing ever waits.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::registry::Runtime;
use crate::{Error, Kind, Result};

/// Runs a future to its end.
pub(crate) fn block_on<T>(runtime: Runtime, future: impl Future<Output = Result<T>>) -> Result<T> {
    match runtime {
        Runtime::None => poll_once(future),
        Runtime::Tokio => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|_| Error::new(Kind::Internal, "cannot start the network runtime"))?;
            let result = runtime.block_on(future);
            // A name look-up that hangs has a thread of its own, which nobody waits for.
            runtime.shutdown_background();
            result
        }
    }
}

/// Building a runtime costs more than a file store's whole work. Such a store is ready at the first poll.
fn poll_once<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::new(Kind::Internal, "a store that never waits has waited")),
    }
}
