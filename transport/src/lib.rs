//! The one way momo-cred speaks HTTP, to the gateway and to stores: HTTP/1.1 over rustls, https unless the host is this
//! machine, no redirects, no cookies, no compression, no proxy but a configured one, a cap on every body, one deadline
//! for everything.
//!
//! Nothing of a foreign error's text leaves this crate: a failure is a [`Silence`], told by the type and place of the
//! error below it.

mod address;
mod client;
mod deadline;
mod exchange;
mod pause;
mod proxy;
mod resolver;
mod silence;
mod tls;

pub use address::{HttpAddress, InvalidAddress};
pub use client::{ClientError, ClientOptions, client};
pub use deadline::Deadline;
pub use exchange::{Limits, Received, exchange, exchange_heard_by};
pub use pause::{LONGEST, backoff, retry_after};
pub use proxy::{InvalidProxy, ProxyUrl};
pub use reqwest;
pub use silence::{Silence, TlsFault, ToldOf};
pub use tls::{Identity, Roots, TlsError, TlsOptions};
