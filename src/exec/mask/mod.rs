//! Hides secrets in what a program prints, as it prints it.
//!
//! Which texts are hidden is a matter of `needles`; `automaton` finds them, `masker` replaces what they cover and
//! holds back no more than it must, `pump` moves the bytes. **Not a security boundary**: a program that wants to show
//! a secret can write it in another way.
//!
//! The process that masks never holds a needle: it gets the finished automaton, in which no needle stands as a whole, in
//! locked pages, from the process that becomes the program. What it reads from the program goes through locked pages, too.

pub(super) mod automaton;
pub(super) mod masker;
pub(super) mod needles;
pub(super) mod pump;
pub(super) mod sink;

pub use needles::Hidden;
