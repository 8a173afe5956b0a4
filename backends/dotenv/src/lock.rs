//! The lock file, `<file>.lock`.
//!
//! A file of its own: when the data file is replaced by a rename, a second locker would get the lock on the new inode
//! while the first still holds the old one. It is never deleted, for the same reason. `flock` belongs to the open file
//! description, so handles in one process exclude each other, and death releases it.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::config::Paths;
use crate::error::Problem;
use crate::file::file_type;

/// How long a write waits for the lock.
pub const WRITE_WAIT: Duration = Duration::from_secs(2);

/// How long `hold` waits for the lock.
pub const HOLD_WAIT: Duration = Duration::from_secs(1);

/// The lock of one handle: held for the length of a write, or of a lifecycle.
#[derive(Debug, Default)]
pub(crate) struct Lock {
    /// Writes of this handle pass one at a time; inside is the hold that they may work under.
    gate: Mutex<Weak<File>>,
}

/// The right to write. The lock is released when both parts are dropped, and any hold.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _gate: MutexGuard<'a, Weak<File>>,
    _file: Arc<File>,
}

impl Lock {
    /// Takes the right to write, under this handle's own hold or else under the lock.
    pub(crate) fn turn(&self, paths: &Paths) -> Result<Turn<'_>, Problem> {
        let deadline = Instant::now() + WRITE_WAIT;
        let gate = self.gate();
        let file = match gate.upgrade() {
            Some(held) => held,
            None => Arc::new(acquire(&paths.lock, deadline)?),
        };
        Ok(Turn { _gate: gate, _file: file })
    }

    /// Takes the lock for as long as the returned guard lives.
    pub(crate) fn hold(&self, paths: &Paths) -> Result<Arc<File>, Problem> {
        let deadline = Instant::now() + HOLD_WAIT;
        let mut gate = self.gate();
        let file = Arc::new(acquire(&paths.lock, deadline)?);
        *gate = Arc::downgrade(&file);
        Ok(file)
    }

    fn gate(&self) -> MutexGuard<'_, Weak<File>> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the lock file and waits for the lock until the deadline, trying at least once.
fn acquire(path: &Path, deadline: Instant) -> Result<File, Problem> {
    let step = "opening the lock file";
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let not_a_file = || Problem::LockFile { lock: path.to_owned() };
    let file = match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(fd) => File::from(fd),
        // A folder and a socket are not even opened.
        Err(Errno::ISDIR | Errno::NXIO) => return Err(not_a_file()),
        Err(errno) => return Err(Problem::errno(step)(errno)),
    };
    let stat = rustix::fs::fstat(&file).map_err(Problem::errno(step))?;
    if file_type(&stat) != FileType::RegularFile {
        return Err(not_a_file());
    }
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => return Err(Problem::Locked { lock: path.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(Problem::system("taking the lock")(error)),
        }
    }
}

/// The kind of network file system that holds `folder`, if it is one.
///
/// Numbers: `include/uapi/linux/magic.h` of the kernel; CIFS 0xFF534D42 and SMB2 0xFE534D42 from `fs/smb/client`.
/// FUSE is let pass: most of it is local, and its number does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn shared_fs(folder: &Path) -> Result<Option<&'static str>, Problem> {
    let stat = rustix::fs::statfs(folder).map_err(Problem::errno("looking at the file system"))?;
    // The word is signed on some targets; the number is its low 32 bits.
    let magic = u32::try_from(i128::from(stat.f_type) & 0xffff_ffff).unwrap_or_default();
    Ok(shared_name(magic))
}

/// No kind is known here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn shared_fs(_folder: &Path) -> Result<Option<&'static str>, Problem> {
    Ok(None)
}

#[cfg(target_os = "linux")]
fn shared_name(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x0000_6969 => "NFS",
        0x0000_517b => "SMB",
        0xff53_4d42 => "CIFS",
        0xfe53_4d42 => "SMB2",
        0x0102_1997 => "9P",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x00c3_6400 => "Ceph",
        _ => return None,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        assert_eq!(shared_name(0x6969), Some("NFS"));
        assert_eq!(shared_name(0xff53_4d42), Some("CIFS"));
        for local in [0xef53, 0x0102_1994, 0x9123_683e, 0x5846_5342, 0x6573_5546, 0x794c_7630] {
            assert_eq!(shared_name(local), None, "{local:x}");
        }
        assert_eq!(shared_fs(Path::new("/proc")), Ok(None));
    }
}
