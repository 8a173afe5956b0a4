//! An owner that sleeps through three leases, and one whose claim's number came back as another claim.

use std::time::Duration;

use momo_cred::faults::{Control, STOP};
use momo_gateway::Rotation;

use super::duel::Duel;
use super::turns::{Step, Who};
use crate::held::Held;

/// Three leases and a second.
const LONG: Duration = Duration::from_secs(901);

/// Whether somebody takes the record over while its owner sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meanwhile {
    Nobody,
    ATaker,
}

/// A rotation that is stopped at a point for three leases by every clock. What it did afterwards, and what does not hold.
pub(super) fn slept(point: &str, meanwhile: Meanwhile, control: Option<Control>) -> Vec<String> {
    let duel = Duel::new(Rotation::NewKeyKillsOld, control);
    duel.turns.end();
    let clock = duel.sandbox.root().join("clock");
    let a = duel.momo(Who::A, &["rotate"]).env(STOP, point).env("MOMO_CRED_FAULT_CLOCK", &clock);
    let a = Held::begin(&duel.sandbox, a);
    a.until_stopped();
    let before = duel.turns.deeds().len();
    duel.sandbox.write(&clock, LONG.as_secs().to_string(), 0o600);
    duel.server.store().advance(LONG);
    let b = || duel.momo(Who::B, &["resume"]).env("MOMO_CRED_FAULT_BOOT", "another-machine").run();
    if meanwhile == Meanwhile::ATaker {
        let _ = b().code(0);
    }
    a.go_on();
    let (code, said) = a.wait();
    let late = duel.turns.deeds().into_iter().skip(before);
    let mut wrong: Vec<_> = late
        .filter(|deed| deed.who == Who::A && matches!(deed.step, Step::Key | Step::Publish))
        .map(|deed| format!("{:?} after three leases", deed.step))
        .collect();
    if !matches!(code, Some(69 | 75)) {
        wrong.push(format!("it ended with {code:?}: {said}"));
    }
    if meanwhile == Meanwhile::Nobody {
        let _ = b();
    }
    let ends = [(Who::A, code), (Who::B, Some(0))];
    wrong.extend(duel.violations(ends));
    wrong
}

/// A rotation that is stopped at a point, and a run that takes its claim over by force although the owner lives.
fn taken_from_the_sleeping(point: &str) -> Vec<String> {
    let duel = Duel::new(Rotation::NewKeyKillsOld, None);
    duel.turns.end();
    let a = Held::begin(&duel.sandbox, duel.momo(Who::A, &["rotate"]).env(STOP, point));
    a.until_stopped();
    // Without force a stopped process counts as one at work.
    let _ = duel.momo(Who::B, &["resume"]).run().code(75);
    let b = duel.momo(Who::B, &["resume", "--force-takeover"]).run();
    a.go_on();
    duel.violations([(Who::A, a.wait().0), (Who::B, b.status.code())])
}

/// A claim whose whole record is deleted with its history while its owner waits; another claim then has its number.
pub(super) fn forgotten(control: Option<Control>) -> Vec<String> {
    let mut duel = Duel::new(Rotation::NewKeyKillsOld, control);
    let [mut a, mut b] = [Who::A, Who::B].map(|who| {
        duel.forget();
        let mut run = duel.start(who, &["provision"]);
        assert_eq!(duel.turns.stands(who, &mut run), Some(Step::Claim));
        duel.turns.let_go(who);
        assert_eq!(duel.turns.stands(who, &mut run), Some(Step::User));
        run
    });
    for (who, run) in [(Who::A, &mut a), (Who::B, &mut b)] {
        while duel.turns.stands(who, run).is_some() {
            duel.turns.let_go(who);
        }
    }
    duel.violations([(Who::A, a.wait().0), (Who::B, b.wait().0)])
}

const BETWEEN_CLAIM_AND_PUBLICATION: [&str; 6] =
    ["after-claim", "after-user", "before-key", "after-key", "after-check", "after-fence"];

#[test]
fn an_owner_that_was_stopped_gives_way_to_one_that_took_over_by_force() {
    for point in BETWEEN_CLAIM_AND_PUBLICATION {
        assert_eq!(taken_from_the_sleeping(point), [""; 0], "{point}");
    }
}

#[test]
fn an_owner_that_slept_through_three_leases_asks_for_nothing_more() {
    for point in BETWEEN_CLAIM_AND_PUBLICATION {
        for meanwhile in [Meanwhile::Nobody, Meanwhile::ATaker] {
            assert_eq!(slept(point, meanwhile, None), [""; 0], "{point} {meanwhile:?}");
        }
    }
}

#[test]
fn the_number_of_a_revision_is_no_fence() {
    // The owner of the first claim is listed nowhere: the record that named it was deleted.
    assert_eq!(forgotten(None), ["a user is listed nowhere"]);
}
