//! Replaces every byte that some needle covers, a run of them by one [`MASK`].
//!
//! A byte is held back only while it may still turn out to be covered: the longest end of the text that is the beginning
//! of a needle. Needles may overlap, begin alike or contain each other; what any of them covers is never shown, whatever
//! pieces the text comes in.

use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use zeroize::Zeroize;

use super::super::sys::Locked;
use super::automaton::{begins, deepest, depth, longest, step};

/// What stands in the place of a secret.
pub(in crate::exec) const MASK: &[u8] = b"***";

/// How many automata there are at most beside the first: what was given at the start may be shown at any time, and so may
/// what came after, but not for ever.
const LATER: usize = 8;

/// The automaton of one generation of secrets, and its state.
struct Finder {
    table: Rc<Locked<u32>>,
    state: u32,
}

/// The state of one stream.
pub(in crate::exec) struct Masker {
    finders: Vec<Finder>,
    /// The bytes that are held back, and whether each is covered.
    held: Locked<u8>,
    covered: Locked<u8>,
    len: usize,
    /// How many bytes were let go: where the first that is held back stands in the stream.
    gone: u64,
    /// Where each piece that something is held back of began, and when it came.
    came: VecDeque<(u64, Instant)>,
    /// The last byte let go was covered: a run goes on.
    masking: bool,
}

impl Masker {
    /// For an automaton.
    pub(in crate::exec) fn new(table: Rc<Locked<u32>>) -> io::Result<Self> {
        let room = deepest(&table) + 1;
        let (held, covered) = (Locked::zeroed(room)?, Locked::zeroed(room)?);
        let finders = vec![Finder { table, state: 0 }];
        Ok(Self { finders, held, covered, len: 0, gone: 0, came: VecDeque::new(), masking: false })
    }

    /// Finds the needles of a further automaton from here on, in what is held back, too. Nothing changes where that fails.
    pub(in crate::exec) fn add(&mut self, table: Rc<Locked<u32>>) -> io::Result<()> {
        let room = deepest(&table) + 1;
        if room > self.held.len() {
            let (mut held, mut covered) = (Locked::zeroed(room)?, Locked::zeroed(room)?);
            for (new, old) in [(&mut held, &self.held), (&mut covered, &self.covered)] {
                new.iter_mut().zip(old.iter()).for_each(|(new, old)| *new = *old);
            }
            (self.held, self.covered) = (held, covered);
        }
        let mut state = 0;
        for (at, byte) in self.held.iter().enumerate().take(self.len) {
            state = step(&table, state, *byte);
            let from = (at + 1).saturating_sub(longest(&table, state));
            self.covered.get_mut(from..=at).unwrap_or_default().fill(1);
        }
        self.finders.push(Finder { table, state });
        if self.finders.len() > 1 + LATER {
            self.finders.remove(1);
        }
        Ok(())
    }

    /// Takes a piece of the stream, and gives what can be shown.
    pub(in crate::exec) fn feed(&mut self, mut text: &[u8], now: Instant, out: &mut Vec<u8>) {
        self.came.push_back((self.gone + self.len as u64, now));
        while let Some(first) = text.first() {
            if self.len == 0 {
                let clear = self.skip(text);
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
        self.forget();
    }

    /// Gives all that is held back: no more comes, or not soon.
    pub(in crate::exec) fn flush(&mut self, out: &mut Vec<u8>) {
        self.release(self.len, out);
        self.finders.iter_mut().for_each(|finder| finder.state = 0);
        self.forget();
    }

    /// When the first byte came that is held back.
    pub(in crate::exec) fn held_since(&self) -> Option<Instant> {
        self.came.front().map(|(_, since)| *since)
    }

    /// What is held back counts as having come now.
    pub(in crate::exec) fn renew(&mut self, now: Instant) {
        self.came.iter_mut().for_each(|(_, since)| *since = now);
    }

    /// Where the first byte is that a needle may begin with.
    fn skip(&self, text: &[u8]) -> usize {
        let at = match self.finders.as_slice() {
            [only] => {
                let table: &[u32] = &only.table;
                (0..text.len()).find(|at| begins(table, text, *at))
            }
            all => (0..text.len()).find(|at| all.iter().any(|finder| begins(&finder.table, text, *at))),
        };
        at.unwrap_or(text.len())
    }

    /// Forgets the pieces that nothing is held back of.
    fn forget(&mut self) {
        if self.len == 0 {
            self.came.clear();
        }
        while self.came.get(1).is_some_and(|(from, _)| *from <= self.gone) {
            self.came.pop_front();
        }
    }

    fn push(&mut self, byte: u8, out: &mut Vec<u8>) {
        if let (Some(held), Some(covered)) = (self.held.get_mut(self.len), self.covered.get_mut(self.len)) {
            (*held, *covered) = (byte, 0);
            self.len += 1;
        }
        let mut needed = 0;
        for Finder { table, state } in &mut self.finders {
            *state = step(table, *state, byte);
            // A needle that ends here began where something is held back: it is no longer than the depth of a state before.
            let from = self.len.saturating_sub(longest(table, *state));
            self.covered.get_mut(from..self.len).unwrap_or_default().fill(1);
            needed = needed.max(depth(table, *state));
        }
        self.release(self.len.saturating_sub(needed), out);
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

    fn table(needles: &[Vec<u8>]) -> Rc<Locked<u32>> {
        let table = build(needles.iter().map(Vec::as_slice));
        let mut locked = Locked::zeroed(table.len()).unwrap();
        locked.copy_from_slice(&table);
        Rc::new(locked)
    }

    fn masker(needles: &[Vec<u8>]) -> Masker {
        Masker::new(table(needles)).unwrap()
    }

    /// All of a text in the given pieces.
    fn masked(needles: &[Vec<u8>], pieces: &[&[u8]]) -> Vec<u8> {
        let (mut masker, mut out) = (masker(needles), Vec::new());
        for piece in pieces {
            masker.feed(piece, Instant::now(), &mut out);
        }
        masker.flush(&mut out);
        assert_eq!(masker.held_since(), None);
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
        let (mut masker, mut out, now) = (masker(&bytes(&["abcdefgh"])), Vec::new(), Instant::now());
        masker.feed(b"Enter OTP: ", now, &mut out);
        assert_eq!((out.as_slice(), masker.held_since()), (&b"Enter OTP: "[..], None));
        masker.feed(b"Enter abc", now, &mut out);
        assert_eq!((out.as_slice(), masker.held_since()), (&b"Enter OTP: Enter "[..], Some(now)));
        masker.flush(&mut out);
        assert_eq!(out, b"Enter OTP: Enter abc");
    }

    /// No byte is held back longer for others that came after it, wherever the first that is held stands by then.
    #[test]
    fn each_byte_has_its_own_age() {
        let (mut masker, mut out, start) = (masker(&bytes(&["abcabcabd"])), Vec::new(), Instant::now());
        let at = |millis| start + std::time::Duration::from_millis(millis);
        let mut feed = |text: &str, millis| {
            masker.feed(text.as_bytes(), at(millis), &mut out);
            (String::from_utf8(out.clone()).unwrap(), masker.held_since())
        };
        assert_eq!(feed("abcab", 0), (String::new(), Some(at(0))));
        assert_eq!(feed("c", 20), (String::new(), Some(at(0))));
        assert_eq!(feed("abc", 40), ("abc".to_owned(), Some(at(0))));
        assert_eq!(feed("abc", 45), ("abcabc".to_owned(), Some(at(40))));
        assert_eq!(feed("x", 50), ("abcabcabcabcx".to_owned(), None));
    }

    /// An automaton that comes later finds what began before it came, and the first one stays whatever comes.
    #[test]
    fn further_needles_are_found_in_what_is_held_back() {
        let (mut masker, mut out, now) = (masker(&bytes(&["abcdefgh"])), Vec::new(), Instant::now());
        masker.feed(b"1abcd", now, &mut out);
        masker.add(table(&bytes(&["cdxyxyxyxyxyxyxy"]))).unwrap();
        masker.feed(b"xyxyxyxyxyxyxy efg", now, &mut out);
        for n in 0..20 {
            masker.add(table(&bytes(&[&format!("later-needle-{n:02}")]))).unwrap();
        }
        masker.feed(b" abcdefgh later-needle-19 later-needle-12 later-needle-11", now, &mut out);
        masker.flush(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "1ab*** efg *** *** *** later-needle-11");
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

        /// Several automata hide what one for all their needles would.
        #[test]
        fn generations_hide_what_their_union_hides(
            generations in prop::collection::vec(prop::collection::vec("[ab]{6,14}", 0..3), 1..5),
            pieces in prop::collection::vec("[ab]{0,40}c?", 0..6),
        ) {
            let generations: Vec<Vec<Vec<u8>>> = generations
                .iter()
                .map(|needles| bytes(&needles.iter().map(String::as_str).collect::<Vec<_>>()))
                .collect();
            let (mut masker, mut out) = (masker(&generations[0]), Vec::new());
            for needles in &generations[1..] {
                masker.add(table(needles)).unwrap();
            }
            for piece in &pieces {
                masker.feed(piece.as_bytes(), Instant::now(), &mut out);
            }
            masker.flush(&mut out);
            prop_assert_eq!(out, model(&generations.concat(), pieces.concat().as_bytes()));
        }

        /// What no needle covers comes out byte for byte.
        #[test]
        fn nothing_is_lost(text in prop::collection::vec(any::<u8>(), 0..300), needle in "[a-f0-9]{32}") {
            let out = masked(&[needle.into_bytes()], &[&text]);
            prop_assert_eq!(out, text);
        }
    }
}
