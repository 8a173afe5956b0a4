//! The prompt in a terminal: however it ends, the terminal is as before and what was typed was never shown.
//!
//! - `ends`: every question of every command, and each way in which it may end

mod ends;

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::pty::{Job, Pty, Status, without_terminal};

const SUBSCRIPTION_KEY: &str = "c0ffee00c0ffee00c0ffee00c0ffee01";
const API_USER: &str = "6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e5f";
const API_KEY: &str = "decade00decade00decade00decade02";
/// Beginnings of the two keys: nothing of them may be on the screen.
const CANARIES: [&str; 2] = ["c0ffee", "decade"];
/// The questions, in order: secret, not secret, secret.
const QUESTIONS: [&str; 3] = ["Subscription key: ", "API user: ", "API key: "];

/// The program that asks them, and then writes `.env` in its directory.
fn program(dir: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_momo-cred"));
    command.args(["import", "--no-verify"]);
    command.current_dir(dir).env_clear().env("HOME", dir.path());
    command
}

struct Scene {
    pty: Pty,
    dir: TempDir,
    before: String,
}

impl Scene {
    fn new() -> Self {
        let pty = Pty::open();
        let before = pty.modes();
        assert!(pty.echo());
        Self { pty, dir: TempDir::new().unwrap(), before }
    }

    /// Runs the program until it asks its first question.
    fn start(&self) -> Job<'_> {
        let job = self.pty.run(program(&self.dir));
        self.pty.wait_for(QUESTIONS[0]);
        assert!(!self.pty.echo());
        job
    }

    /// Answers the first question, which is on the screen, and the others.
    fn answer_all(&self) {
        self.pty.send(format!("{SUBSCRIPTION_KEY}\n"));
        self.answer_from_second(&format!("{API_KEY}\n"));
    }

    fn answer_from_second(&self, last: &str) {
        self.pty.wait_for(QUESTIONS[1]);
        assert!(self.pty.echo());
        self.pty.send(format!("{API_USER}\n"));
        self.pty.wait_for(QUESTIONS[2]);
        assert!(!self.pty.echo());
        self.pty.send(last);
    }

    /// The terminal is as before, and shows nothing secret.
    fn assert_clean(&self) {
        assert!(self.pty.echo());
        assert_eq!(self.pty.modes(), self.before);
        let transcript = self.pty.transcript();
        for canary in CANARIES {
            assert!(!transcript.contains(canary), "on the screen:\n{transcript}");
        }
    }

    /// The answers arrived, whole and with nothing added.
    fn assert_stored(&self) {
        let stored = fs::read_to_string(self.dir.path().join(".env")).unwrap();
        for (variable, value) in
            [("SUBSCRIPTION_KEY", SUBSCRIPTION_KEY), ("API_USER", API_USER), ("API_KEY", API_KEY)]
        {
            let line = stored.lines().find(|line| line.contains(&format!("MOMO_{variable}="))).unwrap();
            let found = line.split_once('=').unwrap().1.trim_matches(['"', '\'']);
            assert_eq!(found, value);
        }
    }

    fn assert_nothing_stored(&self) {
        assert!(!self.dir.path().join(".env").exists());
    }
}

/// Types half an answer, has something happen, and expects death by that signal.
fn dies_of(signal: Signal, happens: impl FnOnce(&Pty, &Job<'_>)) -> Scene {
    let scene = Scene::new();
    let mut job = scene.start();
    scene.pty.send("c0ffee");
    happens(&scene.pty, &job);
    assert_eq!(job.status(), Status::Killed { signal: signal.as_raw(), core: false });
    scene.assert_clean();
    scene.assert_nothing_stored();
    assert_eq!(scene.pty.left_for_the_shell(), "");
    drop(job);
    scene
}

/// Types something that is no answer, and expects an error.
fn refuses(typed: &[u8]) {
    let scene = Scene::new();
    let mut job = scene.start();
    scene.pty.send(typed);
    assert_eq!(job.status(), Status::Exited(2));
    scene.assert_clean();
    scene.assert_nothing_stored();
    assert_eq!(scene.pty.left_for_the_shell(), "");
}

#[test]
fn enter_answers() {
    let scene = Scene::new();
    let mut job = scene.start();
    scene.answer_all();
    assert_eq!(job.status(), Status::Exited(0));
    scene.assert_clean();
    scene.assert_stored();
    assert!(scene.pty.transcript().contains(API_USER), "what is no secret is echoed");
}

#[test]
fn ctrl_c_kills() {
    dies_of(Signal::INT, |pty, _| pty.send(b"\x03"));
}

#[test]
fn ctrl_backslash_kills_without_core() {
    let scene = dies_of(Signal::QUIT, |pty, _| pty.send(b"\x1c"));
    assert_eq!(fs::read_dir(&scene.dir).unwrap().count(), 0);
}

#[test]
fn sigterm_kills() {
    dies_of(Signal::TERM, |_, job| job.kill(Signal::TERM));
}

#[test]
fn sighup_kills() {
    dies_of(Signal::HUP, |_, job| job.kill(Signal::HUP));
}

#[test]
fn ctrl_c_kills_at_a_later_question() {
    let scene = Scene::new();
    let mut job = scene.start();
    scene.pty.send(format!("{SUBSCRIPTION_KEY}\n"));
    scene.pty.wait_for(QUESTIONS[1]);
    scene.pty.send(b"\x03");
    assert_eq!(job.status(), Status::Killed { signal: libc::SIGINT, core: false });
    scene.assert_clean();
}

#[test]
fn ctrl_z_stops_and_asks_again() {
    let scene = Scene::new();
    let mut job = scene.start();
    for _ in 0..2 {
        scene.pty.send("c0ffee");
        scene.pty.send(b"\x1a");
        assert_eq!(job.status(), Status::Stopped(libc::SIGTSTP));
        scene.assert_clean();
        job.foreground();
        scene.pty.wait_for(QUESTIONS[0]);
        assert!(!scene.pty.echo());
    }
    scene.answer_all();
    assert_eq!(job.status(), Status::Exited(0));
    scene.assert_clean();
    scene.assert_stored();
}

#[test]
fn continued_in_the_background_it_leaves_the_terminal_alone() {
    let scene = Scene::new();
    let mut job = scene.start();
    scene.pty.send(b"c0ffee\x1a");
    assert_eq!(job.status(), Status::Stopped(libc::SIGTSTP));
    job.background();
    assert_eq!(job.status(), Status::Stopped(libc::SIGTTIN));
    scene.assert_clean();
    job.foreground();
    scene.pty.wait_for(QUESTIONS[0]);
    scene.answer_all();
    assert_eq!(job.status(), Status::Exited(0));
    scene.assert_clean();
    scene.assert_stored();
}

#[test]
fn after_sigstop_it_switches_echo_off_again() {
    let scene = Scene::new();
    let mut job = scene.start();
    job.kill(Signal::STOP);
    assert_eq!(job.status(), Status::Stopped(libc::SIGSTOP));
    scene.pty.set_echo(true);
    job.foreground();
    scene.pty.wait_for(QUESTIONS[0]);
    assert!(!scene.pty.echo());
    scene.answer_all();
    assert_eq!(job.status(), Status::Exited(0));
    scene.assert_clean();
    scene.assert_stored();
}

#[test]
fn the_rest_of_a_paste_is_dropped() {
    for rest in ["touch pasted\n".to_owned(), "touch pasted".to_owned(), "touch pasted\n".repeat(200)] {
        let scene = Scene::new();
        let mut job = scene.start();
        scene.pty.send(format!("{SUBSCRIPTION_KEY}\n{rest}"));
        scene.answer_from_second(&format!("{API_KEY}\n{rest}"));
        assert_eq!(job.status(), Status::Exited(0));
        scene.assert_clean();
        scene.assert_stored();
        assert_eq!(scene.pty.left_for_the_shell(), "");
    }
}

#[test]
fn ctrl_s_does_not_hold_up_a_signal() {
    let scene = Scene::new();
    scene.pty.send(b"\x13");
    let mut job = scene.pty.run(program(&scene.dir));
    scene.pty.wait_for_silence();
    job.kill(Signal::TERM);
    assert_eq!(job.status(), Status::Killed { signal: libc::SIGTERM, core: false });
    scene.assert_clean();
}

#[test]
fn ctrl_d_is_an_error() {
    refuses(b"\x04");
    refuses(b"c0ffee\x04\x04");
}

#[test]
fn control_characters_are_refused() {
    refuses(b"c0ffee\x01\n");
    refuses(b"c0ffee\0\n");
}

#[test]
fn a_line_cut_by_the_terminal_is_refused() {
    refuses(format!("{}\n", "c0ffee".repeat(1000)).as_bytes());
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let scene = Scene::new();
    let plain = program(&scene.dir);
    let mut ignoring = Command::new("/bin/sh");
    ignoring.args(["-c", "trap '' INT; exec \"$0\" \"$@\""]);
    ignoring.arg(plain.get_program()).args(plain.get_args());
    ignoring.current_dir(&scene.dir).env_clear().env("HOME", scene.dir.path());
    let mut job = scene.pty.run(ignoring);
    scene.pty.wait_for(QUESTIONS[0]);
    scene.pty.send(b"c0ffee\x03");
    scene.answer_all();
    assert_eq!(job.status(), Status::Exited(0));
    scene.assert_clean();
    scene.assert_stored();
}

#[test]
fn in_the_background_there_is_nobody_to_ask() {
    let scene = Scene::new();
    let mut job = scene.pty.run_in_background(program(&scene.dir));
    assert_eq!(job.status(), Status::Exited(2));
    scene.assert_clean();
    assert!(!scene.pty.transcript().contains(QUESTIONS[0]));
    scene.assert_nothing_stored();
}

#[test]
fn without_a_terminal_stdin_is_not_read() {
    let scene = Scene::new();
    let mut command = program(&scene.dir);
    without_terminal(&mut command);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _stays_open = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    scene.assert_nothing_stored();
}

/// What was typed may be the only copy: while somebody else holds the file, it is dropped on the person's word alone.
#[test]
fn values_that_cannot_be_stored_are_kept_until_the_person_says_what_to_do() {
    for (answer, code) in [("a", 0), ("e", 0), ("s", 75)] {
        let scene = Scene::new();
        let lock = fs::File::create(scene.dir.path().join(".env.lock")).unwrap();
        lock.lock().unwrap();
        let mut job = scene.start();
        scene.answer_all();
        scene.pty.wait_for("or stop? [a/e/s]: ");
        let elsewhere = scene.dir.path().join("other.env");
        assert!(!scene.dir.path().join(".env").exists() && !elsewhere.exists());
        if answer == "a" {
            lock.unlock().unwrap();
        }
        scene.pty.send(format!("{answer}\n"));
        if answer == "e" {
            scene.pty.wait_for("Location: ");
            scene.pty.send("dotenv:other.env#MOMO\n");
        }
        assert_eq!(job.status(), Status::Exited(code), "{answer}");
        match answer {
            "a" => scene.assert_stored(),
            "e" => assert!(fs::read_to_string(&elsewhere).unwrap().contains(API_KEY)),
            _ => assert!(!scene.dir.path().join(".env").exists()),
        }
        scene.assert_clean();
    }
}
