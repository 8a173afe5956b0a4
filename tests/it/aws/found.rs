//! What a config that was found may say of AWS: a region, and neither where nor as whom until somebody approved it.

use super::stage::{ENDPOINT, Stage};
use crate::sandbox::Ran;

const CONFIG: &str = "momo-cred.toml";

#[test]
fn an_endpoint_and_a_profile_need_an_approval() {
    for (key, in_environment) in [("endpoint", false), ("profile", true)] {
        let Some(stage) = Stage::new().map(Stage::with_old) else { return };
        let tap = stage.tap();
        let value = if key == "endpoint" { tap.address() } else { "team".to_owned() };
        stage.sandbox.write(CONFIG, format!("[aws]\nregion = \"us-east-1\"\n{key} = {value:?}\n"), 0o644);
        let run = |args: &[&str]| -> Ran {
            let momo = stage.with_login(args);
            let momo = if in_environment { momo.env(ENDPOINT, tap.address()) } else { momo };
            momo.run().no_leak(&stage.canaries())
        };
        for (args, code) in [
            (&["status"][..], 78),
            (&["provision", "--replace"], 78),
            (&["remove", "--yes"], 78),
            (&["exec", "--", "true"], 125),
        ] {
            let _ = run(args).code(code).says("momo-cred trust").says(&format!("aws.{key}"));
        }
        assert!(tap.requests().is_empty(), "{:?}", tap.requests());
        let shown = run(&["trust", "--show"]).code(0).out();
        assert!(shown.contains(&format!("aws.{key}")), "{shown}");

        let _ = run(&["trust"]).code(0);
        let _ = run(&["status"]).code(0);
        assert!(!tap.requests().is_empty());
        let _ = run(&["trust", "--revoke"]).code(0);
        let _ = run(&["status"]).code(78).says("momo-cred trust");
        // A variable in its place is the user's own word.
        let (variable, value) = match key {
            "endpoint" => (ENDPOINT, stage.server()),
            _ => ("AWS_PROFILE", "mine".to_owned()),
        };
        let momo = stage.with_login(&["status"]).env(ENDPOINT, tap.address());
        let _ = momo.env(variable, value).run().code(0);
    }
}

#[test]
fn a_region_needs_none() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    stage.sandbox.write(CONFIG, "[aws]\nregion = \"us-east-1\"\n", 0o644);
    for args in [&["status"][..], &["verify"], &["exec", "--", "true"]] {
        let _ = stage.with_login(args).env(ENDPOINT, stage.server()).run().code(0);
    }
    assert!(!stage.sandbox.root().join("home/.local").exists(), "nothing is remembered");
}

/// A variable that does not count takes no setting's place, and approves none.
#[test]
fn an_endpoint_of_a_variable_that_is_ignored_approves_none() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let tap = stage.tap();
    let config = format!("[aws]\nregion = \"us-east-1\"\nendpoint = {:?}\n", tap.address());
    stage.sandbox.write(CONFIG, config, 0o644);
    let run = |ignored: &str| {
        let momo = stage.with_login(&["status"]).env(ENDPOINT, stage.server());
        momo.env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", ignored).run().no_leak(&stage.canaries())
    };
    let _ = run("false").code(0);
    let _ = run("true").code(78).says("momo-cred trust");
    assert!(tap.requests().is_empty(), "{:?}", tap.requests());
}
