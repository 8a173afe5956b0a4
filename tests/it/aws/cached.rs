//! `cache`: what the kernel keeps while Secrets Manager is out of reach.

use momo_live::Tap;

use super::stage::{ENDPOINT, Stage, old_key};

#[test]
fn a_program_starts_with_what_was_last_good_while_the_service_is_down() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    stage.sandbox.write("named.toml", "cache = { max-age = \"10m\" }\n", 0o600);
    // Whoever writes to a record of this name drops it, and other tests of this user do.
    let name = format!("momo/{}", uuid::Uuid::new_v4());
    stage.put(&name, &stage.secret());
    let tap = Tap::new(stage.socket());
    let address = tap.address();
    let start = |key: &str| {
        let args = ["exec", "--config", "named.toml", "--timeout", "1s", "--", "printenv", "MOMO_API_KEY"];
        let momo = stage.momo(&args).env("MOMO_CRED_STORE", format!("aws:{name}"));
        momo.env(ENDPOINT, &address).env("AWS_ACCESS_KEY_ID", key).run()
    };
    let ours = stage.account.access_key_id.clone();
    assert_eq!(start(&ours).code(0).out().trim_end(), old_key().value());
    drop(tap);
    let ran = start(&ours).code(0).says("gets revision").says("which may have been replaced since");
    assert_eq!(ran.out().trim_end(), old_key().value());
    let _ = start("AKIAANOTHERLOGIN").code(125).says("what is cached for this login: nothing");
}
