//! A store and a gateway as small as they can be, and what must hold of them at any instant.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Document, ErrorKind, Expect, Location, Lookup, Op, Revision, Secret, Stored};
use uuid::Uuid;

use crate::credential::{Claim, ClaimKind, Field, Layout, Record, RecordState};

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
    /// What is read before a user is asked for is taken for what was claimed.
    NoLook,
}

/// What a claim for a user that is there already gives a right to.
const REKEY: &str = "rekey";
const REVOKE: &str = "revoke";

pub(super) struct World {
    pub(super) reading: Reading,
    pub(super) flaw: Flaw,
    record: Option<Document>,
    writes: u64,
    /// Users of the gateway, each with its keys, the last one last.
    users: BTreeMap<Uuid, Vec<Secret>>,
    /// Which actor's stored claim has named a new user.
    claimed: BTreeMap<Uuid, u32>,
    /// Which actor's stored claim was for a user that is there already, and what it was for.
    rights: BTreeSet<(u32, Uuid, &'static str)>,
    /// Every key that a record has held, as the store's history has it.
    stored: BTreeMap<Uuid, Vec<Secret>>,
    keys: u32,
    published: Vec<Uuid>,
    /// What a write has broken.
    broken: Option<String>,
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Two orders of writes that end in the same record are the same from here on.
        self.record
            .as_ref()
            .map(|document| summary(&Record::new(document.clone(), Layout::default())))
            .hash(state);
        self.writes.hash(state);
        (&self.claimed, &self.rights, self.key_in_use()).hash(state);
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
            rights: BTreeSet::new(),
            stored: BTreeMap::new(),
            keys: 0,
            published: Vec::new(),
            broken: None,
        }
    }

    /// Puts a record there, as somebody did before.
    pub(super) fn put(&mut self, document: Document) {
        let record = Record::new(document.clone(), Layout::default());
        if let (Ok(Some(user)), Some(key)) = (record.api_user(), record.get(Field::ApiKey)) {
            self.remember(user, key.clone());
        }
        self.record = Some(document);
        self.writes += 1;
    }

    /// A user that was made before, with a key.
    pub(super) fn preset(&mut self, user: Uuid) -> Secret {
        let key = self.next_key();
        self.users.insert(user, vec![key.clone()]);
        key
    }

    /// A key that an earlier version of the record has.
    pub(super) fn remember(&mut self, user: Uuid, key: Secret) {
        let known = self.stored.entry(user).or_default();
        if !known.iter().any(|one| one.same_as(&key)) {
            known.push(key);
        }
    }

    /// The keys of a user that the history has.
    pub(super) fn stored_keys(&self, user: Uuid) -> Vec<Secret> {
        self.stored.get(&user).cloned().unwrap_or_default()
    }

    /// Which of its user's keys the record has.
    fn key_in_use(&self) -> Option<usize> {
        let record = self.record();
        let keys = self.users.get(&record.api_user().ok()??)?;
        keys.iter().position(|key| record.get(Field::ApiKey).is_some_and(|own| own.same_as(key)))
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
        match &claim {
            Some(Claim { kind: ClaimKind::Rekey, .. }) => {
                self.rights.extend(record.api_user().ok().flatten().map(|user| (actor, user, REKEY)));
            }
            Some(Claim { kind: ClaimKind::Revoke, .. }) => {
                self.rights.extend(record.retired().into_iter().map(|user| (actor, user, REVOKE)));
            }
            Some(Claim { api_user: Some(user), .. }) => drop(self.claimed.entry(*user).or_insert(actor)),
            _ => {}
        }
        self.look_at_the_list(&record);
        self.put(document.clone());
        Ok(self.revision())
    }

    /// A user leaves the list only where it is published again, or no key that a record had of it works.
    fn look_at_the_list(&mut self, next: &Record) {
        let (listed, own) = (next.retired(), next.api_user().ok().flatten());
        let gone = self.record().retired().into_iter().filter(|user| !listed.contains(user));
        for user in gone.filter(|user| own != Some(*user)) {
            if self.stored_keys(user).iter().any(|key| self.authenticates(user, key)) {
                self.broken = Some(format!("the list: {user} is struck off and works"));
            }
        }
    }

    pub(super) fn lost() -> api::Error {
        api::Error::new(ErrorKind::Unavailable, Op::Write, location()).with_unknown_effect()
    }

    pub(super) fn unavailable(op: Op) -> api::Error {
        api::Error::new(ErrorKind::Unavailable, op, location())
    }

    /// P1: only a claim that was stored gives a right to a user.
    fn is_claimed_by(&self, actor: u32, user: Uuid, right: &'static str) -> Result<(), String> {
        match self.claimed.get(&user) {
            Some(owner) if *owner == actor => Ok(()),
            _ if self.rights.contains(&(actor, user, right)) => Ok(()),
            owner => Err(format!("P1: actor {actor} asks for user {user}, which {owner:?} has claimed")),
        }
    }

    pub(super) fn create_user(&mut self, actor: u32, user: Uuid) -> Result<(), String> {
        self.is_claimed_by(actor, user, REKEY)?;
        self.users.entry(user).or_default();
        Ok(())
    }

    pub(super) fn create_key(&mut self, actor: u32, user: Uuid) -> Result<Secret, String> {
        self.is_claimed_by(actor, user, REKEY)?;
        let key = self.next_key();
        let Some(keys) = self.users.get_mut(&user) else { return Err(format!("a key of no user {user}")) };
        keys.push(key.clone());
        Ok(key)
    }

    /// A key that nobody keeps. Never for the user whose key is served.
    pub(super) fn renew(&mut self, actor: u32, user: Uuid, saw: bool) -> Result<(), String> {
        if !self.rights.contains(&(actor, user, REVOKE)) {
            return Err(format!("P1: actor {actor} renews user {user} without a claim"));
        }
        // Between the read and this nobody can look: what is put back in that instant is killed.
        if !saw && self.record().api_user().is_ok_and(|own| own == Some(user)) {
            return Err(format!("actor {actor} kills the key of {user}, which is in use"));
        }
        let key = self.next_key();
        self.users.entry(user).or_default().push(key);
        Ok(())
    }

    pub(super) fn authenticates(&self, user: Uuid, key: &Secret) -> bool {
        let Some(keys) = self.users.get(&user) else { return false };
        match self.reading {
            Reading::Kills => keys.last().is_some_and(|last| last.same_as(key)),
            Reading::AddsUp => keys.iter().any(|known| known.same_as(key)),
        }
    }

    /// Whether what is in the record works.
    pub(super) fn serves(&self) -> bool {
        let record = self.record();
        match (record.api_user(), record.get(Field::ApiKey)) {
            (Ok(Some(user)), Some(key)) => self.authenticates(user, key),
            _ => false,
        }
    }

    /// P2 and P4: what readers find is nothing or a whole credential, and it works. A rekey
    /// promises the first alone, and so does whoever puts a user back over a revocation that asks for its key.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let record = self.record();
        match record.state() {
            RecordState::Vacant => return Ok(()),
            RecordState::Incomplete(missing) => return Err(format!("P2: incomplete, without {missing:?}")),
            RecordState::Complete => {}
        }
        let (Ok(Some(user)), Some(key)) = (record.api_user(), record.get(Field::ApiKey)) else {
            return Err("P2: no user, or no key".to_owned());
        };
        let renewed = self.rights.iter().any(|(_, of, _)| *of == user);
        if renewed || self.authenticates(user, key) {
            return Ok(());
        }
        Err(format!("P4: what is served for {user} does not work"))
    }

    /// What an actor publishes goes over the credential that it has seen, under its own claim: nobody else's is lost.
    pub(super) fn published(&mut self, user: Uuid) -> Result<(), String> {
        // Another key of the same user, and another subscription key beside it, are published under the user's name.
        if !self.claimed.contains_key(&user) {
            return Ok(());
        }
        if self.published.contains(&user) {
            return Err(format!("user {user} was published twice"));
        }
        self.published.push(user);
        Ok(())
    }
}
