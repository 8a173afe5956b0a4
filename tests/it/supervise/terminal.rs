//! Keys, stops and modes: with a terminal shared with the program, and with one of the program's own.

use rustix::process::{Signal, kill_process};

use super::{lives, log, stage, until_logged};
use crate::pty::{Pty, Status};
use crate::sandbox::{Sandbox, until};

/// Without `--mask` the program has our terminal; with it one of its own.
const MODES: [&str; 2] = ["--watch", "--mask"];

fn got(sandbox: &Sandbox) -> Vec<String> {
    log(sandbox).into_iter().filter(|line| line.starts_with("got")).collect()
}

#[test]
fn ctrl_c_and_other_keys_reach_the_program_once() {
    for mode in MODES {
        let ((sandbox, _), pty) = (stage(), Pty::open());
        let before = pty.modes();
        let mut job = pty.run(sandbox.momo(["exec", mode, "--", "python3", "probe.py"]).into_command());
        until_logged(&sandbox, "began");
        // The last one shows that what came before has come.
        for (key, number) in [("\x03", 2), ("\x1c", 3)] {
            // A terminal of the program's own takes keys once it is there for them.
            pty.send(key);
            until_logged(&sandbox, &format!("got {number}"));
        }
        job.kill(Signal::USR1);
        until_logged(&sandbox, "got 10");
        assert_eq!(got(&sandbox), ["got 2", "got 3", "got 10"], "{mode}");
        sandbox.write("end", "", 0o644);
        job.kill(Signal::USR2);
        assert_eq!(job.status(), Status::Exited(37), "{mode}");
        assert_eq!(pty.modes(), before, "{mode}");
    }
}

#[test]
fn ctrl_z_stops_both_and_fg_continues_both() {
    for mode in MODES {
        let ((sandbox, _), pty) = (stage(), Pty::open());
        let before = pty.modes();
        // No handler for the stop: cat does what every program does.
        let mut job = pty.run(
            sandbox
                .momo(["exec", mode, "--", "sh", "-c", "echo $$ > pid; echo begun; exec cat"])
                .into_command(),
        );
        pty.wait_for("begun");
        pty.send("one\n");
        pty.wait_for("one");
        pty.wait_for("one");
        pty.send("\x1a");
        assert_eq!(job.status(), Status::Stopped(20), "{mode}");
        assert_eq!(pty.modes(), before, "the shell finds its terminal as it was: {mode}");
        let program = sandbox.read("pid").trim().to_owned();
        let state = || {
            let stat = std::fs::read_to_string(format!("/proc/{program}/stat")).unwrap();
            stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
        };
        assert_eq!(state(), 'T', "{mode}");
        job.foreground();
        until("the program to go on", || state() != 'T');
        // What was typed goes to the program again once its terminal has our keys.
        if mode == "--mask" {
            until("our terminal to be raw", || pty.modes() != before);
        }
        pty.send("two\n");
        pty.wait_for("two");
        pty.wait_for("two");
        pty.send("\x04");
        assert_eq!(job.status(), Status::Exited(0), "{mode}");
        assert_eq!(pty.modes(), before, "{mode}");
    }
}

#[test]
fn a_masked_program_has_a_terminal_like_ours() {
    let ((sandbox, keys), pty) = (stage(), Pty::open());
    pty.resize(31, 117);
    let script = "test -t 0 && test -t 1 && test -t 2 && stty size && echo key $MOMO_API_KEY && read line && \
                  echo $(stty size) sized";
    let mut job = pty.run(sandbox.momo(["exec", "--mask", "--", "sh", "-c", script]).into_command());
    pty.wait_for("31 117\r\n");
    pty.wait_for("key ***\r\n");
    pty.resize(20, 80);
    // The supervisor hears of it before it reads what is typed after it.
    pty.send("\n");
    pty.wait_for("20 80 sized\r\n");
    assert_eq!(job.status(), Status::Exited(0));
    assert!(!pty.transcript().contains(keys[1].value()));
}

#[test]
fn what_is_typed_is_echoed_once_and_a_password_not_at_all() {
    let ((sandbox, _), pty) = (stage(), Pty::open());
    let script = "stty -echo; echo ask; read secret; stty echo; echo again; read open; echo \"$secret/$open\" > answers";
    let mut job = pty.run(sandbox.momo(["exec", "--mask", "--", "sh", "-c", script]).into_command());
    pty.wait_for("ask");
    pty.send("hidden-one\n");
    pty.wait_for("again");
    pty.send("shown-one\n");
    assert_eq!(job.status(), Status::Exited(0));
    assert_eq!(sandbox.read("answers"), "hidden-one/shown-one\n");
    let transcript = pty.transcript();
    assert!(!transcript.contains("hidden-one"), "{transcript}");
    assert_eq!(transcript.matches("shown-one").count(), 1, "{transcript}");
}

/// Whatever ends the program or us, the terminal is as we found it.
#[test]
fn the_terminal_is_put_right_at_every_end() {
    for (signal, to_program) in [
        (Signal::TERM, false),
        (Signal::HUP, false),
        (Signal::INT, false),
        (Signal::ABORT, false),
        (Signal::KILL, true),
        (Signal::SEGV, true),
    ] {
        let ((sandbox, _), pty) = (stage(), Pty::open());
        let before = pty.modes();
        let script = "stty raw -echo; echo $$ > pid.new; mv pid.new pid; exec sleep 1000";
        let mut job = pty.run(sandbox.momo(["exec", "--mask", "--", "sh", "-c", script]).into_command());
        until("the program", || sandbox.path("pid").exists());
        assert_ne!(pty.modes(), before);
        if to_program {
            let pid = sandbox.read("pid").trim().parse().unwrap();
            kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
        } else {
            job.kill(signal);
        }
        assert_eq!(job.status(), Status::Killed { signal: signal.as_raw(), core: false });
        assert_eq!(pty.modes(), before, "{signal:?}");
    }
}

/// Started with `&`, it leaves the terminal to the shell, and takes it with `fg`.
#[test]
fn in_the_background_the_terminal_is_left_alone() {
    let ((sandbox, _), pty) = (stage(), Pty::open());
    let before = pty.modes();
    let script = "echo $MOMO_API_KEY; until [ -e go ]; do sleep 0.01; done; exit 5";
    let mut job =
        pty.run_in_background(sandbox.momo(["exec", "--mask", "--", "sh", "-c", script]).into_command());
    pty.wait_for("***");
    assert_eq!(pty.modes(), before);
    sandbox.write("go", "", 0o644);
    assert_eq!(job.status(), Status::Exited(5));
}

/// The supervisor is killed, and the leader of the program's terminal goes with it: nobody stays behind.
#[test]
fn nobody_outlives_a_supervisor_that_is_killed() {
    for mode in MODES {
        let ((sandbox, _), pty) = (stage(), Pty::open());
        let program = {
            let _job = pty.run(
                sandbox
                    .momo(["exec", mode, "--", "sh", "-c", "echo $$ > pid; echo begun; exec cat"])
                    .into_command(),
            );
            pty.wait_for("begun");
            rustix::process::Pid::from_raw(sandbox.read("pid").trim().parse().unwrap()).unwrap()
        };
        until("the program to end", || !lives(program));
    }
}

/// Ctrl-Z while the store is silent: the shell has its terminal again, and `fg` goes on with the wait.
#[test]
fn ctrl_z_stops_what_has_not_begun() {
    for mode in MODES {
        let ((sandbox, _), pty) = (stage(), Pty::open());
        let silence = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", silence.local_addr().unwrap());
        let args = ["exec", mode, "--store", "vault:secret/momo", "--timeout", "60s", "--", "true"];
        let momo = sandbox.momo(args).env("VAULT_ADDR", address).env("VAULT_TOKEN", "a-token");
        let mut job = pty.run(momo.into_command());
        let _held = silence.accept().unwrap();
        pty.send("\x1a");
        assert_eq!(job.status(), Status::Stopped(20), "{mode}");
        job.foreground();
        job.kill(Signal::TERM);
        assert_eq!(job.status(), Status::Killed { signal: 15, core: false }, "{mode}");
    }
}

/// STOP takes nobody's advice: the shell sets its terminal itself, and `fg` gives it back to the program's keys.
#[test]
fn a_supervisor_that_was_stopped_takes_the_terminal_again() {
    let ((sandbox, _), pty) = (stage(), Pty::open());
    let before = pty.get_modes();
    let shown = pty.modes();
    let script = "echo one; read line; echo \"[$line]\"; exit 6";
    let mut job = pty.run(sandbox.momo(["exec", "--mask", "--", "sh", "-c", script]).into_command());
    pty.wait_for("one");
    until("our terminal to be raw", || pty.modes() != shown);
    job.kill(Signal::STOP);
    assert_eq!(job.status(), Status::Stopped(19));
    pty.set_modes(&before);
    job.foreground();
    until("our terminal to be raw again", || pty.modes() != shown);
    pty.send("two\n");
    pty.wait_for("[two]");
    assert_eq!(job.status(), Status::Exited(6));
    assert_eq!(pty.modes(), shown);
}

/// A terminal that controls somebody else: what is typed there is the program's all the same.
#[test]
fn what_is_typed_at_a_terminal_of_others_reaches_the_program() {
    let ((sandbox, keys), pty) = (stage(), Pty::open());
    let script = "echo ask $MOMO_API_KEY; read line; echo \"[$line]\"; exit 6";
    let mut command = sandbox.momo(["exec", "--mask", "--", "sh", "-c", script]).into_command();
    pty.lend(&mut command);
    let mut child = command.spawn().unwrap();
    pty.wait_for("ask ***");
    pty.send("two\n");
    pty.wait_for("[two]");
    assert_eq!(child.wait().unwrap().code(), Some(6));
    assert!(!pty.transcript().contains(keys[1].value()));
}
