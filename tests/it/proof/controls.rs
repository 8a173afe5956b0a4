//! Negative controls: with each mistake switched on, the suite finds something that does not hold.

use momo_cred::faults::Control;

use super::figures::figure;
use super::leaks::leaked;
use super::lease::{Meanwhile, forgotten, slept};
use super::rotators::{READINGS, at_once, taken_over};
use super::turns::orders;

/// What the suite finds, up to the first order that shows it.
fn found(control: Control) -> Vec<String> {
    let on = Some(control);
    let mut none = Vec::new();
    match control {
        Control::NoClaim | Control::Resent => {
            let all =
                READINGS.into_iter().flat_map(|reading| orders(4, 4).into_iter().map(move |o| (reading, o)));
            let mut came = all.map(|(reading, order)| at_once(reading, on, &order).violations);
            came.find(|violations| !violations.is_empty()).unwrap_or_default()
        }
        Control::ReusedUser => {
            for order in orders(3, 4) {
                none = taken_over(READINGS[0], on, &order).violations;
                // In most orders a key is asked for twice; in some what is published is dead.
                if none.iter().any(|wrong| wrong.contains("does not work")) {
                    break;
                }
            }
            none
        }
        Control::RevisionAlone => forgotten(on),
        Control::NoLease => slept("before-key", Meanwhile::Nobody, on),
        Control::LoggedKey => leaked(on),
    }
}

#[test]
fn every_mistake_is_found() {
    for control in Control::ALL {
        let expected = match control {
            Control::NoClaim => "a key of a user that is not its own",
            Control::ReusedUser => "what is published does not work",
            Control::RevisionAlone => "published over something else than its claim",
            Control::Resent => "which won, ended with Some(75)",
            Control::NoLease => "Key after three leases",
            Control::LoggedKey => "an issued key in plain in ",
        };
        let found = found(control);
        assert!(found.iter().any(|wrong| wrong.contains(expected)), "{control:?}: {found:?}");
    }
    figure("negative controls", format_args!("{} found", Control::ALL.len()));
}
