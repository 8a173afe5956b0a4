//! Each helper against a server that was started for the test.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "this is how a test fails")]

mod auth;
mod life;
mod moto;
mod setup;
mod tap;
mod tls;

/// Async tests hold them across threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<momo_live::Vault>();
    shared::<momo_live::Moto>();
    shared::<momo_live::Tap>();
    shared::<momo_live::Kubernetes>();
};
