//! The conformance suite: one case per bullet of [`Backend`](momo_cred_backend_api::Backend)'s documentation, under
//! the same name.

mod close;
mod copies;
mod examine;
mod history;
mod hold;
mod leak;
mod list;
mod names;
mod no_string;
mod race;
mod read;
mod refusals;
mod remove;
mod support;
mod write;

use std::future::Future;
use std::pin::Pin;

pub use close::*;
pub use copies::*;
pub use examine::*;
pub use history::*;
pub use hold::*;
pub use leak::*;
pub use list::*;
pub use names::*;
pub use no_string::*;
pub use race::*;
pub use read::*;
pub use refusals::*;
pub use remove::*;
pub use write::*;

use crate::Harness;

/// A case: panics where the store breaks the rule it is named after.
pub type Case = for<'a> fn(&'a dyn Harness) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Runs a case, or anything, on a current-thread runtime of its own.
///
/// # Panics
/// Where the operating system gives no runtime.
#[expect(clippy::expect_used, reason = "a test cannot go on without a runtime")]
pub fn run<F: Future>(work: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

/// Expands to one test per case, named after it.
///
/// `suite!(HARNESS)` makes the harness anew for each case; the expression may `.await`.
/// `suite!(maybe OPTION)` passes a case where the expression is `None`, for stores that are not there on every
/// machine: what decides that says so itself.
#[macro_export]
macro_rules! suite {
    (maybe $harness:expr) => {
        $crate::__with_cases! { __tests [$harness] }
    };
    ($harness:expr) => {
        $crate::__with_cases! { __tests [Some($harness)] }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ([$harness:expr] $($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                $crate::run(async {
                    let harness = $harness;
                    if let Some(harness) = &harness {
                        $crate::suite::$case(harness).await;
                    }
                });
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __table {
    ([] $($case:ident)*) => {
        &[$((stringify!($case), |harness| Box::pin($case(harness)))),*]
    };
}

/// Every case with its name, in the order of the contract.
pub const CASES: &[(&str, Case)] = crate::__with_cases! { __table [] };

/// The one list of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_cases {
    ($then:ident $args:tt) => {
        $crate::$then! {
            $args
            names_that_do_not_fit_are_refused
            refused_access_is_denied
            leak_no_rendering_holds_a_value
            notices_are_told_once
            examine_finds_no_fault_in_a_good_store
            read_missing_is_missing
            read_returns_what_was_written
            read_sees_another_handle
            read_current_by_revision
            read_old_revision
            read_deleted_is_deleted
            read_shows_foreign_fields
            read_shows_values_that_are_no_strings
            read_many_answers_in_order
            read_many_isolates_failures
            revision_is_that_of_read
            write_creates_when_absent
            write_returns_the_revision_read_next
            write_changes_the_revision
            write_replaces_the_whole_record
            write_keeps_foreign_fields
            write_keeps_values_that_are_no_strings
            write_over_deleted_by_revision
            write_race_has_one_winner
            write_counter_loses_nothing
            write_holds_awkward_values
            write_absent_twice_conflicts
            write_stale_conflicts
            write_to_missing_by_revision_conflicts
            write_absent_on_deleted_conflicts
            write_resent_is_no_conflict
            write_refuses_values_it_cannot_hold
            write_refuses_an_empty_document
            remove_leaves_nothing_to_read
            remove_destroyed_is_not_recoverable
            remove_stale_conflicts
            remove_missing_conflicts
            remove_beyond_capability_is_unsupported
            list_names_what_the_prefix_covers
            list_leaves_out_the_removed
            list_beyond_capability_is_unsupported
            history_is_newest_first
            history_beyond_capability_is_unsupported
            copies_of_a_record_without_any_are_in_step
            copies_that_lag_are_named
            hold_lets_its_owner_write
            hold_is_released_on_drop
            hold_is_exclusive
            close_loses_nothing
        }
    };
}

#[cfg(test)]
mod tests {
    use super::CASES;

    /// The contract's bullets and `Cases:` lists name exactly the cases, in the same order.
    #[test]
    fn every_rule_of_the_contract_has_its_case() {
        let contract = include_str!("../../api/src/backend.rs");
        let mut named = Vec::new();
        for line in contract.lines().filter_map(|line| line.trim().strip_prefix("/// ")) {
            if let Some(bullet) = line.strip_prefix("- `") {
                let (name, _) = bullet.split_once("`: ").expect("a bullet is `name`: rule");
                named.push(name);
            } else if let Some(list) = line.strip_prefix("Cases: ") {
                named.extend(list.trim_end_matches('.').split(", ").map(|name| name.trim_matches('`')));
            }
        }
        let cases: Vec<_> = CASES.iter().map(|(name, _)| *name).collect();
        assert_eq!(cases, named);
    }
}
