//! The two step machines as one: what an actor does next, and what it is told of it.

use momo_cred_backend_api as api;
use momo_cred_backend_api::{Document, Expect, Lookup, Revision, Secret};
use uuid::Uuid;

use crate::Kind;
use crate::lifecycle::machine::Machine;
use crate::lifecycle::revocation::step as revocation;
use crate::lifecycle::step::{Effect, Event};
use crate::lifecycle::{Finish, Plan, Revocation, RevocationEnd, RevocationPlan};
use crate::momo::Refusal;

/// What an actor is about to do.
pub(super) enum Act {
    Preflight,
    Claim(Document, Expect),
    CreateUser(Uuid),
    CreateKey(Uuid),
    /// The record is read before such a user is asked.
    Look,
    /// A key that nobody keeps.
    Renew(Uuid),
    /// A credential is tried that is to be published.
    Check(Uuid, Secret),
    /// A credential is tried that is to be dead, or is in use.
    Try(Uuid, Secret),
    Fence,
    Publish(Document, Expect),
    Settle(Document, Expect),
    ReadBack(Revision),
    Withdraw(Document, Expect),
}

/// What it hears.
pub(super) enum Told {
    Begin,
    Preflight(Result<(), Refusal>),
    Written(Result<Revision, api::Error>),
    User(Result<(), Refusal>),
    Key(Result<Secret, Refusal>),
    Renewed(Result<(), Refusal>),
    Checked(Result<(), Refusal>),
    Tried(Result<(), Refusal>),
    Read(Result<Lookup, api::Error>),
}

/// How an actor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    Published(Uuid),
    /// A list is as it is known to be.
    Settled,
    Failed(Kind),
    /// Somebody else is at work, or there is nothing to do.
    Busy,
    Dead,
}

/// A step machine.
pub(super) enum Engine {
    Lifecycle(Box<Machine>),
    Revocation(Box<Revocation>),
}

impl Engine {
    pub(super) fn lifecycle(plan: Plan) -> Self {
        Self::Lifecycle(Box::new(Machine::new(plan)))
    }

    pub(super) fn revocation(plan: RevocationPlan) -> Self {
        Self::Revocation(Box::new(Revocation::new(plan)))
    }

    /// Tells it, and hears what is next, or how it ends.
    pub(super) fn tell(&mut self, told: Told) -> Result<Act, End> {
        match self {
            Self::Lifecycle(machine) => of_lifecycle(machine.step(match told {
                Told::Begin => Event::Begin,
                Told::Preflight(answer) => Event::Preflight(answer),
                Told::Written(answer) => Event::Written(answer),
                Told::User(answer) => Event::UserCreated(answer),
                Told::Key(answer) => Event::KeyCreated(answer),
                Told::Checked(answer) => Event::Checked(answer),
                Told::Read(answer) => Event::Read(answer),
                Told::Renewed(_) | Told::Tried(_) => Event::OutOfTime,
            })),
            Self::Revocation(machine) => of_revocation(machine.step(match told {
                Told::Begin => revocation::Event::Begin,
                Told::Preflight(answer) => revocation::Event::Preflight(answer),
                Told::Written(answer) => revocation::Event::Written(answer),
                Told::Renewed(answer) => revocation::Event::Renewed(answer),
                Told::Tried(answer) => revocation::Event::Tried(answer),
                Told::Read(answer) => revocation::Event::Read(answer),
                Told::User(_) | Told::Key(_) | Told::Checked(_) => revocation::Event::OutOfTime,
            })),
        }
    }
}

fn of_lifecycle(effect: Effect) -> Result<Act, End> {
    Ok(match effect {
        Effect::Preflight(_) => Act::Preflight,
        Effect::Claim(document, expect) => Act::Claim(document, expect),
        Effect::CreateUser(_, user) => Act::CreateUser(user),
        Effect::CreateKey(_, user) => Act::CreateKey(user),
        Effect::Check(user, key) => Act::Check(user, key),
        Effect::Fence => Act::Fence,
        Effect::Publish(document, expect) => Act::Publish(document, expect),
        Effect::ReadBack(revision) => Act::ReadBack(revision),
        Effect::Withdraw(document, expect) => Act::Withdraw(document, expect),
        Effect::Finish(finish) => {
            return Err(match *finish {
                Finish::Published(published) => End::Published(published.user),
                Finish::Failed(error) | Finish::Stopped(error) => End::Failed(error.kind()),
            });
        }
    })
}

fn of_revocation(effect: revocation::Effect) -> Result<Act, End> {
    Ok(match effect {
        revocation::Effect::Preflight(_) => Act::Preflight,
        revocation::Effect::Claim(document, expect) => Act::Claim(document, expect),
        revocation::Effect::Renew(_, user) => Act::Renew(user),
        revocation::Effect::Witness(user, key)
        | revocation::Effect::Try(user, key)
        | revocation::Effect::Control { user, key, .. } => Act::Try(user, key),
        revocation::Effect::Look { .. } => Act::Look,
        revocation::Effect::Fence { .. } => Act::Fence,
        revocation::Effect::Settle(document, expect) => Act::Settle(document, expect),
        revocation::Effect::Finish(end) => {
            return Err(match *end {
                RevocationEnd::Settled(_) => End::Settled,
                RevocationEnd::Failed(error) | RevocationEnd::Unbegun(error) => End::Failed(error.kind()),
            });
        }
    })
}
