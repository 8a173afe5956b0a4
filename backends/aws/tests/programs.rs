//! A `credential_process` of the shared files: asked once, with next to nothing of our environment, and never left behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod login;
mod support;

use std::path::Path;

use login::{Case, Peer, assumed};
use momo_cred_backend_testkit::{Canary, scan};

/// What runs in the process of a case. No case of its own.
#[tokio::test]
async fn child() {
    login::child().await;
}

const GOOD: &str = r#"echo '{"Version": 1, "AccessKeyId": "AKIAPROGRAM", "SecretAccessKey": "x"}'"#;
/// Keeps count in the home folder.
const COUNT: &str = "echo asked >> \"$HOME/count\"\n";

#[test]
fn it_is_asked_once_whatever_it_says() {
    let case = Case::new().program(&format!("{COUNT}{GOOD}"));
    assert!(case.tells("read").contains("the profile default in the shared files"));
    assert_eq!(case.holds("count"), "asked\n");
    let case = Case::new().program(&format!("{COUNT}exit 1"));
    let told = case.tells("Misconfigured");
    assert!(told.contains("credential_process ends with a failure"), "{told}");
    assert_eq!(case.holds("count"), "asked\n");
}

#[test]
fn what_has_run_out_is_asked_for_anew() {
    // Nearly over: good for nothing but to be asked for again.
    let ends = "$(date -u -d '+5 seconds' +%Y-%m-%dT%H:%M:%SZ)";
    let script = format!(
        r#"{COUNT}echo "{{\"Version\": 1, \"AccessKeyId\": \"AKIA\", \"SecretAccessKey\": \"x\", \"Expiration\": \"{ends}\"}}""#
    );
    let case = Case::new().program(&script);
    let _ = case.tells("read");
    assert!(case.holds("count").len() > "asked\n".len());
    let script = script.replace("+5 seconds", "-1 hour");
    let told = Case::new().program(&script).tells("Denied");
    assert!(told.contains("have expired"), "{told}");
}

#[test]
fn it_gets_what_it_needs_and_none_of_our_credentials() {
    let key = Canary::new("environment");
    let case = Case::new()
        .program(&format!("env > \"$HOME/environment\"; cat > \"$HOME/input\"\n{GOOD}"))
        .with("MOMO_CRED_SUBSCRIPTION_KEY", key.value())
        .with("VAULT_TOKEN", key.value());
    let _ = case.tells("read");
    let environment = case.holds("environment");
    assert!(
        environment.contains("HOME=") && !environment.contains("MOMO_") && !environment.contains("VAULT_")
    );
    assert!(scan(environment.as_bytes(), std::slice::from_ref(&key)).is_empty(), "{environment}");
    assert_eq!(case.holds("input"), "");
}

#[test]
fn it_ends_with_the_time_and_so_does_what_it_started() {
    let script = "sleep 600 & echo $! > \"$HOME/pid\"; echo $$ >> \"$HOME/pid\"; wait";
    let case = Case::new().program(script).within(700);
    let (time, told) = case.run();
    assert!(told.starts_with("Unavailable") && told.contains("did not come in time"), "{told}");
    assert!(told.contains("the profile default") && !told.contains("AWS Secrets Manager"), "{told}");
    assert!(time < 1500, "took {time} ms");
    let left: Vec<String> = case.holds("pid").lines().map(str::to_owned).collect();
    assert_eq!(left.len(), 2);
    for pid in left {
        let state = std::fs::read_to_string(Path::new("/proc").join(&pid).join("stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{pid} is still there: {state}");
    }
}

#[test]
fn roles_are_assumed_with_what_it_prints() {
    let sts = Peer::new(|_| (200, "Content-Type: text/xml\r\n", assumed()));
    let case = Case::new().file("program", format!("{COUNT}{GOOD}"));
    let path = case.home.path().join(".aws/program").display().to_string();
    let role = |name: &str| format!("role_arn = arn:aws:iam::1:role/{name}\n");
    let files = format!(
        "[default]\n{}source_profile = middle\nexternal_id = outside\n[profile middle]\n{}source_profile = leaf\n\
         [profile leaf]\ncredential_process = sh {path}\n",
        role("last"),
        role("first"),
    );
    let case = case.file("config", files).with("AWS_ENDPOINT_URL_STS", &sts.address);
    let _ = case.tells("read");
    assert_eq!(case.holds("count"), "asked\n");
    let asked = sts.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[0].contains("credential=akiaprogram/") && asked[0].contains("role%2ffirst"), "{asked:?}");
    assert!(asked[1].contains("credential=asiarole/") && asked[1].contains("role%2flast"), "{asked:?}");
    assert!(asked[1].contains("externalid=outside") && !asked[0].contains("externalid"), "{asked:?}");
}

#[test]
fn what_it_says_is_not_repeated() {
    let canary = Canary::new("credential-process");
    for output in [
        format!("{{\"Version\": 1, \"AccessKeyId\": \"{}\"", canary.value()),
        format!("{{\"Version\": 9, \"AccessKeyId\": \"{0}\", \"SecretAccessKey\": \"{0}\"}}", canary.value()),
        canary.value().to_owned(),
    ] {
        let told =
            Case::new().program(&format!("echo '{output}'; echo '{output}' >&2")).tells("Misconfigured");
        assert!(scan(told.as_bytes(), std::slice::from_ref(&canary)).is_empty(), "{told}");
    }
    let told = Case::new().program("yes 0123456789abcdef").tells("Misconfigured");
    assert!(told.contains("prints more than credentials"), "{told}");
}
