//! Passes on what is typed. It may be a password: nothing of it stays.

use std::os::fd::AsFd;

use rustix::io::Errno;
use zeroize::{Zeroize as _, Zeroizing};

/// What was typed and not taken yet.
pub(super) struct Relay {
    buffer: Zeroizing<[u8; 1024]>,
    from: usize,
    to: usize,
    gone: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// It went on, or has to wait.
    On,
    /// It went on, with a key that asks programs to end: Ctrl-C or Ctrl-\.
    Interrupt,
    /// The terminal does not let us read.
    Refused,
}

/// The keys that a terminal makes INT and QUIT of, unless it is told otherwise.
const INTERRUPTS: [u8; 2] = [0x03, 0x1c];

impl Relay {
    pub(super) fn new() -> Self {
        Self { buffer: Zeroizing::new([0; 1024]), from: 0, to: 0, gone: false }
    }

    /// Whether something waits for the program's terminal to take it.
    pub(super) fn has_some(&self) -> bool {
        self.from < self.to
    }

    /// Whether to read on.
    pub(super) fn wants_more(&self) -> bool {
        !self.gone && !self.has_some()
    }

    /// Nothing more can be typed.
    pub(super) fn close(&mut self) {
        self.gone = true;
    }

    /// Reads what was typed, if all before is taken, and gives on what goes.
    pub(super) fn pass(&mut self, terminal: impl AsFd, master: impl AsFd) -> Passed {
        let mut passed = Passed::On;
        if !self.has_some() {
            match rustix::io::read(terminal, self.buffer.as_mut_slice()) {
                Ok(count @ 1..) => (self.from, self.to) = (0, count),
                Err(Errno::AGAIN | Errno::INTR) => return Passed::On,
                Ok(0) | Err(_) => return Passed::Refused,
            }
            if self.buffer.iter().take(self.to).any(|key| INTERRUPTS.contains(key)) {
                passed = Passed::Interrupt;
            }
        }
        match rustix::io::write(master, self.buffer.get(self.from..self.to).unwrap_or_default()) {
            Ok(count) => self.from += count,
            Err(Errno::AGAIN | Errno::INTR) => {}
            // The program's terminal has gone.
            Err(_) => self.from = self.to,
        }
        if !self.has_some() {
            self.buffer.zeroize();
        }
        passed
    }
}
