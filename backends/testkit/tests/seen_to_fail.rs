//! The suite has been seen to fail: each store here is wrong in one way, and breaks just the cases that guard it.

mod wrong;

use std::panic::{self, AssertUnwindSafe};

use momo_cred_backend_testkit::{CASES, run};
use wrong::{Flaw, TABLE, WrongHarness};

/// The cases that fail on a store.
fn failing(flaw: Flaw) -> Vec<&'static str> {
    let fails = |case: momo_cred_backend_testkit::Case| {
        let harness = WrongHarness::new(flaw);
        panic::catch_unwind(AssertUnwindSafe(|| run(case(&harness)))).is_err()
    };
    CASES.iter().filter(|(_, case)| fails(*case)).map(|(name, _)| *name).collect()
}

/// One test: the hook that keeps expected panics off the screen is the whole process's.
#[test]
fn each_flaw_breaks_the_cases_that_guard_against_it() {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let results: Vec<_> = TABLE.iter().map(|(flaw, _)| failing(*flaw)).collect();
    panic::set_hook(loud);
    let mut surprises = Vec::new();
    for ((flaw, expected), failed) in TABLE.iter().zip(&results) {
        let mut expected = expected.to_vec();
        expected.sort_by_key(|name| CASES.iter().position(|(case, _)| case == name));
        if *failed != expected {
            surprises.push(format!("{flaw:?}: failed {failed:?}, expected {expected:?}"));
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
    for (case, _) in CASES {
        assert!(results.iter().any(|failed| failed.contains(case)), "{case} was never seen to fail");
    }
    assert_eq!(failing(Flaw::None), Vec::<&str>::new(), "the wrapper itself is right");
}
