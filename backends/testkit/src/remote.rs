//! A [`MemoryStore`](crate::MemoryStore) that other processes use: a [`MemoryServer`] in the test, a [`RemoteStore`] in
//! each of them. A request is a line of JSON on a loopback connection, and so is its answer.

mod client;
mod server;
mod wire;

pub use client::RemoteStore;
pub use server::MemoryServer;
