//! Each kind of claim beside the others. One of the two may fail once; that there are more failures in a row is tried with
//! the kind that all of them share their steps with.

use super::world::{Flaw, Reading};
use super::{Before, Case, EVIDENCE, FORCED, Task, check, check_all};

/// Who is beside whom, on what, and whether the reading of a second key makes a difference.
const PAIRS: [(Before, [Task; 2], &[Reading]); 13] = [
    (Before::Replaced, [Task::Rekey, Task::NewUser], &BOTH),
    (Before::Replaced, [Task::Rekey, Task::Rekey], &BOTH),
    (Before::Replaced, [Task::Rekey, Task::Revoke], &BOTH),
    (Before::Replaced, [Task::Rekey, Task::Swap], &ONE),
    (Before::Replaced, [Task::Revoke, Task::NewUser], &BOTH),
    (Before::Replaced, [Task::Revoke, Task::Revoke], &BOTH),
    (Before::Replaced, [Task::Revoke, Task::Import], &BOTH),
    (Before::Replaced, [Task::Revoke, Task::Swap], &ONE),
    (Before::Replaced, [Task::Swap, Task::NewUser], &ONE),
    (Before::Replaced, [Task::Swap, Task::Swap], &ONE),
    (Before::Swapped, [Task::Complete, Task::NewUser], &ONE),
    (Before::Swapped, [Task::Complete, Task::Complete], &ONE),
    (Before::Swapped, [Task::Complete, Task::Rekey], &ONE),
];
const BOTH: [Reading; 2] = [Reading::Kills, Reading::AddsUp];
const ONE: [Reading; 1] = [Reading::Kills];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (before, tasks, readings) in PAIRS {
        for takeovers in [[EVIDENCE, FORCED], [FORCED, EVIDENCE], [FORCED, FORCED]] {
            for reading in readings {
                cases.push(Case { before, tasks, takeovers, faults: 1, reading: *reading, flaw: Flaw::None });
            }
        }
    }
    cases
}

#[test]
fn the_promises_hold_for_each_kind_beside_each_other() {
    let total = check_all(cases());
    println!("model of kinds: {} paths, {} states, one fault anywhere", total.paths, total.states);
    assert!(total.states > 1_000, "the model is too small to say anything: {total:?}");
}

/// Without the fence each of them writes over somebody else's claim, and without a claim it asks without a right.
#[test]
fn each_flaw_of_a_kind_is_found() {
    for (task, before) in
        [(Task::Rekey, Before::Old), (Task::Revoke, Before::Replaced), (Task::Complete, Before::Swapped)]
    {
        for (flaw, word) in [(Flaw::NoFence, "not its claim"), (Flaw::NoClaim, "P1")] {
            if (task, flaw) == (Task::Complete, Flaw::NoClaim) {
                // It asks for nothing: without its claim it finds that it has none.
                continue;
            }
            let case = Case {
                before,
                tasks: [task, Task::NewUser],
                takeovers: [FORCED, FORCED],
                faults: 0,
                reading: Reading::Kills,
                flaw,
            };
            let found = check(&case).expect_err("the flaw has to be found");
            assert!(found.contains(word), "{task:?} {flaw:?}: {found}");
        }
    }
}

/// Nor may it ask for the key of a user that somebody has put back.
#[test]
fn a_revocation_that_does_not_look_is_found() {
    let case = Case {
        before: Before::Replaced,
        tasks: [Task::Revoke, Task::Import],
        takeovers: [FORCED, FORCED],
        faults: 0,
        reading: Reading::Kills,
        flaw: Flaw::NoLook,
    };
    let found = check(&case).expect_err("the flaw has to be found");
    assert!(found.contains("which is in use"), "{found}");
}
