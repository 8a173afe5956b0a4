//! Where a value must not be, as the kernel sees it: arguments and output of every process, core files, and records in
//! which a key stands in the wrong field.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use momo_cred_backend_testkit::{Canary, scan};
use rustix::process::{Pid, Signal, kill_process};

use super::sandbox::{MOMO_CRED, Sandbox, gateway, has_strace, key};

const USER: &str = "01234567-89ab-4def-8123-456789abcdef";

#[test]
fn no_process_is_given_a_value_or_prints_one() {
    if !has_strace() {
        return;
    }
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    sandbox.write("key", key(&gateway), 0o600);
    let url = gateway.base_url().to_owned();
    let (mut seen, log) = (Vec::new(), sandbox.root().join("strace"));
    for args in [
        &["provision", "--base-url", &url, "--callback-host", "localhost", "--subscription-key-file", "key"]
            [..],
        &["verify", "-vv"],
        &["status", "--json"],
        &["import", "--from", ".env", "--replace", "--no-verify"],
        &["exec", "--explain"],
        &["exec", "--", "true"],
    ] {
        let mut command = sandbox.command("strace");
        command.args(["-f", "-qq", "-s", "65535", "-e", "trace=execve,write,writev", "-o"]).arg(&log);
        let output = command.arg(MOMO_CRED).args(args).env("MOMO_CRED_LOG", "trace").output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(&log).unwrap();
        let shows = |line: &&str| {
            ["execve(", "write(1,", "write(2,", "writev(1,", "writev(2,"]
                .iter()
                .any(|call| line.contains(call))
        };
        seen.extend(text.lines().filter(shows).flat_map(|line| line.bytes().chain([b'\n'])));
        fs::remove_file(&log).unwrap();
    }
    assert!(seen.windows(7).any(|call| call == b"execve("));
    assert!(seen.windows(9).any(|call| call == b"write(2, "));
    let canaries = [
        Canary::of("subscription key", key(&gateway)),
        Canary::of("api key", sandbox.env_value("MOMO_API_KEY").unwrap()),
    ];
    let hits = scan(&seen, &canaries);
    assert!(hits.is_empty(), "{hits:?}");
}

/// Starts a program with room for a core file, gives it some input, aborts it while it waits for more.
fn aborted(sandbox: &Sandbox, program: &str, input: &str) -> ExitStatus {
    let script = format!("ulimit -c unlimited 2>/dev/null; exec {program}");
    let mut command = sandbox.command("sh");
    let mut child = command.args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    let stat = format!("/proc/{}/stat", child.id());
    let name = program.rsplit('/').next().unwrap().split(' ').next().unwrap().to_owned();
    for _ in 0..3000 {
        let text = fs::read_to_string(&stat).unwrap();
        if text.contains(&format!("({name}) S")) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::ABORT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(6));
    status
}

#[test]
fn a_run_that_is_aborted_leaves_no_core_file() {
    let sandbox = Sandbox::new();
    if !aborted(&sandbox, "cat", "x").core_dumped() {
        eprintln!("left out: this system writes no core files at all");
        return;
    }
    let canary = Canary::hex("in a core file");
    let input = format!("MOMO_API_USER={USER}\nMOMO_API_KEY={}\n", canary.value());
    let status = aborted(&sandbox, &format!("{MOMO_CRED} import --from - --no-verify"), &input);
    assert!(!status.core_dumped());
    sandbox.assert_no_leak(&[canary], &[]);
}

/// The usual slip: key and user swapped, or a key pasted into the next line.
#[test]
fn a_key_in_the_wrong_field_is_shown_from_nowhere() {
    let canary = Canary::hex("in the wrong field");
    let wrong = canary.value();
    let good = "0".repeat(32);
    for (field, value) in [
        ("API_USER", wrong.to_owned()),
        ("PRODUCT", wrong.to_owned()),
        ("TARGET_ENVIRONMENT", wrong.to_owned()),
        ("TARGET_ENVIRONMENT", format!("mtn{wrong}")),
        ("BASE_URL", wrong.to_owned()),
        ("BASE_URL", format!("https://{wrong}.example.com")),
        ("CALLBACK_HOST", wrong.to_owned()),
        ("CALLBACK_HOST", format!("{wrong}.example.com")),
        ("SCHEMA", wrong.to_owned()),
        ("ISSUED_AT", wrong.to_owned()),
        ("RETIRED_API_USERS", wrong.to_owned()),
        ("PENDING_OWNER", format!("{wrong}:b:1:1:1")),
        ("PENDING_ID", wrong.to_owned()),
    ] {
        let sandbox = Sandbox::new();
        let claim = field.starts_with("PENDING").then_some(
            "MOMO_PENDING_KIND=new-user\nMOMO_PENDING_SINCE=2026-01-02T03:04:05Z\nMOMO_PENDING_LEASE=300\n",
        );
        let claim = claim.unwrap_or_default();
        let user =
            if field == "API_USER" { "" } else { "MOMO_API_USER=01234567-89ab-4def-8123-456789abcdef\n" };
        let text =
            format!("MOMO_SUBSCRIPTION_KEY={good}\nMOMO_API_KEY={good}\n{user}{claim}MOMO_{field}={value}\n");
        sandbox.write(".env", text, 0o600);
        for args in [
            &["status"][..],
            &["status", "--json"],
            &["exec", "--explain"],
            &["exec", "--explain", "--json"],
            &["verify", "--timeout", "1ms"],
            &["verify", "--timeout", "1ms", "--json"],
            &["resume", "--timeout", "1ms", "-v"],
            &["provision", "--replace", "--timeout", "1ms"],
            &["import", "--from", ".env", "--replace", "--dry-run"],
            &["abort"],
        ] {
            let ran = sandbox.momo(args).env("MOMO_CRED_LOG", "trace").run();
            // 32 hex digits are a UUID to some readers.
            let dashed = Canary::of("dashed", uuid::Uuid::try_parse(wrong).unwrap().to_string());
            let _ = ran.no_leak(&[Canary::of(format!("{field} {args:?}"), wrong), dashed]);
        }
    }
}
