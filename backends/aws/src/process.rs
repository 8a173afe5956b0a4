//! A `credential_process` of the shared files: a program of the user's own that prints credentials
//! (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>).
//!
//! The SDK would start it with our whole environment, where the subscription key may be, and leave it running when the
//! time is over. So it is started here.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use jiff::Timestamp;
use momo_cred_backend_api::Secret;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Deserializer};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use crate::Given;
use crate::fault::Fault;
use crate::session::credentials;

/// The longest output that is read: a session's token has some KiB.
const CAP: usize = 64 * 1024;

/// Runs the program, as every SDK does by a shell, and reads what it prints. Dropped, it takes the program with it, and
/// what that has started.
pub(crate) async fn run(command: &str, environment: &[(OsString, OsString)]) -> Result<Credentials, Fault> {
    let started = Command::new("sh")
        .args(["-c", command])
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        // What is piped into us may be a key, and belongs to nobody else.
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // It may quote what it failed with, or the key.
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|_| Fault::Program("cannot be started"))?;
    let mut group = Group(started);
    let Some(mut stdout) = group.0.stdout.take() else { return Err(Fault::Program("cannot be heard")) };
    let mut bytes = Zeroizing::new(vec![0; CAP]);
    let mut length = 0;
    loop {
        match stdout.read(&mut bytes[length..]).await {
            Ok(0) => break,
            Ok(n) => length += n,
            Err(_) => return Err(Fault::Program("cannot be heard")),
        }
    }
    // Whoever still writes would never end: nobody reads on.
    if length == CAP {
        return Err(Fault::Program("prints more than credentials"));
    }
    let status = group.0.wait().await.map_err(|_| Fault::Program("cannot be waited for"))?;
    if !status.success() {
        return Err(Fault::Program("ends with a failure"));
    }
    read(&bytes[..length], SystemTime::now())
}

/// A program and all that it started, ended together unless it has ended by itself.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

/// What it prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: Key,
    secret_access_key: Key,
    session_token: Option<Key>,
    expiration: Option<String>,
}

struct Key(Secret);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(Secret::from(text)))
    }
}

fn read(output: &[u8], now: SystemTime) -> Result<Credentials, Fault> {
    // The errors of serde quote values: they end here.
    let printed: Printed =
        serde_json::from_slice(output).map_err(|_| Fault::Program("prints no JSON with credentials"))?;
    if printed.version != 1 {
        return Err(Fault::Program("prints another version of credentials than 1"));
    }
    let ends = match printed.expiration.map(|text| text.parse::<Timestamp>()) {
        None => None,
        Some(Ok(ends)) => Some(SystemTime::from(ends)),
        Some(Err(_)) => return Err(Fault::Program("prints an Expiration that is no time")),
    };
    if ends.is_some_and(|ends| ends <= now) {
        return Err(Fault::Expired);
    }
    let given = Given {
        access_key_id: printed.access_key_id.0,
        secret_access_key: printed.secret_access_key.0,
        session_token: printed.session_token.map(|token| token.0).filter(|token| !token.is_empty()),
    };
    Ok(credentials(&given, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_checked() {
        let read = |text: &str| read(text.as_bytes(), SystemTime::UNIX_EPOCH).map(|found| found.expiry());
        let keys = r#""AccessKeyId": "A", "SecretAccessKey": "x""#;
        assert_eq!(read(&format!(r#"{{"Version": 1, {keys}}}"#)), Ok(None));
        let at =
            |text: &str| format!(r#"{{"Version": 1, {keys}, "SessionToken": "t", "Expiration": "{text}"}}"#);
        assert!(read(&at("2026-01-02T03:04:05Z")).unwrap().is_some());
        assert!(read(&at("2026-01-02T03:04:05.5+01:00")).unwrap().is_some());
        assert_eq!(read(&at("1969-01-01T00:00:00Z")), Err(Fault::Expired));
        for wrong in [
            format!(r#"{{"Version": 2, {keys}}}"#),
            format!("{{{keys}}}"),
            r#"{"Version": 1, "AccessKeyId": "A"}"#.to_owned(),
            at("tomorrow"),
            String::new(),
        ] {
            assert!(matches!(read(&wrong), Err(Fault::Program(_))), "{wrong}");
        }
    }
}
