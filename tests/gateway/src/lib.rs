//! Plays the MTN MoMo gateway on a loopback port: provisioning, tokens and the two cheap product reads, with
//! the exact error bodies that were seen from MTN, and with scripted failures for everything that can go wrong
//! on the way. It is a stand-in for tests, demos and offline work; it is not MTN's and moves no money.
//!
//! ```
//! use momo_gateway::{Action, Config, Fault, Gateway, Operation, Product};
//!
//! let gateway = Gateway::start(Config::sandbox(1))?;
//! gateway.script(Fault::on(Operation::CreateKey, Action::Drop).after_effect());
//! let (url, key) = (gateway.base_url(), gateway.subscription_key(Product::Collection));
//! // ... point a client at `url` with `key`, then ask what it did:
//! assert_eq!(gateway.requests().len(), 0);
//! assert_eq!(gateway.user_count(), 0);
//! # let _ = (url, key);
//! # Ok::<(), std::io::Error>(())
//! ```

mod answer;
mod basic;
mod call;
mod config;
mod control;
mod fault;
mod gateway;
mod keys;
mod log;
mod payload;
mod product;
mod route;
mod rules;
mod script;
mod seed;
mod server;
mod state;
mod users;

pub use answer::Answer;
pub use config::{
    Binding, Config, Control, Environment, IpAllowList, LoginFailed, ProvisioningUsers, Rotation,
};
pub use fault::{Action, Fault, Stage};
pub use gateway::Gateway;
pub use keys::{KeyState, Role, SubscriptionKey};
pub use log::{KeyUsed, Request};
pub use product::Product;
pub use route::Operation;
pub use users::{Bound, PresetUser, User};
