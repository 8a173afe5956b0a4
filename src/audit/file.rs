//! The file of the trail: opened so that nobody else decides where the line goes or who can change it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use crate::Kind;

/// How often, and how long after one another, a line without an end is looked at before it counts as cut.
const LOOKS: u32 = 100;
const LOOK: Duration = Duration::from_millis(10);

/// Why there is no line, or no whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritten {
    /// A symbolic link stands there.
    Link,
    /// Something else than a regular file stands there.
    NoFile,
    /// It belongs to another user.
    Foreign,
    /// Others may write it.
    Shared,
    /// It cannot be opened.
    Unopened(io::ErrorKind),
    /// It cannot be written.
    Failed(io::ErrorKind),
    /// A part of the line is in it.
    Torn,
}

/// Opens the file for one line, and makes it where there is none.
pub(super) fn open(path: &Path) -> Result<File, Unwritten> {
    // Without these flags a pipe would wait for a reader, a terminal would be taken over, and a link would decide.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).custom_flags(flags).open(path);
    let file = file.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => Unwritten::Link,
        Some(libc::EISDIR | libc::ENXIO | libc::ENODEV) => Unwritten::NoFile,
        _ => Unwritten::Unopened(error.kind()),
    })?;
    let meta = file.metadata().map_err(|error| Unwritten::Unopened(error.kind()))?;
    // Of what was opened, not of the name: a swap in between changes nothing.
    let uid = rustix::process::geteuid().as_raw();
    match () {
        () if !meta.is_file() => Err(Unwritten::NoFile),
        () if meta.uid() != uid && meta.uid() != 0 => Err(Unwritten::Foreign),
        () if meta.mode() & 0o022 != 0 => Err(Unwritten::Shared),
        () => Ok(file),
    }
}

/// Adds a line, which ends in a line feed.
pub(super) fn append(path: &Path, line: &str) -> Result<(), Unwritten> {
    let mut file = open(path)?;
    let length = length(&file)?;
    // What a full disk has cut must not swallow the next line too.
    let bytes = if is_torn(&file)? { format!("\n{line}") } else { line.to_owned() };
    // Not `write_all`: the rest of a line that was cut would come after somebody else's.
    let written = loop {
        match file.write(bytes.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            written => break written.map_err(failed)?,
        }
    };
    if written < bytes.len() {
        return Err(Unwritten::Torn);
    }
    file.sync_all().map_err(failed)?;
    if length == 0 {
        sync_name(path);
    }
    Ok(())
}

/// Whether the last line has no end, and gets none. A writer in the middle of its write looks the same for a moment: the
/// kernel shows a file grow page by page.
fn is_torn(file: &File) -> Result<bool, Unwritten> {
    for _ in 0..LOOKS {
        let mut last = [b'\n'];
        if let Some(at) = length(file)?.checked_sub(1) {
            // Of a file that was cut to nothing meanwhile, there is no end to read.
            let _ = file.read_at(&mut last, at).map_err(failed)?;
        }
        if last == [b'\n'] {
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
    Ok(true)
}

fn length(file: &File) -> Result<u64, Unwritten> {
    Ok(file.metadata().map_err(failed)?.len())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn failed(error: io::Error) -> Unwritten {
    Unwritten::Failed(error.kind())
}

/// A new file's name is in its folder, which has to reach the disk too. Some file systems cannot say so.
fn sync_name(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
}

impl Unwritten {
    /// The kind of error that it is before anything was changed.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Link | Self::NoFile | Self::Foreign | Self::Shared => Kind::Misconfigured,
            Self::Unopened(_) | Self::Failed(_) | Self::Torn => Kind::CannotWrite,
        }
    }

    /// What to do about it.
    pub(super) fn next(self) -> &'static str {
        match self {
            Self::Link | Self::NoFile => "name a regular file, by its own path",
            Self::Foreign => "make the file your own with `chown`, or name another",
            Self::Shared => "run `chmod go-w` on it",
            Self::Unopened(_) | Self::Failed(_) | Self::Torn => {
                "look at its folder, its mode and the room on its file system"
            }
        }
    }
}

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("it is a symbolic link"),
            Self::NoFile => f.write_str("it is no regular file"),
            Self::Foreign => f.write_str("it belongs to another user"),
            Self::Shared => f.write_str("others can write it"),
            Self::Unopened(io::ErrorKind::NotFound) => f.write_str("its folder is not there"),
            Self::Unopened(why) => write!(f, "it cannot be opened: {why}"),
            Self::Failed(why) => write!(f, "it cannot be written: {why}"),
            Self::Torn => f.write_str("there was no room for the whole line"),
        }
    }
}
