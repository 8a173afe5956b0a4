//! The store as another process sees it.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};

use async_trait::async_trait;
use momo_cred_backend_api::{
    At, Backend, Capabilities, Copies, Document, Expect, Finding, Hold, Location, Lookup, Notice, Op,
    RecordName, Removal, Removes, Result, Revision, Values, Verdict, Version, Work,
};
use serde_json::{Value, json};

use super::wire;

/// A [`MemoryStore`](crate::MemoryStore) behind a port of a [`MemoryServer`](super::MemoryServer). Its calls wait for the
/// answer where they stand.
pub struct RemoteStore {
    port: u16,
}

impl fmt::Debug for RemoteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteStore({})", self.port)
    }
}

impl RemoteStore {
    /// The scheme of its locations.
    pub const SCHEME: &str = "memory";

    /// The store behind a loopback port. Nothing is asked yet.
    pub fn new(port: u16) -> Self {
        Self { port }
    }

    #[expect(clippy::expect_used, reason = "a record name holds nothing that a location refuses")]
    fn place(name: &str) -> Location {
        Location::new(Self::SCHEME, name, None).expect("a record name is an address")
    }

    /// A line there and a line back.
    fn exchange(&self, request: &Value) -> std::io::Result<Value> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.write_all(format!("{request}\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    fn call(&self, op: Op, name: &str, mut request: Value) -> Result<Value> {
        request["op"] = json!(op.token());
        request["name"] = json!(name);
        let place = Self::place(if name.is_empty() { "*" } else { name });
        match self.exchange(&request) {
            Ok(answer) => wire::to_answer(&answer, op, place),
            Err(_) => Err(wire::nothing(op, place)),
        }
    }

    fn unreadable(op: Op, name: &RecordName) -> impl Fn(wire::Unreadable) -> momo_cred_backend_api::Error {
        let place = Self::place(name.as_str());
        move |_| wire::nothing(op, place.clone())
    }
}

#[async_trait]
impl Backend for RemoteStore {
    fn location(&self, name: &RecordName) -> Location {
        Self::place(name.as_str())
    }

    fn whereabouts(&self) -> Option<String> {
        None
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            compare_and_swap: true,
            compare_and_remove: true,
            history: true,
            list: true,
            remove: Removes::Recoverably,
            undelete: Some("MemoryStore::undelete"),
            values: Values::Any,
        }
    }

    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }

    async fn examine(&self, _: &RecordName) -> Vec<Finding> {
        vec![Finding::new("store", Verdict::Good, "in the memory of a test")]
    }

    async fn read(&self, name: &RecordName, at: &At) -> Result<Lookup> {
        let answer = self.call(Op::Read, name.as_str(), json!({ "at": wire::at(at) }))?;
        wire::to_lookup(&answer).map_err(Self::unreadable(Op::Read, name))
    }

    async fn read_many(&self, names: &[RecordName]) -> Vec<Result<Lookup>> {
        let mut all = Vec::new();
        for name in names {
            all.push(self.read(name, &At::Current).await);
        }
        all
    }

    async fn revision(&self, name: &RecordName) -> Result<Option<Revision>> {
        let answer = self.call(Op::Revision, name.as_str(), json!({}))?;
        Ok(wire::revision(&answer))
    }

    async fn write(&self, name: &RecordName, document: &Document, expect: &Expect) -> Result<Revision> {
        let unreadable = Self::unreadable(Op::Write, name);
        let document = wire::document(document).map_err(&unreadable)?;
        let request = json!({ "document": document, "expect": wire::expect(expect) });
        let answer = self.call(Op::Write, name.as_str(), request)?;
        wire::revision(&answer).ok_or_else(|| unreadable(wire::Unreadable))
    }

    async fn remove(&self, name: &RecordName, expect: &Revision, removal: Removal) -> Result<()> {
        let destroy = removal == Removal::Destroy;
        let request = json!({ "expect": expect.as_str(), "destroy": destroy });
        self.call(Op::Remove, name.as_str(), request).map(drop)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<RecordName>> {
        let answer = self.call(Op::List, "", json!({ "prefix": prefix }))?;
        let names = answer.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(names.iter().filter_map(|name| RecordName::new(name.as_str()?).ok()).collect())
    }

    async fn history(&self, name: &RecordName) -> Result<Vec<Version>> {
        let answer = self.call(Op::History, name.as_str(), json!({}))?;
        let versions = answer.as_array().map(Vec::as_slice).unwrap_or_default();
        let version = |version: &Value| {
            let revision = wire::revision(&version["revision"])?;
            let age = version["age_s"].as_u64().map(std::time::Duration::from_secs);
            Some(Version { revision, age, deleted: version["deleted"] == true })
        };
        Ok(versions.iter().filter_map(version).collect())
    }

    async fn copies(&self, name: &RecordName, revision: &Revision) -> Result<Copies> {
        let answer = self.call(Op::Copies, name.as_str(), json!({ "revision": revision.as_str() }))?;
        Ok(wire::to_copies(&answer))
    }

    /// None: a server's store has no holds. It is asked all the same, and refuses names that do not fit.
    async fn hold(&self, name: &RecordName, _: Work) -> Result<Option<Hold>> {
        self.call(Op::Hold, name.as_str(), json!({})).map(|_| None)
    }

    async fn close(&self) {}
}
