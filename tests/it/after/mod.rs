//! What happens once a credential is published: the hook, and the audit trail.
//!
//! - `hook`: what a hook finds, and what becomes of its end
//! - `audit`: what the trail holds, who may write it, and what happens where it cannot be written

mod audit;
mod hook;

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Gateway, Operation};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::sandbox::{Momo, Sandbox, gateway, key, until};

/// A sandbox, a gateway, and the values that may be in `.env` alone.
struct Site {
    sandbox: Sandbox,
    gateway: Gateway,
    /// Another way to the gateway than the straight one.
    base_url: Option<String>,
}

impl Site {
    fn new() -> Self {
        Self { sandbox: Sandbox::new(), gateway: gateway(), base_url: None }
    }

    /// With a config file that is named, and so trusted.
    fn with(config: &str) -> Self {
        let site = Self::new();
        site.sandbox.write("named.toml", config, 0o600);
        site
    }

    /// A run that finds logins of ours in its environment.
    fn momo(&self, args: &[&str]) -> Momo {
        let momo = self.sandbox.momo(args).env("MOMO_CRED_SUBSCRIPTION_KEY", key(&self.gateway));
        let momo = [("VAULT_TOKEN", "vault"), ("AWS_SECRET_ACCESS_KEY", "aws"), ("LD_PRELOAD_X", "x")]
            .into_iter()
            .fold(momo, |momo, (name, canary)| momo.env(name, login(canary).value()));
        let momo = if self.sandbox.path("named.toml").exists() {
            momo.env("MOMO_CRED_CONFIG", "named.toml")
        } else {
            momo
        };
        momo.env("MOMO_CRED_BASE_URL", self.base_url.as_deref().unwrap_or_else(|| self.gateway.base_url()))
            .env("MOMO_CRED_CALLBACK_HOST", "localhost")
            .env("MOMO_CRED_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
    }

    fn canaries(&self) -> Vec<Canary> {
        let mut canaries: Vec<_> = ["vault", "aws", "x"].into_iter().map(login).collect();
        canaries.push(Canary::of("subscription key", key(&self.gateway)));
        canaries.extend(self.sandbox.env_value("MOMO_API_KEY").map(|key| Canary::of("api key", key)));
        canaries
    }

    /// No value is anywhere but in `.env`.
    #[track_caller]
    fn assert_clean(&self) {
        self.sandbox.assert_no_leak(&self.canaries(), &[self.sandbox.path(".env")]);
    }
}

/// A run with `--json` that is under way.
struct Run(Child);

impl Run {
    fn start(site: &Site, args: &[&str]) -> Self {
        let mut command = site.momo(args).into_command();
        crate::pty::without_terminal(&mut command);
        Self(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Starts one and waits until it has asked the gateway for something.
    fn until_asked(site: &Site, args: &[&str], operation: Operation) -> Self {
        let run = Self::start(site, args);
        until("the gateway to be asked", || {
            site.gateway.requests().iter().any(|request| request.operation == operation)
        });
        run
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Waits until no signal is on its way to it.
    fn until_delivered(&self) {
        let path = format!("/proc/{}/status", self.0.id());
        until("the signal to be delivered", || {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut pending =
                text.lines().filter(|line| line.starts_with("SigPnd:") || line.starts_with("ShdPnd:"));
            pending.all(|line| line.ends_with("\t0000000000000000"))
        });
    }

    /// Waits for its end: the signal that it ended by, and the last line.
    fn wait(self) -> (Option<i32>, Value) {
        let output = self.0.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.signal(), serde_json::from_str(text.lines().last().unwrap()).unwrap())
    }
}

fn login(name: &str) -> Canary {
    Canary::new(format!("login {name}"))
}
