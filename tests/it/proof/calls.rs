//! Every system call of a command on a dotenv file: killed at it, or told that it failed. strace makes that happen; fail
//! points play no part.
//!
//! Left out: the files that the loader opens before `main`, and calls that only read what is open (`read`, `fstat`,
//! `epoll_wait`), set an option or get memory; each of them lies between two that are in.

use std::os::unix::process::ExitStatusExt;

use momo_cred_backend_testkit::Canary;
use serde_json::Value;

use super::bench::{Bench, Store};
use super::case::Case;
use super::figures::figure;
use crate::sandbox::{Ran, has_strace, key};

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kill,
    Error(&'static str),
}

/// Calls, with what may become of them. `openat` counts from the first one after the loader's.
const CALLS: [(&str, &[Fate]); 17] = [
    ("open", &[Fate::Kill]),
    ("openat", &[Fate::Kill]),
    ("flock", &[Fate::Kill]),
    ("fchmod", &[Fate::Kill]),
    ("write", &[Fate::Kill, Fate::Error("ENOSPC")]),
    ("fsync", &[Fate::Kill, Fate::Error("EIO")]),
    ("rename", &[Fate::Kill, Fate::Error("EXDEV")]),
    ("renameat", &[Fate::Kill, Fate::Error("EXDEV")]),
    ("renameat2", &[Fate::Kill, Fate::Error("EXDEV")]),
    ("linkat", &[Fate::Kill]),
    ("unlink", &[Fate::Kill]),
    ("unlinkat", &[Fate::Kill]),
    ("socket", &[Fate::Kill]),
    ("connect", &[Fate::Kill, Fate::Error("ECONNRESET")]),
    ("sendto", &[Fate::Kill, Fate::Error("ECONNRESET")]),
    ("writev", &[Fate::Kill, Fate::Error("ECONNRESET")]),
    ("recvfrom", &[Fate::Kill, Fate::Error("ECONNRESET")]),
];

/// How many files the loader opens: all up to the last library.
fn of_the_loader(bench: &Bench) -> usize {
    let log = bench.sandbox().root().join("calls");
    let args = ["-f", "-qq", "-e", "trace=openat", "-o", log.to_str().unwrap()];
    let _ = bench.momo(&["--version"]).under("strace", &args).run().code(0);
    let log = bench.sandbox().read(&log);
    let opened: Vec<_> = log.lines().filter(|line| line.contains("openat(")).collect();
    opened.iter().rposition(|line| line.contains(".so")).map_or(0, |last| last + 1)
}

/// One run in which the Nth call of a kind meets its fate; `None` where there is no such call any more.
fn run(bench: &Bench, case: Case, call: &str, fate: Fate, nth: usize) -> Option<Ran> {
    let log = bench.sandbox().root().join("calls");
    let what = match fate {
        Fate::Kill => "signal=KILL".to_owned(),
        Fate::Error(error) => format!("error={error}"),
    };
    // Where a system has no such call, strace is to say nothing and do nothing.
    let inject = format!("inject=?{call}:{what}:when={nth}");
    let args = ["-f", "-qq", "-e", &format!("trace=?{call}"), "-e", &inject, "-o", log.to_str().unwrap()];
    let ran = bench.momo(case.args()).under("strace", &args).run();
    let log = bench.sandbox().read(&log);
    let happened = match fate {
        Fate::Kill => log.contains("killed by SIGKILL"),
        Fate::Error(_) => log.contains("(INJECTED)"),
    };
    if !happened {
        let _ = ran.code(0);
        return None;
    }
    assert_eq!(ran.status.signal(), (fate == Fate::Kill).then_some(9), "{}", ran.err());
    Some(ran)
}

/// The promises, of what a run leaves; and the way out that the tool itself names.
#[track_caller]
fn settles(bench: &Bench, case: Case, ran: Ran) {
    let code = ran.status.code();
    // An error is told by a code of ours, never by a panic's.
    assert!(code.is_none_or(|code| code == 0 || (64..=78).contains(&code)), "{code:?}: {}", ran.err());
    assert!(bench.temporary_files() <= 1);
    let mut canaries = vec![Canary::of("subscription key", key(bench.gateway()))];
    let served = bench.served();
    if served != bench.old {
        let served = served.as_ref().expect("what was there is gone");
        assert!(bench.works(served), "what is served does not work");
    }
    for credential in [&bench.old, &served].into_iter().flatten() {
        canaries.push(Canary::of("api key", credential.key.as_str()));
    }
    let ran = ran.no_leak(&canaries);
    if let Some(old) = &bench.old {
        assert!(bench.works(old), "the old credential is dead");
    }
    let claim = bench.status()["claim"].clone();
    let resumed = bench.run(case.resume()).code(0).no_leak(&canaries);
    if claim == Value::Null {
        let _ = resumed.says("no claim is open");
        if served == bench.old {
            assert_ne!(code, Some(0), "{}", ran.err());
            let _ = bench.run(case.args()).code(0);
        }
    }
    bench.assert_settled(case);
}

fn every_call(case: Case) {
    if !has_strace() {
        return;
    }
    let (mut killed, mut failed) = (0, 0);
    for (call, fates) in CALLS {
        for fate in fates {
            let before = if call == "openat" {
                of_the_loader(&Bench::new(Store::Dotenv, Case::Provision).unwrap())
            } else {
                0
            };
            for nth in before + 1.. {
                let bench = Bench::new(Store::Dotenv, case).unwrap();
                eprintln!("{case:?} {call} {nth} {fate:?}");
                let Some(ran) = run(&bench, case, call, *fate, nth) else { break };
                settles(&bench, case, ran);
                match fate {
                    Fate::Kill => killed += 1,
                    Fate::Error(_) => failed += 1,
                }
            }
        }
    }
    assert!(killed > 30 && failed > 15, "{killed} calls killed and {failed} failed: is strace at work?");
    let name = format!("system calls of {}", case.args()[0]);
    figure(&name, format_args!("{killed} killed, {failed} failed"));
}

#[test]
fn a_death_or_an_error_at_any_call_of_provision() {
    every_call(Case::Provision);
}

#[test]
fn a_death_or_an_error_at_any_call_of_import() {
    every_call(Case::Import);
}

#[test]
fn a_death_or_an_error_at_any_call_of_rotate() {
    every_call(Case::Rotate);
}
