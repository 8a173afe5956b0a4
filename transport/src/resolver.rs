//! From host names to addresses.

use std::iter;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::silence::NoAddress;

/// The system's resolver, but for `localhost`: plain http is allowed there, so nobody else may say where it is.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    /// A name that stands for another one.
    pub(crate) alias: Option<(String, String)>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = match &self.alias {
            Some((alias, host)) if alias == name.as_str() => host.clone(),
            _ => name.as_str().to_owned(),
        };
        if host == "localhost" {
            let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
            let both: Addrs = Box::new(iter::once(v4).chain(iter::once(v6)));
            return Box::pin(async move { Ok(both) });
        }
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await.map_err(|_| NoAddress)?;
            let addresses: Vec<_> = found.collect();
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}
