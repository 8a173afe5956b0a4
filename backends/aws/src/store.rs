//! [`AwsStore`].

use std::fmt;

use futures_util::{StreamExt, stream};
use momo_cred_backend_api::{
    At, Backend, Capabilities, Copies, Document, Error, Expect, Finding, Hold, Location, Lookup, Notice,
    Notices, Op, RecordName, Removal, Removes, Result, Revision, Values, Version, Work, async_trait,
};

use crate::read::{Found, read};
use crate::session::Session;
use crate::state::{State, describe};
use crate::{AwsConfig, Problem, SCHEME, batch, examine, list, names, remove, write};

/// How many requests are under way at once.
pub(crate) const AT_ONCE: usize = 8;

/// The secrets of one account in one region.
///
/// A handle keeps its credentials and its connections, and nothing of records.
pub struct AwsStore {
    pub(crate) session: Session,
    notices: Notices,
}

impl fmt::Debug for AwsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsStore")
    }
}

impl AwsStore {
    /// Opens the store. Asks nobody.
    pub fn new(config: AwsConfig) -> Self {
        Self { session: Session::new(config), notices: Notices::default() }
    }

    fn fail(&self, op: Op, name: &RecordName) -> impl Fn(Problem) -> Error + use<> {
        let location = self.location(name);
        move |problem| problem.at(op, location.clone())
    }

    async fn lookup(&self, name: &RecordName, at: &At) -> std::result::Result<Lookup, Problem> {
        let text = names::check(name)?;
        let version = match at {
            At::Current => None,
            At::Revision(revision) => Some(revision.as_str()),
        };
        Ok(match read(&self.session, text, version).await? {
            Found::Record(stored) => Lookup::Found(stored),
            Found::Deleted(current) => Lookup::Deleted { revision: Revision::new(current) },
            Found::Missing => Lookup::Missing,
        })
    }

    /// What would keep a write of a lifecycle from working, or undo it.
    async fn ready(&self, name: &RecordName, work: Work) -> std::result::Result<(), Problem> {
        let text = names::check(name)?;
        let undoes = match describe(&self.session, text).await? {
            Some(State { replica: true, .. }) => return Err(Problem::Replica),
            Some(State { rotated: true, .. }) if !self.session.config().allow_aws_rotation => {
                Problem::Rotated
            }
            Some(State { rotating: true, .. }) => Problem::Rotating,
            _ => return Ok(()),
        };
        if work == Work::Renewal {
            return Err(undoes);
        }
        self.notices.add(Notice::Mend(format!("{}: {undoes}", self.location(name))));
        Ok(())
    }
}

#[async_trait]
impl Backend for AwsStore {
    fn location(&self, name: &RecordName) -> Location {
        #[expect(clippy::expect_used, reason = "a record name holds nothing that a location refuses")]
        Location::new(SCHEME, name.as_str(), None).expect("a record name is an address")
    }

    fn whereabouts(&self) -> Option<String> {
        self.session.region().map(|region| format!("region {region}"))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            compare_and_swap: true,
            compare_and_remove: false,
            history: true,
            list: true,
            remove: Removes::Recoverably,
            undelete: Some("aws secretsmanager restore-secret"),
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
        let mut known = batch::read(&self.session, names).await;
        let one = |(name, known): (&'_ RecordName, Option<std::result::Result<Lookup, Problem>>)| {
            let name = name.clone();
            async move {
                match known {
                    Some(known) => known.map_err(self.fail(Op::Read, &name)),
                    None => self.read(&name, &At::Current).await,
                }
            }
        };
        let reads: Vec<_> = names.iter().zip(known.drain(..)).map(one).collect();
        stream::iter(reads).buffered(AT_ONCE).collect().await
    }

    async fn revision(&self, name: &RecordName) -> Result<Option<Revision>> {
        let fail = self.fail(Op::Revision, name);
        let text = names::check(name).map_err(&fail)?;
        let state = describe(&self.session, text).await.map_err(fail)?;
        Ok(state.filter(|state| !state.deleted).and_then(|state| state.current).map(Revision::new))
    }

    async fn write(&self, name: &RecordName, document: &Document, expect: &Expect) -> Result<Revision> {
        let fail = self.fail(Op::Write, name);
        let text = names::check(name).map_err(&fail)?;
        if *expect == Expect::Absent {
            names::check_new(text).map_err(&fail)?;
        }
        if document.is_empty() {
            return Err(fail(Problem::Empty));
        }
        let version = write::Version::new(document).map_err(&fail)?;
        let written = match expect {
            Expect::Absent => write::create(&self.session, text, &version).await,
            Expect::Revision(revision) => {
                write::replace(&self.session, text, &version, revision.as_str()).await
            }
        };
        let written = written
            .map_err(|(problem, effect)| problem.with_effect(Op::Write, self.location(name), effect))?;
        Ok(Revision::new(written))
    }

    async fn remove(&self, name: &RecordName, expect: &Revision, removal: Removal) -> Result<()> {
        let text = names::check(name).map_err(self.fail(Op::Remove, name))?;
        let removed = remove::remove(&self.session, text, expect.as_str(), removal).await;
        removed.map_err(|(problem, effect)| problem.with_effect(Op::Remove, self.location(name), effect))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<RecordName>> {
        let listed = list::list(&self.session, prefix).await;
        self.notices.add(Notice::Detail("what AWS lists may be up to five minutes old".to_owned()));
        listed.map_err(|problem| {
            #[expect(clippy::expect_used, reason = "a literal that is a location")]
            let anywhere = || Location::new(SCHEME, "*", None).expect("a location");
            problem.at(Op::List, Location::new(SCHEME, prefix, None).unwrap_or_else(|_| anywhere()))
        })
    }

    async fn history(&self, name: &RecordName) -> Result<Vec<Version>> {
        let fail = self.fail(Op::History, name);
        let text = names::check(name).map_err(&fail)?;
        self.notices.add(Notice::Detail(
            "the history is what AWS still has: versions without a stage are collected, and some of them may never have been current"
                .to_owned(),
        ));
        list::history(&self.session, text).await.map_err(fail)
    }

    async fn copies(&self, name: &RecordName, revision: &Revision) -> Result<Copies> {
        let fail = self.fail(Op::Copies, name);
        let text = names::check(name).map_err(&fail)?;
        let state = describe(&self.session, text).await.map_err(fail)?;
        Ok(state.map_or_else(Copies::default, |state| state.copies_of(revision.as_str())))
    }

    /// There is no proof of life here; the age of a version by the service's clock stands in for it. Whoever asks is about
    /// to write: what would keep it from that, or undo it, is told before anything is issued anywhere.
    async fn hold(&self, name: &RecordName, work: Work) -> Result<Option<Hold>> {
        self.ready(name, work).await.map_err(self.fail(Op::Hold, name))?;
        Ok(None)
    }

    async fn close(&self) {}
}
