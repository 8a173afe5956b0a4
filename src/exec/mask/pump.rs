//! Moves what a program prints from its pipe or terminal to ours, masked.
//!
//! Nothing is read while something waits to be written: the program feels its reader's pace, and no buffer grows. When
//! our reader goes away the program's pipe is closed, so that it meets what it would meet without us.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use zeroize::{Zeroize as _, Zeroizing};

use super::masker::Masker;
use super::sink::Sink;

/// The longest time that a stage holds something back: a secret that comes with a longer pause in it is shown. There are
/// two stages only after a change of the credential that the program was told of by a signal.
pub(in crate::exec) const HOLD: Duration = Duration::from_millis(50);

/// What a pipe holds at most: so much may wait in it from a program that has ended.
const LAST: usize = 1 << 20;

/// Room for what a stage lets go beside the piece it was fed.
const SPARE: usize = 4096;

/// One stream.
pub(in crate::exec) struct Pump {
    source: Option<OwnedFd>,
    /// `None` when our reader has gone.
    sink: Option<Sink>,
    /// One after the other: for the secrets that the program was given, then for those in use.
    stages: Vec<Stage>,
    out: Vec<u8>,
    written: usize,
    /// How much is read at most once the program has ended.
    left: usize,
}

struct Stage {
    masker: Masker,
    /// What is held back, by where it stands in the stream, and since when.
    held: Option<(u64, Instant)>,
}

impl Pump {
    /// `source` does not make a read wait.
    pub(in crate::exec) fn new(source: OwnedFd, sink: Sink, masker: Masker) -> Self {
        Self {
            source: Some(source),
            sink: Some(sink),
            stages: vec![Stage { masker, held: None }],
            out: Vec::new(),
            written: 0,
            left: LAST,
        }
    }

    /// Hides further secrets from now on, beside those that were in use before.
    pub(in crate::exec) fn renew(&mut self, masker: Masker) {
        self.flush();
        self.stages.push(Stage { masker, held: None });
        if self.stages.len() > 2 {
            // What the program was given at its start it may show at any time.
            self.stages.remove(1);
        }
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
        let since = self.stages.iter().filter_map(|stage| stage.held).map(|(_, since)| since).min();
        since.filter(|_| self.out.is_empty()).map(|since| since + HOLD)
    }

    /// Reads once if there is something. How much there was.
    pub(in crate::exec) fn read(&mut self, scratch: &mut [u8]) -> usize {
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
        self.feed(piece);
        piece.zeroize();
        self.write();
        count
    }

    /// The program has ended: reads what it left, at the pace of our reader. Others that still write are not waited for.
    pub(in crate::exec) fn drain(&mut self, scratch: &mut [u8]) {
        while self.source.is_some() && self.out.is_empty() {
            let count = if self.left > 0 { self.read(scratch) } else { 0 };
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
        self.out.clear();
        self.written = 0;
    }

    /// Lets go of what was held back for too long.
    pub(in crate::exec) fn tick(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.flush();
            self.write();
        }
    }

    /// Nothing more is read.
    fn close(&mut self) {
        self.source = None;
        self.flush();
        self.write();
    }

    /// Nothing more is read, and everything is written.
    pub(in crate::exec) fn is_done(&self) -> bool {
        self.source.is_none() && self.out.is_empty()
    }

    fn feed(&mut self, piece: &[u8]) {
        match self.stages.as_mut_slice() {
            [only] => only.feed(piece, &mut self.out),
            [before, now] => {
                // Free of the secrets of the start; those in use now may be in it.
                let mut between = Zeroizing::new(Vec::with_capacity(piece.len() + SPARE));
                before.feed(piece, &mut between);
                now.feed(&between, &mut self.out);
            }
            _ => {}
        }
    }

    fn flush(&mut self) {
        let mut carried = Zeroizing::new(Vec::new());
        for stage in &mut self.stages {
            let mut out = Zeroizing::new(Vec::with_capacity(carried.len() + SPARE));
            stage.feed(&carried, &mut out);
            stage.masker.flush(&mut out);
            stage.held = None;
            carried = out;
        }
        self.out.extend_from_slice(&carried);
    }
}

impl Stage {
    fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.masker.feed(piece, out);
        let since = |from| match self.held {
            Some((known, since)) if known == from => (from, since),
            _ => (from, Instant::now()),
        };
        self.held = self.masker.held_from().map(since);
    }
}
