//! The published SDKs, unmodified, started by `exec` with the names they read: each gets a token and a balance from the
//! gateway. `tests/run` installs them below target/tools.

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
    let common = ["--product", product, "--base-url", gateway.base_url()];
    let args = ["provision", "--callback-host", "localhost"];
    let provision = sandbox.momo(args.iter().chain(&common));
    let _ = provision.env("MOMO_CRED_SUBSCRIPTION_KEY", gateway.key(role).unwrap()).run().code(0);
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
