//! Who must have moved before the old primary subscription key is regenerated: a record that provisions with it, too.

use momo_gateway::{Operation, Product, Role};

use crate::lifecycle::stage::{Stage, old_key, subscription_key};

const ROTATE: [&str; 3] = ["rotate", "--subscription-key", "--consumers-restarted"];

/// A product of its own has the key neither as its primary nor as its secondary.
#[test]
fn a_record_that_provisions_with_the_old_key_stops_it() {
    let stage = Stage::with_old();
    let secondary = stage.gateway.key(Role::Secondary(Product::Collection)).unwrap();
    let record = format!("{}MOMO_SUBSCRIPTION_KEY_SECONDARY={secondary}\n", stage.sandbox.read(".env"));
    stage.sandbox.write(".env", record, 0o600);
    let payouts = |provisioning: &str| {
        let disbursement = stage.gateway.key(Role::Primary(Product::Disbursement)).unwrap();
        let record = format!(
            "PAY_SUBSCRIPTION_KEY={disbursement}\nPAY_PROVISIONING_SUBSCRIPTION_KEY={provisioning}\nPAY_PRODUCT=disbursement\n"
        );
        stage.sandbox.write("payouts.env", record, 0o600);
    };
    payouts(subscription_key().value());
    let config = "[profiles.collection]\nstore = \"dotenv:.env#MOMO\"\n\
                  [profiles.payouts]\nstore = \"dotenv:payouts.env#PAY\"\n";
    stage.sandbox.write("momo-cred.toml", config, 0o600);
    let canaries = [subscription_key(), old_key()];
    let run = |args: &[&str], stdin: &str| {
        let momo = stage.sandbox.momo(args).env("MOMO_CRED_BASE_URL", stage.gateway.base_url());
        momo.env("MOMO_CRED_PROFILE", "collection").stdin(stdin).run().no_leak(&canaries)
    };
    let ran = run(&ROTATE, "").code(75).says("is in use elsewhere");
    let _ = ran.says("profile payouts has it as provisioning_subscription_key, at dotenv:payouts.env#PAY");
    // What serves is the secondary by now, and nothing goes on until the other record has moved.
    assert_eq!(stage.sandbox.env_value("MOMO_SUBSCRIPTION_KEY").unwrap(), secondary);
    let resume = ["resume", "--consumers-restarted", "--from", "-"];
    let new = stage.gateway.regenerate_key(Role::Primary(Product::Collection));
    let tokens = stage.requests(Operation::Token);
    let _ = run(&resume, &new).code(75).says("provisioning_subscription_key");
    assert_eq!(stage.requests(Operation::Token), tokens, "the new key was tried");
    payouts(&secondary);
    let _ = run(&resume, &new).code(0);
    assert_eq!(stage.sandbox.env_value("MOMO_SUBSCRIPTION_KEY").unwrap(), new);
}
