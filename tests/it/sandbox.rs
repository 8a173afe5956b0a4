//! A place to run the binary in: nothing of the tester's environment, home or config reaches it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use momo_cred_backend_testkit::{Canary, scan, scan_dir};
use momo_gateway::{Config, Gateway, Product, Rotation};
use tempfile::TempDir;

/// The binary under test.
pub(crate) const MOMO_CRED: &str = env!("CARGO_BIN_EXE_momo-cred");

/// A home, a temp folder and a working directory; gone when dropped.
pub(crate) struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("momo-cred-it-").tempdir().unwrap();
        for folder in ["home", "tmp", "work"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        Self { root }
    }

    /// A path in the working directory.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Writes a file with a mode.
    pub(crate) fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>, mode: u32) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&path).unwrap();
        file.write_all(content.as_ref()).unwrap();
        rustix::fs::chmod(&path, rustix::fs::Mode::from_raw_mode(mode)).unwrap();
    }

    pub(crate) fn read(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// The value of a variable in `.env`.
    pub(crate) fn env_value(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.path(".env")).ok()?;
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    }

    /// A command with a cleared environment. What it sets is all there is.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .current_dir(self.root.path().join("work"))
            .env("HOME", self.root.path().join("home"))
            .env("TMPDIR", self.root.path().join("tmp"))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC");
        command
    }

    /// `momo-cred` with arguments.
    pub(crate) fn momo<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Momo {
        let mut command = self.command(MOMO_CRED);
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        command.args(&args);
        Momo { command, args, stdin: None }
    }

    /// Fails if a canary is anywhere below the sandbox but in the files that may hold it.
    pub(crate) fn assert_no_leak(&self, canaries: &[Canary], allowed: &[PathBuf]) {
        let hits = scan_dir(self.root.path(), canaries, allowed).unwrap();
        assert!(hits.is_empty(), "leaked: {hits:?}");
    }
}

/// Whether strace works; without it a test says so, and under CI it fails.
pub(crate) fn has_strace() -> bool {
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    let works = works.is_ok_and(|status| status.success());
    assert!(works || std::env::var_os("CI").is_none(), "strace is required under CI");
    if !works {
        eprintln!("left out: strace is not installed or may not trace");
    }
    works
}

/// Whether the kernel's keyrings may be used, which containers mostly forbid; without them a test says so, and under CI it
/// fails.
pub(crate) fn has_keyrings() -> bool {
    // The keyring of this user, looked at as /proc shows it: a sandbox that forbids the calls shows none.
    let usable = momo_cred::cache::usable().is_ok();
    assert!(usable || std::env::var_os("CI").is_none(), "the kernel's keyring is required under CI");
    if !usable {
        eprintln!("left out: the kernel's keyring may not be used here");
    }
    usable
}

/// Longest wait for anything. Only a failing test waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a condition.
#[track_caller]
pub(crate) fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < PATIENCE, "waited for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A path below the repository; `None`, with a word, where `tests/run` has not installed it. Under CI that is a failure.
pub(crate) fn installed(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is required under CI", path.display());
    eprintln!("left out: {} is not installed; `tests/run tools` installs it", path.display());
    None
}

/// A gateway in this process, with fixed ids.
pub(crate) fn gateway() -> Gateway {
    Gateway::start(Config::sandbox(1)).unwrap()
}

/// The same, but a new key leaves the user's older ones working.
pub(crate) fn gateway_whose_keys_add_up() -> Gateway {
    let mut config = Config::sandbox(1);
    config.rotation = Rotation::KeysAddUp;
    Gateway::start(config).unwrap()
}

/// The primary key of a product at a gateway.
pub(crate) fn key(gateway: &Gateway) -> String {
    gateway.subscription_key(Product::Collection)
}

/// A run that has not begun.
#[must_use = "run it"]
pub(crate) struct Momo {
    command: Command,
    args: Vec<OsString>,
    stdin: Option<Vec<u8>>,
}

impl Momo {
    /// A run by another command, as a shell makes one.
    pub(crate) fn of(command: Command) -> Self {
        let args = command.get_args().map(OsStr::to_owned).collect();
        Self { command, args, stdin: None }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives the collection product's key in a file outside the working directory.
    pub(crate) fn args_subscription_key(mut self, sandbox: &Sandbox, gateway: &Gateway) -> Self {
        let path = sandbox.root().join("home").join("subscription-key");
        sandbox.write(&path, key(gateway), 0o600);
        self.command.arg("--subscription-key-file").arg(path);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// The same run, started by another program whose last arguments it becomes.
    pub(crate) fn under(self, program: &str, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(args).arg(self.command.get_program()).args(self.command.get_args()).env_clear();
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(self.command.get_current_dir().unwrap());
        Self { command, ..self }
    }

    /// The command, to start it in another way.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Runs it to its end, without a terminal.
    pub(crate) fn run(mut self) -> Ran {
        super::pty::without_terminal(&mut self.command);
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child =
            self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let Some(bytes) = self.stdin {
            // A run that does not read its input closes the pipe early.
            let _ = child.stdin.take().unwrap().write_all(&bytes);
        }
        let output = child.wait_with_output().unwrap();
        Ran { args: self.args, status: output.status, stdout: output.stdout, stderr: output.stderr }
    }
}

/// What a run came to.
#[must_use = "assert its exit code"]
#[derive(Debug)]
pub(crate) struct Ran {
    args: Vec<OsString>,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Ran {
    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(
            self.status.code(),
            Some(code),
            "{:?} (signal {:?})\nstdout: {}\nstderr: {}",
            self.args,
            self.status.signal(),
            self.out(),
            self.err()
        );
        self
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard output as JSON: each line one document.
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        self.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asserts that a text is on standard error.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.err().contains(text), "{text:?} is not in: {}", self.err());
        self
    }

    /// Asserts that neither stream holds a canary in any encoding.
    #[track_caller]
    pub(crate) fn no_leak(self, canaries: &[Canary]) -> Self {
        for stream in [&self.stdout, &self.stderr] {
            let hits = scan(stream, canaries);
            assert!(hits.is_empty(), "leaked by {:?}: {hits:?}", self.args);
        }
        self
    }
}
