//! Tests of the gateway client against a peer that says exactly what a test tells it to.

mod base_url;
mod callback;
mod calls;
mod classification;
mod ladder;
mod peer;
mod transport;

use std::time::Duration;

use momo_cred_backend_api::Secret;
use uuid::Uuid;

use super::{BaseUrl, Client, ClientConfig, Deadline};

const USER: Uuid = Uuid::from_u128(0x1111_1111_1111_4111_8111_1111_1111_1111);

fn key() -> Secret {
    Secret::from("11111111111111111111111111111111")
}

fn api_key() -> Secret {
    Secret::from("22222222222222222222222222222222")
}

/// A client with a time limit, and none to speak of for a connection.
fn client(base: &BaseUrl, limit: Duration) -> Client {
    Client::new(&ClientConfig::new(base.clone(), Deadline::after(limit))).unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
