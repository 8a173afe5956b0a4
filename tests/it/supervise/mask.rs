//! What is hidden, and that nothing else changes.

use std::io::{Read, Write};
use std::process::Stdio;

use super::{Supervised, USER, stage};
use crate::sandbox::{MOMO_CRED, Sandbox, gateway, until};

#[test]
fn keys_are_hidden_in_every_form_on_both_streams() {
    let (sandbox, keys) = stage();
    let script = r#"
import base64, json, os, sys, urllib.parse
key = os.environb[b"MOMO_API_KEY"]
pair = os.environb[b"MOMO_API_USER"] + b":" + key
forms = [key, key.hex().encode(), key.hex().upper().encode(), json.dumps(key.decode()).encode()]
for secret in (key, pair):
    for offset in range(3):
        forms += [base64.b64encode(b"x" * offset + secret), base64.urlsafe_b64encode(b"x" * offset + secret + b"yy")]
forms.append(os.environb[b"MOMO_SUBSCRIPTION_KEY"])
for stream in (sys.stdout.buffer, sys.stderr.buffer):
    for form in forms:
        stream.write(b"[" + form + b"]\n")
"#;
    sandbox.write("show.py", script, 0o644);
    let plain = sandbox.momo(["exec", "--", "python3", "show.py"]).run().code(0);
    let ran = sandbox.momo(["exec", "--mask", "--", "python3", "show.py"]).run().code(0).no_leak(&keys);
    for (masked, plain) in [(ran.out(), plain.out()), (ran.err(), plain.err())] {
        assert!(plain.contains(keys[1].value()));
        assert_eq!(masked.lines().count(), plain.lines().count());
        for line in masked.lines() {
            assert!(line.contains("***") && line.len() < 16, "{line}");
        }
        assert!(masked.starts_with("[***]\n[***]\n[***]\n[\"***\"]\n[***]\n"), "{masked}");
    }
}

#[test]
fn what_goes_as_a_file_or_as_a_token_is_hidden_too() {
    let (sandbox, keys) = stage();
    let args = ["exec", "--mask", "--file", "api_key", "--", "sh", "-c", "cat $MOMO_API_KEY_FILE"];
    assert_eq!(sandbox.momo(args).run().code(0).no_leak(&keys).out(), "***");

    let (sandbox, gateway) = (Sandbox::new(), gateway());
    let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
    let _ = sandbox.momo(args).args_subscription_key(&sandbox, &gateway).run().code(0);
    let token = |mode: &[&str]| {
        let args = [&["exec", "--token"], mode, &["--", "printenv", "MOMO_ACCESS_TOKEN"]].concat();
        sandbox.momo(args).run().code(0).out()
    };
    assert!(token(&[]).len() > 8);
    assert_eq!(token(&["--mask"]), "***\n");
}

#[test]
fn everything_else_comes_through_byte_for_byte() {
    let (sandbox, keys) = stage();
    // All bytes, in pieces of all sizes, with beginnings of the key and the key itself among them; API users are no keys.
    let script = r#"
import os, random, sys
random.seed(7)
key = os.environ["MOMO_API_KEY"].encode()
for n in range(4000):
    piece = bytes(random.randrange(256) for _ in range(n % 97)) + key[:n % 32] + b"~"
    if n % 50 == 0:
        piece += key + b"~"
    os.write(1, piece)
os.write(1, os.environb[b"MOMO_API_USER"])
"#;
    sandbox.write("noise.py", script, 0o644);
    let plain = sandbox.momo(["exec", "--", "python3", "noise.py"]).run().code(0).stdout;
    let masked = sandbox.momo(["exec", "--mask", "--", "python3", "noise.py"]).run().code(0).stdout;
    let key = keys[1].value().as_bytes();
    let mut expected = Vec::new();
    let mut rest = plain.as_slice();
    while let Some(at) = rest.windows(key.len()).position(|window| window == key) {
        expected.extend_from_slice(&rest[..at]);
        expected.extend_from_slice(b"***");
        rest = &rest[at + key.len()..];
    }
    expected.extend_from_slice(rest);
    assert!(expected.ends_with(USER.as_bytes()));
    assert!(masked == expected, "{} bytes where {} were expected", masked.len(), expected.len());
}

/// The question is there before the answer is given, and so is one that ends like the beginning of the key: the program
/// goes on only when it has the answer, so nothing but the passing of time can have let them through.
#[test]
fn a_question_is_shown_while_the_program_waits_for_the_answer() {
    let (sandbox, keys) = stage();
    let script =
        "printf 'Enter OTP: '; read answer; printf '%.8s' \"$MOMO_API_KEY\"; read answer; echo \"[$answer]\"";
    let momo = sandbox.momo(["exec", "--mask", "--", "sh", "-c", script]);
    let mut supervised = Supervised::start_with(&sandbox, momo, Stdio::piped(), Stdio::piped());
    let mut stdin = supervised.child().stdin.take().unwrap();
    let mut stdout = supervised.child().stdout.take().unwrap();
    for question in ["Enter OTP: ", &keys[1].value()[..8]] {
        let mut shown = vec![0; question.len()];
        stdout.read_exact(&mut shown).unwrap();
        assert_eq!(shown, question.as_bytes());
        stdin.write_all(b"one\n").unwrap();
    }
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), supervised.end()), ("[one]\n", 0));
}

/// `exec --mask -- yes | head -1`: the program meets a closed pipe, as it would without us.
#[test]
fn a_reader_that_leaves_ends_the_program() {
    let (sandbox, _) = stage();
    let script = format!("{{ {MOMO_CRED} exec --mask -- yes; echo $? > status; }} | head -1");
    let output = sandbox.command("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(output.stdout, b"y\n");
    until("the end of the program", || sandbox.path("status").exists() && !sandbox.read("status").is_empty());
    assert_eq!(sandbox.read("status").trim(), (128 + 13).to_string());
}

/// A program that prints more than its reader takes waits; nothing is kept for the reader.
#[test]
fn a_slow_reader_slows_the_program_down() {
    let (sandbox, _) = stage();
    let script = r#"
import os
for n in range(64):
    os.write(1, b"." * (1 << 20))
    open("written", "w").write(str(n + 1))
"#;
    sandbox.write("flood.py", script, 0o644);
    let momo = sandbox.momo(["exec", "--mask", "--", "python3", "flood.py"]);
    let mut supervised = Supervised::start_with(&sandbox, momo, Stdio::null(), Stdio::piped());
    let mut stdout = supervised.child().stdout.take().unwrap();
    // A full pipe: the supervisor waits for its reader.
    let wchan = format!("/proc/{}/status", supervised.pid().as_raw_nonzero());
    let mut first = vec![0; 3 << 20];
    stdout.read_exact(&mut first).unwrap();
    until("the program to get so far", || sandbox.path("written").exists());
    let status = std::fs::read_to_string(wchan).unwrap();
    let resident: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|text| text.trim().trim_end_matches(" kB").parse().ok())
        .unwrap();
    assert!(resident < 64 * 1024, "{resident} kB");
    let written: usize = sandbox.read("written").parse().unwrap_or(0);
    assert!(written <= 5, "{written} MiB were taken, of which 3 were read");
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    assert_eq!((first.len() + rest.len(), supervised.end()), (64 << 20, 0));
}

/// The last words of a program wait for a reader that is slower than it: they fit into pipes, so the program is gone.
#[test]
fn what_a_program_left_is_not_lost_for_a_reader_that_comes_late() {
    let (sandbox, _) = stage();
    let script = "import os\nopen('pid', 'w').write(str(os.getpid()))\nos.write(1, b'.' * 100000)\nos.write(1, b'end')\n";
    sandbox.write("last.py", script, 0o644);
    let momo = sandbox.momo(["exec", "--mask", "--", "python3", "last.py"]);
    let mut supervised = Supervised::start_with(&sandbox, momo, Stdio::null(), Stdio::piped());
    until("the program", || sandbox.path("pid").exists() && !sandbox.read("pid").is_empty());
    let pid = rustix::process::Pid::from_raw(sandbox.read("pid").parse().unwrap()).unwrap();
    until("its end", || !super::lives(pid));
    let mut all = Vec::new();
    supervised.child().stdout.take().unwrap().read_to_end(&mut all).unwrap();
    assert!(all.len() == 100_003 && all.ends_with(b".end"), "{} bytes", all.len());
    assert_eq!(supervised.end(), 0);
}

#[test]
fn streams_that_are_one_stay_in_order() {
    let (sandbox, _) = stage();
    let script = "for n in 1 2 3 4 5 6 7 8; do echo out $n; echo err $n >&2; done";
    let all = format!("{MOMO_CRED} exec --mask -- sh -c '{script}' 2>&1");
    let output = sandbox.command("sh").args(["-c", &all]).output().unwrap();
    let expected: String = (1..=8).map(|n| format!("out {n}\nerr {n}\n")).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}
