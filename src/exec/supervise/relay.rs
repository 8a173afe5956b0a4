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

    /// Reads what was typed, if all before is taken, and gives on what goes.
    pub(super) fn pass(&mut self, terminal: impl AsFd, master: impl AsFd) {
        if !self.has_some() {
            match rustix::io::read(terminal, self.buffer.as_mut_slice()) {
                Ok(count @ 1..) => (self.from, self.to) = (0, count),
                Err(Errno::AGAIN | Errno::INTR) => return,
                Ok(0) | Err(_) => {
                    self.gone = true;
                    return;
                }
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
    }
}
