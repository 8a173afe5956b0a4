//! SIGKILL at each point of each command that writes, in each store; then a fresh process looks, and another finishes.

use std::os::unix::process::ExitStatusExt;

use momo_cred::faults::POINT;
use momo_gateway::{Action, Answer, Fault, Operation, ProvisioningUsers, Role};
use serde_json::{Value, json};

use super::bench::{Bench, Store};
use super::case::{COMPLETION, Case, REVOKE};
use super::figures::figure;
use super::matrix::{AGAIN, Left, MATRIX, Part, Row};
use crate::sandbox::Ran;

/// A run at the fullest log, which may die at a point. Whatever it printed or left is searched.
#[track_caller]
fn loud(bench: &Bench, args: &[&str], point: Option<&str>) -> Ran {
    let momo = bench.momo(args).env("MOMO_CRED_LOG", "trace").env("RUST_BACKTRACE", "full");
    bench.assert_secret(match point {
        Some(point) => momo.env(POINT, point).run(),
        None => momo.run(),
    })
}

/// A run that died at a point, and what must hold of what it leaves.
#[track_caller]
fn killed(bench: &Bench, row: &Row, case: Case) {
    if row.is_of_a_refusal() {
        bench.gateway().script(Fault::on(Operation::CreateKey, Action::Answer(Answer::invalid_key())));
    }
    let ran = loud(bench, case.args(), Some(row.point));
    assert_eq!(ran.status.signal(), Some(9), "it did not come to {}: {}", row.point, ran.err());
    bench.gateway().clear_script();
    assert!(bench.temporary_files() <= 1);

    let claim = &bench.status()["claim"];
    assert_eq!(json!([claim["kind"], claim["phase"]]), open(row, case), "{claim}");
    let served = bench.served();
    if is_replaced(row, case) {
        assert_ne!(served, bench.old);
        assert!(bench.works(&served.expect("nothing is served")));
    } else {
        assert_eq!(served, bench.old);
    }
    // Another key of the same user may kill the one before; a new user's does not.
    let killed = case.is_a_rekey() || case == Case::Compromise && row.is_past_a_renewal();
    if let Some(old) = bench.old.as_ref().filter(|_| !killed) {
        assert!(bench.works(old), "the old credential is dead");
    }
}

/// The kind and the phase of the claim that `status` is to show.
fn open(row: &Row, case: Case) -> Value {
    let halves = "subscription-key";
    match (row.left_by(case), case) {
        (Left::Claim, _) if row.part() == Part::Revocation => json!(["revoke", null]),
        (Left::Claim, case) if case.is_a_rekey() => json!(["rekey", null]),
        (Left::Claim, Case::SwapMoving) => json!([halves, null]),
        (Left::Claim, Case::Regenerate | Case::RegenerateMoving) => json!([halves, "regenerated"]),
        (Left::Claim, _) => json!(["new-user", null]),
        (Left::Published, Case::Swap | Case::SwapMoving)
        | (Left::AsBefore, Case::Regenerate | Case::RegenerateMoving) => json!([halves, "swapped"]),
        (Left::Published | Left::AsBefore, _) => json!([null, null]),
    }
}

/// Whether another credential is served than before.
fn is_replaced(row: &Row, case: Case) -> bool {
    match (row.part(), case) {
        (Part::Revocation, Case::Compromise) => true,
        (Part::Revocation, _) => false,
        (Part::Publication, Case::Abort) => false,
        (Part::Publication, _) => row.left_by(case) == Left::Published,
    }
}

/// The way out that the tool itself names: `resume`, and where no claim was open, the same command again. Then what a
/// command leaves to others is done, too.
#[track_caller]
fn finished(bench: &Bench, row: &Row, case: Case) {
    let left = row.left_by(case);
    let open = open(row, case);
    let ran = loud(bench, case.resume(), None);
    match (&open[0], &open[1]) {
        (Value::Null, _) => drop(ran.code(0).says("no claim is open")),
        (_, phase) if phase == "swapped" => drop(ran.code(75).says("resume --consumers-restarted")),
        (kind, _) if kind == "revoke" && row.is_without_witness(case) => {
            drop(ran.code(69).says("nothing shows that this gateway lets anybody in"));
        }
        // The replaced key was in memory alone.
        (kind, _) if kind == "revoke" && bench.store == Store::Dotenv => drop(ran.code(69)),
        _ => drop(ran.code(case.code(bench.store))),
    }
    if left == Left::AsBefore
        && (row.part() == Part::Publication || matches!(case, Case::Revoke | Case::RevokeElsewhere))
    {
        again(bench, case);
    }
    match case {
        // What was begun is dropped, and has to be begun again.
        Case::Abort if left == Left::Published => drop(bench.run(Case::Rotate.args()).code(0)),
        Case::Swap | Case::SwapMoving => {
            bench.regenerate();
            let _ = bench.run(COMPLETION).code(0);
        }
        Case::Compromise => revoked(&bench.run(REVOKE)),
        _ => {}
    }
    bench.assert_settled(case);
}

/// The same command again.
#[track_caller]
fn again(bench: &Bench, case: Case) {
    let args = case.goes_on_with().map_or(case, |(begun, _)| begun).args();
    match (case, bench.run(args)) {
        (Case::Compromise, ran) => revoked(&ran),
        (_, ran) => drop(ran.code(case.code(bench.store))),
    }
}

/// Of a user that was claimed and never published no key is known: nothing is proven of it. Of the one that was replaced
/// `assert_settled` finds out.
#[track_caller]
fn revoked(ran: &Ran) {
    assert!(matches!(ran.status.code(), Some(0 | 69)), "{}", ran.err());
}

fn every_step(store: Store) {
    let (mut points, mut left_out) = (0, 0);
    for row in MATRIX.iter().chain(&AGAIN) {
        for case in row.cases {
            if !row.is_come_to(*case, store) {
                left_out += 1;
                continue;
            }
            let Some(bench) = Bench::new(store, *case) else { return };
            eprintln!("{store:?} {case:?} {}", row.point);
            killed(&bench, row, *case);
            finished(&bench, row, *case);
            points += 1;
        }
    }
    let name = format!("crash points, {}", format!("{store:?}").to_lowercase());
    if left_out == 0 {
        figure(&name, format_args!("{points} run and passed"));
    } else {
        figure(
            &name,
            format_args!("{points} run and passed; {left_out} need a history, which it does not keep"),
        );
    }
}

/// What is left out of the matrix for want of a history is refused, and nothing is changed.
#[test]
fn a_file_has_nothing_to_go_back_to() {
    let bench = Bench::new(Store::Dotenv, Case::Rollback).unwrap();
    let _ = bench.run(Case::Rollback.args()).code(78).says("keeps no history");
    assert_eq!((bench.served(), &bench.status()["claim"]), (bench.old.clone(), &Value::Null));
}

/// A provisioning key whose users the product refuses brings a second claim, under the product's own key and without that
/// one. Such a run leaves the user that was refused behind; a death adds its own, and `resume` none.
#[test]
fn a_death_in_the_second_round() {
    for store in [Store::Memory, Store::Dotenv] {
        for point in ["after-claim:2", "after-user:2", "after-key:2", "after-check:2", "before-fence"] {
            let bench = Bench::new(store, Case::Replace).unwrap();
            let key = bench.gateway().regenerate_key(Role::Provisioning);
            bench.gateway().configure(|config| config.provisioning_users = ProvisioningUsers::NoProduct);
            let run = bench.momo(Case::Replace.args()).env("MOMO_CRED_PROVISIONING_SUBSCRIPTION_KEY", key);
            let ran = run.env(POINT, point).run();
            assert_eq!(ran.status.signal(), Some(9), "{point}: {}", ran.err());
            assert_eq!(bench.served(), bench.old);
            assert_eq!(bench.status()["claim"]["kind"], "new-user");
            let _ = bench.run(&["resume"]).code(0);
            bench.assert_settled_but_for(Case::Replace, 2);
        }
    }
}

#[test]
fn a_death_at_any_point_in_memory() {
    every_step(Store::Memory);
}

#[test]
fn a_death_at_any_point_in_dotenv() {
    every_step(Store::Dotenv);
}

#[test]
fn a_death_at_any_point_in_vault() {
    every_step(Store::Vault);
}

#[test]
fn a_death_at_any_point_in_aws() {
    every_step(Store::Aws);
}
