//! The MoMo gateway: where it is, how it is asked, and what its answers mean.
//!
//! [`Gateway`] is what the lifecycle drives; [`Client`] is the one over HTTP. An answer is classified by its shape
//! first, then by its status; nothing that a server wrote is ever shown, only its status, a known code and an id of
//! UUID shape. Secrets are opened in `wire.rs` and nowhere else here.

mod answer;
mod attempt;
mod base_url;
mod callback;
mod classify;
mod client;
mod code;
mod diagnosis;
mod gateway;
mod hosts;
mod ladder;
mod msisdn;
mod products;
mod provisioning;
mod refusal;
mod retry;
mod wire;

#[cfg(test)]
mod tests;

pub use answer::Shape;
pub use base_url::{BaseUrl, InvalidBaseUrl};
pub use callback::{CallbackHost, HostFault, InvalidCallbackHost};
pub use client::{Client, ClientConfig};
pub use code::KnownCode;
pub use diagnosis::{Diagnosis, Verdict};
pub use gateway::{Gateway, StoredHost, Token, UserInfo};
pub use hosts::{HOSTS, Host, Serves};
pub use ladder::{Outcome, Report, StepReport, Subject, verify};
pub use momo_cred_transport::{Deadline, InvalidProxy, ProxyUrl, Silence, TlsFault};
pub use msisdn::{InvalidMsisdn, Msisdn};
pub use refusal::{Refusal, Step};
