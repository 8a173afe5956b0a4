//! A store and a gateway as small as they can be, and what must hold of them at any instant.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Document, ErrorKind, Expect, Location, Lookup, Op, Revision, Secret, Stored};
use uuid::Uuid;

use crate::credential::{Field, Layout, Record, RecordState};

/// What a new key does to the one before: MTN says nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Kills,
    AddsUp,
}

/// A flaw that must be found: the model is worth nothing where it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// The claim is not stored.
    NoClaim,
    /// Whoever takes over asks for a key of the user of the claim that it took over.
    SameUser,
    /// The store takes every write.
    NoCompareAndSwap,
    /// What the fence reads is taken for what was claimed.
    NoFence,
}

pub(super) struct World {
    pub(super) reading: Reading,
    pub(super) flaw: Flaw,
    record: Option<Document>,
    writes: u64,
    /// Users of the gateway, each with its keys, the last one last.
    users: BTreeMap<Uuid, Vec<Secret>>,
    /// Which actor's stored claim has named a user.
    claimed: BTreeMap<Uuid, u32>,
    keys: u32,
    published: Vec<Uuid>,
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Two orders of writes that end in the same record are the same from here on.
        self.record
            .as_ref()
            .map(|document| summary(&Record::new(document.clone(), Layout::default())))
            .hash(state);
        self.writes.hash(state);
        self.claimed.hash(state);
        self.users.iter().for_each(|(user, keys)| (user, keys.len()).hash(state));
    }
}

/// A record without its values: the users in it, its claim, whether it has a key.
fn summary(record: &Record) -> String {
    let claim = record.claim().ok().flatten().map(|claim| (claim.id, claim.api_user));
    let key = record.get(Field::ApiKey).is_some();
    format!("{:?} {key} {claim:?} {:?}", record.api_user().ok().flatten(), record.retired())
}

fn location() -> Location {
    Location::new("model", "record", None).unwrap()
}

impl World {
    pub(super) fn new(reading: Reading, flaw: Flaw) -> Self {
        Self {
            reading,
            flaw,
            record: None,
            writes: 0,
            users: BTreeMap::new(),
            claimed: BTreeMap::new(),
            keys: 0,
            published: Vec::new(),
        }
    }

    /// Puts a record there, as somebody did before.
    pub(super) fn put(&mut self, document: Document) {
        self.record = Some(document);
        self.writes += 1;
    }

    /// A user that was made before, with a key.
    pub(super) fn preset(&mut self, user: Uuid) -> Secret {
        let key = self.next_key();
        self.users.insert(user, vec![key.clone()]);
        key
    }

    fn next_key(&mut self) -> Secret {
        self.keys += 1;
        Secret::from(format!("{:032x}", self.keys))
    }

    fn revision(&self) -> Revision {
        Revision::new(self.writes.to_string())
    }

    pub(super) fn read(&self) -> Lookup {
        match &self.record {
            None => Lookup::Missing,
            Some(document) => {
                Lookup::Found(Stored { document: document.clone(), revision: self.revision(), age: None })
            }
        }
    }

    pub(super) fn record(&self) -> Record {
        Record::new(self.record.clone().unwrap_or_default(), Layout::default())
    }

    /// A compare-and-swap write of an actor.
    pub(super) fn write(
        &mut self,
        actor: u32,
        document: &Document,
        expect: &Expect,
    ) -> Result<Revision, api::Error> {
        let fits = match expect {
            Expect::Absent => self.record.is_none(),
            Expect::Revision(revision) => self.record.is_some() && *revision == self.revision(),
        };
        if !fits && self.flaw != Flaw::NoCompareAndSwap {
            return Err(api::Error::new(ErrorKind::Conflict, Op::Write, location()));
        }
        let record = Record::new(document.clone(), Layout::default());
        let claim = record.claim().ok().flatten();
        if self.flaw == Flaw::NoClaim && claim.is_some() {
            return Ok(self.revision());
        }
        if let Some(user) = claim.and_then(|claim| claim.api_user) {
            self.claimed.entry(user).or_insert(actor);
        }
        self.put(document.clone());
        Ok(self.revision())
    }

    pub(super) fn lost() -> api::Error {
        api::Error::new(ErrorKind::Unavailable, Op::Write, location()).with_unknown_effect()
    }

    pub(super) fn unavailable(op: Op) -> api::Error {
        api::Error::new(ErrorKind::Unavailable, op, location())
    }

    /// P1: only a claim that was stored gives a right to a user.
    fn is_claimed_by(&self, actor: u32, user: Uuid) -> Result<(), String> {
        match self.claimed.get(&user) {
            Some(owner) if *owner == actor => Ok(()),
            owner => Err(format!("P1: actor {actor} asks for user {user}, which {owner:?} has claimed")),
        }
    }

    pub(super) fn create_user(&mut self, actor: u32, user: Uuid) -> Result<(), String> {
        self.is_claimed_by(actor, user)?;
        self.users.entry(user).or_default();
        Ok(())
    }

    pub(super) fn create_key(&mut self, actor: u32, user: Uuid) -> Result<Secret, String> {
        self.is_claimed_by(actor, user)?;
        let key = self.next_key();
        let Some(keys) = self.users.get_mut(&user) else { return Err(format!("a key of no user {user}")) };
        keys.push(key.clone());
        Ok(key)
    }

    pub(super) fn authenticates(&self, user: Uuid, key: &Secret) -> bool {
        let Some(keys) = self.users.get(&user) else { return false };
        match self.reading {
            Reading::Kills => keys.last().is_some_and(|last| last.same_as(key)),
            Reading::AddsUp => keys.iter().any(|known| known.same_as(key)),
        }
    }

    /// P2 and P4: what readers find is nothing or a whole credential, and it works.
    pub(super) fn check(&self) -> Result<(), String> {
        let record = self.record();
        match record.state() {
            RecordState::Vacant => return Ok(()),
            RecordState::Incomplete(missing) => return Err(format!("P2: incomplete, without {missing:?}")),
            RecordState::Complete => {}
        }
        let (Ok(Some(user)), Some(key)) = (record.api_user(), record.get(Field::ApiKey)) else {
            return Err("P2: no user, or no key".to_owned());
        };
        if self.authenticates(user, key) {
            return Ok(());
        }
        Err(format!("P4: what is served for {user} does not work"))
    }

    /// What an actor publishes goes over the credential that it has seen, under its own claim: nobody else's is lost.
    pub(super) fn published(&mut self, user: Uuid) -> Result<(), String> {
        if self.published.contains(&user) {
            return Err(format!("user {user} was published twice"));
        }
        self.published.push(user);
        Ok(())
    }
}
