//! What a program finds when `exec` started it, against what it finds when it is started directly.
//!
//! - `rows`: everything that a parent can give, row by row, by the probe in tests/probe
//! - `signals`: each signal once, also from a terminal, and the ways to end
//! - `first`: as process 1 of a container
//! - `memory`: where a value is once the program runs

mod first;
mod memory;
mod rows;
mod signals;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Gateway, PresetUser};
use serde_json::Value;

use crate::pty::without_terminal;
use crate::sandbox::{MOMO_CRED, Sandbox, key, until};

/// The variables of a record without a callback host, in the order in which they are set.
const MANAGED: [&str; 5] =
    ["MOMO_SUBSCRIPTION_KEY", "MOMO_API_USER", "MOMO_API_KEY", "MOMO_TARGET_ENVIRONMENT", "MOMO_BASE_URL"];

/// A place with a record and the probe.
struct Stage {
    sandbox: Sandbox,
    key: Canary,
    store: String,
    /// What else its commands find in their environment.
    environment: Vec<(&'static str, String)>,
}

/// How a program is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Direct,
    Exec,
    /// With an exchange at the gateway before it: a runtime, threads and connections that have to be gone.
    Token,
}

impl Stage {
    fn new() -> Self {
        let (sandbox, key) = (Sandbox::new(), Canary::hex("api key of the fidelity tests"));
        let user = "01234567-89ab-4def-8123-456789abcdef";
        let record = format!(
            "MOMO_SUBSCRIPTION_KEY={}\nMOMO_API_USER={user}\nMOMO_API_KEY={}\n",
            Canary::hex("subscription key of the fidelity tests").value(),
            key.value()
        );
        sandbox.write(".env", record, 0o600);
        // By its whole path: a row may change the folder.
        let store = format!("dotenv:{}", sandbox.path(".env").display());
        Self { sandbox, key, store, environment: Vec::new() }
    }

    /// Whose record is of a user at a gateway.
    fn served(gateway: &Gateway, user: &PresetUser) -> Self {
        let stage = Self::new();
        let record = format!(
            "MOMO_SUBSCRIPTION_KEY={}\nMOMO_API_USER={}\nMOMO_API_KEY={}\nMOMO_BASE_URL={}\n",
            key(gateway),
            user.id,
            user.api_key,
            gateway.base_url()
        );
        stage.sandbox.write(".env", record, 0o600);
        stage
    }

    /// Whose record is in Vault.
    fn in_vault(vault: &crate::vault::stage::Stage) -> Self {
        let environment = vec![("VAULT_ADDR", vault.vault().address()), ("VAULT_TOKEN", vault.token.clone())];
        Self { store: vault.location("collection"), environment, ..Self::new() }
    }

    fn report(&self) -> PathBuf {
        self.sandbox.root().join("report")
    }

    fn log(&self) -> PathBuf {
        self.sandbox.root().join("signals")
    }

    /// The words of a program, started in a way.
    fn words(&self, way: Way, program: &[OsString]) -> Vec<OsString> {
        let mut words = Vec::new();
        if way != Way::Direct {
            let token = (way == Way::Token).then_some("--token");
            let exec = [MOMO_CRED, "exec", "--store", &self.store];
            words.extend(exec.into_iter().chain(token).chain(["--"]).map(OsString::from));
        }
        words.extend_from_slice(program);
        words
    }

    /// The probe's words.
    fn probe(&self, more: &[OsString]) -> Vec<OsString> {
        let probe = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probe/probe");
        [&[probe.into(), self.report().into()], more].concat()
    }

    /// A program below a line of shell, which starts it as `"$@"`.
    fn command(&self, shell: &str, words: &[OsString]) -> Command {
        let mut command = self.sandbox.command("sh");
        command.args(["-c", shell, "sh"]).args(words).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What the probe reports. Ends with it.
    fn observe(&self, way: Way, shell: &str, more: &[OsString]) -> Value {
        let mut command = self.command(shell, &self.words(way, &self.probe(more)));
        without_terminal(&mut command);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = child.id();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{way:?} {shell}: {output:?}");
        let mut report = self.reported();
        if shell.contains("exec ") {
            assert_eq!(report["pid"], pid, "{way:?} {shell}");
        }
        normalise(&mut report);
        report
    }

    /// The report, once it is there.
    fn reported(&self) -> Value {
        until("the probe to report", || self.report().exists());
        let report = serde_json::from_slice(&fs::read(self.report()).unwrap()).unwrap();
        fs::remove_file(self.report()).unwrap();
        report
    }
}

/// Process ids differ from run to run; how they hang together does not.
fn normalise(report: &mut Value) {
    let (pid, parent) = (report["pid"].take(), report["ppid"].take());
    for key in ["pgrp", "sid", "foreground"] {
        if report[key] == pid {
            report[key] = "self".into();
        } else if report[key] == parent {
            report[key] = "parent".into();
        }
    }
}
