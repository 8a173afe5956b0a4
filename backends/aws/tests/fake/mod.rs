//! AWS Secrets Manager as its documentation tells it: stricter than moto where the documentation is, and failing on demand. It speaks
//! JSON 1.1 over http on a loopback port.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, not all used by each binary"
)]

mod listing;
mod secret;
mod server;
mod service;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use std::time::Duration;

use momo_cred_backend_api::{Backend, Expect, Revision};
use momo_cred_backend_aws::AwsStore;
use momo_cred_transport::Deadline;
use serde_json::{Value, json};
pub(crate) use service::Service;

use crate::support::{config, document, name};

/// What happens to a request in place of being served.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// An error with this code and status, before any effect.
    Fail(&'static str, u16),
    /// This status with these headers and this body, before any effect.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The connection ends before any effect.
    Refuse,
    /// It is served, its answer is not sent, and the connection ends.
    LoseAnswer,
    /// As `LoseAnswer`, and then these writes of others happen, each over what is current.
    LoseAnswerAndWrite(u32),
    /// Others write before it is served, each over what is current.
    WriteBefore(u32),
    /// Nothing is answered, and the connection stays.
    Stall,
    /// An answer of this many bytes, without their number.
    Flood(u64),
}

/// The fake.
pub(crate) struct Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    service: Mutex<Service>,
    script: Mutex<Vec<(String, Act, usize)>>,
    asked: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fake {
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Shared::default());
        Self { address: server::start(Arc::clone(&shared)), shared }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its rules and its state, past the network.
    pub(crate) fn service(&self) -> MutexGuard<'_, Service> {
        lock(&self.shared.service)
    }

    /// What another program does, and has to succeed.
    #[track_caller]
    pub(crate) fn done(&self, operation: &str, input: &Value) -> Value {
        self.service().call(operation, input).unwrap_or_else(|fault| panic!("{operation}: {fault:?}"))
    }

    /// What becomes of the next `times` requests for an operation. Of several, the oldest that is left counts.
    pub(crate) fn script(&self, operation: &str, act: Act, times: usize) {
        lock(&self.shared.script).push((operation.to_owned(), act, times));
    }

    /// The operations asked for since the last call, refused ones included.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.shared.asked))
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

pub(crate) fn store(fake: &Fake) -> AwsStore {
    AwsStore::new(config(&fake.address()))
}

/// The content of the secret of [`with_secret`].
pub(crate) const RECORD: &str = r#"{"alpha":"1"}"#;

/// The secret `a` with this value, as another program makes it.
pub(crate) fn with_secret(value: &str) -> Fake {
    let fake = Fake::start();
    let input = json!({"Name": "a", "SecretString": value, "ClientRequestToken": "a".repeat(32)});
    fake.done("CreateSecret", &input);
    fake
}

/// A store that gives up after a second and a half.
pub(crate) fn hasty(fake: &Fake) -> AwsStore {
    let mut config = config(&fake.address());
    config.deadline = Deadline::after(Duration::from_millis(1500));
    AwsStore::new(config)
}

/// A store with the record `a` in it, which holds "1".
pub(crate) async fn with_record() -> (Fake, AwsStore, Revision) {
    let fake = Fake::start();
    let store = store(&fake);
    let revision = store.write(&name("a"), &document("1"), &Expect::Absent).await.unwrap();
    fake.asked();
    (fake, store, revision)
}

impl Shared {
    fn next(&self, operation: &str) -> Option<Act> {
        let mut script = lock(&self.script);
        let (_, act, times) = script.iter_mut().find(|(of, _, times)| of == operation && *times > 0)?;
        *times -= 1;
        Some(act.clone())
    }
}
