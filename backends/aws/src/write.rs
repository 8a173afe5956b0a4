//! Writing. A new secret is created under an id of our own, so that the same creation can be sent again; a change is a new
//! version under a private stage, and then the move of AWSCURRENT to it (`advance.rs`).

use std::time::Duration;

use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, Tag};
use aws_smithy_types::retry::RetryConfig;
use momo_cred_backend_api::{Document, Effect, ErrorKind};
use momo_cred_transport::backoff;
use tokio::time::sleep;
use uuid::Uuid;

use crate::advance::advance;
use crate::session::Session;
use crate::state::{State, describe};
use crate::{CURRENT, Problem, STAGE};

/// The largest value of a secret, in bytes.
const MAX: usize = 65_536;
/// How often a call is made whose answer is lost.
pub(crate) const TIMES: u32 = 6;
/// How long the service may take to show what it has confirmed: all its operations are eventually consistent.
pub(crate) const PATIENCE: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(700),
    Duration::from_millis(1500),
];

/// A failure, and whether the record may have been changed all the same.
pub(crate) type Failure = (Problem, Effect);

/// The SDK's own repetition is off for writes: it would turn a move that was won into a refusal, hide that an answer was
/// lost, and it takes a quota for throttling.
pub(crate) fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}

/// A failure that changed nothing.
pub(crate) fn known(problem: Problem) -> Failure {
    (problem, Effect::NotApplied)
}

/// A failure that may have changed the record.
pub(crate) fn unknown(problem: Problem) -> Failure {
    (problem, Effect::Unknown)
}

/// A version to be written: its content, and an id that nobody else has.
pub(crate) struct Version<'a> {
    document: &'a Document,
    id: String,
}

impl<'a> Version<'a> {
    pub(crate) fn new(document: &'a Document) -> Result<Self, Problem> {
        let size = document.to_json().map_err(|not| Problem::Corrupt(not.why()))?.len();
        if size > MAX {
            return Err(Problem::TooLong { size });
        }
        Ok(Self { document, id: Uuid::new_v4().to_string() })
    }

    /// The value, which the SDK takes as a string of its own.
    fn value(&self) -> Result<String, Problem> {
        let json = self.document.to_json().map_err(|not| Problem::Corrupt(not.why()))?;
        String::from_utf8(json.to_vec()).map_err(|_| Problem::Corrupt("a value is no text"))
    }
}

/// Creates a secret.
pub(crate) async fn create(session: &Session, name: &str, version: &Version<'_>) -> Result<String, Failure> {
    let client = session.client().await.map_err(known)?;
    let mut unheard: Option<Problem> = None;
    for done in 1.. {
        let config = session.config();
        let replicas =
            config.replica_regions.iter().map(|region| ReplicaRegionType::builder().region(region).build());
        let replicas: Vec<_> = replicas.collect();
        let request = client
            .create_secret()
            .name(name)
            .client_request_token(&version.id)
            .description("A credential of the MTN MoMo Open API, kept by momo-cred")
            .secret_string(version.value().map_err(known)?)
            .set_kms_key_id(config.kms_key_id.clone())
            .tags(Tag::builder().key("managed-by").value("momo-cred").build())
            .set_add_replica_regions(Some(replicas).filter(|replicas| !replicas.is_empty()));
        let problem = match session.call(request.customize().config_override(once()).send()).await {
            Ok(_) => return Ok(version.id.clone()),
            Err(problem) => problem,
        };
        if problem.is_ambiguous() {
            unheard.get_or_insert(problem.clone());
        }
        match problem {
            Problem::Exists | Problem::State => {
                return taken(session, name, version, problem, unheard).await;
            }
            // A secret that is to be made cannot be missing: it is the key that is.
            Problem::NotFound => return Err(known(Problem::Kms("ResourceNotFoundException"))),
            // The same creation under the same id: the service does it once.
            problem => {
                if !again(session, &problem, done).await {
                    return Err(if unheard.is_some() { unknown(problem) } else { known(problem) });
                }
            }
        }
    }
    Err(known(Problem::Throttled))
}

/// Waits, if there is time for it and something after.
pub(crate) async fn rest(session: &Session, pause: Duration) -> bool {
    let worth = session.deadline().remaining().is_some_and(|left| pause < left);
    if worth {
        sleep(pause).await;
    }
    worth
}

/// Whether a call that failed so is made once more, after a rest.
pub(crate) async fn again(session: &Session, problem: &Problem, done: u32) -> bool {
    problem.passes() && done < TIMES && rest(session, backoff(done, None)).await
}

/// The name is taken: by a secret that somebody made, by one without any version, or by one that was deleted. Not by an
/// earlier attempt of ours, to which the service says that all is well; but ours may have been deleted since.
async fn taken(
    session: &Session,
    name: &str,
    version: &Version<'_>,
    problem: Problem,
    unheard: Option<Problem>,
) -> Result<String, Failure> {
    let failed = |problem| if unheard.is_some() { unknown(problem) } else { known(problem) };
    let mut pauses = PATIENCE.iter();
    loop {
        match describe(session, name).await.map_err(failed)? {
            Some(state) if state.was(&version.id) => return Ok(version.id.clone()),
            Some(State { deleted: true, .. }) => return Err(known(Problem::Deleted)),
            Some(State { current: Some(_), .. }) => return Err(known(Problem::Exists)),
            // Another service's own, or a replica.
            Some(_) if problem == Problem::State => return Err(known(problem)),
            Some(State { current: None, .. }) => return first(session, name, version).await,
            // It is there, and not everywhere yet.
            None => match pauses.next() {
                Some(pause) if rest(session, *pause).await => {}
                _ => return Err(unheard.map_or(known(problem), unknown)),
            },
        }
    }
}

/// A secret without any version, as Terraform makes them: the first version gets AWSCURRENT at once, whatever stage was
/// asked for. Of two writers one has it afterwards.
async fn first(session: &Session, name: &str, version: &Version<'_>) -> Result<String, Failure> {
    let sent = put(session, name, version).await?;
    if sent.current {
        return Ok(version.id.clone());
    }
    let mut pauses = PATIENCE.iter();
    loop {
        match describe(session, name).await.map_err(unknown)? {
            Some(state) if state.was(&version.id) => return Ok(version.id.clone()),
            // Another one was first. Unless no answer came and it is not even the second: then ours may have been before.
            Some(State { current: Some(_), previous, .. }) => {
                let told = sent.unheard.filter(|_| previous.is_some());
                return Err(told.map_or(known(Problem::Exists), unknown));
            }
            _ => {}
        }
        match pauses.next() {
            Some(pause) if rest(session, *pause).await => {}
            _ => return Err(unknown(Problem::Lag)),
        }
    }
}

/// What became of a version that was put.
struct Sent {
    /// It is current, as the first of its secret; else it waits under the private stage, or nothing else is known.
    current: bool,
    /// An answer that was lost before.
    unheard: Option<Problem>,
}

/// Puts a version under the private stage. Under one id the service does it once. Where the secret has versions the record
/// is the old one still, whatever goes wrong here.
async fn put(session: &Session, name: &str, version: &Version<'_>) -> Result<Sent, Failure> {
    let client = session.client().await.map_err(known)?;
    let (mut unheard, mut lags) = (None, PATIENCE.iter().take(3));
    for done in 1.. {
        let request = client
            .put_secret_value()
            .secret_id(name)
            .client_request_token(&version.id)
            .secret_string(version.value().map_err(known)?)
            .version_stages(STAGE);
        let problem = match session.call(request.customize().config_override(once()).send()).await {
            Ok(output) => {
                let current = output.version_stages().iter().any(|stage| stage == CURRENT);
                return Ok(Sent { current, unheard });
            }
            Err(problem) => problem,
        };
        if problem.is_ambiguous() {
            unheard.get_or_insert(problem.clone());
        }
        let again = match problem {
            // A secret that was made or brought back a moment ago may not be seen everywhere.
            Problem::NotFound => match lags.next() {
                Some(pause) => rest(session, *pause).await,
                None => false,
            },
            _ => again(session, &problem, done).await,
        };
        if !again {
            return Err(if unheard.is_some() { unknown(problem) } else { known(problem) });
        }
    }
    Err(known(Problem::Throttled))
}

/// Writes over the version that is expected.
pub(crate) async fn replace(
    session: &Session,
    name: &str,
    version: &Version<'_>,
    expect: &str,
) -> Result<String, Failure> {
    match put(session, name, version).await {
        Ok(Sent { current: false, .. }) => advance(session, name, &version.id, expect).await,
        // Nobody expects a revision where there is no version: the secret was made anew since.
        Ok(Sent { current: true, .. }) => Err(unknown(Problem::MadeAnew)),
        Err((Problem::State, _)) => over_deleted(session, name, version, expect).await,
        Err((problem, Effect::NotApplied)) => Err(known(problem)),
        // Under the private stage it changes nothing; as the first version of a secret made anew it would.
        Err((problem, Effect::Unknown)) => Err(match describe(session, name).await {
            Ok(Some(state)) if state.current.is_some() && !state.was(&version.id) => known(problem),
            _ => unknown(problem),
        }),
    }
}

/// Writes over a secret that is scheduled for deletion: it is brought back first.
async fn over_deleted(
    session: &Session,
    name: &str,
    version: &Version<'_>,
    expect: &str,
) -> Result<String, Failure> {
    restore(session, name, expect).await?;
    // From here on the old version can be read again, which is a change, unless another writer wanted just that.
    let changed = |(problem, effect): Failure| {
        if problem.kind() == ErrorKind::Conflict { (problem, effect) } else { unknown(problem) }
    };
    let mut pauses = PATIENCE.iter();
    let sent = loop {
        match (put(session, name, version).await, pauses.next()) {
            (Ok(sent), _) => break sent,
            (Err((Problem::State, _)), Some(pause)) if rest(session, *pause).await => {}
            (Err((problem, _)), _) => return Err(unknown(problem)),
        }
    };
    if sent.current {
        return Ok(version.id.clone());
    }
    advance(session, name, &version.id, expect).await.map_err(changed)
}

/// Brings a secret back, if its current version is the one that is expected.
async fn restore(session: &Session, name: &str, expect: &str) -> Result<(), Failure> {
    match describe(session, name).await.map_err(known)? {
        None => return Err(known(Problem::NotFound)),
        Some(State { deleted: false, .. }) => return Err(known(Problem::State)),
        Some(state) if state.current() != expect => return Err(known(Problem::Stale)),
        Some(_) => {}
    }
    let client = session.client().await.map_err(known)?;
    let mut unheard = false;
    for done in 1.. {
        let request = client.restore_secret().secret_id(name).customize().config_override(once());
        let problem = match session.call(request.send()).await {
            // Another writer was faster, and the move says who of them wins.
            Ok(_) | Err(Problem::State) => return Ok(()),
            Err(problem) => problem,
        };
        unheard |= problem.is_ambiguous();
        if !again(session, &problem, done).await {
            return Err(if unheard { unknown(problem) } else { known(problem) });
        }
    }
    Err(known(Problem::Throttled))
}
