//! Moves what a program prints from its pipe or terminal to ours, masked.
//!
//! Nothing is read while something waits to be written: the program feels its reader's pace, and no buffer grows. When
//! our reader goes away the program's pipe is closed, so that it meets what it would meet without us.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use zeroize::{Zeroize as _, Zeroizing};

use super::super::sys::Locked;
use super::masker::Masker;
use super::sink::Sink;

/// The longest time that something is held back: a secret whose printing takes longer is shown.
pub(in crate::exec) const HOLD: Duration = Duration::from_millis(50);

/// What a pipe holds at most: so much may wait in it from a program that has ended.
const LAST: usize = 1 << 20;

/// How much is read at once.
pub(in crate::exec) const PIECE: usize = 16 * 1024;

/// One stream.
pub(in crate::exec) struct Pump {
    source: Option<OwnedFd>,
    /// `None` when our reader has gone.
    sink: Option<Sink>,
    masker: Masker,
    out: Zeroizing<Vec<u8>>,
    written: usize,
    /// How much is read at most once the program has ended.
    left: usize,
}

impl Pump {
    /// `source` does not make a read wait.
    pub(in crate::exec) fn new(source: OwnedFd, sink: Sink, masker: Masker) -> Self {
        // Room for what was held back before a piece, too: a buffer that grew would leave a copy behind.
        let out = Zeroizing::new(Vec::with_capacity(2 * PIECE));
        Self { source: Some(source), sink: Some(sink), masker, out, written: 0, left: LAST }
    }

    /// Hides further secrets from now on, beside those that were in use before.
    pub(in crate::exec) fn renew(&mut self, table: Rc<Locked<u32>>) -> io::Result<()> {
        self.masker.add(table)
    }

    /// What to read from, when it is time to.
    pub(in crate::exec) fn source(&self) -> Option<BorrowedFd<'_>> {
        self.source.as_ref().filter(|_| self.out.is_empty()).map(AsFd::as_fd)
    }

    /// What to write to, when there is something.
    pub(in crate::exec) fn sink(&self) -> Option<BorrowedFd<'_>> {
        self.sink.as_ref().filter(|_| !self.out.is_empty()).map(AsFd::as_fd)
    }

    /// When something that is held back is to be let go.
    pub(in crate::exec) fn deadline(&self) -> Option<Instant> {
        self.masker.held_since().filter(|_| self.out.is_empty()).map(|since| since + HOLD)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Reads once if there is something. How much there was.
    pub(in crate::exec) fn read(&mut self, scratch: &mut [u8], now: Instant) -> usize {
        let late = self.is_due(now);
        let Some(source) = self.source.as_ref().filter(|_| self.out.is_empty()) else { return 0 };
        let count = match rustix::io::read(source, &mut *scratch) {
            Err(Errno::AGAIN | Errno::INTR) => return 0,
            // A terminal that nobody has open any more answers with an error.
            Ok(0) | Err(_) => {
                self.close();
                return 0;
            }
            Ok(count) => count,
        };
        let piece = scratch.get_mut(..count).unwrap_or_default();
        self.masker.feed(piece, now, &mut self.out);
        piece.zeroize();
        if late {
            // It may have waited for us, and more with it: no fault of the program's.
            self.masker.renew(now);
        }
        self.write();
        count
    }

    /// The program has ended: reads what it left, at the pace of our reader. Others that still write are not waited for.
    pub(in crate::exec) fn drain(&mut self, scratch: &mut [u8], now: Instant) {
        while self.source.is_some() && self.out.is_empty() {
            let count = if self.left > 0 { self.read(scratch, now) } else { 0 };
            self.left = self.left.saturating_sub(count);
            if count == 0 {
                self.close();
            }
        }
    }

    /// Writes what goes now.
    pub(in crate::exec) fn write(&mut self) {
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.sink.as_ref().map(|sink| sink.write(rest)) {
                Some(Ok(0)) => return,
                Some(Ok(count)) => self.written += count,
                Some(Err(_)) | None => {
                    self.sink = None;
                    self.source = None;
                    break;
                }
            }
        }
        self.out.zeroize();
        self.written = 0;
    }

    /// Lets go of what was held back for too long, unless the rest has come by now: while our reader made us wait we did
    /// not read.
    pub(in crate::exec) fn tick(&mut self, scratch: &mut [u8], now: Instant) {
        if self.is_due(now) && self.read(scratch, now) == 0 && self.out.is_empty() {
            self.masker.flush(&mut self.out);
            self.write();
        }
    }

    /// Nothing more is read.
    fn close(&mut self) {
        self.source = None;
        self.masker.flush(&mut self.out);
        self.write();
    }

    /// Nothing more is read, and everything is written.
    pub(in crate::exec) fn is_done(&self) -> bool {
        self.source.is_none() && self.out.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsRawFd as _;

    use super::super::automaton::build;
    use super::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn pump(source: OwnedFd, sink: &impl AsFd) -> Pump {
        let table = build([KEY].into_iter());
        let mut locked = Locked::zeroed(table.len()).unwrap();
        locked.copy_from_slice(&table);
        rustix::io::ioctl_fionbio(&source, true).unwrap();
        let sink = Sink::new(sink.as_fd(), sink.as_fd().as_raw_fd()).unwrap();
        Pump::new(source, sink, Masker::new(Rc::new(locked)).unwrap())
    }

    /// A key lies across the end of a piece, and the reader is slower than the longest hold.
    #[test]
    fn a_slow_reader_is_not_shown_a_key_that_was_printed_at_once() {
        let (program, mut prints) = io::pipe().unwrap();
        let (reader, sink) = io::pipe().unwrap();
        let mut reader = File::from(OwnedFd::from(reader));
        let mut pump = pump(program.into(), &sink);
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        let (mut scratch, start) = (vec![0; PIECE], Instant::now());
        let later = |holds| start + HOLD * holds;
        // The reader's pipe is full.
        let mut filled = 0;
        while pump.sink.as_ref().unwrap().write(&[b'-'; 4096]).unwrap() > 0 {
            filled += 4096;
        }
        let mut printed = vec![b'.'; PIECE - KEY.len() / 2];
        printed.extend_from_slice(KEY);
        prints.write_all(&printed).unwrap();
        assert_eq!(pump.read(&mut scratch, start), PIECE);
        assert!(!pump.out.is_empty(), "the reader takes nothing");
        pump.tick(&mut scratch, later(1));
        let mut shown = vec![0; filled];
        reader.read_exact(&mut shown).unwrap();
        pump.write();
        pump.tick(&mut scratch, later(2));
        // What has no end is shown, when nothing more is there.
        prints.write_all(&KEY[..8]).unwrap();
        pump.read(&mut scratch, later(3));
        pump.tick(&mut scratch, later(4));
        let mut shown = vec![0; 2 * PIECE];
        let count = reader.read(&mut shown).unwrap();
        let expected = [&printed[..PIECE - KEY.len() / 2], b"***", &KEY[..8]].concat();
        assert_eq!(String::from_utf8_lossy(&shown[..count]), String::from_utf8_lossy(&expected));
    }
}
