//! `credential get`: what SDKs may rely on, and what nobody is shown. docs/credential-protocol.md has the promises.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Product, Role};
use serde_json::{Value, json};

use super::pty::{Pty, Status, without_terminal};
use super::sandbox::{MOMO_CRED, Momo, Ran, Sandbox, gateway};

const USER: &str = "01234567-89ab-4def-8123-456789abcdef";

/// Two profiles, and the keys of both.
fn stage() -> (Sandbox, [Canary; 2]) {
    let sandbox = Sandbox::new();
    let keys = [Canary::hex("collection key"), Canary::hex("disbursement key")];
    for (name, key) in ["collection", "disbursement"].iter().zip(&keys) {
        let text = format!(
            "MOMO_SUBSCRIPTION_KEY={0}\nMOMO_API_USER={USER}\nMOMO_API_KEY={0}\nMOMO_PRODUCT={name}\n",
            key.value()
        );
        sandbox.write(format!("{name}.env"), text, 0o600);
    }
    let config = "default-profile = \"collection\"\n\
                  [profiles.collection]\nstore = \"dotenv:collection.env\"\ncallback-host = \"pay.example.com\"\n\
                  [profiles.disbursement]\nstore = \"dotenv:disbursement.env\"\nproduct = \"disbursement\"\n";
    sandbox.write("momo-cred.toml", config, 0o644);
    (sandbox, keys)
}

fn ask(momo: Momo, request: &str) -> Ran {
    momo.stdin(request).run()
}

/// The one line of the answer.
fn answer(ran: &Ran) -> Value {
    assert!(ran.out().ends_with('\n') && ran.out().lines().count() == 1, "{}", ran.out());
    ran.json().remove(0)
}

#[test]
fn an_answer_has_what_exec_would_set() {
    let (sandbox, [key, _]) = stage();
    let ran = ask(sandbox.momo(["credential", "get"]), "{\"Version\":1}\n").code(0);
    let expected = json!({
        "subscription_key": key.value(), "api_user": USER, "api_key": key.value(), "product": "collection",
        "target_environment": "sandbox", "base_url": "https://sandbox.momodeveloper.mtn.com",
        "callback_host": "pay.example.com",
    });
    let got = answer(&ran);
    assert_eq!(got["Values"], expected);
    assert_eq!((&got["Version"], &got["Profile"]), (&json!(1), &json!("collection")));
    assert_eq!(got["Location"], "dotenv:collection.env#MOMO");
    assert_eq!(got["Revision"], sandbox.momo(["status", "--json"]).run().code(0).json()[0]["revision"]);
    assert_eq!(got.as_object().unwrap().len(), 5);
    assert_eq!(ran.err(), "");
    // --json says nothing new: it is JSON already.
    let again = ask(sandbox.momo(["--json", "credential", "get"]), "{\"Version\":1}").code(0);
    assert_eq!(again.out(), ran.out());
}

#[test]
fn a_request_chooses_profile_and_fields() {
    let (sandbox, [_, key]) = stage();
    let request =
        r#"{"Version":1,"Profile":"disbursement","Fields":["api_key","callback_host"],"Later":[1]}"#;
    // What follows the line is somebody else's.
    let ran = ask(sandbox.momo(["credential", "get"]), &format!("{request}\n{{\"Version\":7}}\n")).code(0);
    // A field without a value is left out.
    assert_eq!(answer(&ran)["Values"], json!({"api_key": key.value()}));
    let momo = sandbox.momo(["credential", "get"]).env("MOMO_CRED_PROFILE", "collection");
    assert_eq!(answer(&ask(momo, request).code(0))["Profile"], "disbursement");
    let momo = sandbox.momo(["credential", "get", "-p", "disbursement"]);
    assert_eq!(answer(&ask(momo, r#"{"Version":1,"Profile":null}"#).code(0))["Profile"], "disbursement");
    let ran = ask(sandbox.momo(["credential", "get", "-p", "collection"]), request).code(2);
    assert_eq!(answer(&ran)["Error"]["Kind"], "usage");
}

#[test]
fn without_a_request_nothing_is_printed() {
    let (sandbox, keys) = stage();
    let long = format!("{{\"Version\":1,\"Later\":\"{}\"}}", "x".repeat(64 * 1024));
    for request in [
        "",
        "\n",
        " \n{\"Version\":1}\n",
        "get\n",
        "1",
        "[]",
        "{}",
        "{\"Version\":\"1\"}",
        "{\"Version\":-1}",
        "{\"version\":1}",
        "{\"Version\":1",
        "\u{feff}{\"Version\":1}",
        &long,
    ] {
        for args in [&["credential", "get"][..], &["credential", "get", "--json"], &["--json", "credential"]]
        {
            let ran = ask(sandbox.momo(args), request).code(2).no_leak(&keys).says("error[usage]");
            assert_eq!(ran.out(), "", "{request:.40}");
        }
    }
}

#[test]
fn an_input_that_stays_silent_is_not_waited_for_without_end() {
    let (sandbox, _) = stage();
    let mut command = sandbox.momo(["credential", "get", "--timeout", "100ms"]).into_command();
    without_terminal(&mut command);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Kept open, and never written to.
    let input = child.stdin.take();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let status = child.wait().unwrap();
    drop(input);
    assert_eq!(status.code(), Some(2));
    assert!(said.contains("none came in time"), "{said}");
}

#[test]
fn failures_are_answered_with_their_kind() {
    let (sandbox, keys) = stage();
    sandbox.write("vacant.env", "MOMO_SUBSCRIPTION_KEY=0\n", 0o600);
    for (args, request, code, kind) in [
        (&["-s", "dotenv:missing.env"][..], r#"{"Version":1}"#, 66, "not-found"),
        (&["-s", "dotenv:vacant.env"], r#"{"Version":1}"#, 66, "not-found"),
        (&[], r#"{"Version":2}"#, 2, "usage"),
        (&[], r#"{"Version":1,"Fields":["key"]}"#, 2, "usage"),
        (&[], r#"{"Version":1,"Fields":"api_key"}"#, 2, "usage"),
        (&[], r#"{"Version":1,"Profile":7}"#, 2, "usage"),
        (&["--product", "remittance"], r#"{"Version":1}"#, 78, "misconfigured"),
        (&["-s", "vault:secret/momo", "--timeout", "2s"], r#"{"Version":1}"#, 69, "unavailable"),
    ] {
        let momo = sandbox.momo(["credential", "get"].iter().chain(args));
        let momo = momo.env("VAULT_ADDR", "http://127.0.0.1:9").env("VAULT_TOKEN", "t");
        let ran = ask(momo, request).code(code).no_leak(&keys).says(&format!("error[{kind}]"));
        let error = answer(&ran)["Error"].clone();
        assert_eq!(error["Kind"], kind, "{request}");
        assert_eq!(error["Retryable"], kind == "unavailable");
        assert!(!error["Next"].as_array().unwrap().is_empty() && error["Message"].is_string());
        assert!(answer(&ran).get("Values").is_none());
    }
    let ran = ask(
        sandbox.momo(["credential", "get"]),
        &format!("{{\"Version\":1,\"Profile\":\"{}\"}}", "0a".repeat(16)),
    );
    let repeated = ran.out() + &ran.err();
    assert!(!repeated.contains("0a0a"), "{repeated}");
}

/// Whether one end or the other is a terminal: neither a request is read nor a value shown.
#[test]
fn a_terminal_is_refused() {
    let (sandbox, keys) = stage();
    let get = format!("'{MOMO_CRED}' credential get");
    for script in [format!("exec {get}"), format!("echo '{{\"Version\":1}}' | {get}"), format!("{get} | cat")]
    {
        let pty = Pty::open();
        let mut command = sandbox.command("bash");
        command.args(["-o", "pipefail", "-c", &script]).env("TERM", "dumb");
        let mut job = pty.run(command);
        assert_eq!(job.status(), Status::Exited(2), "{script}");
        let shown = pty.transcript();
        assert!(shown.contains("is a terminal"), "{shown}");
        assert!(keys.iter().all(|key| !shown.contains(key.value())), "{script}");
    }
}

/// The examples, as their readers run them: with momo-cred in the path, against a gateway that takes the credential.
#[test]
fn the_examples_get_a_token() {
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
    let key = gateway.key(Role::Primary(Product::Collection)).unwrap();
    let _ = sandbox.momo(args).env("MOMO_CRED_SUBSCRIPTION_KEY", &key).run().code(0);
    let keys = [Canary::of("issued", sandbox.env_value("MOMO_API_KEY").unwrap()), Canary::of("given", key)];
    let folder = Path::new(MOMO_CRED).parent().unwrap().to_str().unwrap();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    for (program, example) in [("python3", "credential.py"), ("node", "credential.mjs")] {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
        let run = |more: &[&str]| {
            let mut command = sandbox.command(program);
            command.arg(&example).args(more).env("PATH", &path);
            command.output().unwrap()
        };
        let output = run(&[]);
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{program}: {out}{err}");
        assert!(out.contains("fields: api_key api_user base_url") && out.ends_with("token ok\n"), "{out}");
        assert!(keys.iter().all(|key| !out.contains(key.value()) && !err.contains(key.value())), "{program}");
        let output = run(&["no-such-profile"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().contains("(usage)"), "{program}");
    }
}
