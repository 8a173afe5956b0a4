//! Opening and reading the file, and what may be written at all.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use momo_cred_backend_api::Notice;
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::error::Problem;

/// The largest file that is read: 1 MiB.
pub const MAX_SIZE: usize = 1 << 20;

/// Something about the file that the user should know although the call succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Warning {
    /// Other users can read or write the file. Reading goes on, writing is refused.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// git does not ignore a new file of ours.
    Unignored {
        /// Names, as they go into .gitignore.
        names: Vec<String>,
    },
}

impl Warning {
    /// What it is.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Exposed { path, mode } => {
                format!("other users can reach {} (mode {mode:04o})", path.to_string_lossy().escape_debug())
            }
            Self::Unignored { names } => {
                let names: Vec<_> = names.iter().map(|name| name.escape_debug().to_string()).collect();
                format!("git does not ignore {}", names.join(", "))
            }
        }
    }

    /// What to do about it.
    pub(crate) fn next(&self) -> String {
        match self {
            Self::Exposed { path, .. } => format!("run: chmod 600 {}", path.to_string_lossy().escape_debug()),
            Self::Unignored { .. } => "add that to .gitignore".to_owned(),
        }
    }
}

impl From<Warning> for Notice {
    fn from(warning: Warning) -> Self {
        Self::Mend(format!("{}; {}", warning.text(), warning.next()))
    }
}

/// The content of the file at one moment.
pub(crate) struct Content {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    stat: Stat,
}

impl Content {
    /// Permission bits that let others in, if it is a regular file.
    pub(crate) fn exposed(&self) -> Option<u32> {
        let mode = permissions(&self.stat);
        (file_type(&self.stat) == FileType::RegularFile && mode & 0o077 != 0).then_some(mode)
    }

    /// Why the file may not be replaced, if it belongs to another user.
    pub(crate) fn foreign(&self) -> Option<Problem> {
        let uid = self.stat.st_uid;
        (uid != rustix::process::geteuid().as_raw()).then_some(Problem::Foreign { uid })
    }
}

/// Reads the file, through symbolic links and from pipes too: `open`, `fstat`, one `read`, `close`; of a pipe, and of a
/// file that just grew, more reads. `None` if there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<Content>, Problem> {
    read_with(path, OFlags::empty())
}

fn read_with(path: &Path, flags: OFlags) -> Result<Option<Content>, Problem> {
    let step = "opening the file";
    let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(fd) => File::from(fd),
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::NXIO) => return Err(Problem::NotAFile { what: "a socket or a device" }),
        Err(errno) => return Err(Problem::errno(step)(errno)),
    };
    let stat = rustix::fs::fstat(&file).map_err(Problem::errno(step))?;
    let size = match file_type(&stat) {
        FileType::RegularFile => usize::try_from(stat.st_size).unwrap_or(usize::MAX),
        FileType::Fifo => 4096,
        other => return Err(Problem::NotAFile { what: called(other) }),
    };
    if size > MAX_SIZE {
        return Err(Problem::TooLarge);
    }
    let end = (file_type(&stat) == FileType::RegularFile).then_some(size);
    Ok(Some(Content { bytes: read_all(file, size + 1, end)?, stat }))
}

/// Reads to the end: where nothing comes any more, or where it is known to be and a read gave less than it could. Buffers
/// that grew are wiped.
fn read_all(mut file: File, room: usize, end: Option<usize>) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut buffer = Zeroizing::new(vec![0; room]);
    let mut len = 0;
    loop {
        if len > MAX_SIZE {
            return Err(Problem::TooLarge);
        }
        if len == buffer.len() {
            let mut larger = Zeroizing::new(vec![0; (2 * len).min(MAX_SIZE + 1)]);
            larger[..len].copy_from_slice(&buffer);
            buffer = larger;
        }
        match file.read(&mut buffer[len..]) {
            Ok(0) => break,
            Ok(n) => {
                len += n;
                if end == Some(len) && len < buffer.len() {
                    break;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Problem::system("reading the file")(error)),
        }
    }
    buffer.truncate(len);
    Ok(buffer)
}

/// Reads the file in order to replace it. `None` if there is none.
///
/// # Errors
/// For a symbolic link, for anything but a regular file, for one that others can reach, and for one of another user:
/// a replacement belongs to us, and would take a foreign file away from its owner.
pub(crate) fn read_to_replace(path: &Path) -> Result<Option<Content>, Problem> {
    // Looked at before it is opened: opening a pipe would wait for its other end.
    let stat = match rustix::fs::lstat(path) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(Problem::errno("looking at the file")(errno)),
    };
    match file_type(&stat) {
        FileType::RegularFile => {}
        FileType::Symlink => return Err(link(path).unwrap_or_else(Problem::errno("reading the link"))),
        other => return Err(Problem::NotAFile { what: called(other) }),
    }
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let Some(content) = read_with(path, flags)? else { return Ok(None) };
    if let Some(problem) = content.foreign() {
        return Err(problem);
    }
    match content.exposed() {
        Some(mode) => Err(Problem::Exposed { path: path.to_owned(), mode }),
        None => Ok(Some(content)),
    }
}

/// Why the file may not be replaced, if it is a symbolic link.
///
/// # Errors
/// It is none, or it cannot be read.
pub(crate) fn link(path: &Path) -> Result<Problem, Errno> {
    let target = rustix::fs::readlink(path, Vec::new())?;
    let target = PathBuf::from(std::ffi::OsStr::from_bytes(target.as_bytes()));
    Ok(Problem::Symlink { link: path.to_owned(), target })
}

pub(crate) fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

fn permissions(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

fn called(file_type: FileType) -> &'static str {
    match file_type {
        FileType::Directory => "a folder",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something else",
    }
}
