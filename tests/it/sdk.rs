//! The published SDKs, unmodified, started by `exec` with the names they read: each gets a token and a balance from the
//! gateway. `tests/run tools` installs them below target/tools. Presets of readers that are in no registry within reach
//! (Packagist, single applications) are tested for their names, beside the table of presets.

use std::path::Path;

use momo_gateway::{Gateway, Product, Role};

use super::sandbox::{Sandbox, gateway, installed};

/// Provisions a product and runs a program with the preset.
fn run(
    gateway: &Gateway,
    product: &str,
    role: Role,
    preset: &str,
    program: &[&str],
    node_path: Option<&Path>,
) {
    let sandbox = Sandbox::new();
    // A vacant record has the secondary key at hand, which one of the SDKs wants, too.
    let secondary = match role {
        Role::Primary(product) => gateway.key(Role::Secondary(product)),
        _ => None,
    };
    let keys = [gateway.key(role), secondary].map(Option::unwrap);
    let vacant = format!("MOMO_SUBSCRIPTION_KEY={}\nMOMO_SUBSCRIPTION_KEY_SECONDARY={}\n", keys[0], keys[1]);
    sandbox.write(".env", vacant, 0o600);
    let common = ["--product", product, "--base-url", gateway.base_url()];
    let args = ["provision", "--callback-host", "localhost"];
    let provision = sandbox.momo(args.iter().chain(&common));
    let _ = provision.run().code(0);
    let mut exec = sandbox.momo(["exec", "--preset", preset, "--"].iter().chain(program).chain([&product]));
    if let Some(path) = node_path {
        exec = exec.env("NODE_PATH", path);
    }
    let ran = exec.run().code(0);
    assert!(ran.out().contains("token ok / balance ok"), "{}\n{}", ran.out(), ran.err());
}

#[test]
fn python_mtnmomo() {
    let Some(python) = installed("target/tools/venv/bin/python") else { return };
    let driver = installed("tests/sdk/collection.py").unwrap();
    let program = [python.to_str().unwrap(), driver.to_str().unwrap()];
    let gateway = gateway();
    for (product, role) in [
        ("collection", Role::Primary(Product::Collection)),
        ("disbursement", Role::Primary(Product::Disbursement)),
        ("remittance", Role::Primary(Product::Remittance)),
    ] {
        run(&gateway, product, role, "momoapi-python", &program, None);
    }
}

#[test]
fn npm_mtn_momo() {
    let Some(modules) = installed("target/tools/node/node_modules") else { return };
    let driver = installed("tests/sdk/collection.cjs").unwrap();
    let program = ["node", driver.to_str().unwrap()];
    let gateway = gateway();
    for (product, role) in [
        ("collection", Role::Primary(Product::Collection)),
        ("disbursement", Role::Primary(Product::Disbursement)),
    ] {
        run(&gateway, product, role, "momoapi-node", &program, Some(&modules));
    }
}

#[test]
fn crate_mtnmomo() {
    let Some(driver) = installed("target/tools/rust/momo-cred-sdk-mtnmomo") else { return };
    let gateway = gateway();
    for product in Product::ALL {
        let program = [driver.to_str().unwrap()];
        run(&gateway, product.segment(), Role::Primary(product), "mtnmomo-rs", &program, None);
    }
}

/// Three records, one program, one client for each product.
#[test]
fn several_products_in_one_run() {
    let Some(python) = installed("target/tools/venv/bin/python") else { return };
    let driver = installed("tests/sdk/collection.py").unwrap();
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    let mut config = String::new();
    for product in Product::ALL {
        let name = product.segment();
        config.push_str(&format!(
            "[profiles.{name}]\nproduct = \"{name}\"\nstore = \"dotenv:{name}.env\"\ncallback-host = \"localhost\"\n"
        ));
        sandbox.write("momo-cred.toml", &config, 0o644);
        let provision = sandbox.momo(["provision", "-p", name, "--base-url", gateway.base_url()]);
        let key = gateway.key(Role::Primary(product)).unwrap();
        let _ = provision.env("MOMO_CRED_SUBSCRIPTION_KEY", key).run().code(0);
    }
    let script = "for product in collection disbursement remittance; do \"$@\" $product || exit; done";
    let args = ["exec", "-p", "collection,disbursement,remittance", "--preset", "momoapi-python", "--"];
    let program = ["sh", "-c", script, "sh", python.to_str().unwrap(), driver.to_str().unwrap()];
    let ran = sandbox.momo(args.iter().chain(&program)).run().code(0);
    assert_eq!(ran.out(), "token ok / balance ok\n".repeat(3), "{}", ran.err());
    // A preset that has one name for the users of all products cannot: it is said, and no value wins.
    let args = ["exec", "-p", "collection,disbursement", "--preset", "mtnmomo-rs", "--", "true"];
    let _ = sandbox.momo(args).run().code(125).says("MTN_API_USER two different values");
}
