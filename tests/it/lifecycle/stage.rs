//! One `.env`, one gateway whose keys are canaries, and runs of the binary on them.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::OnceLock;

use momo_cred_backend_testkit::{Canary, scan};
use momo_gateway::{Bound, Config, Gateway, Operation, PresetUser, Product, Role, Rotation};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::sandbox::{Momo, Ran, Sandbox, until};

/// The user of the credential that is there before.
pub(crate) const OLD_USER: &str = "01d00000-0000-4000-8000-000000000001";

/// Lines of others, which stay byte for byte.
const FOREIGN: &str = "# of another program, and a comment\nexport OTHER='a b $c'\n\n";

/// What every access token of the gateway begins with.
const TOKEN_HEAD: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSMjU2In0";

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) gateway: Gateway,
    base_url: Option<String>,
    has_old: bool,
    canaries: RefCell<Vec<Canary>>,
    outputs: RefCell<Vec<(String, Vec<u8>)>>,
}

pub(crate) fn subscription_key() -> Canary {
    Canary::hex("lifecycle subscription key")
}

pub(crate) fn old_key() -> Canary {
    Canary::hex("lifecycle old api key")
}

fn config() -> Config {
    Config::sandbox(1).with_key(Role::Primary(Product::Collection), subscription_key().value())
}

/// The first key that a gateway of this setting issues. Runs that fail never show it, so it is learned from one that
/// does not.
fn first_issued() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let stage = Stage::with(Vec::new());
        let _ = stage.momo(["provision"]).run().code(0);
        stage.sandbox.env_value("MOMO_API_KEY").unwrap()
    })
}

impl Stage {
    /// Nothing is stored yet.
    pub(crate) fn new() -> Self {
        let tokens = Canary::of("an access token", TOKEN_HEAD);
        Self::with(vec![subscription_key(), Canary::of("the first api key", first_issued()), tokens])
    }

    fn with(canaries: Vec<Canary>) -> Self {
        Self {
            sandbox: Sandbox::new(),
            gateway: Gateway::start(config()).unwrap(),
            base_url: None,
            has_old: false,
            canaries: RefCell::new(canaries),
            outputs: RefCell::default(),
        }
    }

    /// A credential that works, among lines of others.
    pub(crate) fn with_old() -> Self {
        let mut stage = Self::new();
        let (id, api_key) = (OLD_USER.parse().unwrap(), old_key().value().to_owned());
        stage.gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
        let record = format!(
            "{FOREIGN}MOMO_SUBSCRIPTION_KEY={}\nMOMO_API_USER={OLD_USER}\nMOMO_API_KEY={}\n",
            subscription_key().value(),
            old_key().value()
        );
        stage.sandbox.write(".env", record, 0o600);
        stage.canaries.borrow_mut().push(old_key());
        stage.has_old = true;
        stage
    }

    /// Another gateway, at which a new key leaves the user's older ones working.
    pub(crate) fn keys_add_up(mut self) -> Self {
        let mut config = config();
        config.rotation = Rotation::KeysAddUp;
        self.gateway = Gateway::start(config).unwrap();
        let (id, api_key) = (OLD_USER.parse().unwrap(), old_key().value().to_owned());
        self.gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
        self
    }

    /// Sends runs somewhere else than straight to the gateway.
    pub(crate) fn through(mut self, base_url: String) -> Self {
        self.base_url = Some(base_url);
        self
    }

    pub(crate) fn momo<const N: usize>(&self, args: [&str; N]) -> Momo {
        self.sandbox
            .momo(args)
            .env("MOMO_CRED_SUBSCRIPTION_KEY", subscription_key().value())
            .env("MOMO_CRED_BASE_URL", self.base_url.as_deref().unwrap_or_else(|| self.gateway.base_url()))
            .env("MOMO_CRED_CALLBACK_HOST", "localhost")
            .env("MOMO_CRED_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
    }

    /// Runs to the end; what is printed is kept for the search.
    pub(crate) fn run<const N: usize>(&self, args: [&str; N]) -> Ran {
        let ran = self.momo(args).run();
        let name = args.join(" ");
        self.outputs.borrow_mut().push((format!("stdout of {name}"), ran.stdout.clone()));
        self.outputs.borrow_mut().push((format!("stderr of {name}"), ran.stderr.clone()));
        ran
    }

    /// The command that makes a new credential.
    pub(crate) fn provision(&self) -> [&'static str; 2] {
        ["provision", if self.has_old { "--replace" } else { "--quiet" }]
    }

    /// `status --json`.
    pub(crate) fn status(&self) -> Value {
        self.run(["status", "--json"]).code(0).json().remove(0)
    }

    /// A reader in between has the old credential, or 125 and the kind.
    #[track_caller]
    pub(crate) fn assert_served_as_before(&self) {
        // Not kept for the search: its output is the value.
        let ran = self.momo(["exec", "--", "sh", "-c", "printf %s \"$MOMO_API_KEY\""]).run();
        if self.has_old {
            assert_eq!(ran.code(0).out(), old_key().value());
            assert!(self.gateway.authenticates(OLD_USER, old_key().value()), "the old credential is dead");
        } else {
            assert!(ran.code(125).says("error[not-found]").out().is_empty());
        }
    }

    /// The old credential works beside the new one, and nobody has asked for another key of its user.
    #[track_caller]
    pub(crate) fn assert_old_works(&self) {
        assert!(self.gateway.authenticates(OLD_USER, old_key().value()), "the old credential is dead");
        assert_eq!(self.gateway.key_requests(OLD_USER), 0);
    }

    /// A new credential is there that works and is served; no claim is open; every other user is listed; the lines of
    /// others and nothing else stayed; and no value is anywhere but in `.env`.
    #[track_caller]
    pub(crate) fn assert_settled(&self) {
        assert_eq!(self.gateway.script_left(), 0);
        let value = |name: &str| self.sandbox.env_value(name).unwrap_or_default();
        let (user, key) = (value("MOMO_API_USER"), value("MOMO_API_KEY"));
        assert!(self.gateway.authenticates(&user, &key), "what is stored does not work");
        assert_ne!(user, OLD_USER);
        let status = self.status();
        assert_eq!((&status["claim"], &status["state"]), (&Value::Null, &Value::from("complete")));
        let retired = status["retired_api_users"].as_array().unwrap().clone();
        for known in self.gateway.users() {
            let id = known.id.to_string();
            assert!(id == user || retired.contains(&Value::from(id.as_str())), "user {id} is listed nowhere");
        }
        let ran = self.momo(["exec", "--", "sh", "-c", "printf %s \"$MOMO_API_KEY\""]).run().code(0);
        assert_eq!(ran.out(), key);
        self.canaries.borrow_mut().push(Canary::of("the last api key", key));
        self.assert_clean();
    }

    /// Nothing is left behind, and no value is anywhere but in `.env`.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        if self.has_old {
            assert!(self.sandbox.read(".env").starts_with(FOREIGN), "lines of others have changed");
        }
        let canaries = self.canaries.borrow();
        for (name, output) in self.outputs.borrow().iter() {
            let hits = scan(output, &canaries);
            assert!(hits.is_empty(), "{name}: {hits:?}\n{}", String::from_utf8_lossy(output));
        }
        self.sandbox.assert_no_leak(&canaries, &[self.sandbox.path(".env")]);
        let mut left: Vec<_> = std::fs::read_dir(self.sandbox.path("."))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| ![".env", ".env.lock"].contains(&name.as_str()))
            .collect();
        left.extend(std::fs::read_dir(self.sandbox.root().join("tmp")).unwrap().map(|e| format!("{e:?}")));
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    /// `.env` as bytes, if it is there.
    pub(crate) fn file(&self) -> Option<Vec<u8>> {
        std::fs::read(self.sandbox.path(".env")).ok()
    }

    /// How many requests of a kind the gateway has got.
    pub(crate) fn requests(&self, operation: Operation) -> usize {
        self.gateway.requests().iter().filter(|request| request.operation == operation).count()
    }

    /// Starts a run and waits until it has asked the gateway for something, which must not have been answered.
    pub(crate) fn hold<const N: usize>(&self, args: [&str; N], operation: Operation) -> Held<'_> {
        let before = self.requests(operation);
        let held = self.start(args);
        until(&format!("{args:?} to ask for {operation}"), || self.requests(operation) > before);
        held
    }

    /// Starts a run whose output goes to files.
    pub(crate) fn start<const N: usize>(&self, args: [&str; N]) -> Held<'_> {
        let number = std::fs::read_dir(self.sandbox.root()).unwrap().count();
        let paths = ["out", "err"].map(|name| self.sandbox.root().join(format!("run-{number}.{name}")));
        let [out, err] = paths.clone().map(|path| File::create_new(path).unwrap());
        let mut command = self.momo(args).into_command();
        crate::pty::without_terminal(&mut command);
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap();
        Held { stage: self, child, err: paths.into_iter().next_back().unwrap() }
    }
}

/// A run that is under way. Dropping it kills it.
pub(crate) struct Held<'a> {
    stage: &'a Stage,
    child: Child,
    err: PathBuf,
}

impl Held<'_> {
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until no signal is on its way to it any more.
    pub(crate) fn until_delivered(&self, signal: Signal) {
        let path = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        until("the signal to be delivered", || {
            let text = std::fs::read_to_string(&path).unwrap();
            let pending =
                text.lines().filter_map(|line| line.strip_prefix("SigPnd:").or(line.strip_prefix("ShdPnd:")));
            pending
                .map(|mask| u64::from_str_radix(mask.trim(), 16).unwrap())
                .all(|mask| mask >> (signal.as_raw() - 1) & 1 == 0)
        });
    }

    /// SIGKILL, and the end of the process.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().signal(), Some(Signal::KILL.as_raw()), "it had ended before");
        self.stage.gateway.clear_script();
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        (status, std::fs::read_to_string(&self.err).unwrap())
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Both fail where it has ended: that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
