//! Signals, exit status, what the program is given, and what becomes of it when somebody dies.

use std::process::Stdio;

use rustix::process::{Signal, kill_process};

use super::{Supervised, lives, log, probe_pid, stage, until_logged};
use crate::sandbox::{MOMO_CRED, until};

/// With one or the other the program is supervised.
const MODES: [&str; 2] = ["--mask", "--watch"];

#[test]
fn each_signal_reaches_the_program_once_and_its_status_comes_back() {
    for mode in MODES {
        let (sandbox, _) = stage();
        let momo = sandbox.momo(["exec", mode, "--", "python3", "probe.py"]);
        let supervised = Supervised::start(&sandbox, momo);
        until_logged(&sandbox, "began");
        let signals = [1, 2, 3, 10, 12, 14, 15, 18, 28, 34];
        for number in signals {
            #[expect(unsafe_code, reason = "real-time signals have no name")]
            // SAFETY: a number of a signal that there is.
            supervised.signal(unsafe { Signal::from_raw_unchecked(number) });
            until_logged(&sandbox, &format!("got {number}"));
        }
        let got: Vec<String> = log(&sandbox).into_iter().filter(|line| line.starts_with("got")).collect();
        let once: Vec<String> = signals.iter().map(|number| format!("got {number}")).collect();
        assert_eq!(got, once, "{mode}");
        sandbox.write("end", "", 0o644);
        supervised.signal(Signal::USR2);
        assert_eq!(supervised.end(), 37, "{mode}");
    }
}

#[test]
fn a_death_by_a_signal_is_ours_too() {
    for mode in MODES {
        let (sandbox, _) = stage();
        for number in [15, 9, 1, 10, 6, 3, 16, 29, 30, 34, 64] {
            let script = format!("kill -{number} $$");
            let momo = sandbox.momo(["exec", mode, "--", "sh", "-c", &script]);
            assert_eq!(Supervised::start(&sandbox, momo).end(), -number, "{mode} {number}");
        }
    }
}

#[test]
fn codes_are_those_without_a_supervisor() {
    let (sandbox, _) = stage();
    sandbox.write("data", "no program", 0o644);
    for command in [
        &["sh", "-c", "exit 37"][..],
        &["true"],
        &["no-such-program"],
        &["./no-such-file"],
        &["./data"],
        &["/"],
        &["printf", "%s|", "", "a b", "$HOME", "--json", "--mask"],
    ] {
        let plain = sandbox.momo([&["exec", "--"], command].concat()).run();
        for mode in MODES {
            let ran = sandbox.momo([&["exec", mode, "--"], command].concat()).run();
            let came = |ran: &crate::sandbox::Ran| (ran.status.code(), ran.out(), ran.err());
            assert_eq!(came(&ran), came(&plain), "{mode} {command:?}");
        }
    }
    rustix::fs::unlink(sandbox.path(".env")).unwrap();
    for mode in MODES {
        let _ = sandbox.momo(["exec", mode, "--", "true"]).run().code(125).says("error[not-found]");
    }
}

/// What a parent gave is what the program has: environment, dispositions, signal mask, descriptors, limits, umask.
#[test]
fn the_program_is_given_what_it_would_have_without_a_supervisor() {
    let (sandbox, _) = stage();
    let probe = "env -u _ | sort; grep -E '^Sig(Ign|Blk|Cgt)' /proc/self/status; ulimit -Sc; ulimit -Hc; umask; pwd; \
                 for fd in /proc/self/fd/*; do echo \"${fd##*/}\"; done; cat";
    let observe = |mode: &str| {
        let script = format!(
            "trap '' PIPE HUP CHLD; umask 027; ulimit -Sc 0; ulimit -Sc 1 2>/dev/null; exec 7</dev/null; \
             exec {MOMO_CRED} exec {mode} -- sh -c \"$PROBE\" 2>&-"
        );
        let mut command = sandbox.command("sh");
        crate::pty::without_terminal(&mut command);
        let input = sandbox.path("input");
        sandbox.write("input", "passed on\n", 0o644);
        command.args(["-c", &script]).env("PROBE", probe).stdin(std::fs::File::open(input).unwrap());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .replace(stage().1[1].value(), "***")
            .replace(momo_cred_backend_testkit::Canary::hex("supervised subscription key").value(), "***")
    };
    let plain = observe("");
    assert!(plain.contains("passed on") && plain.contains("MOMO_API_KEY="), "{plain}");
    assert_eq!(observe("--watch"), plain);
    assert_eq!(observe("--mask"), plain);
}

#[test]
fn a_supervisor_that_is_killed_takes_the_program_with_it() {
    for mode in MODES {
        let (sandbox, _) = stage();
        let momo = sandbox.momo(["exec", mode, "--", "python3", "probe.py"]);
        let supervised = Supervised::start(&sandbox, momo);
        until_logged(&sandbox, "began");
        supervised.signal(Signal::KILL);
        // TERM, so that it can finish what it has begun.
        until_logged(&sandbox, "got 15");
        kill_process(probe_pid(&sandbox, 0), Signal::KILL).unwrap();
    }
}

#[test]
fn as_process_1_it_reaps_everybody_and_obeys_signals() {
    let (sandbox, _) = stage();
    // An orphan that ends by itself, and the number of zombies after it.
    let script = "(sleep 0.01 & echo $! > orphan) ; while [ -e /proc/$(cat orphan) ]; do sleep 0.01; done; \
                  echo $$; trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done";
    for mode in MODES {
        let mut command = sandbox.command("unshare");
        command.args([
            "-pf",
            "--kill-child",
            "--mount-proc",
            MOMO_CRED,
            "exec",
            mode,
            "--",
            "sh",
            "-c",
            script,
        ]);
        crate::pty::without_terminal(&mut command);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        let Some(Ok(first)) = lines.next() else {
            assert!(!rustix::process::geteuid().is_root(), "no namespace of its own, though root");
            eprintln!("left out: no right to a pid namespace");
            drop(child.wait());
            return;
        };
        assert_ne!(first, "1", "the program is not process 1: the supervisor is");
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        // Process 1 of the namespace is the one child of unshare.
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let pid = std::fs::read_to_string(children).unwrap();
        let init = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        kill_process(init, Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(9), "{mode}");
    }
}

/// Before there is a program: a signal ends the wait for the store, and the supervisor with it.
#[test]
fn a_signal_while_the_store_is_silent_ends_it() {
    let (sandbox, _) = stage();
    let silence = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silence.local_addr().unwrap());
    let args = ["exec", "--watch", "--store", "vault:secret/momo", "--timeout", "60s", "--", "true"];
    let momo = sandbox.momo(args).env("VAULT_ADDR", address).env("VAULT_TOKEN", "a-token");
    let supervised = Supervised::start(&sandbox, momo);
    // The request is on its way: the supervisor waits.
    let _held = silence.accept().unwrap();
    supervised.signal(Signal::TERM);
    assert_eq!(supervised.end(), -15);
}

#[test]
fn a_grandchild_that_keeps_the_pipe_does_not_keep_us() {
    let (sandbox, _) = stage();
    let script = "python3 probe.py & while ! grep -q began log 2>/dev/null; do sleep 0.01; done; echo last words; exit 4";
    let ran = sandbox.momo(["exec", "--mask", "--", "sh", "-c", script]).run().code(4);
    assert_eq!(ran.out(), "last words\n");
    let grandchild = probe_pid(&sandbox, 0);
    assert!(lives(grandchild));
    kill_process(grandchild, Signal::KILL).unwrap();
    until("the grandchild to be gone", || !lives(grandchild));
}

/// What systemd addresses to the process that it has started is for the program.
#[test]
fn variables_for_our_number_are_for_the_number_of_the_program() {
    let (sandbox, _) = stage();
    for mode in MODES {
        let script = format!(
            "export LISTEN_PID=$$ WATCHDOG_PID=$$ LISTEN_FDS=0; \
             exec {MOMO_CRED} exec {mode} -- sh -c 'echo $$ $LISTEN_PID $WATCHDOG_PID'"
        );
        let output = sandbox.command("sh").args(["-c", &script]).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        let numbers: Vec<&str> = shown.split_whitespace().collect();
        assert!(numbers.len() == 3 && numbers.iter().all(|number| *number == numbers[0]), "{shown}");
        let other = sandbox.momo(["exec", mode, "--", "printenv", "LISTEN_PID"]).env("LISTEN_PID", "1").run();
        assert_eq!(other.code(0).out(), "1\n");
    }
}

/// No descriptor for a look: that is said, and the program runs on.
#[test]
fn a_system_that_refuses_a_look_does_not_end_the_program() {
    use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
    let (sandbox, _) = stage();
    let momo = sandbox.momo(["exec", "--watch=HUP", "--", "python3", "probe.py"]);
    let supervised = Supervised::start(&sandbox, momo.env("MOMO_CRED_WATCH_INTERVAL", "100ms"));
    until_logged(&sandbox, "began");
    let found = getrlimit(Resource::Nofile);
    let limit = |limit| prlimit(Some(supervised.pid()), Resource::Nofile, limit).unwrap();
    limit(Rlimit { current: Some(3), ..found });
    until("the word", || supervised.said().contains("cannot look for changes"));
    limit(found);
    let new = momo_cred_backend_testkit::Canary::hex("supervised another api key");
    super::write_record(&sandbox, new.value(), "");
    until_logged(&sandbox, "got 1");
}

/// Nobody reads what we have to say.
#[test]
fn a_full_standard_error_does_not_stop_the_supervisor() {
    let (sandbox, keys) = stage();
    let (_reader, mut full) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&full, true).unwrap();
    while std::io::Write::write(&mut full, &[b'-'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&full, false).unwrap();
    let momo = sandbox.momo(["exec", "--watch=HUP", "--", "python3", "probe.py"]);
    let mut command = momo.env("MOMO_CRED_WATCH_INTERVAL", "100ms").into_command();
    crate::pty::without_terminal(&mut command);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(full).spawn().unwrap();
    until_logged(&sandbox, "began");
    for (key, times) in [("supervised another api key", 1), ("supervised a third api key", 2)] {
        super::write_record(&sandbox, momo_cred_backend_testkit::Canary::hex(key).value(), "");
        until("the signal", || log(&sandbox).iter().filter(|line| *line == "got 1").count() == times);
    }
    drop(keys);
    sandbox.write("end", "", 0o644);
    kill_process(rustix::process::Pid::from_child(&child), Signal::USR2).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(37));
}
