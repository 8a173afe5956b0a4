//! What a command leaves for `main` to do.

use crate::exec::Replacement;

/// The end of a command. `main` acts on it after everything with a destructor is gone.
#[derive(Debug)]
pub enum Outcome {
    /// Exit with this code.
    Exit(u8),
    /// End by this signal, which arrived at a bad moment and was noted.
    Signal(i32),
    /// Become this program.
    Replace(Box<Replacement>),
}

impl Outcome {
    /// Exit with success.
    pub const SUCCESS: Self = Self::Exit(0);
}
