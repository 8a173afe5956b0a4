//! Who we are at the server: logs in once, confirms the namespace, logs in again once if the token ends on the way, and
//! revokes what it made.

use std::sync::Arc;
use std::time::{Duration, Instant};

use momo_cred_backend_api::{Notice, Notices};
use serde::Deserialize;
use tokio::sync::Mutex;
use vaultrs::api::token::requests::{LookupTokenSelfRequest, RenewTokenSelfRequest, RevokeTokenSelfRequest};

use crate::Problem;
use crate::answer::{Answer, Data};
use crate::auth::{self, Login};
use crate::call::Call;
use crate::config::{Auth, Namespace, VaultConfig};
use crate::wire::{Again, Wire};

/// How long tidying up may take, and how long where no time is left.
const PARTING: Duration = Duration::from_secs(2);
const LAST: Duration = Duration::from_millis(500);

/// What a renewed token lives beyond the work, in seconds.
const RESERVE: u64 = 10;

/// A login that all calls of a handle share.
pub(crate) struct Session {
    wire: Wire,
    auth: Auth,
    namespace: Option<Namespace>,
    revoke: bool,
    state: Mutex<State>,
    pub(crate) notices: Arc<Notices>,
}

#[derive(Debug, Default)]
struct State {
    login: Option<Arc<Login>>,
    /// Why there is none. Not tried again: servers lock accounts after a few failures.
    failed: Option<Problem>,
    /// A second login was made, or tried.
    renewed: bool,
}

/// An answer, and who asked.
pub(crate) struct Heard {
    pub(crate) answer: Answer,
    login: Arc<Login>,
}

impl Heard {
    /// What a bad answer means.
    pub(crate) fn problem(&self) -> Problem {
        self.answer.problem(&self.login.who)
    }

    /// The answer, if it is a good one.
    pub(crate) fn good(self) -> Result<Answer, Problem> {
        if self.answer.is_good() { Ok(self.answer) } else { Err(self.problem()) }
    }
}

/// What the server says of a token. Has no `Debug`: the answer holds the token.
#[derive(Deserialize)]
pub(crate) struct Looked {
    /// Seconds that are left; 0 for one that never ends.
    #[serde(default)]
    pub(crate) ttl: u64,
    pub(crate) renewable: Option<bool>,
    pub(crate) namespace_path: Option<String>,
    #[serde(default)]
    pub(crate) policies: Vec<String>,
}

impl Session {
    pub(crate) fn new(config: VaultConfig, notices: Arc<Notices>) -> Result<Self, Problem> {
        let wire = Wire::new(&config)?;
        let VaultConfig { auth, namespace, revoke, .. } = config;
        Ok(Self { wire, auth, namespace, revoke, state: Mutex::default(), notices })
    }

    /// The server, and the namespace in it.
    pub(crate) fn whereabouts(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{}, namespace {}", self.wire.server(), namespace.as_str()),
            None => self.wire.server().to_owned(),
        }
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Makes a call as who we are. A token that ended on the way is replaced once.
    pub(crate) async fn send(&self, call: &Call, again: Again) -> Result<Heard, Problem> {
        let login = self.login().await?;
        let answer = self.wire.send(call, Some(&login.token), again).await?;
        let over = login.ends.is_some_and(|ends| ends <= Instant::now());
        if (answer.refuses_token() || answer.status == 403 && over)
            && let Some(login) = self.renew(&login).await?
        {
            // A refused token means that nothing was done: any call may be made again.
            let answer = self.wire.send(call, Some(&login.token), again).await?;
            return Ok(Heard { answer, login });
        }
        Ok(Heard { answer, login })
    }

    /// The login, made with the first call.
    pub(crate) async fn login(&self) -> Result<Arc<Login>, Problem> {
        let mut state = self.state.lock().await;
        if let Some(login) = &state.login {
            return Ok(Arc::clone(login));
        }
        if let Some(problem) = &state.failed {
            return Err(problem.clone());
        }
        let entered = match auth::login(&self.auth, &self.wire).await {
            Ok(login) => {
                self.notices.add(Notice::Detail(format!("logged in to Vault by {}", login.who)));
                self.enter(&mut state, Arc::new(login)).await
            }
            Err(problem) => Err(problem),
        };
        state.failed = entered.as_ref().err().cloned();
        entered
    }

    /// Keeps a login, before its namespace is confirmed, so that it is revoked all the same.
    async fn enter(&self, state: &mut State, login: Arc<Login>) -> Result<Arc<Login>, Problem> {
        state.login = Some(Arc::clone(&login));
        if let Some(namespace) = &self.namespace
            && let Err(problem) = self.confirm(&login, namespace).await
        {
            self.part(state).await;
            return Err(problem);
        }
        Ok(login)
    }

    /// Logs in a second time, where that brings another token.
    async fn renew(&self, ended: &Arc<Login>) -> Result<Option<Arc<Login>>, Problem> {
        let mut state = self.state.lock().await;
        if let Some(login) = state.login.as_ref().filter(|login| !Arc::ptr_eq(login, ended)) {
            return Ok(Some(Arc::clone(login)));
        }
        if std::mem::replace(&mut state.renewed, true) {
            return Ok(None);
        }
        let login = match auth::login(&self.auth, &self.wire).await {
            Ok(login) if !login.token.same_as(&ended.token) => Arc::new(login),
            // What is told is that the first one ended: a given token is what it is, a secret id may be used up.
            Ok(_) | Err(Problem::Login { .. } | Problem::Wrapped { .. } | Problem::Source { .. }) => {
                return Ok(None);
            }
            Err(problem) => return Err(problem),
        };
        self.notices.add(Notice::Detail(format!("the token ended; logged in again by {}", login.who)));
        self.enter(&mut state, login).await.map(Some)
    }

    /// The community server ignores the header and answers from the root namespace: another team's secret.
    async fn confirm(&self, login: &Login, namespace: &Namespace) -> Result<(), Problem> {
        let fault = |why| Err(Problem::Namespace { namespace: namespace.as_str().to_owned(), why });
        let answer = self.wire.send(&look_up(), Some(&login.token), Again::Safe).await?;
        match answer.status {
            200 => {}
            // A token that is refused as such is another matter than one without this right.
            403 if !answer.refuses_token() && answer.is_vaults_own() => {
                return fault("the token may not look itself up (read on auth/token/lookup-self)");
            }
            _ => return Err(answer.problem(&login.who)),
        }
        let looked: Data<Looked> = answer.json()?;
        match looked.data.namespace_path.as_deref().map(|path| path.trim_matches('/')) {
            Some(path) if path == namespace.as_str() => Ok(()),
            None | Some("") => fault("it answers from its root namespace"),
            Some(_) => fault("the token belongs to another one"),
        }
    }

    /// What the server says of our token.
    pub(crate) async fn look(&self) -> Result<Looked, Problem> {
        let answer = self.send(&look_up(), Again::Safe).await?.good()?;
        answer.json::<Data<Looked>>().map(|looked| looked.data)
    }

    /// Makes sure that the token outlives the work ahead: a claim that cannot be published helps nobody. A login of ours
    /// that lasts is fine as it is; a shorter one, and a token that was given, is asked about and renewed where it may be.
    pub(crate) async fn outlives_the_work(&self) -> Result<(), Problem> {
        let login = self.login().await?;
        let work = self.wire.deadline().total().as_secs();
        let enough = |ends: Instant| ends >= Instant::now() + Duration::from_secs(work);
        // A login of ours said how long it is good for.
        if login.made && login.ends.is_none_or(enough) {
            return Ok(());
        }
        let looked = match self.look().await {
            Ok(looked) => looked,
            Err(Problem::Denied { .. }) => {
                let text = "the token may not look itself up, so it is not known how long it lives";
                self.notices.add(Notice::Detail(text.to_owned()));
                return Ok(());
            }
            Err(problem) => return Err(problem),
        };
        let mut ttl = looked.ttl;
        // Without a wish the server renews for as long as it did at first, which is no shorter than any wish of ours.
        for wish in [None, Some(format!("{}s", work + RESERVE))] {
            if ttl == 0 || ttl >= work {
                return Ok(());
            }
            let renew = Call::of(&RenewTokenSelfRequest { increment: wish });
            if looked.renewable == Some(true) && self.send(&renew, Again::Never).await?.answer.is_good() {
                ttl = self.look().await?.ttl;
            }
        }
        if ttl == 0 || ttl >= work {
            return Ok(());
        }
        if login.made && !self.is_wrapped() {
            let text = format!("the token lives for {ttl} s; another login is made when it ends");
            self.notices.add(Notice::Detail(text));
            return Ok(());
        }
        Err(Problem::ShortLived { ttl, work, who: login.who.clone() })
    }

    /// Whether logging in uses something up that is there once: a wrapped secret id.
    pub(crate) fn is_wrapped(&self) -> bool {
        matches!(self.auth, Auth::AppRole { wrapped: Some(_), .. })
    }

    /// Revokes a token that logging in made.
    pub(crate) async fn close(&self) {
        let mut state = self.state.lock().await;
        self.part(&mut state).await;
    }

    async fn part(&self, state: &mut State) {
        let Some(login) = state.login.take().filter(|login| login.made && self.revoke) else { return };
        let revoke = Call::of(&RevokeTokenSelfRequest {});
        let within = self.wire.deadline().remaining().unwrap_or_default().clamp(LAST, PARTING);
        let revoked = self.wire.part(&revoke, &login.token, within).await;
        if !revoked.is_ok_and(|answer| answer.is_good() || answer.status == 403) {
            let text = "the token that this run made could not be revoked; it ends by itself";
            self.notices.add(Notice::Mend(text.to_owned()));
        }
    }
}

fn look_up() -> Call {
    Call::of(&LookupTokenSelfRequest {})
}
