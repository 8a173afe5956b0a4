//! What a record that was read means for a command that wants to write it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use momo_cred_backend_api::{Document, Expect, Lookup};

use super::{Life, Owner};
use crate::credential::{Claim, ClaimKind, Layout, Phase, Record, UnknownClaim};

/// A record as a lifecycle begins with it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What a write must expect to change exactly this.
    pub expect: Expect,
    /// The record; empty where there is none.
    pub record: Record,
    /// Whether the store knows of a deleted one.
    pub deleted: bool,
    /// How long ago it was written, by the store's clock.
    pub age: Option<Duration>,
}

impl Seen {
    /// What a read brought.
    pub fn new(lookup: Lookup, layout: &Layout) -> Self {
        let empty = || Record::new(Document::new(), layout.clone());
        match lookup {
            Lookup::Missing => Self { expect: Expect::Absent, record: empty(), deleted: false, age: None },
            Lookup::Deleted { revision } => {
                Self { expect: Expect::Revision(revision), record: empty(), deleted: true, age: None }
            }
            Lookup::Found(stored) => Self {
                expect: Expect::Revision(stored.revision),
                record: Record::new(stored.document, layout.clone()),
                deleted: false,
                age: stored.age,
            },
        }
    }

    /// Whether a read shows just this, and so nothing that was claimed since: a store that is eventually consistent may
    /// do so for a while. If it is so for good, somebody put it back, and the claim is not there any more.
    pub(super) fn is_shown_by(&self, read: &Lookup) -> bool {
        match (read, &self.expect) {
            (Lookup::Missing, Expect::Absent) => true,
            (Lookup::Found(stored), Expect::Revision(before)) => stored.revision == *before,
            _ => false,
        }
    }
}

/// What stands in the way of a new claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimStanding {
    /// Nothing: no claim is open.
    None,
    /// A claim whose owner is gone: it may be taken over.
    Dead(Claim),
    /// A claim whose owner works on it, or may.
    Live(Claim, Alive),
    /// A claim that this version cannot read.
    Unknown(UnknownClaim),
}

/// Why a claim is taken for alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alive {
    /// Its process runs on this machine.
    Running,
    /// It may run elsewhere, and the store says that it is this young; it can be taken over at twice its lease.
    Young(Duration),
    /// It may run elsewhere, and the store has no clock to judge it by: only a person can.
    Unclear,
    /// It may run elsewhere, and its claim is of kind `rekey`, which never expires: only a person can tell.
    Unending,
    /// Its process is gone, and the claim must not be passed over: after a rekey nobody knows which key works, and a
    /// rotation of the subscription key has a key to be regenerated, or holds the new one.
    Unfinished,
}

/// What there is to judge a claim by.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// This process.
    pub here: &'a Owner,
    /// Whether we hold the store's own proof of life: then nobody else can.
    pub held: bool,
    /// The age of the claim's revision by the store's clock.
    pub age: Option<Duration>,
    /// Whether a person said to take over.
    pub takeover: Takeover,
}

/// Whether a person vouches that a claim is dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Takeover {
    /// Only on evidence.
    #[default]
    OnEvidence,
    /// `--force-takeover`.
    Forced,
}

/// Judges the open claim of a record. A local wall clock plays no part.
pub fn judge(record: &Record, evidence: Evidence<'_>) -> ClaimStanding {
    let claim = match record.claim() {
        Ok(None) => return ClaimStanding::None,
        Ok(Some(claim)) => claim,
        Err(unknown) => return ClaimStanding::Unknown(unknown),
    };
    let life = claim.owner.parse().map_or(Life::Elsewhere, |owner| evidence.here.sees(&owner));
    if claim.kind == ClaimKind::Rekey && evidence.takeover == Takeover::OnEvidence {
        let alive = match (evidence.held, life) {
            (true, _) | (_, Life::Dead) => Alive::Unfinished,
            (_, Life::Alive) => Alive::Running,
            (_, Life::Elsewhere) => Alive::Unending,
        };
        return ClaimStanding::Live(claim, alive);
    }
    // Whoever waits for a person holds nothing meanwhile: that we hold says nothing of a process that is seen to live.
    let waits = claim.kind.phase().is_some() && claim.owner != evidence.here.to_string();
    let held = evidence.held && !(waits && life == Life::Alive);
    let standing = match (held, life, evidence.age) {
        (true, ..) | (_, Life::Dead, _) => ClaimStanding::Dead(claim),
        _ if evidence.takeover == Takeover::Forced => ClaimStanding::Dead(claim),
        (_, Life::Alive, _) => ClaimStanding::Live(claim, Alive::Running),
        (_, Life::Elsewhere, Some(age)) if age > claim.lease * 2 => ClaimStanding::Dead(claim),
        (_, Life::Elsewhere, Some(age)) => ClaimStanding::Live(claim, Alive::Young(age)),
        (_, Life::Elsewhere, None) => ClaimStanding::Live(claim, Alive::Unclear),
    };
    match standing {
        ClaimStanding::Dead(claim)
            if claim.kind.phase().is_some() && evidence.takeover == Takeover::OnEvidence =>
        {
            ClaimStanding::Live(claim, Alive::Unfinished)
        }
        standing => standing,
    }
}

/// A claim in words: since when, by whom, for which user.
#[derive(Debug)]
pub struct Described<'a>(pub &'a Claim);

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claim = self.0;
        write!(f, "a {} claim", claim.kind.name())?;
        if let Some(phase) = claim.kind.phase().and_then(Phase::name) {
            write!(f, " ({phase})")?;
        }
        if let Some(user) = claim.api_user {
            write!(f, " for API user {user}")?;
        }
        match claim.owner.parse::<Owner>() {
            Ok(owner) => write!(f, ", made by process {} on {}", owner.pid, owner.host)?,
            Err(_) => f.write_str(", made by an unreadable owner")?,
        }
        if claim.since > Timestamp::UNIX_EPOCH {
            write!(f, " at {}", claim.since)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn claimed(owner: &str) -> Record {
        claimed_for(ClaimKind::NewUser, owner)
    }

    fn claimed_for(kind: ClaimKind, owner: &str) -> Record {
        let mut record = Record::new(Document::new(), Layout::default());
        let claim = Claim {
            id: Uuid::from_u128(1),
            kind,
            api_user: Some(Uuid::from_u128(2)),
            since: Timestamp::UNIX_EPOCH,
            owner: owner.to_owned(),
            lease: Duration::from_secs(300),
        };
        record.open_claim(&claim, &[]);
        assert_eq!(record.claim().unwrap(), Some(claim));
        record
    }

    fn standing(record: &Record, held: bool, age: Option<u64>, takeover: Takeover) -> &'static str {
        let here = Owner::this_process();
        let evidence = Evidence { here: &here, held, age: age.map(Duration::from_secs), takeover };
        match judge(record, evidence) {
            ClaimStanding::None => "none",
            ClaimStanding::Dead(_) => "dead",
            ClaimStanding::Live(_, Alive::Running) => "running",
            ClaimStanding::Live(_, Alive::Young(_)) => "young",
            ClaimStanding::Live(_, Alive::Unclear) => "unclear",
            ClaimStanding::Live(_, Alive::Unending) => "unending",
            ClaimStanding::Live(_, Alive::Unfinished) => "unfinished",
            ClaimStanding::Unknown(_) => "unknown",
        }
    }

    #[test]
    fn evidence_decides() {
        let here = Owner::this_process();
        let me = here.to_string();
        let gone = Owner { start: here.start + 1, ..here }.to_string();
        let elsewhere = "far:other-boot:1:1:1";
        let force = Takeover::Forced;
        let wait = Takeover::OnEvidence;
        for (owner, held, age, takeover, want) in [
            (&*me, false, None, wait, "running"),
            (&*me, false, Some(601), wait, "running"),
            (&*me, false, None, force, "dead"),
            (&*gone, false, None, wait, "dead"),
            (elsewhere, false, None, wait, "unclear"),
            (elsewhere, false, Some(600), wait, "young"),
            (elsewhere, false, Some(601), wait, "dead"),
            (elsewhere, false, None, force, "dead"),
            (elsewhere, true, None, wait, "dead"),
            ("nonsense", false, None, wait, "unclear"),
        ] {
            let record = claimed(owner);
            assert_eq!(standing(&record, held, age, takeover), want, "{owner} {held} {age:?} {takeover:?}");
        }
    }

    #[test]
    fn a_rekey_is_dead_only_where_a_person_says_so() {
        let here = Owner::this_process();
        let me = here.to_string();
        let gone = Owner { start: here.start + 1, ..here }.to_string();
        let elsewhere = "far:other-boot:1:1:1";
        for (owner, held, age, want) in [
            (&*me, false, None, "running"),
            (&*gone, false, None, "unfinished"),
            (&*gone, false, Some(100_000), "unfinished"),
            (elsewhere, false, None, "unending"),
            (elsewhere, false, Some(100_000), "unending"),
            (elsewhere, true, None, "unfinished"),
            ("nonsense", false, Some(100_000), "unending"),
        ] {
            let record = claimed_for(ClaimKind::Rekey, owner);
            let wait = Takeover::OnEvidence;
            assert_eq!(standing(&record, held, age, wait), want, "{owner} {held} {age:?}");
            assert_eq!(standing(&record, held, age, Takeover::Forced), "dead", "{owner} {held} {age:?}");
        }
    }

    #[test]
    fn an_unknown_field_or_kind_is_never_taken_over() {
        let here = Owner::this_process();
        for name in ["pending_flavour", "pending_kind"] {
            let mut document = claimed("nonsense").document().clone();
            document.insert(momo_cred_backend_api::FieldName::new(name).unwrap(), "teleport".into());
            let record = Record::new(document, Layout::default());
            let evidence = Evidence { here: &here, held: true, age: None, takeover: Takeover::Forced };
            assert!(matches!(judge(&record, evidence), ClaimStanding::Unknown(_)), "{name}");
        }
    }
}
