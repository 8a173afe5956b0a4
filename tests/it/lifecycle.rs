//! Provision, resume and abort through faults of the gateway, deaths, second runs and signals. Every run logs at
//! trace level with full backtraces, and each test ends with a search for values where none may be.
//!
//! - `stage`: a sandbox, a gateway with canaries for keys, runs that are held at a step
//! - `faults`: what the gateway does to each step
//! - `kill`: SIGKILL at each step
//! - `busy`: a second run beside a first
//! - `records`: what may not be mixed, retired or written over
//! - `signals`: INT, TERM and HUP at each moment
//! - `json`: events and the last line

mod busy;
mod faults;
mod json;
mod kill;
mod records;
mod signals;
pub(crate) mod stage;
