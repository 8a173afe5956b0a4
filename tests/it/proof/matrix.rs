//! The crash matrix: for each point of a command that writes, who comes there and what a death there leaves behind.

use super::bench::Store;
use super::case::Case;

/// What is in the store after a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// What was there before.
    AsBefore,
    /// That, and a claim.
    Claim,
    /// What the command was for.
    Published,
}

/// A row.
pub(super) struct Row {
    /// The point.
    pub(super) point: &'static str,
    /// What a death there leaves behind.
    left: Left,
    /// Who comes there.
    pub(super) cases: &'static [Case],
}

/// Those that ask before they claim. Where users are bound to keys, the first check is refused before that.
const ASKING: &[Case] = &[
    Case::Provision,
    Case::Replace,
    Case::Rotate,
    Case::Rekey,
    Case::SwapMoving,
    Case::RegenerateMoving,
    Case::Compromise,
    Case::ResumeNewUser,
    Case::ResumeRekey,
];
const CLAIMING: &[Case] = &[
    Case::Provision,
    Case::Replace,
    Case::Rotate,
    Case::Rekey,
    Case::SwapMoving,
    Case::Regenerate,
    Case::RegenerateMoving,
    Case::Compromise,
    Case::ResumeNewUser,
    Case::ResumeRekey,
];
const NEW_USER: &[Case] = &[
    Case::Provision,
    Case::Replace,
    Case::Rotate,
    Case::SwapMoving,
    Case::RegenerateMoving,
    Case::Compromise,
    Case::ResumeNewUser,
];
/// Those that ask for a key of the credential.
const KEYED: &[Case] = ASKING;
const CHECKING: &[Case] = &[
    Case::Provision,
    Case::Replace,
    Case::Rotate,
    Case::Rekey,
    Case::Import,
    Case::Guided,
    Case::Rollback,
    Case::Swap,
    Case::SwapMoving,
    Case::Regenerate,
    Case::RegenerateMoving,
    Case::Compromise,
    Case::ResumeNewUser,
    Case::ResumeRekey,
];
const FENCED: &[Case] = &[
    Case::Provision,
    Case::Replace,
    Case::Rotate,
    Case::Rekey,
    Case::SwapMoving,
    Case::Regenerate,
    Case::RegenerateMoving,
    Case::Compromise,
    Case::ResumeNewUser,
    Case::ResumeRekey,
];
const PUBLISHING: &[Case] = CHECKING;
/// Where a key is refused for good. A key that a person typed is kept all the same.
const WITHDRAWING: &[Case] = &[
    Case::Provision,
    Case::Replace,
    Case::Rotate,
    Case::Rekey,
    Case::SwapMoving,
    Case::Compromise,
    Case::ResumeNewUser,
];
const REKEY: &[Case] = &[Case::Rekey, Case::ResumeRekey];
/// Those that come to the hook by ways of their own.
const HOOKED: &[Case] = &[Case::Rotate, Case::Guided, Case::Swap, Case::Compromise];
/// Where the credential in use is of another gateway, the old key has to show that it is let in.
const ELSEWHERE: &[Case] = &[Case::RevokeElsewhere];
const ABORTING: &[Case] = &[Case::Abort];
/// Where users are bound to keys, a second user is made and tried once the first is refused.
const MOVING: &[Case] = &[Case::SwapMoving, Case::RegenerateMoving];
/// Of the two only this one has a claim by then, that of the key that a person brought.
const MOVING_UNDER_A_CLAIM: &[Case] = &[Case::RegenerateMoving];
const RENEWING: &[Case] = &[Case::Revoke, Case::RevokeElsewhere, Case::Compromise, Case::ResumeRevoke];
/// Where the credential in use is of the same gateway, it is the one that has to be let in.
const IN_USE: &[Case] = &[Case::Revoke, Case::Compromise, Case::ResumeRevoke];

const fn row(point: &'static str, left: Left, cases: &'static [Case]) -> Row {
    Row { point, left, cases }
}

pub(super) const MATRIX: [Row; 42] = [
    row("before-preflight", Left::AsBefore, ASKING),
    row("after-preflight", Left::AsBefore, ASKING),
    row("before-claim", Left::AsBefore, CLAIMING),
    row("after-claim", Left::Claim, CLAIMING),
    row("before-user", Left::Claim, NEW_USER),
    row("after-user", Left::Claim, NEW_USER),
    row("before-key", Left::Claim, KEYED),
    row("after-key", Left::Claim, KEYED),
    row("before-check", Left::Claim, CHECKING),
    row("after-check", Left::Claim, CHECKING),
    row("before-fence", Left::Claim, FENCED),
    row("after-fence", Left::Claim, FENCED),
    row("before-publish", Left::Claim, PUBLISHING),
    row("after-publish", Left::Published, PUBLISHING),
    row("before-read-back", Left::Published, PUBLISHING),
    row("after-read-back", Left::Published, PUBLISHING),
    row("before-withdraw", Left::Claim, WITHDRAWING),
    row("after-withdraw", Left::AsBefore, WITHDRAWING),
    row("before-recheck", Left::Published, REKEY),
    row("after-recheck", Left::Published, REKEY),
    row("before-hook", Left::Published, HOOKED),
    row("after-hook", Left::Published, HOOKED),
    row("before-revoke-preflight", Left::AsBefore, RENEWING),
    row("after-revoke-preflight", Left::AsBefore, RENEWING),
    row("before-revoke-claim", Left::AsBefore, RENEWING),
    row("after-revoke-claim", Left::Claim, RENEWING),
    row("before-witness", Left::Claim, ELSEWHERE),
    row("after-witness", Left::Claim, ELSEWHERE),
    row("before-revoke-look", Left::Claim, RENEWING),
    row("after-revoke-look", Left::Claim, RENEWING),
    row("before-renew", Left::Claim, RENEWING),
    row("after-renew", Left::Claim, RENEWING),
    row("before-old-key", Left::Claim, RENEWING),
    row("after-old-key", Left::Claim, RENEWING),
    row("before-in-use", Left::Claim, IN_USE),
    row("after-in-use", Left::Claim, IN_USE),
    row("before-revoke-fence", Left::Claim, RENEWING),
    row("after-revoke-fence", Left::Claim, RENEWING),
    row("before-settle", Left::Claim, RENEWING),
    row("after-settle", Left::Published, RENEWING),
    row("before-abort", Left::AsBefore, ABORTING),
    row("after-abort", Left::Published, ABORTING),
];

/// The points to which a command comes a second time.
pub(super) const AGAIN: [Row; 4] = [
    row("before-claim:2", Left::Claim, MOVING_UNDER_A_CLAIM),
    row("after-claim:2", Left::Claim, MOVING_UNDER_A_CLAIM),
    row("before-check:2", Left::Claim, MOVING),
    row("after-check:2", Left::Claim, MOVING),
];

/// A half of a command: `compromise` rotates, and then revokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Publication,
    Revocation,
}

impl Row {
    /// What a command leaves behind that dies here.
    pub(super) fn left_by(&self, case: Case) -> Left {
        let without_claim = matches!(case, Case::Import | Case::Guided | Case::Rollback | Case::Swap);
        match (self.left, case) {
            (Left::Claim, _) if without_claim => Left::AsBefore,
            // The user of the record is tried with the other key before anything is claimed.
            (Left::Claim, Case::SwapMoving) if self.point.ends_with("-check") => Left::AsBefore,
            // The key that a person brought is in a claim before anything is asked.
            (Left::AsBefore, Case::RegenerateMoving) if self.point != "before-claim" => Left::Claim,
            // The claim that was there before is open until it is replaced.
            (Left::AsBefore, _) if case.goes_on_with().is_some() && !self.is_of_a_refusal() => Left::Claim,
            (left, _) => left,
        }
    }

    /// Whether a command comes here in a store. A dotenv file keeps no history: there is nothing to go back to, no old key
    /// of a retired user to be tried, and nothing that says where one was made.
    pub(super) fn is_come_to(&self, case: Case, store: Store) -> bool {
        let needs_history = match case {
            Case::Rollback | Case::RevokeElsewhere => true,
            Case::Revoke | Case::ResumeRevoke => {
                self.point.ends_with("-old-key") || self.point.ends_with("-in-use")
            }
            _ => false,
        };
        !needs_history || store != Store::Dotenv
    }

    /// Which half of a command comes here.
    pub(super) fn part(&self) -> Part {
        if [RENEWING, IN_USE, ELSEWHERE].contains(&self.cases) { Part::Revocation } else { Part::Publication }
    }

    /// Whether a retired user has been asked a key for here.
    pub(super) fn is_past_a_renewal(&self) -> bool {
        let renewal = MATRIX.iter().position(|row| row.point == "after-renew");
        MATRIX.iter().position(|row| row.point == self.point) >= renewal
    }

    /// Whether the one key died here that could show that the gateway lets anybody in: nothing can be proven any more.
    pub(super) fn is_without_witness(&self, case: Case) -> bool {
        case == Case::RevokeElsewhere && self.left == Left::Claim && self.is_past_a_renewal()
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
    let all: usize = MATRIX.iter().chain(&AGAIN).map(|row| row.cases.len()).sum();
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&format!("| {all} points,")), "README does not say that there are {all} points");
}
