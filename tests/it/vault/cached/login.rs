//! As whom: what one login was given is given to no other, and nothing is kept where nobody can tell who it is.

use momo_live::{Tls, VaultOptions};

use super::{CONFIG, DOWN, EXEC, Stage, UP, old_key, stage, stage_on};
use crate::sandbox::Ran;

/// A start without a token in a variable.
fn start(stage: &Stage, timeout: &str) -> Ran {
    let args = ["exec", "--config", CONFIG, "--timeout", timeout, "--", "printenv", "MOMO_API_KEY"];
    let ca = stage.vault().ca_cert_path();
    stage.without_login(&args).env("VAULT_CACERT", ca).run()
}

/// The file of the last `vault login` counts by what it holds.
#[test]
fn another_token_in_the_same_file_is_another_login() {
    let Some(stage) = stage("10m") else { return };
    let file = stage.sandbox.root().join("home").join(".vault-token");
    stage.sandbox.write(&file, stage.token_of(&[EXEC]), 0o600);
    assert_eq!(start(&stage, UP).code(0).out().trim_end(), old_key().value());
    stage.vault().seal();
    assert_eq!(start(&stage, DOWN).code(0).out().trim_end(), old_key().value());
    stage.sandbox.write(&file, "hvs.another", 0o600);
    let _ = start(&stage, DOWN).code(125).says("what is cached for this login: nothing");
}

/// A program that prints the token prints another one after the next `vault login`.
#[test]
fn nothing_is_kept_for_a_token_that_a_program_prints() {
    let Some(stage) = stage("10m") else { return };
    let home = stage.sandbox.root().join("home");
    let helper = home.join("helper");
    let token = stage.token_of(&[EXEC]);
    stage.sandbox.write(&helper, format!("#!/bin/sh\ntest \"$1\" != get || printf %s {token}\n"), 0o700);
    stage.sandbox.write(home.join(".vault"), format!("token_helper = {helper:?}\n"), 0o600);
    let ran = start(&stage, UP).code(0).says("nothing is cached of vault:").says("token helper");
    assert_eq!(ran.out().trim_end(), old_key().value());
    stage.vault().seal();
    let _ = start(&stage, DOWN).code(125).says("error[unavailable]");
    // A token that is given goes before it.
    stage.vault().unseal();
    assert_eq!(super::start(&stage, &[]).code(0).err(), "");
    stage.vault().seal();
    let _ = super::outage(&stage, &[]).code(0).says("gets revision 1");
}

/// A role of certificates without a name is whoever shows one.
#[test]
fn another_certificate_in_the_same_file_is_another_login() {
    let options = VaultOptions { tls: Tls::Trusted, ..VaultOptions::default() };
    let Some(stage) = stage_on(options) else { return };
    stage.vault().cert("momo", "client", &[&stage.policy(EXEC)]);
    let shows_another = || {
        let identity = stage.vault().authority().client("client");
        stage.sandbox.write("client.pem", identity.certificate_pem, 0o600);
        stage.sandbox.write("client.key", identity.key_pem, 0o600);
    };
    let config = "cache = { max-age = \"10m\" }\n[vault]\nclient-cert = \"client.pem\"\n\
                  client-key = \"client.key\"\nauth = { method = \"cert\" }\n";
    stage.sandbox.write(CONFIG, config, 0o600);
    shows_another();
    assert_eq!(start(&stage, UP).code(0).out().trim_end(), old_key().value());
    stage.vault().seal();
    assert_eq!(start(&stage, DOWN).code(0).out().trim_end(), old_key().value());
    shows_another();
    let _ = start(&stage, DOWN).code(125).says("what is cached for this login: nothing");
}
