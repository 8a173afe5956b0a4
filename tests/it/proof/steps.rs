//! SIGKILL at each point of each command that writes, in each store; then a fresh process looks, and another finishes.

use std::os::unix::process::ExitStatusExt;

use momo_cred::faults::POINT;
use momo_gateway::{Action, Answer, Fault, Operation, ProvisioningUsers, Role};
use serde_json::Value;

use super::bench::{Bench, Case, Store};
use super::figures::figure;
use super::matrix::{Left, MATRIX, Row};

/// A run that died at a point, and what must hold of what it leaves.
#[track_caller]
fn killed(bench: &Bench, row: &Row, case: Case) {
    if row.is_of_a_refusal() {
        bench.gateway().script(Fault::on(Operation::CreateKey, Action::Answer(Answer::invalid_key())));
    }
    let ran = bench.momo(case.args()).env(POINT, row.point).run();
    assert_eq!(ran.status.signal(), Some(9), "it did not come to {}: {}", row.point, ran.err());
    bench.gateway().clear_script();
    assert!(bench.temporary_files() <= 1);

    let status = bench.status();
    let kind = if case == Case::Rekey { "rekey" } else { "new-user" };
    match row.left_by(case) {
        Left::Claim => assert_eq!(status["claim"]["kind"], kind),
        Left::AsBefore | Left::Published => assert_eq!(status["claim"], Value::Null),
    }
    let served = bench.served();
    if row.left_by(case) == Left::Published {
        assert_ne!(served, bench.old);
        assert!(bench.works(&served.expect("nothing is served")));
    } else {
        assert_eq!(served, bench.old);
    }
    // Another key of the same user may kill the one before; a new user's does not.
    if let Some(old) = bench.old.as_ref().filter(|_| case != Case::Rekey) {
        assert!(bench.works(old), "the old credential is dead");
    }
}

/// The way out that the tool itself names: `resume`, and where no claim was open, the same command again.
#[track_caller]
fn finished(bench: &Bench, row: &Row, case: Case) {
    let ran = bench.run(case.resume()).code(0);
    match row.left_by(case) {
        Left::Claim => {}
        Left::Published => drop(ran.says("no claim is open")),
        Left::AsBefore => {
            let _ = ran.says("no claim is open");
            let _ = bench.run(case.args()).code(0);
        }
    }
    bench.assert_settled(case);
}

fn every_step(store: Store) {
    let (mut points, mut left_out) = (0, false);
    for row in &MATRIX {
        for case in row.cases {
            let Some(bench) = Bench::new(store, *case) else {
                left_out = true;
                continue;
            };
            eprintln!("{store:?} {case:?} {}", row.point);
            killed(&bench, row, *case);
            finished(&bench, row, *case);
            points += 1;
        }
    }
    if !left_out {
        let name = format!("crash points, {}", format!("{store:?}").to_lowercase());
        figure(&name, format_args!("{points} run and passed"));
    }
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
