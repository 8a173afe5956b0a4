//! The child's environment is built here, and nowhere else.
//!
//! Rules, in this order:
//! 1. Every name that a profile manages is removed from the parent's environment.
//! 2. Credentials of our own stores (`OURS`) are removed, unless kept by name.
//! 3. With a clean environment, everything else goes but `CLEAN` and what is kept by name.
//! 4. Managed names that have a value are set. Two profiles that give one name two values are an error. A field that goes
//!    as a sealed file or as a token is in no variable as itself.
//!
//! What remains of the parent's environment keeps its bytes and its order; of duplicates the first stays, which is
//! the one that programs see.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use momo_cred_backend_api::{Location, Revision, Secret};
use zeroize::Zeroizing;

use super::Mapping;
use super::extra::{AccessToken, Extra, Form};
use super::file::{NoFile, SealedFile};
use crate::config::Origin;
use crate::credential::{Field, may_be_shown};
use crate::{Error, Kind};

/// Variables by which programs of the store log in. They are ours and not the child's. Kept by `--keep NAME` only.
///
/// Not the AWS ones: programs need them, and a role has no other carrier.
const OURS: &[&str] = &[
    "MOMO_CRED_*",
    "VAULT_TOKEN",
    "VAULT_*SECRET*",
    "VAULT_*ROLE_ID",
    "VAULT_*ROLEID",
    "VAULT_*JWT*",
    "VAULT_*PASSWORD*",
    "VAULT_USERNAME",
    "BAO_TOKEN",
    "BAO_*SECRET*",
    "BAO_*ROLE_ID",
    "BAO_*ROLEID",
    "BAO_*JWT*",
    "BAO_*PASSWORD*",
    "BAO_USERNAME",
];

/// What a clean environment keeps: what programs need to find themselves, their user, their terminal and their words.
/// And our own mark of a shell, by which none is started inside another.
const CLEAN: &[&str] =
    &["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "LANG", "LC_*", "TMPDIR", "IN_MOMO_CRED"];

/// Without these a credential is of no use: a child never starts without them (P7).
const REQUIRED: [Field; 3] = [Field::SubscriptionKey, Field::ApiUser, Field::ApiKey];

/// What one profile gives to the child: the effective values of one revision of its record, and where they go.
#[derive(Clone, Debug)]
pub struct Set {
    /// The profile.
    pub profile: String,
    /// Its record.
    pub location: Location,
    /// The revision that was read.
    pub revision: Revision,
    /// Which variable carries which field.
    pub mapping: Mapping,
    /// Every field that has a value, once.
    pub values: Vec<Value>,
    /// Variables that carry a field in another form than as its value.
    pub extras: Vec<Extra>,
    /// What the gateway gave for the API key, where an extra carries that.
    pub token: Option<AccessToken>,
}

/// The effective value of a field.
#[derive(Clone, Debug)]
pub struct Value {
    /// The field.
    pub field: Field,
    /// Its value.
    pub value: Secret,
    /// What decided it.
    pub origin: Origin,
}

/// What the command line says about the child's environment.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--only`: export no other fields. The names of the others are removed all the same: a left-over of another
    /// credential beside a new one is worse than none.
    pub only: Option<Vec<Field>>,
    /// `--clean-env`.
    pub clean: bool,
    /// `--keep NAME`: let these of the parent's variables pass.
    pub keep: Vec<OsString>,
}

/// A finished environment, as `execve` takes it, with the files that it names. Wiped when dropped. Shows names only.
pub struct ChildEnv {
    entries: Vec<Entry>,
    files: Vec<SealedFile>,
    replaced: Vec<OsString>,
    withheld: Vec<OsString>,
}

/// `NAME=value`.
struct Entry {
    name: usize,
    text: Zeroizing<CString>,
}

/// Why there is no environment. Names profiles, fields and variables, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvError {
    /// Two profiles give a variable two values.
    Clash(String, String, String),
    /// A profile without a field that every credential has.
    Incomplete(String, Field),
    /// A value with a NUL byte, which no variable can carry.
    Nul(String, Field),
    /// `--only` names a field that goes into no variable.
    Unmapped(Field),
    /// `--keep` names a variable that a profile sets.
    Managed(OsString, String),
    /// No file for a field of a profile.
    File(String, Field, NoFile),
}

impl ChildEnv {
    /// Builds the environment of a child from its parent's and what the profiles give.
    ///
    /// # Errors
    /// [`EnvError`]; no partial environment ever leaves.
    pub fn build(
        parent: impl IntoIterator<Item = (OsString, OsString)>,
        sets: &[Set],
        options: &Options,
    ) -> Result<Self, EnvError> {
        check(sets, options)?;
        let settled = settle(sets, options)?;
        let managed: BTreeSet<&str> = sets.iter().flat_map(Set::variables).map(|(name, ..)| name).collect();
        let (entries, files) = (Vec::new(), Vec::new());
        let mut env = Self { entries, files, replaced: Vec::new(), withheld: Vec::new() };
        let mut seen = BTreeSet::new();
        for (name, value) in parent {
            if seen.contains(&name) {
                continue;
            }
            if name.to_str().is_some_and(|name| managed.contains(name)) {
                env.replaced.push(name.clone());
            } else if options.keep.contains(&name) {
                env.push(&name, value.as_bytes());
            } else if listed(OURS, &name) {
                env.withheld.push(name.clone());
            } else if !options.clean || listed(CLEAN, &name) {
                env.push(&name, value.as_bytes());
            }
            seen.insert(name);
        }
        let mut paths: Vec<(&Set, Field, String)> = Vec::new();
        for Settled { name, field, form, content, set } in settled {
            #[expect(clippy::disallowed_methods, reason = "this is where the child gets its values")]
            let value = content.expose_secret();
            if form != Form::File {
                env.push(OsStr::new(name), value.as_bytes());
                continue;
            }
            let known = paths.iter().find(|(of, has, _)| std::ptr::eq(*of, set) && *has == field);
            let path = match known {
                Some((.., path)) => path.clone(),
                None => {
                    let file = SealedFile::new(value.as_bytes())
                        .map_err(|why| EnvError::File(set.profile.clone(), field, why))?;
                    let path = file.path();
                    env.files.push(file);
                    paths.push((set, field, path.clone()));
                    path
                }
            };
            env.push(OsStr::new(name), path.as_bytes());
        }
        Ok(env)
    }

    /// Sets a variable that is no value of a profile, over what the parent had.
    pub fn mark(&mut self, name: &str, value: &str) {
        self.entries.retain(|entry| entry.name() != name);
        self.push(OsStr::new(name), value.as_bytes());
    }

    /// The files that its variables name. A program that gets the environment must get these, too.
    pub fn files(&self) -> &[SealedFile] {
        &self.files
    }

    /// The value of a variable of the child. For PATH: not a way to read credentials.
    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        let entry = self.entries.iter().find(|entry| entry.name() == name)?;
        Some(OsStr::from_bytes(entry.text.as_bytes().get(entry.name + 1..)?))
    }

    /// `NAME=value`, one each.
    pub(super) fn entries(&self) -> impl Iterator<Item = &CStr> {
        self.entries.iter().map(|entry| entry.text.as_c_str())
    }

    /// The names of the child's variables.
    pub fn names(&self) -> impl Iterator<Item = &OsStr> {
        self.entries.iter().map(Entry::name)
    }

    /// Names that the parent had set and that a profile manages: its values do not reach the child.
    pub fn replaced(&self) -> &[OsString] {
        &self.replaced
    }

    /// Credentials of our own stores that the child does not get.
    pub fn withheld(&self) -> &[OsString] {
        &self.withheld
    }

    /// Adds `NAME=value`. Neither holds NUL: the parent's cannot, ours were checked.
    fn push(&mut self, name: &OsStr, value: &[u8]) {
        // Exact: a buffer that grows or shrinks leaves a copy of the value behind.
        let mut text = Vec::with_capacity(name.len() + 1 + value.len() + 1);
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(value);
        text.push(0);
        if let Ok(text) = CString::from_vec_with_nul(text) {
            self.entries.push(Entry { name: name.len(), text: Zeroizing::new(text) });
        }
    }
}

impl Entry {
    fn name(&self) -> &OsStr {
        OsStr::from_bytes(self.text.as_bytes().get(..self.name).unwrap_or_default())
    }
}

impl Options {
    /// Whether a field may go to the child.
    pub(super) fn exports(&self, field: Field) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&field))
    }
}

/// What can be said before looking at names twice.
fn check(sets: &[Set], options: &Options) -> Result<(), EnvError> {
    for set in sets {
        if let Some(missing) = REQUIRED.into_iter().find(|field| set.value(*field).is_none()) {
            return Err(EnvError::Incomplete(set.profile.clone(), missing));
        }
        #[expect(clippy::disallowed_methods, reason = "looks for NUL; only the verdict leaves")]
        let nul = set.values.iter().find(|value| value.value.expose_secret().contains('\0'));
        if let Some(nul) = nul {
            return Err(EnvError::Nul(set.profile.clone(), nul.field));
        }
    }
    let mapped = |field| sets.iter().any(|set| set.variables().any(|(_, has, _)| has == field));
    if let Some(field) = options.only.iter().flatten().find(|field| !mapped(**field)) {
        return Err(EnvError::Unmapped(*field));
    }
    for name in &options.keep {
        let manages =
            |set: &&Set| name.to_str().is_some_and(|name| set.variables().any(|(has, ..)| has == name));
        if let Some(set) = sets.iter().find(manages) {
            return Err(EnvError::Managed(name.clone(), set.profile.clone()));
        }
    }
    Ok(())
}

/// A variable that is set: what it holds, or what the file holds that it names.
struct Settled<'a> {
    name: &'a str,
    field: Field,
    form: Form,
    content: &'a Secret,
    set: &'a Set,
}

/// Which variable gets which value: each name once.
fn settle<'a>(sets: &'a [Set], options: &'a Options) -> Result<Vec<Settled<'a>>, EnvError> {
    let mut settled: Vec<Settled<'_>> = Vec::new();
    for set in sets {
        for (name, field, form) in set.carried(options) {
            let Some(content) = set.content(field, form) else { continue };
            match settled.iter().find(|known| known.name == name) {
                None => settled.push(Settled { name, field, form, content, set }),
                Some(known) if known.form == form && known.content.same_as(content) => {}
                Some(known) => {
                    let (first, second) = (known.set.profile.clone(), set.profile.clone());
                    return Err(EnvError::Clash(name.to_owned(), first, second));
                }
            }
        }
    }
    Ok(settled)
}

/// Whether a name is on a list of patterns.
fn listed(patterns: &[&str], name: &OsStr) -> bool {
    let name = name.as_bytes();
    // No pattern begins with `*`, so most are out by their first letter.
    patterns.iter().any(|pattern| pattern.as_bytes().first() == name.first() && matches(pattern, name))
}

/// Whether a name fits a pattern in which `*` stands for anything, also nothing.
fn matches(pattern: &str, name: &[u8]) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern.as_bytes() == name };
    let Some(rest) = name.strip_prefix(head.as_bytes()) else { return false };
    (0..=rest.len()).any(|skipped| matches(tail, rest.get(skipped..).unwrap_or_default()))
}

/// The text of a field that is not secret, for `--explain`. `None` for every field that has a fingerprint instead.
pub(super) fn plain(value: &Value) -> Option<&str> {
    if value.field.is_key() || value.field == Field::ApiUser {
        return None;
    }
    #[expect(clippy::disallowed_methods, reason = "fields that are not keys are shown by --explain")]
    let text = value.value.expose_secret();
    may_be_shown(value.field, text).then_some(text)
}

impl fmt::Debug for ChildEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clash(name, a, b) => write!(f, "profiles {a} and {b} give {name} two different values"),
            Self::Incomplete(profile, field) => write!(f, "profile {profile} has no {field}"),
            Self::Nul(profile, field) => {
                write!(f, "{field} of profile {profile} holds a NUL byte, which no variable can carry")
            }
            Self::Unmapped(field) => {
                write!(f, "--only names {field}, which goes into no variable of these profiles")
            }
            Self::Managed(name, profile) => {
                write!(
                    f,
                    "--keep names {}, which profile {profile} manages",
                    name.to_string_lossy().escape_debug()
                )
            }
            Self::File(profile, field, why) => {
                write!(f, "{field} of profile {profile} cannot be put into a sealed file: {why}")
            }
        }
    }
}

impl std::error::Error for EnvError {}

impl From<EnvError> for Error {
    fn from(error: EnvError) -> Self {
        let (kind, next) = match &error {
            EnvError::Clash(..) => (
                Kind::Misconfigured,
                "give each profile its own `env.prefix` or `env.names`, or leave the field out with --only",
            ),
            EnvError::Incomplete(..) => (Kind::Corrupt, "complete the record with `momo-cred import`"),
            EnvError::Nul(..) => (Kind::Corrupt, "store the value again with `momo-cred import --replace`"),
            EnvError::Unmapped(_) => (Kind::Usage, "add the field to `env.names`, or leave it out of --only"),
            EnvError::Managed(..) => {
                (Kind::Usage, "leave it out of --keep: names of a profile come from its record")
            }
            EnvError::File(_, _, NoFile::Failed(_)) => {
                (Kind::CannotWrite, "free memory or raise `ulimit -n`, or start the program without --file")
            }
            EnvError::File(..) => {
                (Kind::Unsupported, "start the program without --file: its variables then hold the values")
            }
        };
        Self::new(kind, "the environment of the program cannot be built").because(error).next(next)
    }
}

#[cfg(test)]
mod tests;
