//! From host names to addresses.

use std::iter;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::fault::NoAddress;

/// The system's resolver, but for `localhost`: plain http is allowed there, so nobody else may say where it is.
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        if name.as_str() == "localhost" {
            let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
            let both: Addrs = Box::new(iter::once(v4).chain(iter::once(v6)));
            return Box::pin(async move { Ok(both) });
        }
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| NoAddress)?;
            // `collect` ends the borrow of `name`.
            let addresses: Vec<_> = found.collect();
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}
