//! INT, TERM and HUP between the publication and the end of a run: whatever they stop, what is published stays and works.

use momo_cred::faults::STOP;
use rustix::process::Signal;
use serde_json::Value;

use super::bench::{Bench, Store};
use super::case::Case;
use crate::held::Held;

const HOOK: &str = "touch hooked";

struct Came {
    bench: Bench,
    /// The signal that the run ended by.
    signal: Option<i32>,
    said: String,
}

/// Stops a run with a hook and an audit trail at a point, sends it a signal, and lets it go on.
#[track_caller]
fn interrupted(store: Store, case: Case, point: &str, signal: Signal) -> Came {
    let bench = Bench::new(store, case).unwrap();
    bench.sandbox().write("named.toml", "audit = \"audit.jsonl\"\n[profiles.default]\n", 0o600);
    let args = [case.args(), &["--hook-post", HOOK]].concat();
    let momo = bench.momo(&args).env(STOP, point).env("MOMO_CRED_CONFIG", "named.toml");
    let run = Held::begin(bench.sandbox(), momo);
    run.until_stopped();
    run.signal(signal);
    run.go_on();
    let (signal, said) = run.ended_by();
    Came { bench, signal, said }
}

impl Came {
    /// The credential is there, nothing is left open, and nobody has to do anything.
    #[track_caller]
    fn assert_published(&self, case: Case) {
        let served = self.bench.served().unwrap();
        assert_ne!(Some(&served), self.bench.old.as_ref());
        assert!(self.bench.works(&served), "what is published does not work");
        assert_eq!(self.bench.status()["claim"], Value::Null);
        let _ = self.bench.run(case.resume()).code(0).says("no claim is open");
    }

    fn was_hooked(&self) -> bool {
        self.bench.sandbox().path("hooked").exists()
    }
}

const SIGNALS: [Signal; 3] = [Signal::INT, Signal::TERM, Signal::HUP];

/// While signals are noted: the run comes to a safe end, says so, leaves the hook out, and ends by the signal.
#[test]
fn a_signal_before_the_read_back_is_noted_and_leaves_the_hook_out() {
    for store in [Store::Memory, Store::Dotenv] {
        for case in [Case::Rotate, Case::Rekey, Case::Compromise] {
            for (point, signal) in ["after-publish", "before-read-back"].into_iter().zip(SIGNALS) {
                let came = interrupted(store, case, point, signal);
                assert_eq!(came.signal, Some(signal.as_raw()), "{}", came.said);
                assert!(came.said.contains("stored at"), "{}", came.said);
                assert!(!came.was_hooked(), "a hook that nobody waits for was begun");
                let trail = came.bench.sandbox().read("audit.jsonl");
                assert!(trail.contains("\"outcome\":\"ok\""), "{trail}");
                came.assert_published(case);
            }
        }
    }
}

/// Between the read-back and the hook nothing is at stake: a signal is obeyed at once, or the hook is left out.
#[test]
fn a_signal_between_publication_and_hook_ends_the_run() {
    for store in [Store::Memory, Store::Dotenv] {
        for case in [Case::Rotate, Case::Rekey, Case::Import, Case::Compromise] {
            for (point, signal) in ["before-hook"].into_iter().cycle().zip(SIGNALS) {
                let came = interrupted(store, case, point, signal);
                assert_eq!(came.signal, Some(signal.as_raw()), "{}", came.said);
                assert!(came.said.contains("stored at"), "{}", came.said);
                assert!(!came.was_hooked(), "the hook was begun");
                came.assert_published(case);
            }
        }
    }
}

/// Once the hook has run, a rotation has nothing left to do; a compromise has not begun to revoke, and kills nothing.
#[test]
fn a_signal_after_the_hook_ends_the_run() {
    for case in [Case::Rotate, Case::Compromise] {
        for signal in SIGNALS {
            let came = interrupted(Store::Dotenv, case, "after-hook", signal);
            assert_eq!(came.signal, Some(signal.as_raw()), "{}", came.said);
            assert!(came.was_hooked());
            came.assert_published(case);
            assert!(came.bench.works(came.bench.old.as_ref().unwrap()), "the old credential is dead");
        }
    }
}
