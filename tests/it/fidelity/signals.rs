//! Each signal reaches the program once, whether somebody sends it or the terminal does.

use std::ffi::OsString;
use std::fs;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{Stage, Way};
use crate::pty::{Pty, Status, without_terminal};
use crate::sandbox::until;

/// Every signal that can be caught: not KILL and STOP, and not the two that the C library keeps.
fn signals() -> Vec<i32> {
    (1..=64).filter(|signal| ![9, 19, 32, 33].contains(signal)).collect()
}

impl Stage {
    /// The probe's words for a stay.
    fn staying(&self) -> Vec<OsString> {
        self.probe(&["--signals".into(), self.log().into()])
    }

    /// The numbers of the signals that reached it.
    fn reached(&self) -> Vec<i32> {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_signal_arrives_once() {
    let stage = Stage::new();
    let mut command = stage.command(r#"exec "$@""#, &stage.words(Way::Exec, &stage.staying()));
    without_terminal(&mut command);
    let child = Running(command.spawn().unwrap());
    assert_eq!(stage.reported()["pid"], child.0.id());
    for (sent, signal) in signals().into_iter().enumerate() {
        // rustix names the signals of the standard only; kill(1) sends the real-time ones, too.
        let status =
            Command::new("kill").args(["-s", &signal.to_string(), &child.0.id().to_string()]).status();
        assert!(status.unwrap().success(), "{signal}");
        until("the signal", || stage.reached().len() > sent);
    }
    assert_eq!(stage.reached(), signals());
}

/// What the terminal sends goes to the foreground group: a wrapper that stayed there would pass it on a second time.
#[test]
fn keys_of_the_terminal_arrive_once() {
    let (stage, pty) = (Stage::new(), Pty::open());
    let before = pty.modes();
    let mut words = stage.words(Way::Exec, &stage.staying()).into_iter();
    let mut command = stage.sandbox.command(words.next().unwrap());
    command.args(words).env("TERM", "dumb");
    let mut job = pty.run(command);
    let report = stage.reported();
    assert_eq!((&report["pgrp"], &report["foreground"]), (&report["pid"], &report["pid"]));
    let terminals = report["terminals"].as_array().unwrap();
    assert!(terminals[0].is_string() && terminals.iter().all(|tty| *tty == terminals[0]), "{terminals:?}");
    assert_eq!(pty.modes(), before);
    for (key, sent) in [("\x03", 1), ("\x1c", 2), ("\x1a", 3), ("\x03", 4)] {
        pty.send(key);
        until("the signal", || stage.reached().len() == sent);
    }
    job.kill(Signal::KILL);
    assert_eq!(job.status(), Status::Killed { signal: 9, core: false });
    assert_eq!(stage.reached(), [2, 3, 20, 2]);
}

/// A run that still waits for its store has the default dispositions: a signal is its end, and seen as that.
#[test]
fn a_signal_ends_a_run_that_waits_for_its_store() {
    let stage = Stage::new();
    let silence = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let args = ["exec", "--store", "vault:secret/momo", "--timeout", "10m", "--", "true"];
    let mut command = stage.sandbox.momo(args).into_command();
    command.env("VAULT_ADDR", format!("http://{}", silence.local_addr().unwrap())).env("VAULT_TOKEN", "t");
    without_terminal(&mut command);
    let mut child = Running(command.stdin(Stdio::null()).spawn().unwrap());
    let _connection = silence.accept().unwrap();
    kill_process(Pid::from_child(&child.0), Signal::TERM).unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child.0.wait().unwrap()), Some(15));
}
