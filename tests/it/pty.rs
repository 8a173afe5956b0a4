//! A terminal for tests: a pseudo-terminal, and a job run in it by the smallest shell there can be.
//!
//! The shell is the session leader and the parent of the job, as in life: a stop signal does nothing to a job that
//! has no such parent.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{io, thread};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, Termios, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

/// Longest wait for anything. Only a failing test waits that long.
const DEADLINE: Duration = Duration::from_secs(30);
const END: &[u8] = b"end-of-input\n";

/// A pseudo-terminal.
pub(crate) struct Pty {
    master: OwnedFd,
    slave: OwnedFd,
    transcript: RefCell<Vec<u8>>,
    seen: RefCell<usize>,
}

impl Pty {
    pub(crate) fn open() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ioctl_tiocgptpeer(&master, flags).unwrap();
        rustix::io::ioctl_fionbio(&master, true).unwrap();
        Self { master, slave, transcript: RefCell::default(), seen: RefCell::default() }
    }

    /// Types.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) {
        let mut rest = bytes.as_ref();
        self.wait_until("the terminal to take what is typed", || {
            if let Ok(count) = rustix::io::write(&self.master, rest) {
                rest = &rest[count..];
            }
            rest.is_empty()
        });
    }

    /// Waits until the screen shows a text, after the one waited for before.
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_until(&format!("{text:?}"), || {
            let transcript = self.transcript.borrow();
            let mut seen = self.seen.borrow_mut();
            let found = transcript[*seen..].windows(text.len()).position(|window| window == text.as_bytes());
            *seen += found.map_or(0, |at| at + text.len());
            found.is_some()
        });
    }

    /// Everything the screen showed so far.
    pub(crate) fn transcript(&self) -> String {
        self.drain();
        String::from_utf8_lossy(&self.transcript.borrow()).into_owned()
    }

    /// All modes, to be compared.
    pub(crate) fn modes(&self) -> String {
        format!("{:?}", tcgetattr(&self.slave).unwrap())
    }

    /// Sets modes that were found before, as a shell does when a job of its stops.
    pub(crate) fn set_modes(&self, modes: &Termios) {
        tcsetattr(&self.slave, OptionalActions::Now, modes).unwrap();
    }

    pub(crate) fn get_modes(&self) -> Termios {
        tcgetattr(&self.slave).unwrap()
    }

    /// Gives a command this terminal, without making it the one that controls it.
    pub(crate) fn lend(&self, command: &mut Command) {
        let tty = || self.slave.try_clone().unwrap();
        command.stdin(tty()).stdout(tty()).stderr(tty());
        without_terminal(command);
    }

    /// Changes the size of the window.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.master, size).unwrap();
    }

    pub(crate) fn echo(&self) -> bool {
        tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Waits until a program switches the echo off.
    pub(crate) fn wait_for_silence(&self) {
        self.wait_until("the echo to go off", || !self.echo());
    }

    /// Switches the echo, as a shell may while a job is stopped.
    pub(crate) fn set_echo(&self, on: bool) {
        let mut modes = tcgetattr(&self.slave).unwrap();
        modes.local_modes.set(LocalModes::ECHO, on);
        tcsetattr(&self.slave, OptionalActions::Now, &modes).unwrap();
    }

    /// What a shell would now read, and run.
    pub(crate) fn left_for_the_shell(&self) -> String {
        self.send(END);
        let mut left = Vec::new();
        while !left.ends_with(END) {
            let mut buffer = [0; 4096];
            let count = rustix::io::read(&self.slave, &mut buffer).unwrap();
            left.extend_from_slice(&buffer[..count]);
        }
        left.truncate(left.len() - END.len());
        String::from_utf8_lossy(&left).into_owned()
    }

    /// Runs a command in the foreground of this terminal.
    pub(crate) fn run(&self, command: Command) -> Job<'_> {
        self.start(command, true)
    }

    /// Runs a command as `command &` does.
    pub(crate) fn run_in_background(&self, command: Command) -> Job<'_> {
        self.start(command, false)
    }

    #[expect(unsafe_code, reason = "a controlling terminal can only be had between fork and exec")]
    fn start(&self, mut command: Command, foreground: bool) -> Job<'_> {
        let (line, shell_end) = UnixStream::pair().unwrap();
        let tty = || self.slave.try_clone().unwrap();
        command.stdin(tty()).stdout(tty()).stderr(tty());
        let (shell_fd, tty_fd) = (shell_end.as_raw_fd(), self.slave.as_raw_fd());
        // SAFETY: system calls only, all async-signal-safe, on descriptors open until `spawn` returns; no allocation.
        let shell = unsafe { command.pre_exec(move || split(shell_fd, tty_fd, foreground)).spawn().unwrap() };
        drop(shell_end);
        line.set_nonblocking(true).unwrap();
        let mut job = Job { pty: self, shell, line, pid: None };
        job.pid = Pid::from_raw(job.report());
        job
    }

    fn wait_until(&self, what: &str, mut reached: impl FnMut() -> bool) {
        let start = Instant::now();
        loop {
            self.drain();
            if reached() {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "waited for {what}; the screen:\n{}", self.transcript());
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn drain(&self) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = rustix::io::read(&self.master, &mut buffer) {
            self.transcript.borrow_mut().extend_from_slice(&buffer[..count]);
        }
    }
}

/// A program under a shell. Dropping it kills both.
pub(crate) struct Job<'a> {
    pty: &'a Pty,
    shell: Child,
    line: UnixStream,
    pid: Option<Pid>,
}

/// What became of a job.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Exited(i32),
    Killed { signal: i32, core: bool },
    Stopped(i32),
}

impl Job<'_> {
    pub(crate) fn kill(&self, signal: Signal) {
        kill_process(self.pid.expect("the job is over"), signal).unwrap();
    }

    /// Waits until it ends or stops. The shell then has the terminal again.
    pub(crate) fn status(&mut self) -> Status {
        let status = self.report();
        if libc::WIFSTOPPED(status) {
            return Status::Stopped(libc::WSTOPSIG(status));
        }
        self.pid = None;
        if libc::WIFSIGNALED(status) {
            Status::Killed { signal: libc::WTERMSIG(status), core: libc::WCOREDUMP(status) }
        } else {
            Status::Exited(libc::WEXITSTATUS(status))
        }
    }

    /// `fg`, after it stopped.
    pub(crate) fn foreground(&mut self) {
        self.line.write_all(b"f").unwrap();
    }

    /// `bg`, after it stopped.
    pub(crate) fn background(&mut self) {
        self.line.write_all(b"b").unwrap();
    }

    fn report(&mut self) -> i32 {
        let mut number = [0; 4];
        let line = &mut self.line;
        self.pty.wait_until("news of the job", || match line.read(&mut number) {
            Ok(count) => {
                assert_eq!(count, number.len(), "the shell died");
                true
            }
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                false
            }
        });
        i32::from_ne_bytes(number)
    }
}

impl Drop for Job<'_> {
    fn drop(&mut self) {
        if let Some(pid) = self.pid {
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = self.line.shutdown(std::net::Shutdown::Both);
        let _ = self.shell.wait();
    }
}

/// Takes the controlling terminal away from a command.
#[expect(unsafe_code, reason = "a session can only be left between fork and exec")]
pub(crate) fn without_terminal(command: &mut Command) {
    // SAFETY: one async-signal-safe system call.
    unsafe { command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?)) };
}

/// Runs between fork and exec: the process becomes the shell and never comes back, its child becomes the job and
/// returns to be executed.
#[expect(unsafe_code, reason = "fork, and waiting for stops")]
fn split(line: RawFd, tty: RawFd, foreground: bool) -> io::Result<()> {
    rustix::process::setsid()?;
    // SAFETY: system calls that are safe after fork, with pointers to live locals.
    unsafe {
        if libc::ioctl(tty, libc::TIOCSCTTY, 0) == -1 {
            return Err(io::Error::last_os_error());
        }
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
        match libc::fork() {
            -1 => return Err(io::Error::last_os_error()),
            0 => {}
            job => shell(line, tty, job),
        }
        libc::setpgid(0, 0);
        if foreground {
            libc::tcsetpgrp(tty, libc::getpid());
        }
        libc::sigemptyset(&raw mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
    }
    // So that a missing core file means something.
    let limit = getrlimit(Resource::Core);
    Ok(setrlimit(Resource::Core, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

/// Reports the job's pid and every status, and obeys `f` and `b`. Stays as long as the line is open: when it goes,
/// the kernel hangs up the terminal. All signals are blocked.
#[expect(unsafe_code, reason = "runs after fork: bare system calls only")]
fn shell(line: RawFd, tty: RawFd, job: libc::pid_t) -> ! {
    // SAFETY: system calls that are safe after fork, with pointers to live locals.
    unsafe {
        // Whoever called `spawn` waits until its end of a pipe closes, ours included.
        for fd in (0..4096).filter(|&fd| fd != line && fd != tty) {
            libc::close(fd);
        }
        let tell = |number: i32| libc::write(line, (&raw const number).cast(), size_of::<i32>());
        tell(job);
        loop {
            let mut status = 0;
            libc::waitpid(job, &raw mut status, libc::WUNTRACED);
            libc::tcsetpgrp(tty, libc::getpgrp());
            tell(status);
            let mut order = 0_u8;
            if libc::read(line, (&raw mut order).cast(), 1) != 1 {
                libc::kill(job, libc::SIGKILL);
                libc::_exit(0);
            }
            if order == b'f' {
                libc::tcsetpgrp(tty, job);
            }
            libc::kill(-job, libc::SIGCONT);
        }
    }
}
