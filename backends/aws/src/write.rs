//! Writing. A new secret is created under an id of our own, so that the same creation can be sent again; a change is a new
//! version under a private stage, and then the move of AWSCURRENT to it (`advance.rs`).

use std::time::Duration;

use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, Tag};
use aws_smithy_types::retry::RetryConfig;
use momo_cred_backend_api::{Document, Effect};
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
const PATIENCE: [Duration; 4] = [
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
fn unknown(problem: Problem) -> Failure {
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
    let mut unheard = false;
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
        unheard |= problem.is_ambiguous();
        match problem {
            Problem::Exists | Problem::State => {
                return taken(session, name, version, problem, unheard).await;
            }
            // The same creation under the same id: the service does it once.
            problem if problem.passes() && done < TIMES && rest(session, backoff(done, None)).await => {}
            problem => return Err(if unheard { unknown(problem) } else { known(problem) }),
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

/// The name is taken: by a secret that somebody made, by one without any version, or by one that was deleted. Not by an
/// earlier attempt of ours, to which the service says that all is well; but ours may have been deleted since.
async fn taken(
    session: &Session,
    name: &str,
    version: &Version<'_>,
    problem: Problem,
    unheard: bool,
) -> Result<String, Failure> {
    match describe(session, name).await.map_err(if unheard { unknown } else { known })? {
        Some(state) if state.was(&version.id) => Ok(version.id.clone()),
        Some(State { deleted: true, .. }) => Err(known(Problem::Deleted)),
        Some(State { current: Some(_), .. }) | None => Err(known(Problem::Exists)),
        // Another service's own, or a replica.
        Some(_) if problem == Problem::State => Err(known(problem)),
        Some(State { current: None, .. }) => first(session, name, version).await,
    }
}

/// A secret without any version, as Terraform makes them: the first version gets AWSCURRENT at once, whatever stage was
/// asked for. Of two writers one has it afterwards.
async fn first(session: &Session, name: &str, version: &Version<'_>) -> Result<String, Failure> {
    if put(session, name, version).await? == Put::Current {
        return Ok(version.id.clone());
    }
    let mut pauses = PATIENCE.iter();
    loop {
        let state = describe(session, name).await.map_err(unknown)?;
        match state {
            Some(state) if state.was(&version.id) => return Ok(version.id.clone()),
            Some(State { current: Some(_), .. }) => return Err(known(Problem::Exists)),
            _ => {}
        }
        match pauses.next() {
            Some(pause) if rest(session, *pause).await => {}
            _ => return Err(unknown(Problem::Lag)),
        }
    }
}

/// What became of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Put {
    /// It waits under the private stage, or nothing else is known.
    Staged,
    /// It is current, as the first of its secret.
    Current,
}

/// Puts a version under the private stage. Under one id the service does it once. Where the secret has versions the record
/// is the old one still, whatever goes wrong here.
async fn put(session: &Session, name: &str, version: &Version<'_>) -> Result<Put, Failure> {
    let client = session.client().await.map_err(known)?;
    let (mut unheard, mut lags) = (false, PATIENCE.iter().take(3));
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
                return Ok(if current { Put::Current } else { Put::Staged });
            }
            Err(problem) => problem,
        };
        unheard |= problem.is_ambiguous();
        let again = match problem {
            // A secret that was made or brought back a moment ago may not be seen everywhere.
            Problem::NotFound => match lags.next() {
                Some(pause) => rest(session, *pause).await,
                None => false,
            },
            _ => problem.passes() && done < TIMES && rest(session, backoff(done, None)).await,
        };
        if !again {
            return Err(if unheard { unknown(problem) } else { known(problem) });
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
        Ok(_) => {}
        Err((Problem::State, _)) => match restore(session, name, version, expect).await? {
            Put::Current => return Ok(version.id.clone()),
            Put::Staged => {}
        },
        // There is a current version, which stays what it is.
        Err((problem, _)) => return Err(known(problem)),
    }
    advance(session, name, &version.id, expect).await
}

/// The secret is scheduled for deletion: it is brought back, if its current version is the one that is expected.
async fn restore(session: &Session, name: &str, version: &Version<'_>, expect: &str) -> Result<Put, Failure> {
    match describe(session, name).await.map_err(known)? {
        None => return Err(known(Problem::NotFound)),
        Some(State { deleted: false, .. }) => return Err(known(Problem::State)),
        Some(State { current, .. }) if current.as_deref().unwrap_or_default() != expect => {
            return Err(known(Problem::Stale));
        }
        Some(_) => {}
    }
    let client = session.client().await.map_err(known)?;
    match session.call(client.restore_secret().secret_id(name).send()).await {
        // Another writer was faster, and the move says who of them wins.
        Ok(_) | Err(Problem::State) => {}
        Err(problem) if problem.is_ambiguous() => return Err(unknown(problem)),
        Err(problem) => return Err(known(problem)),
    }
    // From here on the old version can be read again, which is a change.
    let mut pauses = PATIENCE.iter();
    loop {
        match (put(session, name, version).await, pauses.next()) {
            (Ok(put), _) => return Ok(put),
            (Err((Problem::State, _)), Some(pause)) if rest(session, *pause).await => {}
            (Err((problem, _)), _) => return Err(unknown(problem)),
        }
    }
}
