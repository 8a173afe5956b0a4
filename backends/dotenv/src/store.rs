//! [`DotenvStore`].

use std::collections::BTreeMap;

use momo_cred_backend_api::{
    At, Backend, Capabilities, Copies, Document, Error, Expect, FieldName, Finding, Hold, Location, Lookup,
    Notice, Notices, Op, RecordName, Removal, Removes, Result, Revision, Secret, Stored, Values, Verdict,
    Version, Work, async_trait,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::config::Paths;
use crate::document::{Parsed, compose, listing, parse};
use crate::error::Problem;
use crate::examine;
use crate::fields::Owner;
use crate::file::{self, Content, Warning};
use crate::git::{self, Standing};
use crate::lock::{Lock, shared_fs};
use crate::save::{self, Saved};
use crate::{DotenvConfig, FieldSet, SCHEME};

/// One dotenv file.
///
/// A handle keeps no cache. Its calls block the thread. Two handles exclude each other's writes through the lock file,
/// whether they live in one process or in two.
///
/// The revision is a hash of the fields and values of the record alone: a comment edited meanwhile is no conflict, and
/// a record put back as it was has its old revision again.
#[derive(Debug)]
pub struct DotenvStore {
    paths: Paths,
    fields: FieldSet,
    allow_shared_fs: bool,
    place: Location,
    lock: Lock,
    notices: Notices,
}

impl DotenvStore {
    /// Opens the store. Touches no file.
    ///
    /// # Errors
    /// [`Problem::Path`] for a path that names no file or cannot be printed.
    pub fn new(config: DotenvConfig) -> std::result::Result<Self, Problem> {
        let paths = Paths::new(&config.path)?;
        let place = Location::new(SCHEME, config.path.to_string_lossy(), None)
            .map_err(|_| Problem::Path { why: "it holds a control character, or `//` and `@`" })?;
        let DotenvConfig { fields, allow_shared_fs, .. } = config;
        Ok(Self { paths, fields, allow_shared_fs, place, lock: Lock::default(), notices: Notices::default() })
    }

    fn fail(&self, op: Op, name: &RecordName) -> impl Fn(Problem) -> Error {
        let location = self.location(name);
        move |problem| error(op, location.clone(), problem)
    }

    fn load(&self) -> std::result::Result<Option<Content>, Problem> {
        let content = file::read(&self.paths.file)?;
        if let Some(mode) = content.as_ref().and_then(Content::exposed) {
            let path = self.paths.file.clone();
            self.notices.add(Warning::Exposed { path, mode }.into());
        }
        Ok(content)
    }

    fn lookup(&self, content: Option<&Content>, name: &RecordName) -> std::result::Result<Lookup, Problem> {
        let owner = Owner::new(&self.fields, name)?;
        let Some(content) = content else { return Ok(Lookup::Missing) };
        let parsed = parse(&content.bytes, owner)?;
        let Some(revision) = revision(&parsed) else { return Ok(Lookup::Missing) };
        let mut document = Document::new();
        for (field, value) in parsed.fields() {
            // A field of the list is a field name by construction.
            let field = FieldName::new(field).map_err(|_| Problem::Composed)?;
            document.insert(field, Secret::from(value));
        }
        Ok(Lookup::Found(Stored { document, revision, age: None }))
    }

    /// Makes the record exactly `fields`, if `check` passes on the revision that is there.
    fn change(
        &self,
        name: &RecordName,
        fields: &BTreeMap<&str, &str>,
        check: impl Fn(Option<Revision>) -> std::result::Result<(), Problem>,
    ) -> std::result::Result<(Option<Revision>, Saved), Problem> {
        let owner = Owner::new(&self.fields, name)?;
        if let Some(field) = fields.keys().find(|field| !self.fields.contains(field)) {
            return Err(Problem::Field { field: (*field).to_owned() });
        }
        let _turn = self.lock.turn(&self.paths)?;
        save::sweep(&self.paths);
        let before = file::read_to_replace(&self.paths.file)?;
        let before = before.as_ref().map(|content| content.bytes.as_slice());
        let parsed = parse(before.unwrap_or_default(), owner)?;
        check(revision(&parsed))?;
        let after = compose(&parsed, owner, fields)?;
        let now = revision(&parse(&after, owner)?);
        let saved = save::replace(&self.paths, before, &after)?;
        if before.is_none()
            && let Standing::Unignored(names) = git::standing(&self.paths)
        {
            self.notices.add(Warning::Unignored { names }.into());
        }
        Ok((now, saved))
    }

    fn saved(&self, op: Op, name: &RecordName, saved: Saved) -> Result<()> {
        match saved {
            Saved::Yes => Ok(()),
            Saved::Unknown(problem) => Err(self.fail(op, name)(problem).with_unknown_effect()),
        }
    }
}

#[async_trait]
impl Backend for DotenvStore {
    fn location(&self, name: &RecordName) -> Location {
        // Both parts were checked, and their length is bounded.
        Location::new(SCHEME, self.place.address(), Some(name.as_str().to_owned()))
            .unwrap_or_else(|_| self.place.clone())
    }

    fn whereabouts(&self) -> Option<String> {
        None
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            compare_and_swap: true,
            compare_and_remove: true,
            history: false,
            list: true,
            remove: Removes::ForGood,
            undelete: None,
            values: Values::Portable,
        }
    }

    fn notices(&self) -> Vec<Notice> {
        self.notices.take()
    }

    async fn examine(&self, name: &RecordName) -> Vec<Finding> {
        if let Err(problem) = Owner::new(&self.fields, name) {
            return vec![examine::finding("prefix", Verdict::Bad(problem.kind()), &problem)];
        }
        let mut found = Vec::new();
        examine::file(&self.paths, |content| self.lookup(Some(content), name), &mut found);
        examine::folder(&self.paths, self.allow_shared_fs, &mut found);
        found.push(examine::git(&self.paths));
        found
    }

    async fn read(&self, name: &RecordName, at: &At) -> Result<Lookup> {
        let fail = self.fail(Op::Read, name);
        Owner::new(&self.fields, name).map_err(&fail)?;
        let lookup = self.load().and_then(|content| self.lookup(content.as_ref(), name)).map_err(&fail)?;
        match (at, &lookup) {
            (At::Current, _) => Ok(lookup),
            (At::Revision(asked), Lookup::Found(stored)) if stored.revision == *asked => Ok(lookup),
            (At::Revision(_), _) => Err(fail(Problem::NoHistory)),
        }
    }

    async fn read_many(&self, names: &[RecordName]) -> Vec<Result<Lookup>> {
        // One look at the file, so that all answers are of one moment.
        let content = self.load();
        let one = |name: &RecordName| match &content {
            Ok(content) => self.lookup(content.as_ref(), name),
            Err(problem) => Owner::new(&self.fields, name).and(Err(problem.clone())),
        };
        names.iter().map(|name| one(name).map_err(self.fail(Op::Read, name))).collect()
    }

    async fn revision(&self, name: &RecordName) -> Result<Option<Revision>> {
        let fail = self.fail(Op::Revision, name);
        let owner = Owner::new(&self.fields, name).map_err(&fail)?;
        let Some(content) = self.load().map_err(&fail)? else { return Ok(None) };
        Ok(revision(&parse(&content.bytes, owner).map_err(&fail)?))
    }

    async fn write(&self, name: &RecordName, document: &Document, expect: &Expect) -> Result<Revision> {
        let fail = self.fail(Op::Write, name);
        if document.is_empty() {
            return Err(fail(Problem::Empty));
        }
        if let Some((field, _)) = document.json().next() {
            return Err(fail(Problem::NoString { field: field.to_string() }));
        }
        #[expect(clippy::disallowed_methods, reason = "values are written into the file")]
        let fields = document.iter().map(|(field, value)| (field.as_str(), value.expose_secret())).collect();
        let check = |found: Option<Revision>| match (expect, found) {
            (Expect::Absent, None) => Ok(()),
            (Expect::Absent, Some(_)) => Err(Problem::Exists),
            (Expect::Revision(_), None) => Err(Problem::Gone),
            (Expect::Revision(expected), Some(found)) => same(expected, &found),
        };
        let (now, saved) = self.change(name, &fields, check).map_err(&fail)?;
        self.saved(Op::Write, name, saved)?;
        now.ok_or_else(|| fail(Problem::Composed))
    }

    async fn remove(&self, name: &RecordName, expect: &Revision, removal: Removal) -> Result<()> {
        let fail = self.fail(Op::Remove, name);
        Owner::new(&self.fields, name).map_err(&fail)?;
        if removal == Removal::Recoverable {
            return Err(fail(Problem::NoRecovery));
        }
        let check = |found: Option<Revision>| found.map_or(Err(Problem::Gone), |found| same(expect, &found));
        let (_, saved) = self.change(name, &BTreeMap::new(), check).map_err(&fail)?;
        self.saved(Op::Remove, name, saved)
    }

    /// A record is listed if a line of the file names one of its anchor fields.
    async fn list(&self, prefix: &str) -> Result<Vec<RecordName>> {
        let fail = |problem| error(Op::List, self.place.clone(), problem);
        let Some(content) = self.load().map_err(fail)? else { return Ok(Vec::new()) };
        let found = listing(&content.bytes, &self.fields).map_err(fail)?;
        let names = found.into_iter().filter(|name| name.starts_with(prefix));
        Ok(names.filter_map(|name| RecordName::new(name).ok()).collect())
    }

    async fn history(&self, name: &RecordName) -> Result<Vec<Version>> {
        let fail = self.fail(Op::History, name);
        Owner::new(&self.fields, name).map_err(&fail)?;
        Err(fail(Problem::NoHistory))
    }

    /// A file has no copies that follow it.
    async fn copies(&self, name: &RecordName, _: &Revision) -> Result<Copies> {
        Owner::new(&self.fields, name).map_err(self.fail(Op::Copies, name))?;
        Ok(Copies::default())
    }

    async fn hold(&self, name: &RecordName, _: Work) -> Result<Option<Hold>> {
        let fail = self.fail(Op::Hold, name);
        Owner::new(&self.fields, name).map_err(&fail)?;
        if !self.allow_shared_fs
            && let Some(name) = shared_fs(&self.paths.folder).map_err(&fail)?
        {
            return Err(fail(Problem::Shared { name }));
        }
        let guard = self.lock.hold(&self.paths).map_err(&fail)?;
        // Whoever holds is about to write: a file that cannot be replaced is told before anything else is done.
        file::read_to_replace(&self.paths.file).map_err(&fail)?;
        save::sweep(&self.paths);
        Ok(Some(Hold::new(guard)))
    }

    /// There is no login to end, and nothing is kept open between calls.
    async fn close(&self) {}
}

fn error(op: Op, location: Location, problem: Problem) -> Error {
    Error::new(problem.kind(), op, location).with_retryable(problem.passes()).because(problem)
}

fn same(expected: &Revision, found: &Revision) -> std::result::Result<(), Problem> {
    if expected == found { Ok(()) } else { Err(Problem::Stale) }
}

/// The hash of fields and values in field order, or nothing if there are none. 128 bits, in hex.
fn revision(parsed: &Parsed<'_>) -> Option<Revision> {
    let fields = parsed.fields();
    if fields.is_empty() {
        return None;
    }
    let mut hash = Sha256::new_with_prefix(b"momo-cred dotenv revision 1\0");
    for (field, value) in fields {
        for part in [field, value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    let digest: Zeroizing<[u8; 32]> = Zeroizing::new(hash.finalize().into());
    let hex = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    Some(Revision::new(
        digest[..16].iter().flat_map(|byte| [hex(byte >> 4), hex(byte & 15)]).collect::<String>(),
    ))
}
