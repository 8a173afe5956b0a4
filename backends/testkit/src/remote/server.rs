//! The store that a test owns. A port for each process tells them apart.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use momo_cred_backend_api::{At, Backend, Expect, Op, RecordName, Removal, Result, Revision, Version, Work};
use serde_json::{Value, json};

use super::wire;
use crate::{MemoryHandle, MemoryStore};

/// A store in this process that others reach over loopback ports, which the test opens.
#[derive(Clone, Debug)]
pub struct MemoryServer {
    store: Arc<Mutex<MemoryStore>>,
}

impl Default for MemoryServer {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryServer {
    /// An empty store without holds: all that parts two writers is compare-and-swap.
    pub fn new() -> Self {
        Self { store: Arc::new(Mutex::new(Self::empty())) }
    }

    fn empty() -> MemoryStore {
        MemoryStore::new().without_holds()
    }

    /// The store as it is now.
    pub fn store(&self) -> MemoryStore {
        self.slot().clone()
    }

    /// Forgets every record with its history. Numbers of revisions begin again, as after a delete of Vault's metadata.
    pub fn forget(&self) {
        *self.slot() = Self::empty();
    }

    /// Answers the one request of a connection, once it has passed a gate that may wait as long as it likes. A request
    /// is JSON with `op`, `name`, and for a write `document`.
    ///
    /// # Errors
    /// What the system says about the connection. A client that was killed hears nothing, and that is all.
    pub fn serve(&self, mut stream: &TcpStream, gate: impl Fn(&Value)) -> io::Result<()> {
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        let request = serde_json::from_str(&line)?;
        gate(&request);
        // Only now: the gate may have waited for another store.
        let answer = perform(&self.store().handle(), &request).unwrap_or(Value::Null);
        stream.write_all(format!("{answer}\n").as_bytes())
    }

    fn slot(&self) -> MutexGuard<'_, MemoryStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `None` for a request that is none.
fn perform(store: &MemoryHandle, request: &Value) -> Option<Value> {
    let op = request["op"].as_str()?;
    if op == Op::List.token() {
        let names = ready(store.list(request["prefix"].as_str()?));
        let names = names.map(|names| names.iter().map(|name| json!(name.as_str())).collect());
        return Some(wire::answer(names));
    }
    let name = RecordName::new(request["name"].as_str()?).ok()?;
    let expect = wire::revision(&request["expect"]);
    Some(wire::answer(if op == Op::Read.token() {
        let at = wire::revision(&request["at"]).map_or(At::Current, At::Revision);
        match ready(store.read(&name, &at)) {
            Ok(lookup) => Ok(wire::lookup(&lookup).ok()?),
            Err(error) => Err(error),
        }
    } else if op == Op::Revision.token() {
        ready(store.revision(&name)).map(|revision| json!(revision.as_ref().map(Revision::as_str)))
    } else if op == Op::Write.token() {
        let document = wire::to_document(&request["document"]).ok()?;
        let expect = expect.map_or(Expect::Absent, Expect::Revision);
        ready(store.write(&name, &document, &expect)).map(|revision| json!(revision.as_str()))
    } else if op == Op::Remove.token() {
        let removal = if request["destroy"] == true { Removal::Destroy } else { Removal::Recoverable };
        ready(store.remove(&name, &expect?, removal)).map(|()| Value::Null)
    } else if op == Op::Copies.token() {
        let revision = wire::revision(&request["revision"])?;
        ready(store.copies(&name, &revision)).map(|copies| wire::copies(&copies))
    } else if op == Op::Hold.token() {
        ready(store.hold(&name, Work::Renewal)).map(|_| Value::Null)
    } else {
        ready(store.history(&name)).map(|all| all.iter().map(version).collect())
    }))
}

fn version(version: &Version) -> Value {
    json!({
        "revision": version.revision.as_str(),
        "age_s": version.age.map(|age| age.as_secs()),
        "deleted": version.deleted,
    })
}

/// Polls until the answer is there: a store in memory gives way to others, and waits for nothing.
fn ready<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    let mut call = pin!(call);
    loop {
        if let Poll::Ready(answer) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return answer;
        }
    }
}
