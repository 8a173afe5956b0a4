//! As process 1 of a container, for which the kernel drops every signal that has no handler.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::Stage;
use crate::sandbox::{MOMO_CRED, until};

/// How a process becomes the first of a namespace here; `None`, with a word, where nothing may do that.
fn unshare() -> Option<Vec<&'static str>> {
    let ways = [&["-pf", "--mount-proc"][..], &["-Urpf", "--mount-proc"]];
    let works = |way: &&&[&str]| {
        let status = Command::new("unshare").args(**way).arg("true").stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let way = ways.iter().find(works).map(|way| way.to_vec());
    assert!(way.is_some() || std::env::var_os("CI").is_none(), "a pid namespace is required under CI");
    if way.is_none() {
        eprintln!("left out: no pid namespace can be made here");
    }
    way
}

/// The process below unshare: number 1 in there, and another number here.
fn first(outer: &Child) -> Pid {
    let (path, mut found) = (format!("/proc/{0}/task/{0}/children", outer.id()), None);
    until("the first process", || {
        let children = fs::read_to_string(&path).unwrap();
        found = children.split_whitespace().next().and_then(|pid| Pid::from_raw(pid.parse().unwrap()));
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn a_signal_ends_it_at_once_while_it_waits_for_its_store() {
    let Some(way) = unshare() else { return };
    for (words, signal, code) in [
        (&["exec", "--", "touch", "started"][..], Signal::INT, 130),
        (&["exec", "--", "touch", "started"], Signal::TERM, 143),
        (&["exec", "--", "touch", "started"], Signal::HUP, 129),
        (&["exec", "--", "touch", "started"], Signal::QUIT, 131),
        (&["verify"], Signal::TERM, 143),
    ] {
        let stage = Stage::new();
        // It takes the connection and never answers.
        let silence = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = stage.sandbox.command("unshare");
        command.args(&way).args([MOMO_CRED, "--store", "vault:secret/momo", "--timeout", "10m"]).args(words);
        command
            .env("VAULT_ADDR", format!("http://{}", silence.local_addr().unwrap()))
            .env("VAULT_TOKEN", "t");
        let mut outer = command.stdin(Stdio::null()).spawn().unwrap();
        let _connection = silence.accept().unwrap();
        kill_process(first(&outer), signal).unwrap();
        // Of its deadline, ten minutes, nothing is waited for: that would end in 125, or 69.
        assert_eq!(outer.wait().unwrap().code(), Some(code), "{words:?}");
        assert!(!stage.sandbox.path("started").exists());
    }
}

/// A signal that the parent ignores stays ignored, and the program has no handler of ours.
#[test]
fn the_program_is_the_first_process_as_it_would_be_without_us() {
    let Some(way) = unshare() else { return };
    let stage = Stage::new();
    let observe = |us: &[&str]| {
        let mut command = stage.sandbox.command("sh");
        command.args(["-c", r#"trap '' INT PIPE; exec "$@""#, "sh", "unshare"]).args(&way).args(us);
        let output = command
            .args(["grep", "-E", "^(Pid|NSpid|Sig(Pnd|Blk|Ign|Cgt))", "/proc/self/status"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let through = observe(&[MOMO_CRED, "exec", "--"]);
    assert_eq!(through, observe(&[]));
    assert!(through.starts_with("Pid:\t1\n"), "{through}");
}
