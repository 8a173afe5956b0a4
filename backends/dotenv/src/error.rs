//! Why the store failed, each with a next step. No variant holds a value or the text of a line.

use std::path::PathBuf;

use momo_cred_backend_api::{ErrorKind, Reason};
use rustix::io::Errno;

/// What a file may hold that no dotenv file does.
pub(crate) const NUL: &str = "a NUL byte";

/// Why a dotenv store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The path cannot be worked with.
    #[error("the path is unusable: {why}")]
    Path {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The list of fields is wrong.
    #[error("the list of fields is unusable: {why}")]
    Fields {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The prefix cannot name a record.
    #[error("the prefix cannot name a record: {why}")]
    Prefix {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A document without fields.
    #[error("a record needs at least one field")]
    Empty,
    /// A field outside the closed list.
    #[error("the field `{field}` is not in the list that this store was opened with")]
    Field {
        /// The field.
        field: String,
    },
    /// A value outside the portable alphabet.
    #[error("the value of `{field}` holds {class}, which readers of dotenv files do not agree on")]
    Value {
        /// The field.
        field: String,
        /// The class of the character.
        class: &'static str,
    },
    /// A value that is no string.
    #[error("the value of `{field}` is no string, and a dotenv file holds nothing else")]
    NoString {
        /// Its name.
        field: String,
    },
    /// The file is more than a dotenv file can be.
    #[error("the file holds {what}")]
    Content {
        /// What it holds.
        what: &'static str,
    },
    /// A line that makes the record unreadable.
    #[error("line {line}: {fault}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// What was composed did not read back as meant.
    #[error("the edited text did not read back as meant, so nothing was written")]
    Composed,
    /// The record exists already.
    #[error("the record exists already")]
    Exists,
    /// The record is not there.
    #[error("there is no such record")]
    Gone,
    /// The record is at another revision.
    #[error("the record was changed since it was read")]
    Stale,
    /// The file was changed by a program that does not take the lock.
    #[error("the file was changed by another program at the same moment")]
    Raced,
    /// Another handle has the lock.
    #[error("another momo-cred is working on this file and holds {}", shown(lock))]
    Locked {
        /// The lock file.
        lock: PathBuf,
    },
    /// What has the name of the lock file is something else.
    #[error("{} is not a regular file and cannot be the lock", shown(lock))]
    LockFile {
        /// The lock file.
        lock: PathBuf,
    },
    /// The file is a symbolic link.
    #[error("{} is a symbolic link to {}, and a link is never written through", shown(link), shown(target))]
    Symlink {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The file is no file.
    #[error("it is {what}, not a regular file")]
    NotAFile {
        /// What it is.
        what: &'static str,
    },
    /// The file is over the cap.
    #[error("the file is larger than 1 MiB")]
    TooLarge,
    /// Others may read or write the file.
    #[error("other users can reach the file (mode {mode:04o})")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file belongs to another user.
    #[error("the file belongs to the user with the number {uid}")]
    Foreign {
        /// Its owner.
        uid: u32,
    },
    /// The folder is on a network file system.
    #[error("the folder is on a network file system ({name}), where a lock may not reach other machines")]
    Shared {
        /// Its kind.
        name: &'static str,
    },
    /// The store keeps no earlier versions.
    #[error("a dotenv file keeps no earlier versions")]
    NoHistory,
    /// The store cannot bring back what was removed.
    #[error("a dotenv file cannot bring back what was removed from it")]
    NoRecovery,
    /// The operating system refused.
    #[error("{step}: {failed}")]
    System {
        /// What was tried.
        step: &'static str,
        /// How it failed.
        failed: Failed,
    },
}

/// What is wrong with one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// The value cannot be read.
    #[error("the value holds {0} where readers of dotenv files do not agree on it")]
    Value(&'static str),
    /// The variable was set before.
    #[error("the same variable as in line {0}")]
    Duplicate(usize),
    /// The variable is under `export`.
    #[error("a variable of the record under `export`, which docker and systemd do not read")]
    Export,
    /// White space or quotes around the name, `:` for `=`, or no `=` at all.
    #[error("a variable of the record that is not written as NAME=value from the first column on")]
    Shape,
    /// A lone carriage return or a line separator.
    #[error("a variable of the record after a line break that only some readers know")]
    Break,
    /// A quote is still open at the end of the file.
    #[error("a quote is opened here and still open at the end of the file")]
    OpenQuote,
    /// Readers see different things here.
    #[error(
        "some readers of dotenv files take this variable of the record for a part of the value before it"
    )]
    Disputed,
}

/// How a system call failed: own words, and the number where there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failed {
    /// EACCES, EPERM.
    #[error("permission denied")]
    Denied,
    /// EROFS.
    #[error("the file system is read-only")]
    ReadOnly,
    /// ENOSPC, EDQUOT.
    #[error("the disk or the quota is full")]
    Full,
    /// EFBIG.
    #[error("a limit on the size of files is reached")]
    Limit,
    /// EIO.
    #[error("the disk reported an error")]
    Disk,
    /// ENOENT, ENOTDIR.
    #[error("the folder does not exist")]
    NoFolder,
    /// EBUSY, EXDEV.
    #[error("the file is a mount of its own and cannot be replaced")]
    Mounted,
    /// ELOOP.
    #[error("it is a symbolic link")]
    Link,
    /// EMFILE, ENFILE, ENOMEM, EAGAIN and the like.
    #[error("the system is short of files or memory")]
    Busy,
    /// Any other number.
    #[error("system error {0}")]
    Other(i32),
}

impl Failed {
    /// Classifies by number. The text of the error stays behind.
    fn of(error: &std::io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(Errno::ACCESS | Errno::PERM) => Self::Denied,
            Some(Errno::ROFS) => Self::ReadOnly,
            Some(Errno::NOSPC | Errno::DQUOT) => Self::Full,
            Some(Errno::FBIG) => Self::Limit,
            Some(Errno::IO) => Self::Disk,
            Some(Errno::NOENT | Errno::NOTDIR) => Self::NoFolder,
            Some(Errno::BUSY | Errno::XDEV) => Self::Mounted,
            Some(Errno::LOOP) => Self::Link,
            Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::AGAIN | Errno::NOLCK) => Self::Busy,
            Some(other) => Self::Other(other.raw_os_error()),
            None => Self::of_kind(error.kind()),
        }
    }

    /// For errors that come without their number.
    fn of_kind(kind: std::io::ErrorKind) -> Self {
        use std::io::ErrorKind as Kind;
        match kind {
            Kind::PermissionDenied => Self::Denied,
            Kind::ReadOnlyFilesystem => Self::ReadOnly,
            Kind::StorageFull | Kind::QuotaExceeded => Self::Full,
            Kind::FileTooLarge => Self::Limit,
            Kind::NotFound | Kind::NotADirectory => Self::NoFolder,
            Kind::OutOfMemory | Kind::WouldBlock => Self::Busy,
            _ => Self::Other(0),
        }
    }
}

impl Problem {
    /// Turns an error of the operating system into our own words.
    pub(crate) fn system(step: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::System { step, failed: Failed::of(&error) }
    }

    /// As [`system`](Self::system), for rustix.
    pub(crate) fn errno(step: &'static str) -> impl Fn(Errno) -> Self {
        move |errno| Self::System { step, failed: Failed::of(&errno.into()) }
    }

    /// The kind that callers branch on.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Path { .. } | Self::Fields { .. } | Self::Prefix { .. } | Self::Empty => {
                ErrorKind::Misconfigured
            }
            Self::Symlink { .. } | Self::NotAFile { .. } | Self::LockFile { .. } | Self::TooLarge => {
                ErrorKind::Misconfigured
            }
            Self::Exposed { .. } | Self::Foreign { .. } => ErrorKind::Misconfigured,
            Self::Field { .. } | Self::Value { .. } | Self::NoString { .. } | Self::Shared { .. } => {
                ErrorKind::Unsupported
            }
            Self::NoHistory | Self::NoRecovery => ErrorKind::Unsupported,
            Self::Content { .. } | Self::Line { .. } => ErrorKind::Corrupt,
            Self::Exists | Self::Gone | Self::Stale | Self::Raced | Self::Locked { .. } => {
                ErrorKind::Conflict
            }
            Self::Composed => ErrorKind::Other,
            Self::System { failed, .. } => match failed {
                Failed::Denied | Failed::ReadOnly => ErrorKind::Denied,
                Failed::Full | Failed::Limit | Failed::Disk | Failed::Busy => ErrorKind::Unavailable,
                Failed::NoFolder | Failed::Mounted | Failed::Link => ErrorKind::Misconfigured,
                Failed::Other(_) => ErrorKind::Other,
            },
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Locked { .. }) || self.kind() == ErrorKind::Unavailable
    }
}

/// A path without control characters.
fn shown(path: &std::path::Path) -> String {
    format!("`{}`", path.to_string_lossy().escape_debug())
}

impl Reason for Problem {
    fn next(&self) -> Option<String> {
        let next = match self {
            Self::Path { .. } => "give the path of a file, as in dotenv:.env#MOMO",
            Self::Fields { .. } => "correct the names of the fields in the settings",
            Self::Prefix { .. } => "choose another prefix after `#`, as in dotenv:.env#MOMO",
            Self::Empty => "use `remove` to take a record away",
            Self::Field { .. } => "leave the field out, or keep it in another store",
            Self::Value { .. } => "change the value, or keep the record in another store",
            Self::NoString { .. } => "leave the value out, or keep the record in another store",
            Self::Content { what: NUL } => "save the file as plain text without NUL bytes",
            Self::Content { .. } => "save the file as plain UTF-8 text without a byte order mark",
            Self::Line { fault, .. } => fault.next(),
            Self::Composed => "report this as a bug, with the shape of the file but without its values",
            Self::Exists => "read the record first and replace what was seen",
            Self::Gone => "create the record instead",
            Self::Stale => "read the record again and decide anew",
            Self::Raced => "close other programs that edit the file and run the command again",
            Self::Locked { .. } => {
                "wait until the other one has ended and run the command again; leave the lock file"
            }
            Self::LockFile { .. } => "move it away, or choose another file",
            Self::Symlink { target, .. } => {
                return Some(format!(
                    "point the location to {}, or replace the link by a file",
                    shown(target)
                ));
            }
            Self::NotAFile { .. } => "point the location to a dotenv file",
            Self::TooLarge => "point the location to a dotenv file of its own",
            Self::Exposed { path, .. } => {
                return Some(format!("run: chmod 600 {}", path.to_string_lossy().escape_debug()));
            }
            Self::Foreign { .. } => "run as that user, or change the owner of the file",
            Self::Shared { .. } => {
                "use a local folder, or set allow-shared-fs if only this machine writes the file"
            }
            Self::NoHistory => "read the current version, or use a store with history",
            Self::NoRecovery => "remove it for good, or use a store with history",
            Self::System { failed, .. } => match failed {
                Failed::Denied => "check the owner and the mode of the file and of its folder",
                Failed::ReadOnly => "make the file system writable, or choose another folder",
                Failed::Full => "free some space and run the command again",
                Failed::Limit => "raise the limit (ulimit -f) and run the command again",
                Failed::Disk => "check the disk (dmesg) and run the command again",
                Failed::NoFolder => "create the folder, or correct the path",
                Failed::Mounted => "mount the folder that holds the file, not the file alone",
                Failed::Link => "replace the symbolic link by a file",
                Failed::Busy => "run the command again",
                Failed::Other(_) => "look the number up with `errno`, and check the file system of the file",
            },
        };
        Some(next.to_owned())
    }
}

impl LineFault {
    fn next(self) -> &'static str {
        match self {
            Self::Value(_) => "write the value without quotes and blanks, or import it anew",
            Self::Duplicate(_) => "delete one of the two lines",
            Self::Export => "take `export` away; a shell can use `set -a` instead",
            Self::Shape => "write it as NAME=value without blanks, or rename the variable",
            Self::Break => "save the file with plain line ends",
            Self::OpenQuote => "close the quote, or take it away",
            Self::Disputed => "put an empty line before it, and close quotes and backslashes above it",
        }
    }
}
