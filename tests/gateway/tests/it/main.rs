//! The gateway at its HTTP boundary: raw requests over a socket, exact bytes back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

mod binary;
mod client;
mod control;
mod edge;
mod faults;
mod hostile;
mod production;
mod products;
mod provisioning;
mod records;
mod tokens;
