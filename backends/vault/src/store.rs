//! [`VaultStore`].

use std::fmt;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use momo_cred_backend_api::{
    At, Backend, Capabilities, Copies, Document, Effect, Error, Expect, Finding, Hold, Location, Lookup,
    Notice, Notices, Op, RecordName, Removal, Removes, Result, Revision, Stored, Values, Version, Work,
    async_trait,
};

use crate::engine::{Engine, Engines, Found};
use crate::kv2::{self, Current, Written};
use crate::session::Session;
use crate::{KvVersion, MountPath, Problem, SCHEME, VaultConfig, examine, kv1};

/// The records of one server that one login can reach.
///
/// A handle keeps its login, its connection and what it learned about secrets engines, and nothing of records.
pub struct VaultStore {
    pub(crate) session: Session,
    pub(crate) engines: Engines,
    pub(crate) address: String,
    allow_no_cas: bool,
    notices: Arc<Notices>,
}

impl fmt::Debug for VaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultStore").field("address", &self.address).finish_non_exhaustive()
    }
}

impl VaultStore {
    /// Opens the store. Reads certificates where the server has one, and asks nobody.
    ///
    /// # Errors
    /// [`Problem::Client`], [`Problem::Setting`].
    pub fn new(config: VaultConfig) -> std::result::Result<Self, Problem> {
        let notices = Arc::<Notices>::default();
        let (engines, address) = (Engines::new(&config), config.address.to_string());
        let allow_no_cas = config.allow_no_cas;
        let session = Session::new(config, Arc::clone(&notices))?;
        Ok(Self { session, engines, address, allow_no_cas, notices })
    }

    fn fail(&self, op: Op, name: &RecordName) -> impl Fn(Problem) -> Error + use<> {
        let location = self.location(name);
        move |problem| problem.at(op, location.clone())
    }

    async fn lookup(&self, name: &RecordName, at: &At) -> std::result::Result<Lookup, Problem> {
        let engine = self.engines.guess(name)?;
        let found = self.lookup_in(&engine, at).await;
        if engine.known || !is_doubtful(&found) {
            return found;
        }
        // It may be in an engine of another version, or at another mount.
        let asked = match self.engines.ask(name.as_str(), &self.session).await? {
            // Refused twice: it is the right that is missing. Or the settings say what the server does not.
            Found::Hidden(_) if found.is_err() || self.engines.configured().is_some() => return found,
            asked => asked.engine(name)?,
        };
        if asked.place == engine.place && asked.version == engine.version {
            return found;
        }
        self.lookup_in(&asked, at).await
    }

    async fn lookup_in(&self, engine: &Engine, at: &At) -> std::result::Result<Lookup, Problem> {
        if engine.version == KvVersion::V1 {
            return self.lookup_v1(engine, at).await;
        }
        let version = match at {
            At::Current => None,
            At::Revision(revision) => Some(kv2::version(revision)?),
        };
        let revision = match (kv2::read(&self.session, &engine.place, version).await?, at) {
            (kv2::Found::Record(stored), _) => return Ok(Lookup::Found(stored)),
            (kv2::Found::Missing, _) => return Ok(Lookup::Missing),
            (kv2::Found::Deleted(version), At::Current) => version,
            (kv2::Found::Deleted(version), At::Revision(_)) => {
                match kv2::current(&self.session, &engine.place).await? {
                    Current::Live(now) | Current::Deleted(now) => now,
                    Current::None => version,
                }
            }
        };
        Ok(Lookup::Deleted { revision: kv2::revision(revision) })
    }

    async fn lookup_v1(&self, engine: &Engine, at: &At) -> std::result::Result<Lookup, Problem> {
        let stored = kv1::read(&self.session, &engine.place).await?;
        match (at, stored) {
            (At::Current, None) => Ok(Lookup::Missing),
            (At::Current, Some(stored)) => Ok(Lookup::Found(stored)),
            (At::Revision(asked), Some(stored)) if stored.revision == *asked => Ok(Lookup::Found(stored)),
            (At::Revision(_), _) => Err(Problem::NoHistory),
        }
    }

    /// Where a record is for certain, for a change of it.
    async fn writable(&self, name: &RecordName) -> std::result::Result<Engine, Problem> {
        let engine = self.engines.sure(name, &self.session).await?;
        let told = self.engines.configured() == Some(KvVersion::V1) && self.allow_no_cas;
        if engine.version == KvVersion::V1 && !told { Err(Problem::NoCas) } else { Ok(engine) }
    }

    async fn write_v2(
        &self,
        engine: &Engine,
        document: &Document,
        expect: &Expect,
    ) -> std::result::Result<Revision, (Problem, Effect)> {
        let known = |problem| (problem, Effect::NotApplied);
        let version = match expect {
            Expect::Absent => 0,
            // What is no number of a version is not the current one.
            Expect::Revision(revision) => kv2::version(revision).map_err(|_| known(Problem::Stale))?,
        };
        match kv2::write(&self.session, &engine.place, document, version).await? {
            Written::Done(version) => {
                if *expect == Expect::Absent {
                    kv2::label(&self.session, &engine.place).await;
                }
                Ok(kv2::revision(version))
            }
            Written::Mismatch => Err(known(self.mismatch(engine, expect).await)),
        }
    }

    /// What stood in the way of a write.
    async fn mismatch(&self, engine: &Engine, expect: &Expect) -> Problem {
        // Best effort: that it is a conflict is certain.
        match (expect, kv2::current(&self.session, &engine.place).await) {
            (Expect::Absent, Ok(Current::Deleted(version))) => Problem::Deleted { version },
            (Expect::Absent, _) => Problem::Exists,
            (Expect::Revision(_), Ok(Current::None)) => Problem::Gone,
            (Expect::Revision(_), _) => Problem::Stale,
        }
    }

    /// Compares what is there with what is expected, where the engine does not.
    async fn check_v1(&self, engine: &Engine, expect: &Expect) -> std::result::Result<(), Problem> {
        match (expect, kv1::read(&self.session, &engine.place).await?) {
            (Expect::Absent, None) => Ok(()),
            (Expect::Absent, Some(_)) => Err(Problem::Exists),
            (Expect::Revision(_), None) => Err(Problem::Gone),
            (Expect::Revision(expected), Some(Stored { revision, .. })) if revision == *expected => Ok(()),
            (Expect::Revision(_), Some(_)) => Err(Problem::Stale),
        }
    }

    async fn take_away(
        &self,
        name: &RecordName,
        expect: &Revision,
        removal: Removal,
    ) -> std::result::Result<(), (Problem, Effect)> {
        let known = |problem| (problem, Effect::NotApplied);
        if self.engines.configured() == Some(KvVersion::V1) && removal == Removal::Recoverable {
            return Err(known(Problem::NoRecovery));
        }
        let engine = self.engines.sure(name, &self.session).await.map_err(known)?;
        if engine.version == KvVersion::V1 {
            if removal == Removal::Recoverable {
                return Err(known(Problem::NoRecovery));
            }
            self.writable(name).await.map_err(known)?;
            self.check_v1(&engine, &Expect::Revision(expect.clone())).await.map_err(known)?;
            return kv1::remove(&self.session, &engine.place).await;
        }
        let version = kv2::version(expect).map_err(|_| known(Problem::Stale))?;
        match removal {
            Removal::Recoverable => kv2::remove(&self.session, &engine.place, version).await,
            Removal::Destroy => kv2::destroy(&self.session, &engine.place, version).await,
        }
    }

    async fn names(&self, prefix: &str) -> std::result::Result<Vec<RecordName>, Problem> {
        crate::path::check(prefix)?;
        // Within a mount, or it is not known what to list: the mount itself has to be in the prefix.
        let mount = self.engines.mount().map(MountPath::as_str);
        let within = match mount {
            Some(mount) if mount.starts_with(prefix) => "",
            Some(mount) => match prefix.strip_prefix(mount).and_then(|rest| rest.strip_prefix('/')) {
                Some(rest) => rest,
                None => return Err(Problem::Name("it is not below the mount that is configured")),
            },
            None => "",
        };
        let (mount, version) = match mount {
            Some(mount) => self.asked(mount).await?,
            None if prefix.contains('/') => self.asked(prefix.trim_end_matches('/')).await?,
            None => return Err(Problem::Name("it names no secrets engine to list")),
        };
        let within = prefix.strip_prefix(&*mount).map_or(within, |rest| rest.trim_start_matches('/'));
        match version {
            KvVersion::V1 => kv1::list(&self.session, &mount, within).await,
            KvVersion::V2 => kv2::list(&self.session, &mount, within).await,
        }
    }

    async fn asked(&self, path: &str) -> std::result::Result<(String, KvVersion), Problem> {
        let settings = self.engines.mount().zip(self.engines.configured());
        match (self.engines.ask(path, &self.session).await?, settings) {
            (Found::Mount(mount, version), _) => Ok((mount, version)),
            (Found::Hidden(_), Some((mount, version))) => Ok((mount.as_str().to_owned(), version)),
            (Found::Hidden(why), None) => Err(Problem::Mount(why)),
        }
    }
}

/// Whether an engine of another version, or at another mount, may have answered.
fn is_doubtful(found: &std::result::Result<Lookup, Problem>) -> bool {
    match found {
        Ok(lookup) => matches!(lookup, Lookup::Missing),
        Err(problem) => matches!(
            problem,
            Problem::Denied { .. }
                | Problem::Mount(_)
                | Problem::NotVault { .. }
                | Problem::NoHistory
                | Problem::Revision
        ),
    }
}

#[async_trait]
impl Backend for VaultStore {
    fn location(&self, name: &RecordName) -> Location {
        #[expect(clippy::expect_used, reason = "a record name holds nothing that a location refuses")]
        Location::new(SCHEME, name.as_str(), None).expect("a record name is an address")
    }

    fn whereabouts(&self) -> Option<String> {
        Some(self.session.whereabouts())
    }

    /// By the settings: that an engine is of version 1 without their saying so shows only when it is asked, and is told
    /// then.
    fn capabilities(&self) -> Capabilities {
        let v2 = self.engines.configured() != Some(KvVersion::V1);
        Capabilities {
            compare_and_swap: v2,
            compare_and_remove: false,
            history: v2,
            list: true,
            remove: if v2 { Removes::Recoverably } else { Removes::ForGood },
            undelete: v2.then_some("vault kv undelete"),
            values: Values::Any,
        }
    }

    fn notices(&self) -> Vec<Notice> {
        self.notices.take()
    }

    async fn examine(&self, name: &RecordName) -> Vec<Finding> {
        examine::examine(self, name).await
    }

    async fn read(&self, name: &RecordName, at: &At) -> Result<Lookup> {
        self.lookup(name, at).await.map_err(self.fail(Op::Read, name))
    }

    async fn read_many(&self, names: &[RecordName]) -> Vec<Result<Lookup>> {
        let reads: Vec<_> = names.iter().map(|name| self.read(name, &At::Current)).collect();
        stream::iter(reads).buffered(kv2::AT_ONCE).collect().await
    }

    async fn revision(&self, name: &RecordName) -> Result<Option<Revision>> {
        let fail = self.fail(Op::Revision, name);
        let engine = self.engines.sure(name, &self.session).await.map_err(&fail)?;
        if engine.version == KvVersion::V1 {
            let stored = kv1::read(&self.session, &engine.place).await.map_err(fail)?;
            return Ok(stored.map(|stored| stored.revision));
        }
        match kv2::current(&self.session, &engine.place).await.map_err(fail)? {
            Current::Live(version) => Ok(Some(kv2::revision(version))),
            Current::None | Current::Deleted(_) => Ok(None),
        }
    }

    async fn write(&self, name: &RecordName, document: &Document, expect: &Expect) -> Result<Revision> {
        let fail = self.fail(Op::Write, name);
        self.engines.guess(name).map_err(&fail)?;
        if document.is_empty() {
            return Err(fail(Problem::Empty));
        }
        let engine = self.writable(name).await.map_err(&fail)?;
        let written = match engine.version {
            KvVersion::V2 => self.write_v2(&engine, document, expect).await,
            KvVersion::V1 => {
                self.check_v1(&engine, expect).await.map_err(&fail)?;
                kv1::write(&self.session, &engine.place, document).await
            }
        };
        written.map_err(|(problem, effect)| problem.with_effect(Op::Write, self.location(name), effect))
    }

    async fn remove(&self, name: &RecordName, expect: &Revision, removal: Removal) -> Result<()> {
        self.engines.guess(name).map_err(self.fail(Op::Remove, name))?;
        let removed = self.take_away(name, expect, removal).await;
        removed.map_err(|(problem, effect)| problem.with_effect(Op::Remove, self.location(name), effect))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<RecordName>> {
        let listed = self.names(prefix).await;
        listed.map_err(|problem| {
            #[expect(clippy::expect_used, reason = "a literal that is a location")]
            let anywhere = || Location::new(SCHEME, "*", None).expect("a location");
            let place = Location::new(SCHEME, prefix, None).unwrap_or_else(|_| anywhere());
            problem.at(Op::List, place)
        })
    }

    async fn history(&self, name: &RecordName) -> Result<Vec<Version>> {
        let fail = self.fail(Op::History, name);
        self.engines.guess(name).map_err(&fail)?;
        if self.engines.configured() == Some(KvVersion::V1) {
            return Err(fail(Problem::NoHistory));
        }
        let engine = self.engines.sure(name, &self.session).await.map_err(&fail)?;
        match engine.version {
            KvVersion::V1 => Err(fail(Problem::NoHistory)),
            KvVersion::V2 => kv2::history(&self.session, &engine.place).await.map_err(fail),
        }
    }

    /// Whether performance standbys and other clusters have a version yet is told by no request that a token of ours may
    /// make: nothing is known, and nobody is asked.
    async fn copies(&self, name: &RecordName, _: &Revision) -> Result<Copies> {
        self.engines.guess(name).map_err(self.fail(Op::Copies, name))?;
        Ok(Copies::default())
    }

    /// There is no proof of life here; the age of a version by the server's clock stands in for it. Whoever asks is about
    /// to write: what would keep it from that is told before anything is issued anywhere.
    async fn hold(&self, name: &RecordName, _: Work) -> Result<Option<Hold>> {
        let fail = self.fail(Op::Hold, name);
        self.engines.guess(name).map_err(&fail)?;
        self.session.outlives_the_work().await.map_err(&fail)?;
        self.writable(name).await.map_err(&fail)?;
        Ok(None)
    }

    async fn close(&self) {
        self.session.close().await;
    }
}
