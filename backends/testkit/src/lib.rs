//! What a store is proven with: a conformance [`suite!`], a strict [`MemoryStore`], a fault injector ([`Faulty`]) and
//! a scanner for leaked values ([`Canary`]).
//!
//! A store author implements [`Harness`] and writes one line, `momo_cred_backend_testkit::suite!(MyHarness::new());`,
//! in `tests/conformance.rs`.

mod canary;
mod faulty;
mod harness;
mod memory;
mod remote;
pub mod suite;

pub use canary::{Canary, Encoding, Hit, Scanner, scan, scan_dir};
pub use faulty::{Fault, Faults, Faulty};
pub use harness::{FIELDS, Harness};
pub use memory::{Call, Fate, MemoryHandle, MemoryStore};
pub use momo_cred_backend_api::async_trait;
pub use remote::{MemoryServer, RemoteStore};
pub use suite::{CASES, Case, run};
