//! Logging in: one file per method. Each makes the one call of its method, or finds a token that exists.

mod approle;
mod cert;
mod jwt;
mod kubernetes;
mod source;
mod token;
mod userpass;

use std::time::{Duration, Instant};

use momo_cred_backend_api::Secret;
use momo_cred_transport::backoff;
use serde::Deserialize;

use crate::Problem;
use crate::answer::Answer;
use crate::call::Call;
use crate::config::{Auth, MountPath};
use crate::wire::{Again, Wire};

/// How often a login is sent.
const TIMES: u32 = 4;

/// A token in use.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) token: Secret,
    /// Which method, and where its secret is from: for people.
    pub(crate) who: String,
    /// Whether logging in made the token, so that it is ours to revoke.
    pub(crate) made: bool,
    /// When the token ends, as far as the login said.
    pub(crate) ends: Option<Instant>,
}

/// The part of a login's answer that counts. Has no `Debug`.
#[derive(Deserialize)]
struct Granted {
    auth: Option<Grant>,
}

#[derive(Deserialize)]
struct Grant {
    client_token: String,
    #[serde(default)]
    lease_duration: u64,
}

/// Logs in.
pub(crate) async fn login(auth: &Auth, wire: &Wire) -> Result<Login, Problem> {
    match auth {
        Auth::Token(sources) => token::find(sources, wire.deadline()).await,
        Auth::AppRole { mount, role_id, secret_id, wrapped } => {
            approle::login(wire, mount, role_id, secret_id.as_ref(), wrapped.as_ref()).await
        }
        Auth::Kubernetes { mount, role, jwt } => kubernetes::login(wire, mount, role, jwt).await,
        Auth::Jwt { mount, role, jwt } => jwt::login(wire, mount, role.as_deref(), jwt).await,
        Auth::Userpass { mount, username, password } => {
            userpass::login(wire, mount, username, password).await
        }
        Auth::Cert { mount, name } => cert::login(wire, mount, name.as_deref()).await,
    }
}

/// What a login tries, for people.
struct Attempt<'a> {
    method: &'static str,
    mount: &'a MountPath,
    /// Where its secret is from.
    origin: String,
}

impl Attempt<'_> {
    /// Makes the call. A login that was lost may have used up a secret id, so it is made again only where it did not reach
    /// the server, or the server says that it did nothing.
    async fn make(self, wire: &Wire, call: &Call) -> Result<Login, Problem> {
        let mut done = 0;
        let (asked, answer) = loop {
            let asked = Instant::now();
            let answer = wire.send(call, None, Again::Never).await;
            done += 1;
            let pause = match &answer {
                Ok(answer) if answer.did_nothing_yet() => backoff(done, answer.retry_after),
                Err(Problem::Silent { silence, .. }) if silence.passes() && !silence.was_sent() => {
                    backoff(done, None)
                }
                _ => break (asked, answer?),
            };
            if done >= TIMES || !wire.rest(pause).await {
                break (asked, answer?);
            }
        };
        if !answer.is_good() {
            return Err(self.refused(&answer));
        }
        // Not "none of Vault's": that is asked about again, and a secret id may be good for one login.
        let odd = || Problem::NoGrant { method: self.method, mount: self.mount.as_str().to_owned() };
        let granted: Granted = answer.json().map_err(|_| odd())?;
        let grant = granted.auth.filter(|grant| !grant.client_token.is_empty()).ok_or_else(odd)?;
        let ends = (grant.lease_duration > 0).then(|| asked + Duration::from_secs(grant.lease_duration));
        let token = source::checked("token", "the login", Secret::new(grant.client_token))?;
        Ok(Login { token, who: self.who(), made: true, ends })
    }

    fn who(&self) -> String {
        format!("{} at auth/{} with {}", self.method, self.mount.as_str(), self.origin)
    }

    fn refused(&self, answer: &Answer) -> Problem {
        match answer.status {
            // Wrong secrets are 400 in most methods, 403 in others, and 404 where the mount is none.
            400 | 401 | 403 | 404 if answer.is_vaults_own() => Problem::Login {
                method: self.method,
                mount: self.mount.as_str().to_owned(),
                status: answer.status,
                origin: self.origin.clone(),
            },
            _ => answer.problem(&self.who()),
        }
    }
}
