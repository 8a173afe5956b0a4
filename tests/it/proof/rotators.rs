//! Two processes at once: every order of their steps, in both readings of what a new key does to the one before.

use momo_cred::faults::Control;
use momo_gateway::Rotation;

use super::duel::Duel;
use super::figures::figure;
use super::turns::{Step, Who, orders};
use crate::held::Held;

/// The readings.
pub(super) const READINGS: [Rotation; 2] = [Rotation::NewKeyKillsOld, Rotation::KeysAddUp];

/// What one order came to, and how far the two got.
pub(super) struct Came {
    pub(super) violations: Vec<String>,
    keys: usize,
}

/// Lets the two go in an order, each time until it stands at its next step or has ended; then to their ends.
fn play(duel: &Duel, mut runs: [Held; 2], order: &[Who]) -> Came {
    for who in order.iter().copied().chain([Who::A, Who::B].into_iter().cycle()) {
        let [a, b] = &mut runs;
        let standing = [duel.turns.stands(Who::A, a), duel.turns.stands(Who::B, b)];
        if standing == [None, None] {
            break;
        }
        if standing[who as usize].is_some() {
            duel.turns.let_go(who);
        }
    }
    let [a, b] = runs.map(|run| run.wait().0);
    let keys = duel.turns.deeds().iter().filter(|deed| deed.step == Step::Key).count();
    Came { violations: duel.violations([(Who::A, a), (Who::B, b)]), keys }
}

/// Two rotations that begin at once.
pub(super) fn at_once(reading: Rotation, control: Option<Control>, order: &[Who]) -> Came {
    let duel = Duel::new(reading, control);
    let runs = [Who::A, Who::B].map(|who| duel.start(who, &["rotate"]));
    play(&duel, runs, order)
}

/// A rotation that has claimed, and a run that takes its claim over by force, from there on in some order.
pub(super) fn taken_over(reading: Rotation, control: Option<Control>, order: &[Who]) -> Came {
    let duel = Duel::new(reading, control);
    let mut a = duel.start(Who::A, &["rotate"]);
    assert_eq!(duel.turns.stands(Who::A, &mut a), Some(Step::Claim));
    duel.turns.let_go(Who::A);
    assert_eq!(duel.turns.stands(Who::A, &mut a), Some(Step::User));
    let b = duel.start(Who::B, &["resume", "--force-takeover"]);
    play(&duel, [a, b], order)
}

#[test]
fn two_rotations_at_once_in_every_order() {
    for reading in READINGS {
        for order in orders(4, 4) {
            let came = at_once(reading, None, &order);
            assert_eq!(came.violations, [""; 0], "{reading:?} {order:?}");
        }
    }
    figure("interleavings", "70 x 2 readings, no violation");
}

#[test]
fn a_rotation_and_its_taker_in_every_order() {
    let mut with_two_keys = 0;
    for reading in READINGS {
        for order in orders(3, 4) {
            let came = taken_over(reading, None, &order);
            assert_eq!(came.violations, [""; 0], "{reading:?} {order:?}");
            with_two_keys += usize::from(came.keys == 2);
        }
    }
    assert!(with_two_keys > 20, "in {with_two_keys} orders only both got a key");
    figure(
        "interleavings with a take-over",
        format_args!("35 x 2 readings, no violation; in {with_two_keys} both got a key"),
    );
}
