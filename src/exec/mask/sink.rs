//! Where masked output goes: a standard descriptor of ours, written without ever waiting for its reader.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;

/// What a pipe takes without waiting once it says that it is ready.
const PIECE: usize = 4096;

/// A standard descriptor.
pub(in crate::exec) struct Sink {
    fd: OwnedFd,
    /// It never makes a write wait. Else a write may be only as long as what a ready descriptor is sure to take.
    waits: bool,
}

impl Sink {
    /// For a descriptor of ours. Whoever shares it must not find it changed: a pipe or a terminal is opened once more,
    /// since "does not wait" belongs to what was opened. Where that is refused, small writes do.
    pub(in crate::exec) fn new(fd: BorrowedFd<'_>, number: i32) -> io::Result<Self> {
        let kind = FileType::from_raw_mode(fstat(fd)?.st_mode);
        if matches!(kind, FileType::Fifo | FileType::CharacterDevice) {
            let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            if let Ok(fd) = open(format!("/proc/self/fd/{number}"), flags, Mode::empty()) {
                return Ok(Self { fd, waits: false });
            }
        }
        Ok(Self { fd: rustix::io::fcntl_dupfd_cloexec(fd, 3)?, waits: kind != FileType::RegularFile })
    }

    /// Writes a line if it goes now. Else nobody reads, and it is lost.
    pub(in crate::exec) fn offer(&self, line: &str) {
        let mut ready = [PollFd::new(&self.fd, PollFlags::OUT)];
        if poll(&mut ready, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0) {
            let _ = self.write(line.as_bytes());
        }
    }

    /// Writes what goes now. 0 means: not now.
    pub(in crate::exec) fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        let most = if self.waits { PIECE.min(bytes.len()) } else { bytes.len() };
        match rustix::io::write(&self.fd, bytes.get(..most).unwrap_or_default()) {
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            result => result,
        }
    }
}

impl AsFd for Sink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
