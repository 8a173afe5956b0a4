//! Opens a config file only if nobody else can have written it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::secrets::shown_path;
use super::{Environment, variables};
use crate::{Error, Kind, Result};

/// The largest config file, in bytes.
const MAX: u64 = 256 * 1024;

/// How a config file came to be used. Only one found in the working tree is not trusted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// `--config` or `MOMO_CRED_CONFIG`.
    Name,
    /// The working directory or one above it.
    Walk,
    /// The user's config folder.
    UserFolder,
}

/// A config file that was read: the bytes that were judged are the bytes that are used.
#[derive(Clone)]
pub struct Found {
    path: PathBuf,
    shown: PathBuf,
    by: FoundBy,
    text: String,
}

impl Found {
    /// Its absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its path as messages name it: relative where it is below the working directory.
    pub fn shown(&self) -> &Path {
        &self.shown
    }

    /// How it was found.
    pub fn by(&self) -> FoundBy {
        self.by
    }

    /// Whether its sensitive settings count without an approval.
    pub fn is_trusted_source(&self) -> bool {
        self.by != FoundBy::Walk
    }

    /// The folder that relative paths in it start from.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of its content, in hex.
    pub(super) fn digest(&self) -> String {
        Sha256::digest(&self.text).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The text stays out: a file that is refused may hold a secret.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("path", &self.path).field("by", &self.by).finish_non_exhaustive()
    }
}

/// Opens and reads a file. `None` where there is none.
pub(super) fn read(path: &Path, by: FoundBy, env: &Environment) -> Result<Option<Found>> {
    let path = env.cwd().join(path);
    // Without these flags, opening a pipe would wait for a writer, and opening a terminal would take it over.
    let file = match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(&path)
    {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(cannot(&path, by, error.kind())),
    };
    check(&file, &path, by, env.uid())?;
    let mut bytes = Vec::new();
    file.take(MAX + 1).read_to_end(&mut bytes).map_err(|error| cannot(&path, by, error.kind()))?;
    if bytes.len() as u64 > MAX {
        return Err(too_large(&path));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        refusal(&path, &format!("is not UTF-8 (line {line})")).next("save it as UTF-8")
    })?;
    let shown = path.strip_prefix(env.cwd()).unwrap_or(&path).to_path_buf();
    Ok(Some(Found { path, shown, by, text }))
}

fn check(file: &File, path: &Path, by: FoundBy, uid: u32) -> Result<()> {
    // Of what was opened, not of the name: a link's target counts, and a swap in between changes nothing.
    let meta = file.metadata().map_err(|error| cannot(path, by, error.kind()))?;
    if !meta.is_file() {
        let error = refusal(path, "is not a regular file");
        return Err(match by {
            FoundBy::Walk => ignoring(error, by),
            FoundBy::Name => error.next("name a file"),
            FoundBy::UserFolder => error.next("move it away, or put a file in its place"),
        });
    }
    if meta.uid() != uid && meta.uid() != 0 {
        let error =
            refusal(path, "belongs to another user").next("make the file your own with `chown`, or copy it");
        return Err(ignoring(error, by));
    }
    if meta.mode() & 0o022 != 0 {
        let error = refusal(path, "can be written by others");
        return Err(error.next(format!("run `chmod go-w {}`", shown_path(path))));
    }
    if meta.len() > MAX {
        return Err(too_large(path));
    }
    Ok(())
}

pub(super) fn refusal(path: &Path, fault: &str) -> Error {
    Error::new(Kind::Misconfigured, format!("the config file {} {fault}", shown_path(path)))
}

fn too_large(path: &Path) -> Error {
    refusal(path, &format!("is larger than {} KiB", MAX / 1024))
        .next(format!("name another file with --config or {}, or make it shorter", variables::CONFIG))
}

fn cannot(path: &Path, by: FoundBy, why: io::ErrorKind) -> Error {
    let error = refusal(path, "cannot be read").because(why);
    ignoring(error.next("look at its mode and owner, and at those of its folder"), by)
}

/// A file that somebody else left in the way is passed by naming another.
fn ignoring(error: Error, by: FoundBy) -> Error {
    if by == FoundBy::Walk {
        return error.next(format!("name the file to use with --config or {}", variables::CONFIG));
    }
    error
}
