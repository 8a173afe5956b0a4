//! What is refused at once or once only: a wrong password, a pipe in the place of a file, a gateway's own words; and an
//! end in time where the server falls silent after a login.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use momo_cred_backend_testkit::Canary;
use momo_live::{Tap, response};

use super::counts::tapped;
use super::stage::{EXEC, ROTATE, Stage};
use crate::hostile::{LIMIT, measured};

fn asked(tap: &Tap, part: &str) -> usize {
    tap.requests().iter().filter(|line| line.contains(part)).count()
}

/// Servers lock a user after a few failures.
#[test]
fn a_refused_login_is_tried_once_for_all_records() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let user = format!("pay.{}", stage.mount);
    stage.vault().userpass(&user, "right", &[&stage.policy(EXEC)]);
    let (stage, tap) = tapped(stage);
    let auth = format!("[vault]\nauth = {{ method = \"userpass\", username = {user:?} }}\n");
    let profile = |name: &str| {
        let location = stage.location(&format!("team/{name}"));
        format!("[profiles.{name}]\nstore = {location:?}\nenv.prefix = \"{}\"\n", name.to_uppercase())
    };
    let profiles = ["a", "b", "c", "d", "e", "f"].map(profile).concat();
    stage.sandbox.write("momo.toml", auth + &profiles, 0o644);
    let wrong = Canary::new("a wrong password");
    let _ = stage
        .without_login(&["exec", "--config", "momo.toml", "-p", "a,b,c,d,e,f", "--", "true"])
        .env("MOMO_CRED_STORE", "")
        .env("VAULT_PASSWORD", wrong.value())
        .run()
        .no_leak(&[wrong])
        .code(125)
        .says("check user name and password");
    assert_eq!(tap.requests(), [format!("POST /v1/auth/userpass/login/{user}")]);
}

/// What tidying up may take is part of the time, not on top of it.
#[test]
fn a_server_that_is_silent_after_the_login_keeps_nobody_waiting() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let role = stage.vault().approle(&stage.mount, &[&stage.policy(EXEC)]);
    stage.sandbox.write("momo.toml", "[vault]\nauth = { method = \"approle\" }\n", 0o644);
    for (args, code) in [
        (&["exec", "--config", "momo.toml", "--timeout", "2s", "--", "true"][..], 125),
        (&["status", "--config", "momo.toml", "--timeout", "2s"], 69),
    ] {
        let tap = Tap::new(stage.vault().socket());
        for _ in 0..9 {
            tap.delay("GET", "", Duration::from_secs(60));
        }
        tap.delay("POST", "revoke-self", Duration::from_secs(60));
        let momo = stage.without_login(args).env("VAULT_ADDR", tap.address());
        let momo = momo.env("VAULT_ROLE_ID", &role.role_id).env("VAULT_SECRET_ID", &role.secret_id);
        let cost = measured(momo);
        let said = String::from_utf8_lossy(&cost.err);
        assert_eq!(cost.code, Some(code), "{args:?}: {said}");
        assert!(said.contains("did not answer in time"), "{args:?}: {said}");
        assert_eq!((asked(&tap, "login"), asked(&tap, "revoke-self")), (1, 1), "{:?}", tap.requests());
        assert!(cost.took <= LIMIT, "{args:?} took {:?}", cost.took);
    }
}

fn pipe(stage: &Stage, name: impl AsRef<Path>) -> PathBuf {
    let path = stage.sandbox.path(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// Nobody ever writes to it.
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (stage, tap) = tapped(stage);
    let pipe = pipe(&stage, "pipe");
    let approle = format!("auth = {{ method = \"approle\", role-id = \"x\", secret-id-file = {pipe:?} }}");
    let token = format!("auth = {{ method = \"token\", token-file = {pipe:?} }}");
    let userpass = format!("auth = {{ method = \"userpass\", username = \"x\", password-file = {pipe:?} }}");
    for auth in [approle, token, userpass] {
        stage.sandbox.write("momo.toml", format!("[vault]\n{auth}\n"), 0o644);
        for (args, code) in [
            (&["status", "--config", "momo.toml"][..], 78),
            (&["exec", "--config", "momo.toml", "--", "true"], 125),
        ] {
            let open = pipe.clone();
            // Lets a run go that waits, so that it fails and does not hang.
            let rescue = std::thread::spawn(move || {
                std::thread::sleep(LIMIT * 2);
                drop(std::fs::OpenOptions::new().read(true).write(true).open(open));
            });
            let cost = measured(stage.without_login(args));
            let said = String::from_utf8_lossy(&cost.err);
            assert!(cost.took < LIMIT, "{auth}: {args:?} took {:?}", cost.took);
            assert_eq!(cost.code, Some(code), "{auth}: {said}");
            assert!(said.contains("it is no regular file"), "{auth}: {said}");
            drop(rescue);
        }
    }
    assert_eq!(tap.connections(), 0);
}

/// What a gateway says of a path that it does not know is no word about the record.
#[test]
fn a_gateway_that_keeps_a_path_from_us_is_no_trouble_with_settings() {
    let Some(stage) = Stage::new() else { return };
    let (stage, tap) = tapped(stage);
    let html = response(403, &[("Content-Type", "text/html")], "<html>not for you</html>");
    tap.answer("GET", "sys/internal/ui/mounts", &html, 99);
    let file = format!("[vault]\nmount = {:?}\nkv-version = 2\n", stage.mount);
    stage.sandbox.write("momo.toml", file, 0o644);
    let run = |args: &[&str]| {
        let (command, rest) = args.split_first().unwrap();
        stage.run_as(&[ROTATE], &[&[*command, "--config", "momo.toml"], rest].concat())
    };
    let _ = run(&["verify"]).code(66);
    let _ = run(&["provision"]).code(0);
    let _ = run(&["status"]).code(0);
    let _ = run(&["exec", "--", "true"]).code(0);
    assert!(asked(&tap, "sys/internal/ui/mounts") > 0);
}
