//! All steps times all failures: after each, the promises hold, and resume or the same command again converges.
//! The number of cases is asserted, so that a new step cannot come without its cases.

use std::sync::atomic::{AtomicUsize, Ordering};

use momo_cred_backend_api::{ErrorKind, Op};
use momo_cred_backend_testkit::{Canary, Fault};
use uuid::Uuid;

use super::bench::{Bench, Ended};
use super::double::{answered, invalid_key, outage, silent};
use super::rekey::{self, made};
use super::stage::{Point, Side, each};
use crate::credential::Field;
use crate::lifecycle::{Finish, Obtain};
use crate::momo::{Diagnosis, Refusal, Shape, Silence, Step};

type Start = fn() -> Bench;
type Run = fn(&Bench) -> Ended;

const USER: Uuid = Uuid::from_u128(0x1300_0000_0000_4000_8000_0000_0000_0002);

/// A bench with a dead claim from another run: both of its users are leftovers that must stay listed.
fn over_a_dead_claim(bench: Bench) -> Bench {
    bench.stage.kill(Point::Key, 1, Side::After);
    bench.provision().killed();
    bench
}

/// With a provisioning key whose users the product does not know: the longest way, with two claims.
fn twice(bench: Bench) -> Bench {
    let bench = bench.with_provisioning_key();
    bench.gateway.bind_provisioning_users_to_nothing();
    bench
}

const STARTS: [Start; 8] = [
    Bench::new,
    || Bench::new().vacant(),
    || Bench::new().with_old(),
    || Bench::new().removed(),
    || over_a_dead_claim(Bench::new().vacant()),
    || over_a_dead_claim(Bench::new().with_old()),
    || twice(Bench::new().vacant()),
    || twice(Bench::new().with_old()),
];

/// The points of a run that nothing goes wrong in, each with how often it has come before.
fn path(start: Start) -> Vec<(Point, usize)> {
    let bench = start();
    bench.provision().published();
    numbered(&bench.points())
}

fn numbered(points: &[Point]) -> Vec<(Point, usize)> {
    let nth = |at: usize| points[..=at].iter().filter(|point| **point == points[at]).count();
    (0..points.len()).map(|at| (points[at], nth(at))).collect()
}

fn step(point: Point) -> Option<Step> {
    Some(match point {
        Point::Preflight => Step::User,
        Point::User => Step::CreateUser,
        Point::Key => Step::CreateKey,
        Point::Token => Step::Token,
        Point::Product => Step::Read,
        Point::Claim | Point::Fence | Point::Publish | Point::ReadBack | Point::Withdraw => return None,
    })
}

/// Every answer of a gateway that is not the wanted one, by what follows from it.
fn refusals(step: Step) -> Vec<Refusal> {
    let refused = |status, shape, diagnosis| answered(step, status, shape, diagnosis);
    vec![
        silent(step),
        Refusal::no_answer(step, Silence::Truncated),
        Refusal::no_answer(step, Silence::Deadline),
        outage(step),
        invalid_key(step),
        refused(400, Shape::Empty, Diagnosis::BadRequest),
        refused(403, Shape::Gateway, Diagnosis::Forbidden),
        refused(404, Shape::Gateway, Diagnosis::NoProvisioningApi),
        refused(404, Shape::Wallet, Diagnosis::UnknownUser),
        refused(409, Shape::Wallet, Diagnosis::DuplicateUser),
        refused(302, Shape::Html, Diagnosis::Redirect),
        refused(200, Shape::Html, Diagnosis::Malformed),
        refused(201, Shape::Json, Diagnosis::KeyShape),
        refused(500, Shape::Token, Diagnosis::LoginFailed),
        refused(500, Shape::Wallet, Diagnosis::NotAllowedTargetEnvironment),
    ]
}

/// What befalls a run at one point.
#[derive(Clone, Debug)]
enum Blow {
    Kill(Side),
    Refuse(Side, Box<Refusal>),
    Store(Side, ErrorKind),
}

/// Every blow that a point can take.
fn blows(point: Point) -> Vec<Blow> {
    let mut blows = vec![Blow::Kill(Side::Before), Blow::Kill(Side::After)];
    match step(point) {
        Some(step) => {
            for refusal in refusals(step) {
                // An effect that happened is denied by no honest "refused".
                let silent = refusal.ambiguous || matches!(refusal.status, None | Some(200..=399));
                if silent {
                    blows.push(Blow::Refuse(Side::After, Box::new(refusal.clone())));
                }
                blows.push(Blow::Refuse(Side::Before, Box::new(refusal)));
            }
        }
        None => {
            let kinds =
                [ErrorKind::Unavailable, ErrorKind::Denied, ErrorKind::Misconfigured, ErrorKind::Other];
            blows.extend(kinds.map(|kind| Blow::Store(Side::Before, kind)));
            blows.push(Blow::Store(Side::After, ErrorKind::Unavailable));
            if matches!(point, Point::Claim | Point::Publish) {
                blows.push(Blow::Store(Side::Before, ErrorKind::Conflict));
            }
        }
    }
    blows
}

/// Lays a blow down for the next run, whose undisturbed way is `path`.
fn strike(bench: &Bench, path: &[(Point, usize)], at: usize, blow: &Blow) {
    let (point, nth) = path[at];
    match blow {
        Blow::Kill(side) => bench.stage.kill(point, nth, *side),
        Blow::Refuse(side, refusal) => {
            // The order meets the first arrival after it is laid down.
            let (gateway, side, refusal) = (bench.gateway.clone(), *side, (**refusal).clone());
            bench.stage.at(point, nth, Side::Before, move || gateway.refuse(point, side, refusal));
        }
        Blow::Store(side, kind) => {
            let op = |point| {
                matches!(point, Point::Claim | Point::Publish).then_some(Op::Write).unwrap_or(Op::Read)
            };
            let stores =
                |point| matches!(point, Point::Claim | Point::Publish | Point::Fence | Point::ReadBack);
            let same = |(known, _): &&(Point, usize)| stores(*known) && op(*known) == op(point);
            let call = path[..=at].iter().filter(same).count();
            let fault = if *side == Side::Before { Fault::before(call) } else { Fault::after(call) };
            bench.faults.add(fault.of(op(point)).with(*kind));
        }
    }
}

/// What came of a blow must keep the promises; then resume, or the command again, ends in a whole new credential.
#[track_caller]
fn converge(bench: &Bench, ended: &Ended, begun: &dyn Fn() -> Ended, what: &str) {
    bench.assert_promises();
    let record = bench.record();
    bench.assert_listed(&record, &[]);
    if let Ended::Finished(Finish::Failed(error)) = ended {
        let code = error.kind().exit_code();
        assert!([65, 69, 70, 75, 76, 77, 78].contains(&code), "{what}: exit {code}");
        assert!(
            !error.next_steps().is_empty() || error.op().is_some(),
            "{what}: says nothing of what to do next"
        );
    }
    let old = bench.old.as_ref().and_then(|old| old.get(Field::ApiKey));
    let is_new = record.get(Field::ApiKey).is_some_and(|key| old.is_none_or(|old| !old.same_as(key)));
    match bench.resume() {
        Some(resumed) => drop(resumed.published()),
        None if is_new => {}
        None => drop(begun().published()),
    }
    bench.assert_settled();
}

#[test]
fn every_failure_at_every_step_of_a_provision_converges() {
    let cases = AtomicUsize::new(0);
    each(STARTS.into_iter().enumerate(), |(n, start)| {
        let path = path(start);
        for at in 0..path.len() {
            for blow in blows(path[at].0) {
                let what = format!("start {n}, {:?}, {blow:?}", path[at]);
                let bench = start();
                strike(&bench, &path, at, &blow);
                let ended = bench.provision();
                converge(&bench, &ended, &|| bench.provision(), &what);
                cases.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    assert_eq!(cases.into_inner(), 1360);
}

#[test]
fn every_failure_at_every_step_of_a_resume_converges() {
    let cases = AtomicUsize::new(0);
    each(STARTS.into_iter().enumerate(), |(n, start)| {
        let dead = || {
            let bench = start();
            bench.stage.kill(Point::Key, 1, Side::After);
            bench.provision().killed();
            bench
        };
        let undisturbed = dead();
        undisturbed.resume().unwrap().published();
        let path = numbered(&undisturbed.points());
        for at in 0..path.len() {
            for blow in blows(path[at].0) {
                let what = format!("resume over start {n}, {:?}, {blow:?}", path[at]);
                let bench = dead();
                strike(&bench, &path, at, &blow);
                let ended = bench.resume().unwrap();
                converge(&bench, &ended, &|| bench.provision(), &what);
                cases.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    assert_eq!(cases.into_inner(), 1360);
}

#[test]
fn every_failure_at_every_step_of_an_import_converges() {
    let cases = AtomicUsize::new(0);
    let key = Canary::hex("imported api key");
    each(STARTS.into_iter().enumerate(), |(n, start)| {
        let with_user = || {
            let bench = start();
            bench.gateway.put(USER, &key);
            bench
        };
        let import = |bench: &Bench| bench.obtain(Obtain::Imported { user: USER, api_key: key.secret() });
        let undisturbed = with_user();
        import(&undisturbed).published();
        let path = numbered(&undisturbed.points());
        for at in 0..path.len() {
            for blow in blows(path[at].0) {
                let what = format!("import over start {n}, {:?}, {blow:?}", path[at]);
                let bench = with_user();
                strike(&bench, &path, at, &blow);
                let ended = import(&bench);
                bench.assert_promises();
                if let Ended::Finished(Finish::Failed(error)) = &ended {
                    assert!(!error.next_steps().is_empty() || error.op().is_some(), "{what}");
                }
                if bench.record().api_user() != Ok(Some(USER)) {
                    import(&bench).published();
                }
                bench.assert_settled();
                cases.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    assert_eq!(cases.into_inner(), 488);
}

/// A rekey that died when the gateway had made the key.
fn cut_off() -> Bench {
    let (bench, _) = made();
    bench.stage.kill(Point::Key, 1, Side::After);
    rekey::rekey(&bench).killed();
    bench
}

/// A dead key is never without the claim that says so, whatever befalls a rekey or the one that finishes it.
#[test]
fn every_failure_at_every_step_of_a_rekey_leaves_a_claim_or_a_key_that_works() {
    let cases = AtomicUsize::new(0);
    let starts: [(Start, Run); 2] = [(|| made().0, rekey::rekey), (cut_off, rekey::resume)];
    each(starts, |(start, run)| {
        let undisturbed = start();
        run(&undisturbed).published();
        let path = numbered(&undisturbed.points());
        for at in 0..path.len() {
            for blow in blows(path[at].0) {
                let bench = start();
                strike(&bench, &path, at, &blow);
                let ended = run(&bench);
                let what = format!("{:?}, {blow:?}: {ended:?}", path[at]);
                bench.assert_promises();
                let open = bench.record().claim().unwrap().is_some();
                assert!(open || rekey::works(&bench, &bench.record()), "a dead key and no claim: {what}");
                if let Ended::Finished(Finish::Failed(error)) = &ended {
                    assert!(!error.next_steps().is_empty() || error.op().is_some(), "{what}");
                }
                let next = if open { rekey::resume(&bench) } else { rekey::rekey(&bench) };
                next.published();
                bench.assert_settled();
                cases.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    assert_eq!(cases.into_inner(), 336);
}

#[test]
fn every_pair_of_deaths_converges() {
    let cases = AtomicUsize::new(0);
    // The other starts differ in nothing that a first death leaves.
    each([STARTS[0], STARTS[2], STARTS[7]], |start| {
        for (point, nth) in path(start) {
            for side in [Side::Before, Side::After] {
                let dead = || {
                    let bench = start();
                    bench.stage.kill(point, nth, side);
                    bench.provision().killed();
                    bench
                };
                let undisturbed = dead();
                let Some(resumed) = undisturbed.resume() else { continue };
                resumed.published();
                for (again, nth) in numbered(&undisturbed.points()) {
                    for side in [Side::Before, Side::After] {
                        let bench = dead();
                        bench.stage.kill(again, nth, side);
                        let ended = bench.resume().unwrap();
                        converge(&bench, &ended, &|| bench.provision(), "the second death");
                        cases.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
    });
    assert_eq!(cases.into_inner(), 928);
}
