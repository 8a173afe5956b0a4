//! A gateway that is silent, endless, wrong or somebody else at one step of a rotation: the run ends in time, in little
//! memory, with the right code; what was published stays as it was, works, and is called bad by nobody; and once the
//! gateway behaves again, the rotation comes to its end.
//!
//! - `answers`: answers that are too long, too short, or none of the API
//! - `elsewhere`: redirects, outages, proxies, and somebody else's certificate

mod answers;
mod elsewhere;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use momo_cred_backend_testkit::Canary;
use momo_live::Loopback;
use serde_json::Value;

use super::bench::{Bench, Store};
use super::case::Case as Command;
use super::figures::figure;
use crate::gate::{Fate, base_url, detour};
use crate::hostile::{Case, Cost, Play, TIMEOUT, answer, measured};
use crate::sandbox::{Momo, key};

/// A request of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Preflight,
    User,
    Key,
    Token,
    Read,
}

impl Step {
    const ALL: [Self; 5] = [Self::Preflight, Self::User, Self::Key, Self::Token, Self::Read];

    /// Whether the first line of a request is of this step.
    fn is(self, line: &str) -> bool {
        match self {
            Self::Preflight => line.starts_with("GET /v1_0/apiuser/"),
            Self::User => line.starts_with("POST /v1_0/apiuser "),
            Self::Key => line.starts_with("POST /v1_0/apiuser/"),
            Self::Token => line.starts_with("POST /collection/token/"),
            Self::Read => line.starts_with("GET /collection/"),
        }
    }
}

/// What the runs cost so far. What they took is of those alone that had two seconds.
struct Tally {
    runs: usize,
    hurried: usize,
    slowest: Duration,
    late: usize,
    highest: u64,
}

/// The budget of those, and a second.
const SOON: Duration = Duration::from_secs(3);

static TALLY: Mutex<Tally> =
    Mutex::new(Tally { runs: 0, hurried: 0, slowest: Duration::ZERO, late: 0, highest: 0 });

/// Counts a run, and leaves the figure as it is up to now: the last one that is left has all of them.
fn count(cost: &Cost, budget: &str) {
    let mut tally = TALLY.lock().unwrap_or_else(PoisonError::into_inner);
    tally.runs += 1;
    tally.highest = tally.highest.max(cost.peak);
    if budget == TIMEOUT {
        tally.hurried += 1;
        tally.slowest = tally.slowest.max(cost.took);
        tally.late += usize::from(cost.took > SOON);
    }
    let Tally { runs, hurried, slowest, late, highest } = &*tally;
    let (slowest, peak) = (slowest.as_secs_f64(), highest.div_ceil(1024));
    let value = format!(
        "{runs} runs, peak {peak} MiB; of {hurried} with a budget of 2 s the slowest took {slowest:.1} s, {late} over 3 s"
    );
    figure("hostile gateway", value);
}

/// The budget of a run that is to end with a code.
const fn budget(code: i32) -> &'static str {
    if code == 69 { TIMEOUT } else { "60s" }
}

/// A rotation that is to end with a code. Where that is told by an answer, it has all the time that a busy machine may
/// take for it: whether it ends in time is seen by those that get none.
fn rotation(bench: &Bench, base_url: &str, code: i32) -> Momo {
    bench
        .momo(&["rotate"])
        .env("MOMO_CRED_BASE_URL", base_url)
        .env("MOMO_CRED_TIMEOUT", budget(code))
        .env("MOMO_CRED_LOG", "trace")
}

/// What a program is served by, as it stands in the file.
fn published(bench: &Bench) -> Vec<String> {
    let text = bench.sandbox().read(".env");
    let of_claims = |line: &&str| !line.contains("_PENDING_") && !line.contains("_RETIRED_API_USERS");
    text.lines().filter(of_claims).map(str::to_owned).collect()
}

/// Runs `rotate` against such a gateway, looks at what it left, and finishes it at one that behaves.
#[track_caller]
fn meets(what: &str, bench: &Bench, momo: Momo, code: i32) {
    let old = bench.old.as_ref().unwrap();
    let before = published(bench);
    let canaries =
        [Canary::of("subscription key", key(bench.gateway())), Canary::of("old key", old.key.as_str())];
    let cost = measured(momo);
    cost.assert_bounded(what, &canaries);
    count(&cost, budget(code));
    let said = String::from_utf8_lossy(&cost.err).into_owned();
    assert_eq!(cost.code, Some(code), "{what}: {said}");
    let error = said.lines().find(|line| line.starts_with("error")).unwrap_or("ok");
    eprintln!("{what}: {code} {error}");
    assert!(bench.works(old), "{what}: the old credential is dead");
    let status = bench.status();
    assert_eq!(status["state"], "complete", "{what}");
    if code != 0 {
        assert_eq!(published(bench), before, "{what}: what is published has changed");
        let retired = status["retired_api_users"].as_array().unwrap();
        assert!(!retired.contains(&Value::from(old.user.as_str())), "{what}: the old user is given up");
    }
    // The gateway behaves again.
    let _ = bench.run(Command::Rotate.resume()).code(0).no_leak(&canaries);
    if code != 0 && status["claim"].is_null() {
        let _ = bench.run(Command::Rotate.args()).code(0).no_leak(&canaries);
    }
    bench.assert_settled(Command::Rotate);
}

/// A gateway that does this at one step.
fn spoilt(step: Step, fate: impl Fn() -> Fate + Send + Sync + 'static) -> (Bench, Loopback) {
    let bench = Bench::new(Store::Dotenv, Command::Rotate).unwrap();
    let way =
        detour(bench.gateway().address(), move |line| if step.is(line) { fate() } else { Fate::Passes });
    (bench, way)
}

/// Each peer at each of these steps, some at a time. Where the step has an effect, it has it and has it not.
fn each(steps: &[Step], cases: Vec<Case>) {
    let mut runs = VecDeque::new();
    for (name, play, code) in cases {
        for step in steps {
            // A 429 comes instead of the effect: after it a key is asked for again.
            let may_have_one = matches!(step, Step::User | Step::Key) && !name.starts_with("429");
            let effects: &[bool] = if may_have_one { &[false, true] } else { &[false] };
            runs.extend(effects.iter().map(|effect| (name, play.clone(), code, *step, *effect)));
        }
    }
    let runs = Mutex::new(runs);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((name, play, code, step, effect)) = next(&runs) {
                    let (bench, way) = spoilt(step, move || match effect {
                        true => Fate::Spoiled(Play::clone(&play)),
                        false => Fate::Hijacked(Play::clone(&play)),
                    });
                    let what =
                        format!("{name} at {step:?}{}", if effect { ", after its effect" } else { "" });
                    meets(&what, &bench, rotation(&bench, &base_url(&way), code), code);
                }
            });
        }
    });
    // A single run may end before anybody looks at its memory; not all of them do.
    assert_ne!(TALLY.lock().unwrap_or_else(PoisonError::into_inner).highest, 0, "no memory was measured");
}

fn next<T>(runs: &Mutex<VecDeque<T>>) -> Option<T> {
    runs.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

fn json(status: u16, body: &str) -> Play {
    answer(status, "Content-Type: application/json\r\n", body)
}
