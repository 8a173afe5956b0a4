//! A rekey or a revocation that is stopped at a point, and a run that takes its claim over by force although the owner
//! lives. Neither makes a user of its own, so what the owner does when it goes on is bounded by what it has asked for.

use momo_cred::faults::STOP;
use momo_gateway::Rotation;
use serde_json::Value;

use super::bench::{Bench, Store};
use super::case::Case;
use super::figures::figure;
use super::rotators::READINGS;
use super::settled::is_retired;
use crate::held::Held;

const BY_FORCE: &[&str] = &["resume", "--force-takeover"];

/// What became of the two.
struct Came {
    bench: Bench,
    /// How the owner ended, and what it said.
    owner: (Option<i32>, String),
}

/// Stops a run at a point, takes its claim over, and lets it go on: it writes nothing any more.
#[track_caller]
fn taken_over(case: Case, reading: Rotation, point: &str) -> Came {
    let bench = Bench::new(Store::Memory, case).unwrap();
    bench.gateway().configure(|config| config.rotation = reading);
    let owner = Held::begin(bench.sandbox(), bench.momo(case.args()).env(STOP, point));
    owner.until_stopped();
    // Without force a stopped process counts as one at work.
    let _ = bench.run(&["resume"]).code(75);
    let _ = bench.run(BY_FORCE).code(if case == Case::Revoke { proven(reading) } else { 0 });
    assert_eq!(bench.status()["claim"], Value::Null);
    assert!(bench.works(&bench.served().unwrap()), "what the taker published does not work");
    let before = bench.status()["revision"].clone();
    assert!(before.is_string());
    owner.go_on();
    let owner = owner.wait();
    assert_eq!(bench.status()["revision"], before, "the owner has written: {}", owner.1);
    Came { owner, bench }
}

/// Where keys add up, an old key still works, whatever is asked for.
fn proven(reading: Rotation) -> i32 {
    if reading == Rotation::NewKeyKillsOld { 0 } else { 77 }
}

/// Points at which an owner has its key, and those at which it is still to ask for it.
const WITH_A_KEY: [&str; 5] = ["after-key", "before-check", "after-check", "before-fence", "after-fence"];
const BEFORE_IT_ASKS: [&str; 2] = ["after-claim", "before-key"];

/// An owner that has its key asks for no other: what the taker has published stays, and works.
#[test]
fn a_rekey_that_has_its_key_gives_way() {
    for reading in READINGS {
        for point in WITH_A_KEY {
            let Came { bench, owner } = taken_over(Case::Rekey, reading, point);
            assert_eq!(owner.0, Some(if refused_first(reading, point) { 77 } else { 75 }), "{}", owner.1);
            bench.assert_settled(Case::Rekey);
        }
    }
}

/// Whether the owner's key was killed before it was tried.
fn refused_first(reading: Rotation, point: &str) -> bool {
    reading == Rotation::NewKeyKillsOld && ["after-key", "before-check"].contains(&point)
}

/// One that asks late may kill what the taker has published: no fence can keep it from that. It publishes nothing, says
/// so and what to do, and that mends it.
#[test]
fn a_rekey_that_asks_late_says_what_it_may_have_killed() {
    for reading in READINGS {
        for point in BEFORE_IT_ASKS {
            let Came { bench, owner: (code, said) } = taken_over(Case::Rekey, reading, point);
            assert_eq!(code, Some(75), "{said}");
            assert!(said.contains("the key in the record may be dead"), "{said}");
            assert!(said.contains("`momo-cred verify`") && said.contains("`momo-cred rotate`"), "{said}");
            let kills = reading == Rotation::NewKeyKillsOld;
            assert_eq!(bench.works(&bench.served().unwrap()), !kills);
            let _ = bench.run(&["verify"]).code(if kills { 77 } else { 0 });
            let _ = bench.run(&["rotate"]).code(0);
            assert!(bench.works(&bench.served().unwrap()));
            assert_eq!(bench.status()["claim"], Value::Null);
        }
    }
    let runs = (WITH_A_KEY.len() + BEFORE_IT_ASKS.len()) * READINGS.len();
    figure("rekeys taken over by force", format_args!("{runs} runs, none published"));
}

/// However late: the credential in use works, and a user leaves the list only where its old key is dead.
#[test]
fn a_revocation_gives_way() {
    let points = ["after-revoke-claim", "before-renew", "after-renew", "after-old-key", "after-in-use"];
    let mut runs = 0;
    for reading in READINGS {
        for point in points {
            if reading == Rotation::KeysAddUp && point == "after-in-use" {
                // Nothing is refused there, so the credential in use need not be tried.
                continue;
            }
            let Came { bench, owner: (code, said) } = taken_over(Case::Revoke, reading, point);
            assert_eq!(code, Some(75), "{said}");
            let (first, now) = (bench.first.as_ref().unwrap(), bench.served().unwrap());
            assert_eq!(Some(&now), bench.old.as_ref());
            assert!(bench.works(&now), "the credential in use is dead");
            assert_eq!(is_retired(&bench.status(), &first.user), bench.works(first), "the list is wrong");
            assert_eq!(bench.works(first), reading == Rotation::KeysAddUp);
            runs += 1;
        }
    }
    figure("revocations taken over by force", format_args!("{runs} runs, none wrote"));
}

/// A person drops the claim of one that is slow, and puts the very user back that it is about to ask for.
#[test]
fn a_revocation_does_not_ask_for_a_user_that_was_put_back() {
    for point in ["after-revoke-claim", "before-revoke-look", "after-revoke-look", "before-renew"] {
        let bench = Bench::new(Store::Memory, Case::Revoke).unwrap();
        let owner = Held::begin(bench.sandbox(), bench.momo(Case::Revoke.args()).env(STOP, point));
        owner.until_stopped();
        let _ = bench.run(&["abort", "--force-takeover"]).code(0);
        let _ = bench.run(&["rollback"]).code(0);
        let now = bench.served().unwrap();
        assert_eq!(Some(&now), bench.first.as_ref());
        owner.go_on();
        let (code, said) = owner.wait();
        assert_eq!(code, Some(75), "{said}");
        // It has looked already: that instant is nobody's to guard, and it says what it may have done.
        let killed = ["after-revoke-look", "before-renew"].contains(&point);
        assert_eq!(bench.works(&now), !killed, "{point}: {said}");
        assert_eq!(said.contains("the credential in use may be dead"), killed, "{said}");
        assert_eq!(said.contains("`momo-cred rotate`"), killed, "{said}");
        let _ = bench.run(&["verify"]).code(if killed { 77 } else { 0 });
        let _ = bench.run(&["rotate"]).code(0);
        assert!(bench.works(&bench.served().unwrap()));
    }
}

/// Between the fence and the write the store decides: the revision that the owner expects is gone.
#[test]
fn a_revocation_that_has_read_its_fence_writes_nothing_over_the_takers() {
    for point in ["after-revoke-fence", "before-settle"] {
        let Came { bench, owner: (code, said) } = taken_over(Case::Revoke, Rotation::NewKeyKillsOld, point);
        // The store refuses its write, and what it would have written is there: it has come to its end.
        assert_eq!(code, Some(0), "{said}");
        bench.assert_settled(Case::Revoke);
    }
}
