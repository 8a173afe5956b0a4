use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use momo_gateway::{Action, Fault, Operation};
use rustix::process::Signal;
use serde_json::Value;

use super::{Run, Site};
use crate::sandbox::{MOMO_CRED, has_strace};

const CONFIG: &str =
    "audit = \"audit.jsonl\"\n[profiles.default]\n[profiles.other]\nstore = \"dotenv:other.env\"\n";

fn site() -> Site {
    Site::with(CONFIG)
}

fn trail(site: &Site) -> PathBuf {
    site.sandbox.path("audit.jsonl")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn each_run_that_changes_a_record_has_one_line() {
    let site = site();
    let value = |name: &str| Value::from(site.sandbox.env_value(name));
    site.gateway.script(Fault::on(Operation::CreateKey, Action::Drop));
    let _ = site.momo(&["provision"]).run().code(69);
    let _ = site.momo(&["abort"]).run().code(0);
    let _ = site.momo(&["abort"]).run().code(0);
    let _ = site.momo(&["provision", "--json"]).run().code(0);
    let status = site.momo(&["status", "--json"]).run().code(0).json().remove(0);
    let user = value("MOMO_API_USER");
    let _ = site.momo(&["provision"]).run().code(75);
    let _ = site.momo(&["resume"]).run().code(0);
    let _ = site.momo(&["import", "--from", ".env", "--replace", "--dry-run"]).run().code(0);
    let _ = site.momo(&["provision", "--replace"]).run().code(0);
    let after = site.momo(&["status", "--json"]).run().code(0).json().remove(0);
    let _ = site.momo(&["import", "--from", ".env", "-p", "other", "--no-verify"]).run().code(0);
    let _ = site.momo(&["remove", "-p", "other", "--yes"]).run().code(0);
    let _ = site.momo(&["verify"]).run().code(0);

    let lines = lines(&trail(&site));
    let told: Vec<_> = lines
        .iter()
        .map(|line| ["command", "outcome", "error"].map(|key| line[key].as_str().unwrap_or("-")).join(" "))
        .collect();
    let expected = [
        "provision failed unavailable",
        "abort ok -",
        "abort noop -",
        "provision ok -",
        "provision failed conflict",
        "resume noop -",
        "provision ok -",
        "import ok -",
        "remove ok -",
    ];
    assert_eq!(told, expected);
    for line in &lines {
        let other = line["profile"] == "other";
        let location = if other { "dotenv:other.env#MOMO" } else { "dotenv:.env#MOMO" };
        assert_eq!((&line["schema"], &line["location"]), (&1.into(), &location.into()));
        assert!(line["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
        assert!(line["host"].is_string() && line["pid"].is_u64());
    }
    let fingerprint = |status: &Value, field: &str| status["fields"][field]["fingerprint"].clone();
    let (made, replaced, removed) = (&lines[3], &lines[6], &lines[8]);
    assert_eq!((&made["revision"], &made["api_user"]), (&status["revision"], &user));
    assert_eq!(made["fingerprints"]["api_key"]["old"], Value::Null);
    assert_eq!(replaced["previous_revision"], status["revision"]);
    assert_eq!(replaced["revision"], after["revision"]);
    for field in ["api_key", "subscription_key"] {
        assert_eq!(made["fingerprints"][field]["new"], fingerprint(&status, field));
        assert_eq!(replaced["fingerprints"][field]["old"], fingerprint(&status, field));
        assert_eq!(replaced["fingerprints"][field]["new"], fingerprint(&after, field));
        assert_eq!(removed["fingerprints"][field]["old"], fingerprint(&after, field));
        assert_eq!(removed["fingerprints"][field]["new"], Value::Null);
    }
    assert_eq!(mode(&trail(&site)), 0o600);
    let allowed = [site.sandbox.path(".env"), site.sandbox.path("other.env")];
    site.sandbox.assert_no_leak(&site.canaries(), &allowed);
}

/// The path is of the folder of the file that names it.
#[test]
fn a_relative_path_starts_from_the_config() {
    let site = Site::new();
    site.sandbox.write("../home/.config/momo-cred/momo-cred.toml", "audit = \"here.jsonl\"\n", 0o600);
    let _ = site.momo(&["abort"]).run().code(0);
    assert_eq!(lines(&site.sandbox.root().join("home/.config/momo-cred/here.jsonl")).len(), 1);
}

#[test]
fn a_file_that_is_not_ours_alone_is_refused_before_anything_is_changed() {
    for (place, code, says) in [
        ("link", 78, "symbolic link"),
        ("dangling", 78, "symbolic link"),
        ("shared", 78, "others can write it"),
        ("folder", 78, "no regular file"),
        ("pipe", 78, "no regular file"),
        ("nowhere", 73, "its folder is not there"),
    ] {
        let site = site();
        let path = trail(&site);
        match place {
            "link" => {
                site.sandbox.write("target", "", 0o600);
                symlink("target", &path).unwrap();
            }
            "dangling" => symlink("target", &path).unwrap(),
            "shared" => site.sandbox.write("audit.jsonl", "", 0o660),
            "folder" => fs::create_dir(&path).unwrap(),
            "pipe" => {
                let made = site.sandbox.command("mkfifo").arg(&path).status().unwrap();
                assert!(made.success());
            }
            _ => site.sandbox.write("named.toml", CONFIG.replace("audit.jsonl", "none/audit.jsonl"), 0o600),
        }
        let ran = site.momo(&["provision", "--json"]).run().code(code).says(says).says("nothing was changed");
        assert_eq!(ran.json().pop().unwrap()["error"]["exit_code"], code);
        assert!(!site.sandbox.path(".env").exists() && site.gateway.requests().is_empty(), "{place}");
        let target = fs::read(site.sandbox.path("target")).unwrap_or_default();
        assert!(target.is_empty(), "{place}");
        // Who changes nothing needs no trail.
        let _ = site.momo(&["status"]).run().code(0);
    }
}

#[test]
fn a_trail_that_was_moved_goes_on_in_a_new_file() {
    let site = site();
    let _ = site.momo(&["provision"]).run().code(0);
    let moved = site.sandbox.path("audit.jsonl.1");
    fs::rename(trail(&site), &moved).unwrap();
    let _ = site.momo(&["provision", "--replace"]).run().code(0);
    assert_eq!((lines(&moved).len(), lines(&trail(&site)).len(), mode(&trail(&site))), (1, 1, 0o600));
    // And while a run is under way: what counts is the path when the line is written.
    let hidden = "mv audit.jsonl audit.jsonl.2";
    let _ = site.momo(&["provision", "--replace", "--hook-post", hidden]).run().code(0);
    let _ = site.momo(&["abort"]).run().code(0);
    assert_eq!((lines(&site.sandbox.path("audit.jsonl.2")).len(), lines(&trail(&site)).len()), (2, 1));
}

#[test]
fn writers_at_once_leave_whole_lines() {
    const RUNS: usize = 25;
    let site = site();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..RUNS {
                    let _ = site.momo(&["abort"]).run().code(0);
                }
            });
        }
    });
    let lines = lines(&trail(&site));
    assert_eq!(lines.len(), 8 * RUNS);
    assert!(lines.iter().all(|line| line["outcome"] == "noop"));
}

/// What keeps lines of many writers whole, as the kernel sees it: opened to append, one write, and on the disk.
#[test]
fn a_line_is_one_write_at_the_end() {
    if !has_strace() {
        return;
    }
    let site = site();
    let _ = site.momo(&["abort"]).run().code(0);
    let log = site.sandbox.root().join("strace");
    let mut command = site.sandbox.command("strace");
    command.args(["-f", "-qq", "-y", "-e", "trace=openat,write,writev,pwrite64,fsync", "-o"]).arg(&log);
    let status = command.arg(MOMO_CRED).args(["abort", "--config", "named.toml", "-q"]).status().unwrap();
    assert!(status.success());
    let text = fs::read_to_string(&log).unwrap();
    let calls: Vec<_> = text.lines().filter(|line| line.contains("audit.jsonl")).collect();
    let named = |name: &str| calls.iter().filter(|call| call.contains(&format!("{name}("))).count();
    assert_eq!((named("write"), named("writev"), named("pwrite64"), named("fsync")), (1, 0, 0, 1), "{text}");
    let opened: Vec<_> = calls.iter().filter(|call| call.contains("openat(")).collect();
    assert!(!opened.is_empty());
    for call in opened {
        for flag in ["O_APPEND", "O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK"] {
            assert!(call.contains(flag), "{call}");
        }
    }
}

#[test]
fn a_run_that_a_signal_stops_has_a_line() {
    let site = site();
    site.gateway.script(Fault::on(Operation::Token, Action::Silence).after_effect());
    let run = Run::until_asked(&site, &["provision", "--json"], Operation::Token);
    run.signal(Signal::TERM);
    run.signal(Signal::INT);
    let (signal, result) = run.wait();
    assert!(matches!(signal, Some(2 | 15)));
    assert_eq!((&result["event"], &result["audit"]["written"]), (&"result".into(), &true.into()));
    let line = lines(&trail(&site)).remove(0);
    assert_eq!((&line["outcome"], &line["error"]), (&"stopped".into(), &Value::Null));
}

/// The file system is full for the line, and was not for the record: told, and nothing is undone.
#[test]
fn a_line_that_cannot_be_written_is_told() {
    let site = site();
    // Room for the record and for none but the beginning of a line.
    site.sandbox.write("audit.jsonl", format!("{}\n", " ".repeat(8 * 1024 - 101)), 0o600);
    let before = fs::read(trail(&site)).unwrap();
    let ran = site.momo(&["provision", "--json"]).into_command();
    let mut command = site.sandbox.command("bash");
    let variables = ran.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    command.envs(variables).args(["-c", "ulimit -f 8; exec \"$0\" \"$@\""]);
    let output = command.arg(ran.get_program()).args(ran.get_args()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(err.contains("has no line of this run, which is not undone"), "{err}");
    let result: Value =
        serde_json::from_slice(output.stdout.split(|b| *b == b'\n').rev().nth(1).unwrap()).unwrap();
    assert_eq!((&result["outcome"], &result["audit"]["written"]), (&"ok".into(), &false.into()));
    assert!(result["audit"]["error"].is_string());
    let _ = site.momo(&["verify"]).run().code(0);
    // What was there stays, and the next line is whole.
    let _ = site.momo(&["abort", "--json"]).run().code(0);
    let text = fs::read(trail(&site)).unwrap();
    assert!(text.starts_with(&before));
    let last: Value = serde_json::from_slice(text.split(|b| *b == b'\n').rev().nth(1).unwrap()).unwrap();
    assert_eq!((&last["command"], &last["outcome"]), (&"abort".into(), &"noop".into()));
    site.assert_clean();
}
