//! Config files that the user approved: path and content hash, one per line, in the user's state folder.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::secrets::shown_path;
use super::{Environment, Found};
use crate::{Error, Kind, Result};

const FILE: &str = "trusted";
const MAX: u64 = 1024 * 1024;

// What to do next.
const ANEW: &str = "delete it, and approve config files anew with `momo-cred trust`";
const MODE: &str = "look at its mode and owner, and at those of its folder";

struct Pin {
    digest: String,
    path: PathBuf,
}

/// Approves the present content of a found file. An approval of earlier content is replaced.
///
/// # Errors
/// Misconfigured where the list of approvals is not only ours; cannot-write where it cannot be kept.
pub fn approve(found: &Found, env: &Environment) -> Result<()> {
    let path = canonical(found.path());
    change(env, |pins| {
        pins.retain(|pin| pin.path != path);
        pins.push(Pin { digest: found.digest(), path: path.clone() });
        true
    })
    .map(|_| ())
}

/// Takes the approval of a file back. `false` where there was none.
///
/// # Errors
/// As [`approve`].
pub fn revoke(path: &Path, env: &Environment) -> Result<bool> {
    let path = canonical(&env.cwd().join(path));
    if !folder(env)?.try_exists().unwrap_or(true) {
        return Ok(false);
    }
    change(env, |pins| {
        let before = pins.len();
        pins.retain(|pin| pin.path != path);
        pins.len() < before
    })
}

/// Whether this very content of a found file was approved.
///
/// # Errors
/// Misconfigured where the list of approvals is not only ours.
pub fn is_approved(found: &Found, env: &Environment) -> Result<bool> {
    let Some(folder) = env.state_folder() else { return Ok(false) };
    if open_folder(&folder, env)?.is_none() {
        return Ok(false);
    }
    let pins = load(&folder, env)?;
    let path = canonical(found.path());
    Ok(pins.iter().any(|pin| pin.path == path && pin.digest == found.digest()))
}

/// Reads, changes and saves the list under a lock, so that two approvals at one time both stay.
fn change(env: &Environment, f: impl FnOnce(&mut Vec<Pin>) -> bool) -> Result<bool> {
    let folder = folder(env)?;
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| cannot(&folder, &error))?;
    let Some(opened) = open_folder(&folder, env)? else {
        return Err(cannot(&folder, &io::Error::from(io::ErrorKind::NotFound)));
    };
    opened.lock().map_err(|error| cannot(&folder, &error))?;
    let mut pins = load(&folder, env)?;
    let changed = f(&mut pins);
    if changed {
        save(&folder, &opened, &pins).map_err(|error| cannot(&folder, &error))?;
    }
    Ok(changed)
}

fn save(folder: &Path, opened: &File, pins: &[Pin]) -> io::Result<()> {
    let mut text = String::from(
        "# Config files approved with `momo-cred trust`: SHA-256 of the content, and the path.\n",
    );
    for pin in pins {
        let _ = writeln!(text, "{} {}", pin.digest, encode(pin.path.as_os_str()));
    }
    // tempfile creates with mode 0600.
    let mut temp = tempfile::Builder::new().prefix(".trusted-").tempfile_in(folder)?;
    temp.write_all(text.as_bytes())?;
    temp.as_file().sync_all()?;
    temp.persist(folder.join(FILE)).map_err(|error| error.error)?;
    opened.sync_all()
}

fn load(folder: &Path, env: &Environment) -> Result<Vec<Pin>> {
    let path = folder.join(FILE);
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unusable(&path, "cannot be read", MODE).because(error.kind())),
    };
    check(&file, &path, env)?;
    let mut text = String::new();
    let read = file.take(MAX + 1).read_to_string(&mut text);
    if read.is_err() || text.len() as u64 > MAX {
        return Err(unusable(&path, "is no list of text", ANEW));
    }
    let mut pins = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let pin = line.split_once(' ').and_then(|(digest, path)| {
            Some(Pin { digest: digest.to_owned(), path: PathBuf::from(decode(path)?) })
        });
        pins.push(pin.ok_or_else(|| unusable(&path, &format!("is damaged in line {}", index + 1), ANEW))?);
    }
    Ok(pins)
}

/// Opens the folder, or `None` where there is none yet.
fn open_folder(folder: &Path, env: &Environment) -> Result<Option<File>> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    match OpenOptions::new().read(true).custom_flags(flags).open(folder) {
        Ok(file) => check(&file, folder, env).map(|()| Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(folder, "cannot be opened", MODE).because(error.kind())),
    }
}

/// An approval that somebody else could have written approves nothing.
fn check(file: &File, path: &Path, env: &Environment) -> Result<()> {
    let meta =
        file.metadata().map_err(|error| unusable(path, "cannot be read", MODE).because(error.kind()))?;
    if meta.uid() != env.uid() {
        return Err(unusable(path, "belongs to another user", ANEW));
    }
    if meta.mode() & 0o022 != 0 {
        let next = format!("run `chmod go-w {}`", shown_path(path));
        return Err(unusable(path, "can be written by others", &next));
    }
    if !meta.is_file() && !meta.is_dir() {
        return Err(unusable(path, "is not a regular file", ANEW));
    }
    Ok(())
}

fn folder(env: &Environment) -> Result<PathBuf> {
    env.state_folder().ok_or_else(|| {
        Error::new(Kind::Misconfigured, "there is no folder to keep approvals in")
            .next("set HOME or XDG_STATE_HOME to an absolute path")
    })
}

fn unusable(path: &Path, fault: &str, next: &str) -> Error {
    let what = format!("the list of approved config files, {}, {fault}", shown_path(path));
    Error::new(Kind::Misconfigured, what).next(next)
}

fn cannot(folder: &Path, error: &io::Error) -> Error {
    let what = format!("the list of approved config files in {} cannot be written", shown_path(folder));
    Error::new(Kind::CannotWrite, what)
        .because(error.kind())
        .next("make the folder your own and writable, or set XDG_STATE_HOME to another")
}

/// Without links, so that one file has one name. A file that is gone keeps the name it was asked by.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// A path on one line, whatever bytes it holds.
fn encode(path: &OsStr) -> String {
    let mut text = String::new();
    for byte in path.as_bytes() {
        if byte.is_ascii_graphic() && *byte != b'%' {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn decode(text: &str) -> Option<OsString> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail.get(2..)?;
    }
    Some(OsString::from_vec(bytes))
}
