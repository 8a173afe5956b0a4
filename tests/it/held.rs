//! A run of the binary that is under way.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sandbox::{Momo, Sandbox};

/// A run that is under way. Dropping it kills it.
pub(crate) struct Held {
    child: Child,
    err: PathBuf,
}

impl Held {
    /// Starts a run whose output goes to files.
    pub(crate) fn begin(sandbox: &Sandbox, momo: Momo) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let [out, err] = ["out", "err"].map(|name| sandbox.root().join(format!("run-{number}.{name}")));
        let mut command = momo.into_command();
        crate::pty::without_terminal(&mut command);
        command.stdout(File::create_new(out).unwrap()).stderr(File::create_new(&err).unwrap());
        Self { child: command.stdin(Stdio::null()).spawn().unwrap(), err }
    }

    /// SIGKILL, and the end of the process.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().code(), None, "it had ended before");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// Whether it has said this so far.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        std::fs::read_to_string(&self.err).unwrap().contains(text)
    }

    /// Waits for its end, and gives the exit code and what was said.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        (status.code(), std::fs::read_to_string(&self.err).unwrap())
    }
}

#[cfg(feature = "faults")]
impl Held {
    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has been stopped, as by SIGSTOP.
    pub(crate) fn until_stopped(&self) {
        let path = format!("/proc/{}/stat", self.child.id());
        crate::sandbox::until("the run to be stopped", || {
            let stat = std::fs::read_to_string(&path).unwrap();
            stat.rsplit_once(") ").unwrap().1.starts_with('T')
        });
    }

    /// Waits for its end, and gives the signal that it ended by and what was said.
    pub(crate) fn ended_by(mut self) -> (Option<i32>, String) {
        use std::os::unix::process::ExitStatusExt;
        let status = self.child.wait().unwrap();
        (status.signal(), std::fs::read_to_string(&self.err).unwrap())
    }

    /// A file of its own below `/proc`.
    pub(crate) fn proc(&self, name: &str) -> Vec<u8> {
        std::fs::read(format!("/proc/{}/{name}", self.child.id())).unwrap()
    }

    /// Ends it by SIGABRT, and says whether there is a core file of it.
    pub(crate) fn abort(mut self) -> bool {
        use rustix::process::{Pid, Signal, kill_process};
        use std::os::unix::process::ExitStatusExt;
        for signal in [Signal::ABORT, Signal::CONT] {
            kill_process(Pid::from_child(&self.child), signal).unwrap();
        }
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(6));
        status.core_dumped()
    }

    /// Lets it go on that was stopped.
    pub(crate) fn go_on(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Both fail where it has ended: that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
