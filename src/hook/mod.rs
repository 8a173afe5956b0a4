//! What runs after a publish, so that whatever uses the credential can be restarted or told.
//!
//! A hook is somebody's program beside us. It gets names and no value: a cleared environment with [`Facts`], nothing on
//! standard input, standard output into our standard error (ours is data), no other descriptor, and a bounded time.
//! How it ends changes nothing of what was published.

mod watch;

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use momo_cred_backend_api::Revision;

use self::watch::Watched;
use crate::config::{Environment, HookCommand};
use crate::exec::start_apart;

/// How long a hook may run where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// How long it has to end once it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Variables of ours that a hook is given, where they are set.
const PASSED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// What happened, in names that are no secrets.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The command that published.
    pub command: &'static str,
    /// Its profile.
    pub profile: String,
    /// The product.
    pub product: String,
    /// The target environment.
    pub target_environment: String,
    /// Where the record is.
    pub location: String,
    /// The revision that was published.
    pub revision: Revision,
    /// The revision that was there before.
    pub previous: Option<Revision>,
    /// The API user of the credential.
    pub api_user: String,
}

/// How a hook ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With status 0.
    Well,
    /// With another status.
    Status(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// It took too long and was stopped.
    TooLong(Duration),
    /// It was stopped because this signal came for us.
    Stopped(i32),
    /// It did not start; the system's own word for it.
    NotStarted(std::io::ErrorKind),
    /// It was not begun: this signal had come for us before.
    Skipped(i32),
}

impl Facts {
    /// The variables that a hook finds, besides PATH, HOME, LANG and TZ. None of them is read as a setting of ours.
    fn variables(&self) -> Vec<(&'static str, &str)> {
        let mut variables = vec![
            ("MOMO_CRED_HOOK_EVENT", "published"),
            ("MOMO_CRED_HOOK_COMMAND", self.command),
            ("MOMO_CRED_HOOK_PROFILE", &self.profile),
            ("MOMO_CRED_HOOK_PRODUCT", &self.product),
            ("MOMO_CRED_HOOK_TARGET_ENVIRONMENT", &self.target_environment),
            ("MOMO_CRED_HOOK_LOCATION", &self.location),
            ("MOMO_CRED_HOOK_REVISION", self.revision.as_str()),
            ("MOMO_CRED_HOOK_API_USER", &self.api_user),
        ];
        variables.extend(
            self.previous.as_ref().map(|previous| ("MOMO_CRED_HOOK_PREVIOUS_REVISION", previous.as_str())),
        );
        variables
    }
}

/// Runs a hook to its end, for at most `limit`.
pub fn run(hook: &HookCommand, facts: &Facts, environment: &Environment, limit: Duration) -> Ended {
    let mut command = command(hook);
    let passed = PASSED.iter().filter_map(|name| Some((OsStr::new(name), environment.get(name)?)));
    let ours = facts.variables();
    let ours = ours.iter().map(|(name, value)| (OsStr::new(name), OsStr::new(value)));
    let variables: Vec<(OsString, OsString)> =
        passed.chain(ours).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    command.env_clear().envs(variables).stdin(Stdio::null());
    let output = std::io::stderr().as_fd().try_clone_to_owned();
    command.stdout(output.map_or_else(|_| Stdio::null(), Stdio::from)).stderr(Stdio::inherit());
    start_apart(&mut command);
    match Watched::begin(command) {
        Ok(watched) => watched.until_it_ends(limit, GRACE),
        Err(kind) => Ended::NotStarted(kind),
    }
}

fn command(hook: &HookCommand) -> Command {
    match hook {
        HookCommand::Shell(line) => {
            let mut command = Command::new("/bin/sh");
            command.arg("-c").arg(line);
            command
        }
        HookCommand::Program { program, arguments } => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
    }
}

impl Ended {
    /// The word in JSON.
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::Well => "ok",
            Self::Skipped(_) => "skipped",
            _ => "failed",
        }
    }

    /// Why it is not `ok`, as a word for scripts.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Well => None,
            Self::Status(_) => Some("status"),
            Self::Signal(_) => Some("signal"),
            Self::TooLong(_) => Some("timeout"),
            Self::Stopped(_) | Self::Skipped(_) => Some("interrupted"),
            Self::NotStarted(_) => Some("not-started"),
        }
    }

    /// Its exit status, if it had one.
    pub const fn status(self) -> Option<i32> {
        match self {
            Self::Well => Some(0),
            Self::Status(status) => Some(status),
            _ => None,
        }
    }

    /// The signal that it ended by, or for the sake of which it was stopped or not begun.
    pub const fn signal(self) -> Option<i32> {
        match self {
            Self::Signal(signal) | Self::Stopped(signal) | Self::Skipped(signal) => Some(signal),
            _ => None,
        }
    }

    /// The signal that came for us meanwhile.
    pub const fn for_us(self) -> Option<i32> {
        match self {
            Self::Stopped(signal) | Self::Skipped(signal) => Some(signal),
            _ => None,
        }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Well => f.write_str("it ended well"),
            // What shells answer for a command that is not there.
            Self::Status(127) => {
                f.write_str("it ended with status 127, which mostly means: command not found")
            }
            Self::Status(status) => write!(f, "it ended with status {status}"),
            Self::Signal(signal) => write!(f, "it ended by signal {signal}"),
            Self::TooLong(limit) => write!(f, "it took longer than {} s and was stopped", limit.as_secs()),
            Self::Stopped(signal) => write!(f, "it was stopped because of signal {signal}"),
            Self::NotStarted(std::io::ErrorKind::NotFound) => f.write_str("there is no such program"),
            Self::NotStarted(kind) => write!(f, "it cannot be started: {kind}"),
            Self::Skipped(signal) => write!(f, "it was not begun because of signal {signal}"),
        }
    }
}

#[cfg(test)]
mod tests;
