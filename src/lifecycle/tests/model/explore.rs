//! Walks every path of a run that asks what happens next. A run cannot be cloned in its middle: each path is taken from
//! its start, and left where it comes to a state that another path has been at.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// How much was walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Paths, each from the start to an end or to a state seen before.
    pub(super) paths: usize,
    /// States that differ.
    pub(super) states: usize,
}

/// What a run asks.
pub(super) struct Chooser {
    /// What was chosen so far, and out of how many.
    path: Vec<(usize, usize)>,
    at: usize,
    seen: HashSet<u64>,
}

impl Chooser {
    /// One of `0..options`; another one each time the run comes here by the same way.
    pub(super) fn choose(&mut self, options: usize) -> usize {
        if self.at == self.path.len() {
            self.path.push((0, options));
        }
        let (chosen, known) = self.path[self.at];
        assert_eq!(known, options, "the same way has to come to the same choice");
        self.at += 1;
        chosen
    }

    /// Whether this state is new. On the way that leads back to the last choice nothing is asked.
    pub(super) fn is_new(&mut self, state: &impl Hash) -> bool {
        if self.at < self.path.len() {
            return true;
        }
        let mut hasher = DefaultHasher::new();
        state.hash(&mut hasher);
        self.seen.insert(hasher.finish())
    }

    /// Goes on to the next path; `false` after the last.
    fn advance(&mut self) -> bool {
        self.at = 0;
        while let Some((chosen, options)) = self.path.pop() {
            if chosen + 1 < options {
                self.path.push((chosen + 1, options));
                return true;
            }
        }
        false
    }
}

/// Runs every path, until one fails.
pub(super) fn explore(mut run: impl FnMut(&mut Chooser) -> Result<(), String>) -> Result<Tally, String> {
    let mut chooser = Chooser { path: Vec::new(), at: 0, seen: HashSet::new() };
    let mut paths = 0;
    loop {
        paths += 1;
        run(&mut chooser)?;
        if !chooser.advance() {
            return Ok(Tally { paths, states: chooser.seen.len() });
        }
    }
}

#[test]
fn every_path_is_taken_once() {
    let mut ways = Vec::new();
    let tally = explore(|chooser| {
        let first = chooser.choose(2);
        let second = if first == 0 { chooser.choose(3) } else { 9 };
        ways.push((first, second));
        Ok(())
    });
    assert_eq!((tally.unwrap().paths, ways), (4, vec![(0, 0), (0, 1), (0, 2), (1, 9)]));
}
