//! A token that exists already.

use std::process::Stdio;

use momo_cred_transport::Deadline;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::Login;
use super::source::{self, checked, shown};
use crate::Problem;
use crate::config::{Helper, TokenSource};

/// Takes the token of the first source that has one.
pub(super) async fn find(sources: &[TokenSource], deadline: &Deadline) -> Result<Login, Problem> {
    let mut tried = Vec::new();
    for source in sources {
        let (token, origin) = match source {
            TokenSource::Unset(name) => {
                tried.push(format!("{name} is not set"));
                continue;
            }
            TokenSource::Given(given) => (given.read("token")?, given.origin()),
            TokenSource::Helper(helper) => {
                let token = ask(helper, deadline).await?;
                (token, format!("the token helper {}", shown(&helper.program)))
            }
            TokenSource::File(path) => {
                let origin = shown(path);
                let fault = |why| Problem::Source { what: "token", origin: origin.clone(), why };
                match source::read(path).map_err(fault)? {
                    Some(token) if !token.is_empty() => (checked("token", &origin, token)?, origin),
                    Some(_) => {
                        tried.push(format!("{origin} is empty"));
                        continue;
                    }
                    None => {
                        tried.push(format!("{origin} is not there"));
                        continue;
                    }
                }
            }
        };
        return Ok(Login { token, who: format!("the token of {origin}"), made: false, ends: None });
    }
    if tried.is_empty() {
        tried.push("nothing names one".to_owned());
    }
    Err(Problem::NoToken { tried })
}

/// Runs a token helper (<https://developer.hashicorp.com/vault/docs/commands/token-helper>): it prints the token when
/// called with `get`. Its standard error goes nowhere: it may say the token, too.
async fn ask(helper: &Helper, deadline: &Deadline) -> Result<momo_cred_backend_api::Secret, Problem> {
    const CAP: usize = 8 * 1024;
    let fault = |why| Problem::Helper { program: helper.program.clone(), why };
    let mut child = Command::new(&helper.program)
        .arg("get")
        .env_clear()
        .envs(helper.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|_| fault("cannot be started"))?;
    let Some(mut stdout) = child.stdout.take() else { return Err(fault("cannot be heard")) };
    let mut bytes = Zeroizing::new(vec![0; CAP]);
    let talk = async {
        let mut length = 0;
        while length < CAP {
            match stdout.read(&mut bytes[length..]).await {
                Ok(0) => break,
                Ok(n) => length += n,
                Err(_) => return Err(fault("cannot be heard")),
            }
        }
        // Whoever still writes would never end: nobody reads on.
        if length == CAP {
            return Err(fault("printed more than a token"));
        }
        let status = child.wait().await.map_err(|_| fault("cannot be waited for"))?;
        if status.success() { Ok(length) } else { Err(fault("ended with a failure")) }
    };
    let length = timeout_at(Instant::from_std(deadline.instant()), talk)
        .await
        .map_err(|_| fault("did not end in time"))??;
    let token = source::text(&bytes[..length]).map_err(fault)?;
    if token.is_empty() {
        return Err(fault("knows no token"));
    }
    checked("token", &format!("the token helper {}", shown(&helper.program)), token)
}
