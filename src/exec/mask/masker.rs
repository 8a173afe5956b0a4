//! Replaces every byte that some needle covers, a run of them by one [`MASK`].
//!
//! A byte is held back only while it may still turn out to be covered: the longest end of the text that is the beginning
//! of a needle. Needles may overlap, begin alike or contain each other; what any of them covers is never shown, whatever
//! pieces the text comes in.

use std::io;
use std::rc::Rc;

use zeroize::Zeroize;

use super::super::sys::Locked;
use super::automaton::{deepest, depth, longest, skip, step};

/// What stands in the place of a secret.
pub(in crate::exec) const MASK: &[u8] = b"***";

/// The state of one stream.
pub(in crate::exec) struct Masker {
    table: Rc<Locked<u32>>,
    state: u32,
    /// The bytes that are held back, and whether each is covered.
    held: Locked<u8>,
    covered: Locked<u8>,
    len: usize,
    /// How many bytes were let go: where the first that is held back stands in the stream.
    gone: u64,
    /// The last byte let go was covered: a run goes on.
    masking: bool,
}

impl Masker {
    /// For an automaton.
    pub(in crate::exec) fn new(table: Rc<Locked<u32>>) -> io::Result<Self> {
        let room = deepest(&table) + 1;
        let (held, covered) = (Locked::zeroed(room)?, Locked::zeroed(room)?);
        Ok(Self { table, state: 0, held, covered, len: 0, gone: 0, masking: false })
    }

    /// Takes a piece of the stream, and gives what can be shown.
    pub(in crate::exec) fn feed(&mut self, mut text: &[u8], out: &mut Vec<u8>) {
        while let Some(first) = text.first() {
            if self.len == 0 {
                let clear = skip(&self.table, text);
                if clear > 0 {
                    let (shown, rest) = text.split_at(clear);
                    out.extend_from_slice(shown);
                    self.gone += shown.len() as u64;
                    self.masking = false;
                    text = rest;
                    continue;
                }
            }
            self.push(*first, out);
            text = text.split_first().map_or(&[], |(_, rest)| rest);
        }
    }

    /// Gives all that is held back: no more comes, or not soon.
    pub(in crate::exec) fn flush(&mut self, out: &mut Vec<u8>) {
        self.release(self.len, out);
        self.state = 0;
    }

    /// Where in the stream the first byte stands that is held back.
    pub(in crate::exec) fn held_from(&self) -> Option<u64> {
        (self.len > 0).then_some(self.gone)
    }

    fn push(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.state = step(&self.table, self.state, byte);
        if let (Some(held), Some(covered)) = (self.held.get_mut(self.len), self.covered.get_mut(self.len)) {
            (*held, *covered) = (byte, 0);
            self.len += 1;
        }
        // A needle that ends here began where something is held back: it is no longer than the depth of a state before.
        let from = self.len.saturating_sub(longest(&self.table, self.state));
        self.covered.get_mut(from..self.len).unwrap_or_default().fill(1);
        self.release(self.len.saturating_sub(depth(&self.table, self.state)), out);
    }

    /// Lets go of the first `count` bytes.
    fn release(&mut self, count: usize, out: &mut Vec<u8>) {
        if count == 0 {
            return;
        }
        for (byte, covered) in self.held.iter().zip(self.covered.iter()).take(count) {
            if *covered == 0 {
                out.push(*byte);
            } else if !self.masking {
                out.extend_from_slice(MASK);
            }
            self.masking = *covered != 0;
        }
        self.held.copy_within(count..self.len, 0);
        self.covered.copy_within(count..self.len, 0);
        self.len -= count;
        self.gone += count as u64;
        self.held.get_mut(self.len..self.len + count).unwrap_or_default().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::automaton::build;
    use super::*;

    fn masker(needles: &[Vec<u8>]) -> Masker {
        let table = build(needles.iter().map(Vec::as_slice));
        let mut locked = Locked::zeroed(table.len()).unwrap();
        locked.copy_from_slice(&table);
        Masker::new(Rc::new(locked)).unwrap()
    }

    /// All of a text in the given pieces.
    fn masked(needles: &[Vec<u8>], pieces: &[&[u8]]) -> Vec<u8> {
        let (mut masker, mut out) = (masker(needles), Vec::new());
        for piece in pieces {
            masker.feed(piece, &mut out);
        }
        masker.flush(&mut out);
        assert_eq!(masker.held_from(), None);
        out
    }

    /// The same by looking at every place for every needle.
    fn model(needles: &[Vec<u8>], text: &[u8]) -> Vec<u8> {
        let mut covered = vec![false; text.len()];
        for needle in needles.iter().filter(|needle| needle.len() >= 8) {
            for at in 0..text.len() {
                if text[at..].starts_with(needle) {
                    covered[at..at + needle.len()].fill(true);
                }
            }
        }
        let (mut out, mut run) = (Vec::new(), false);
        for (byte, covered) in text.iter().zip(covered) {
            match (covered, run) {
                (true, false) => out.extend_from_slice(MASK),
                (true, true) => {}
                (false, _) => out.push(*byte),
            }
            run = covered;
        }
        out
    }

    fn bytes(texts: &[&str]) -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    #[test]
    fn what_any_needle_covers_is_hidden() {
        for (needles, text, shown) in [
            (&["abcdefgh"][..], "x abcdefgh y", "x *** y"),
            (&["abcdefgh", "abcdefghijkl"], "abcdefghijkl abcdefghijk", "*** ***ijk"),
            (&["abcdefgh", "efghijkl"], "abcdefghijkl", "***"),
            (&["abcdefgh", "zabcdefghz"], "zabcdefgh zabcdefghz", "z*** ***"),
            (&["aaaaaaaa"], "aaaaaaaaaaaaaaa aaaaaaa", "*** aaaaaaa"),
            (&["abcdefgh"], "abcdefghabcdefgh", "***"),
            (&["abcabcabd"], "abcabcabcabd", "abc***"),
            (&["short"], "short", "short"),
        ] {
            let out = masked(&bytes(needles), &[text.as_bytes()]);
            assert_eq!(String::from_utf8(out).unwrap(), shown, "{needles:?}");
        }
    }

    /// Only what may be the beginning of a needle is held back.
    #[test]
    fn a_prompt_is_shown_at_once() {
        let (mut masker, mut out) = (masker(&bytes(&["abcdefgh"])), Vec::new());
        masker.feed(b"Enter OTP: ", &mut out);
        assert_eq!((out.as_slice(), masker.held_from()), (&b"Enter OTP: "[..], None));
        masker.feed(b"Enter abc", &mut out);
        assert_eq!((out.as_slice(), masker.held_from()), (&b"Enter OTP: Enter "[..], Some(17)));
        masker.feed(b"d", &mut out);
        assert_eq!(masker.held_from(), Some(17), "held since the same time");
        masker.flush(&mut out);
        assert_eq!(out, b"Enter OTP: Enter abcd");
    }

    proptest! {
        /// Few letters, so that needles overlap, contain each other and begin everywhere.
        #[test]
        fn any_pieces_give_what_the_whole_gives(
            needles in prop::collection::vec("[ab]{6,14}", 0..5),
            text in "[ab]{0,120}(b[ab]{0,3}c){0,3}[ab]{0,60}",
            cuts in prop::collection::vec(0_usize..200, 0..12),
        ) {
            let needles = bytes(&needles.iter().map(String::as_str).collect::<Vec<_>>());
            let text = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
            let expected = model(&needles, text);
            prop_assert_eq!(masked(&needles, &pieces), expected.clone());
            prop_assert_eq!(masked(&needles, &[text]), expected);
        }

        /// What no needle covers comes out byte for byte.
        #[test]
        fn nothing_is_lost(text in prop::collection::vec(any::<u8>(), 0..300), needle in "[a-f0-9]{32}") {
            let out = masked(&[needle.into_bytes()], &[&text]);
            prop_assert_eq!(out, text);
        }
    }
}
