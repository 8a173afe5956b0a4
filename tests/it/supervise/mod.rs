//! `exec --mask` and `exec --watch`: the program under a supervisor.
//!
//! - `life`: signals, exit status, what the program is given, what becomes of it when somebody dies
//! - `mask`: what is hidden, and that nothing else changes
//! - `memory`: where values are while the program runs
//! - `terminal`: keys, stops and modes
//! - `watch`: restarts and signals when the credential changes

mod life;
mod mask;
mod memory;
mod terminal;
mod watch;

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use momo_cred_backend_testkit::Canary;
use rustix::process::{Pid, Signal, kill_process};

use crate::sandbox::{Momo, Sandbox, until};

const USER: &str = "01234567-89ab-4def-8123-456789abcdef";

/// Notes each signal that it gets, by its number, and ends with 37 at USR2 and a file `end`.
pub(crate) const PROBE: &str = r#"
import os, signal, time
log = open("log", "ab", buffering=0)
def note(number, _):
    log.write(b"got %d\n" % number)
    if number == 12 and os.path.exists("end"):
        os._exit(37)
for number in (1, 2, 3, 10, 12, 14, 15, 18, 28, 34, 35):
    signal.signal(number, note)
log.write(b"began %d %s\n" % (os.getpid(), os.environb[b"MOMO_API_KEY"][:4]))
# Until the sandbox is gone: TERM from a supervisor that was killed is only noted.
while os.path.exists("log"):
    time.sleep(0.2)
"#;

/// A sandbox with a record of canaries, and the probe.
pub(crate) fn stage() -> (Sandbox, [Canary; 2]) {
    let sandbox = Sandbox::new();
    let keys = [Canary::hex("supervised subscription key"), Canary::hex("supervised api key")];
    write_record(&sandbox, keys[1].value(), "");
    sandbox.write("probe.py", PROBE, 0o644);
    (sandbox, keys)
}

/// Writes the record with an API key, and further lines.
pub(crate) fn write_record(sandbox: &Sandbox, api_key: &str, further: &str) {
    let subscription = Canary::hex("supervised subscription key");
    let text = format!(
        "MOMO_SUBSCRIPTION_KEY={}\nMOMO_API_USER={USER}\nMOMO_API_KEY={api_key}\n{further}",
        subscription.value()
    );
    // As a whole: a reader never sees a part of it.
    sandbox.write("env.new", text, 0o600);
    fs::rename(sandbox.path("env.new"), sandbox.path(".env")).unwrap();
}

/// A supervisor that runs without a terminal. Dropping it kills it.
pub(crate) struct Supervised {
    child: Child,
    err: PathBuf,
}

impl Supervised {
    pub(crate) fn start(sandbox: &Sandbox, momo: Momo) -> Self {
        Self::start_with(sandbox, momo, Stdio::null(), Stdio::null())
    }

    pub(crate) fn start_with(sandbox: &Sandbox, momo: Momo, stdin: Stdio, stdout: Stdio) -> Self {
        let err = sandbox.root().join("supervised.err");
        let mut command = momo.into_command();
        crate::pty::without_terminal(&mut command);
        command.stdin(stdin).stdout(stdout).stderr(File::create(&err).unwrap());
        Self { child: command.spawn().unwrap(), err }
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    /// Waits for its end: the exit code, or minus the signal.
    pub(crate) fn end(mut self) -> i32 {
        let status = self.child.wait().unwrap();
        status.code().unwrap_or_else(|| -status.signal().unwrap())
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that the probe has written.
pub(crate) fn log(sandbox: &Sandbox) -> Vec<String> {
    fs::read_to_string(sandbox.path("log")).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// Waits for a line of the probe.
#[track_caller]
pub(crate) fn until_logged(sandbox: &Sandbox, line: &str) {
    until(line, || log(sandbox).iter().any(|known| known.starts_with(line)));
}

/// The process that the probe, started for the nth time, has become.
pub(crate) fn probe_pid(sandbox: &Sandbox, nth: usize) -> Pid {
    let began: Vec<String> = log(sandbox).into_iter().filter(|line| line.starts_with("began ")).collect();
    Pid::from_raw(began[nth].split(' ').nth(1).unwrap().parse().unwrap()).unwrap()
}

/// Whether a process is there and not dead.
pub(crate) fn lives(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
        .is_ok_and(|stat| !stat.rsplit_once(") ").unwrap().1.starts_with('Z'))
}
