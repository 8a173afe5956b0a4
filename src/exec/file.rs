//! A value as a file that is on no disk: in memory, sealed, and gone with the last process that holds it.
//!
//! **What it is.** A memfd that is never executable, where the kernel knows that (6.3 and later). The seals keep it from
//! being written, made larger or smaller, and unsealed, by whoever holds it. Its pages may be swapped out, as those of any
//! memory. Its mode is 0444, so that a program that has given up root since, or was started by one that has (gosu, su-exec),
//! can open it: who gets as far as that holds the descriptor, or may look into a process that does, so the mode keeps
//! nobody away.
//!
//! **Its path** is `/proc/self/fd/N`: each process that has the descriptor opens its own file there, read from the start,
//! and a process that has not finds nothing, rather than somebody else's file. So a program that closes descriptors when it
//! starts others does not pass it on.
//!
//! **Its number** is a high one. Scripts name the low ones in redirections (`exec 3>log`), and would put another file in
//! its place.

use std::fmt;
#[cfg(target_os = "linux")]
use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::io::{Seek as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::io::{Errno, FdFlags};

/// Descriptors begin here, where the limit of open files allows it.
#[cfg(target_os = "linux")]
const FROM: i32 = 100;

/// A sealed file in memory. Closed when dropped; `execve` closes it unless it is [passed on](Self::pass_on).
pub struct SealedFile(OwnedFd);

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFile {
    /// The system has no such files, or a sandbox forbids them.
    NoSuchFiles,
    /// It was made, but cannot be opened by its path.
    NoPath,
    /// The system says this.
    Failed(Errno),
}

impl SealedFile {
    /// A file with this content.
    ///
    /// # Errors
    /// [`NoFile`].
    #[cfg(target_os = "linux")]
    pub fn new(content: &[u8]) -> Result<Self, NoFile> {
        use rustix::fs::{Mode, OFlags, SealFlags, fchmod, fcntl_add_seals, open};

        let mut file = File::from(create()?);
        let failed = |error: &io::Error| NoFile::Failed(Errno::from_io_error(error).unwrap_or(Errno::IO));
        // The start is where a program reads from that reads the descriptor itself.
        file.write_all(content).and_then(|()| file.rewind()).map_err(|error| failed(&error))?;
        fchmod(&file, Mode::RUSR | Mode::RGRP | Mode::ROTH).map_err(NoFile::Failed)?;
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        fcntl_add_seals(&file, seals).map_err(NoFile::Failed)?;
        let fd = rustix::io::fcntl_dupfd_cloexec(&file, FROM).unwrap_or_else(|_| file.into());
        let sealed = Self(fd);
        open(sealed.path(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(|_| NoFile::NoPath)?;
        Ok(sealed)
    }

    /// A file with this content: not on this system.
    ///
    /// # Errors
    /// [`NoFile::NoSuchFiles`].
    #[cfg(not(target_os = "linux"))]
    pub fn new(_: &[u8]) -> Result<Self, NoFile> {
        Err(NoFile::NoSuchFiles)
    }

    /// The path by which a process that has the descriptor opens it.
    pub fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }

    /// Lets `execve` keep it open. Nothing but `execve` may follow. Neither allocates nor locks.
    pub fn pass_on(&self) {
        // It cannot fail: the descriptor is ours and open.
        let _ = rustix::io::fcntl_setfd(&self.0, FdFlags::empty());
    }

    /// The descriptor.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(target_os = "linux")]
fn create() -> Result<OwnedFd, NoFile> {
    use rustix::fs::{MemfdFlags, memfd_create};

    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let made = match memfd_create(c"momo-cred", flags | MemfdFlags::NOEXEC_SEAL) {
        // A kernel before 6.3 does not know the last one.
        Err(Errno::INVAL) => memfd_create(c"momo-cred", flags),
        made => made,
    };
    made.map_err(|errno| match errno {
        Errno::NOSYS | Errno::PERM | Errno::ACCESS | Errno::INVAL => NoFile::NoSuchFiles,
        errno => NoFile::Failed(errno),
    })
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedFile({})", self.path())
    }
}

impl fmt::Display for NoFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchFiles if cfg!(target_os = "linux") => {
                f.write_str("this system lets us make no sealed files in memory")
            }
            Self::NoSuchFiles => f.write_str("sealed files in memory need Linux"),
            Self::NoPath => {
                f.write_str("it could not be opened by its path: /proc is not mounted, or hidden")
            }
            // The system's own words for a number: they hold nothing of ours.
            Self::Failed(errno) => write!(f, "{}", io::Error::from(*errno)),
        }
    }
}

impl std::error::Error for NoFile {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn is_read_by_its_path_again_and_again_and_changed_by_nobody() {
        let sealed = SealedFile::new(b"value without a line end").unwrap();
        for _ in 0..2 {
            assert_eq!(fs::read(sealed.path()).unwrap(), b"value without a line end");
        }
        let mut direct = String::new();
        File::from(sealed.descriptor().try_clone_to_owned().unwrap()).read_to_string(&mut direct).unwrap();
        assert_eq!(direct, "value without a line end");
        let mut held = File::from(sealed.descriptor().try_clone_to_owned().unwrap());
        held.rewind().unwrap();
        assert_eq!(held.write(b"x").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert!(held.set_len(1).is_err() && held.set_len(100).is_err());
        assert!(rustix::fs::fcntl_add_seals(&held, rustix::fs::SealFlags::empty()).is_err());
        // Root opens it for writing all the same, and cannot write.
        if let Ok(mut file) = OpenOptions::new().write(true).open(sealed.path()) {
            assert!(file.write(b"x").is_err());
        }
        assert_eq!(fs::metadata(sealed.path()).unwrap().permissions().mode() & 0o7777, 0o444);
    }

    #[test]
    fn is_out_of_the_way_and_closed_on_exec_until_it_is_passed_on() {
        let sealed = SealedFile::new(b"").unwrap();
        assert!(sealed.descriptor().as_raw_fd() >= FROM, "{sealed:?}");
        let flags = || rustix::io::fcntl_getfd(sealed.descriptor()).unwrap();
        assert_eq!(flags(), FdFlags::CLOEXEC);
        sealed.pass_on();
        assert_eq!(flags(), FdFlags::empty());
    }
}
