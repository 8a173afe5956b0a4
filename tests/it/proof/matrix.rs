//! The crash matrix: for each point of a lifecycle, who comes there and what a death there leaves behind.

use super::bench::Case;

/// What is in the store after a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// What was there before.
    AsBefore,
    /// That, and a claim.
    Claim,
    /// The new credential.
    Published,
}

/// A row.
pub(super) struct Row {
    /// The point.
    pub(super) point: &'static str,
    /// What a death there leaves behind.
    pub(super) left: Left,
    /// Who comes there.
    pub(super) cases: &'static [Case],
}

const ALL: &[Case] = &Case::ALL;
const CLAIMED: &[Case] = &[Case::Provision, Case::Replace, Case::Rotate, Case::Rekey];
const NEW_USER: &[Case] = &[Case::Provision, Case::Replace, Case::Rotate];
const REKEY: &[Case] = &[Case::Rekey];

const fn row(point: &'static str, left: Left, cases: &'static [Case]) -> Row {
    Row { point, left, cases }
}

pub(super) const MATRIX: [Row; 20] = [
    row("before-preflight", Left::AsBefore, CLAIMED),
    row("after-preflight", Left::AsBefore, CLAIMED),
    row("before-claim", Left::AsBefore, CLAIMED),
    row("after-claim", Left::Claim, CLAIMED),
    row("before-user", Left::Claim, NEW_USER),
    row("after-user", Left::Claim, NEW_USER),
    row("before-key", Left::Claim, CLAIMED),
    row("after-key", Left::Claim, CLAIMED),
    row("before-check", Left::Claim, ALL),
    row("after-check", Left::Claim, ALL),
    row("before-fence", Left::Claim, CLAIMED),
    row("after-fence", Left::Claim, CLAIMED),
    row("before-publish", Left::Claim, ALL),
    row("after-publish", Left::Published, ALL),
    row("before-read-back", Left::Published, ALL),
    row("after-read-back", Left::Published, ALL),
    row("before-withdraw", Left::Claim, CLAIMED),
    row("after-withdraw", Left::AsBefore, CLAIMED),
    row("before-recheck", Left::Published, REKEY),
    row("after-recheck", Left::Published, REKEY),
];

impl Row {
    /// What a command leaves behind that dies here. An import claims nothing.
    pub(super) fn left_by(&self, case: Case) -> Left {
        match (self.left, case) {
            (Left::Claim, Case::Import) => Left::AsBefore,
            (left, _) => left,
        }
    }

    /// Whether only a run comes here that the gateway refuses.
    pub(super) fn is_of_a_refusal(&self) -> bool {
        self.point.ends_with("-withdraw")
    }
}

#[test]
fn every_point_of_the_source_has_its_row() {
    let rows: Vec<_> = MATRIX.iter().map(|row| row.point).collect();
    assert_eq!(momo_cred::faults::points(), rows);
    let all: usize = MATRIX.iter().map(|row| row.cases.len()).sum();
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&format!("| {all} points,")), "README does not say that there are {all} points");
}
