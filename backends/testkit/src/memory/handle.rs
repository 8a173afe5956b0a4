//! A handle onto the store in memory.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use momo_cred_backend_api::{
    At, Backend, Capabilities, Copies, Document, Error, ErrorKind, Expect, Finding, Hold, Location, Lookup,
    Notice, Op, RecordName, Removal, Removes, Result, Revision, Values, Verdict, Version, Work,
};

use super::state::{Content, Refusal, State};
use super::{Call, Fate, Shared};

/// How often a write or removal is sent before it is given up.
const SENDS: usize = 3;

/// A handle onto a [`MemoryStore`](super::MemoryStore).
pub struct MemoryHandle {
    shared: Arc<Shared>,
    id: u64,
}

impl fmt::Debug for MemoryHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryHandle").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Releases a hold when it is dropped.
struct Held {
    shared: Arc<Shared>,
    name: RecordName,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.state().holders.remove(&self.name);
    }
}

impl MemoryHandle {
    pub(crate) fn new(shared: Arc<Shared>, id: u64) -> Self {
        Self { shared, id }
    }

    #[expect(clippy::expect_used, reason = "a record name holds nothing that a location refuses")]
    fn place(name: &str) -> Location {
        Location::new("memory", name, None).expect("a record name is an address")
    }

    fn refuse(op: Op, name: &RecordName, refusal: Refusal) -> Error {
        Error::new(refusal.kind, op, Self::place(name.as_str())).because(refusal)
    }

    fn unsupported(op: Op, name: &RecordName) -> Error {
        Self::refuse(op, name, Refusal::new(ErrorKind::Unsupported, "this store cannot do that"))
    }

    /// Refuses what needs no I/O to be refused.
    fn fit(op: Op, name: &RecordName) -> Result<()> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'.' | b'-');
        if name.as_str().len() <= 200 && name.as_str().bytes().all(plain) {
            return Ok(());
        }
        let why = "a name here is up to 200 of `A-Z a-z 0-9 / _ . -`";
        Err(Self::refuse(op, name, Refusal::new(ErrorKind::Misconfigured, why)))
    }

    /// Counts a call on one record and refuses the ones without the right to it.
    fn enter(&self, op: Op, name: &RecordName) -> Result<()> {
        Self::fit(op, name)?;
        let mut state = self.shared.state();
        state.calls.push(Call { op, names: vec![name.clone()] });
        Self::permit(&state, op, name)
    }

    fn permit(state: &State, op: Op, name: &RecordName) -> Result<()> {
        if !state.denied.contains(name) {
            return Ok(());
        }
        Err(Self::refuse(op, name, Refusal::new(ErrorKind::Denied, "this record is denied to everybody")))
    }

    fn lookup(&self, state: &State, name: &RecordName, at: &At) -> Result<Lookup> {
        Self::permit(state, Op::Read, name)?;
        let at = match at {
            At::Current => None,
            At::Revision(asked)
                if state.revision(name) == Some(asked) || self.shared.capabilities.history =>
            {
                Some(asked)
            }
            At::Revision(_) => return Err(Self::unsupported(Op::Read, name)),
        };
        let mut found = state.lookup(name, at).map_err(|refusal| Self::refuse(Op::Read, name, refusal))?;
        if let Lookup::Found(stored) = &mut found {
            stored.age = stored.age.filter(|_| self.shared.clock);
        }
        Ok(found)
    }

    /// Whether another handle's hold or a wrong expectation stands against a change.
    fn check(&self, state: &State, name: &RecordName, expect: &Expect) -> std::result::Result<(), Refusal> {
        if state.holders.get(name).is_some_and(|holder| *holder != self.id) {
            return Err(Refusal::new(ErrorKind::Conflict, "another handle holds this record"));
        }
        state.check(name, expect)
    }

    /// Makes a change over the simulated transport.
    async fn change<F>(&self, op: Op, name: &RecordName, expect: &Expect, mut effect: F) -> Result<Revision>
    where
        F: FnMut(&mut State) -> std::result::Result<Revision, Refusal> + Send,
    {
        let atomic = match op {
            Op::Remove => self.shared.capabilities.compare_and_remove,
            _ => self.shared.capabilities.compare_and_swap,
        };
        let refuse = |refusal| Self::refuse(op, name, refusal);
        if !atomic {
            self.check(&self.shared.state(), name, expect).map_err(refuse)?;
            tokio::task::yield_now().await;
        }
        let number = self.shared.state().issue();
        for _ in 0..SENDS {
            tokio::task::yield_now().await;
            let mut state = self.shared.state();
            let fate = state.fates.pop_front().unwrap_or(Fate::Deliver);
            if fate != Fate::LoseRequest {
                let checked = if atomic { self.check(&state, name, expect) } else { Ok(()) };
                let done = checked.and_then(|()| effect(&mut state));
                if let Ok(revision) = &done {
                    state.settled.insert(number, revision.clone());
                }
                if fate == Fate::Deliver {
                    return done.map_err(refuse);
                }
            }
            // Nothing was heard: what became of it?
            if state.fates.pop_front().unwrap_or(Fate::Deliver) != Fate::Deliver {
                let why = Refusal::new(ErrorKind::Unavailable, "no answer, nor to what became of it");
                return Err(refuse(why).with_unknown_effect());
            }
            if let Some(revision) = state.settled.get(&number) {
                return Ok(revision.clone());
            }
        }
        Err(refuse(Refusal::new(ErrorKind::Unavailable, "no request arrived")))
    }
}

#[async_trait]
impl Backend for MemoryHandle {
    fn location(&self, name: &RecordName) -> Location {
        Self::place(name.as_str())
    }

    fn whereabouts(&self) -> Option<String> {
        None
    }

    fn capabilities(&self) -> Capabilities {
        self.shared.capabilities
    }

    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }

    /// One finding: what a read would come to. Not counted as a call.
    async fn examine(&self, name: &RecordName) -> Vec<Finding> {
        let read =
            Self::fit(Op::Read, name).and_then(|()| self.lookup(&self.shared.state(), name, &At::Current));
        let finding = match read {
            Ok(_) => Finding::new("record", Verdict::Good, "it can be read"),
            Err(error) => {
                let why = error.reason().map_or_else(|| error.to_string(), ToString::to_string);
                Finding::new("record", Verdict::Bad(error.kind()), why)
            }
        };
        vec![finding]
    }

    async fn read(&self, name: &RecordName, at: &At) -> Result<Lookup> {
        self.enter(Op::Read, name)?;
        self.lookup(&self.shared.state(), name, at)
    }

    async fn read_many(&self, names: &[RecordName]) -> Vec<Result<Lookup>> {
        let mut state = self.shared.state();
        let fitting: Vec<_> =
            names.iter().filter(|name| Self::fit(Op::Read, name).is_ok()).cloned().collect();
        if !fitting.is_empty() {
            state.calls.push(Call { op: Op::Read, names: fitting });
        }
        let one = |name| Self::fit(Op::Read, name).and_then(|()| self.lookup(&state, name, &At::Current));
        names.iter().map(one).collect()
    }

    async fn revision(&self, name: &RecordName) -> Result<Option<Revision>> {
        self.enter(Op::Revision, name)?;
        let state = self.shared.state();
        Ok(state.revision(name).filter(|_| state.is_live(name)).cloned())
    }

    async fn write(&self, name: &RecordName, document: &Document, expect: &Expect) -> Result<Revision> {
        Self::fit(Op::Write, name)?;
        if document.is_empty() {
            let why = Refusal::new(ErrorKind::Misconfigured, "a document has at least one field");
            return Err(Self::refuse(Op::Write, name, why));
        }
        if self.shared.capabilities.values == Values::Portable {
            let why = if document.json().next().is_some() {
                Some("this store holds strings only")
            } else if !document.iter().all(|(_, value)| portable(value)) {
                Some("a value holds a character that this store cannot hold")
            } else {
                None
            };
            if let Some(why) = why {
                return Err(Self::refuse(Op::Write, name, Refusal::new(ErrorKind::Unsupported, why)));
            }
        }
        self.enter(Op::Write, name)?;
        let effect = |state: &mut State| Ok(state.append(name, Content::Record(document.clone())));
        self.change(Op::Write, name, expect, effect).await
    }

    async fn remove(&self, name: &RecordName, expect: &Revision, removal: Removal) -> Result<()> {
        Self::fit(Op::Remove, name)?;
        let able = match self.shared.capabilities.remove {
            Removes::Nothing => false,
            Removes::ForGood => removal == Removal::Destroy,
            Removes::Recoverably => true,
        };
        if !able {
            return Err(Self::unsupported(Op::Remove, name));
        }
        self.enter(Op::Remove, name)?;
        let expect = Expect::Revision(expect.clone());
        self.change(Op::Remove, name, &expect, |state| state.remove(name, removal)).await?;
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<RecordName>> {
        if !self.shared.capabilities.list {
            let why = Refusal::new(ErrorKind::Unsupported, "this store cannot list");
            return Err(Error::new(why.kind, Op::List, Self::place("*")).because(why));
        }
        let mut state = self.shared.state();
        state.calls.push(Call { op: Op::List, names: Vec::new() });
        Ok(state.names(prefix))
    }

    async fn history(&self, name: &RecordName) -> Result<Vec<Version>> {
        Self::fit(Op::History, name)?;
        if !self.shared.capabilities.history {
            return Err(Self::unsupported(Op::History, name));
        }
        self.enter(Op::History, name)?;
        let mut versions = self.shared.state().history(name);
        for version in &mut versions {
            version.age = version.age.filter(|_| self.shared.clock);
        }
        Ok(versions)
    }

    async fn copies(&self, name: &RecordName, _: &Revision) -> Result<Copies> {
        self.enter(Op::Copies, name)?;
        let behind = self.shared.state().lagging.get(name).cloned();
        Ok(Copies { behind: behind.into_iter().collect(), ..Copies::default() })
    }

    async fn hold(&self, name: &RecordName, _: Work) -> Result<Option<Hold>> {
        Self::fit(Op::Hold, name)?;
        if !self.shared.holds {
            return Ok(None);
        }
        self.enter(Op::Hold, name)?;
        let mut state = self.shared.state();
        if state.holders.contains_key(name) {
            let why = Refusal::new(ErrorKind::Conflict, "this record is held");
            return Err(Self::refuse(Op::Hold, name, why));
        }
        state.holders.insert(name.clone(), self.id);
        Ok(Some(Hold::new(Held { shared: Arc::clone(&self.shared), name: name.clone() })))
    }

    async fn close(&self) {}
}

#[expect(clippy::disallowed_methods, reason = "a test store looks whether it could hold the value")]
fn portable(value: &momo_cred_backend_api::Secret) -> bool {
    value.expose_secret().bytes().all(Values::portable)
}
