//! Writing. A new secret is created under an id of our own, so that the same creation can be sent again; a change is a new
//! version under a private stage, and then the move of AWSCURRENT to it from the version that was expected.

use std::time::Duration;

use aws_sdk_secretsmanager::types::{ReplicaRegionType, Tag};
use aws_smithy_types::retry::RetryConfig;
use momo_cred_backend_api::{Document, Effect};
use momo_cred_transport::backoff;
use tokio::time::sleep;
use uuid::Uuid;

use crate::read::{Found, read};
use crate::session::Session;
use crate::state::{State, describe};
use crate::{CURRENT, Problem, STAGE};

/// The largest value of a secret, in bytes.
const MAX: usize = 65_536;
/// How often a call is made whose answer is lost.
const TIMES: u32 = 4;
/// How long the service may take to show what it has confirmed: all its operations are eventually consistent.
const PATIENCE: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];

/// A failure, and whether the record may have been changed all the same.
pub(crate) type Failure = (Problem, Effect);

fn known(problem: Problem) -> Failure {
    (problem, Effect::NotApplied)
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
        let problem = match session.call(request.send()).await {
            Ok(_) => return Ok(version.id.clone()),
            Err(problem) => problem,
        };
        unheard |= problem.is_ambiguous();
        let effect = if unheard { Effect::Unknown } else { Effect::NotApplied };
        match problem {
            Problem::Exists | Problem::State => return taken(session, name, version, unheard).await,
            problem if !problem.passes() || done >= TIMES || !rest(session, done).await => {
                return Err((problem, effect));
            }
            // The same creation under the same id: the service does it once.
            _ => {}
        }
    }
    Err(known(Problem::Throttled))
}

async fn rest(session: &Session, done: u32) -> bool {
    let pause = backoff(done, None);
    let worth = session.deadline().remaining().is_some_and(|left| pause < left);
    if worth {
        sleep(pause).await;
    }
    worth
}

/// The name is taken: by what an earlier attempt of ours made, by somebody, by a secret without any version, or by one that
/// was deleted.
async fn taken(
    session: &Session,
    name: &str,
    version: &Version<'_>,
    unheard: bool,
) -> Result<String, Failure> {
    let unsettled = |problem| (problem, if unheard { Effect::Unknown } else { Effect::NotApplied });
    if unheard {
        match read(session, name, Some(&version.id)).await {
            Ok(Found::Record(stored)) if stored.document.same_as(version.document) => {
                return Ok(version.id.clone());
            }
            Ok(_) => {}
            Err(problem) => return Err(unsettled(problem)),
        }
    }
    match describe(session, name).await.map_err(unsettled)? {
        Some(State { deleted: true, .. }) => Err(known(Problem::Deleted)),
        Some(State { current: Some(_), .. }) | None => Err(known(Problem::Exists)),
        Some(State { current: None, .. }) => first(session, name, version).await,
    }
}

/// A secret without any version, as Terraform makes them: the first version gets AWSCURRENT at once, whatever stage was
/// asked for. Of two writers one has it afterwards.
async fn first(session: &Session, name: &str, version: &Version<'_>) -> Result<String, Failure> {
    put(session, name, version).await.map_err(known)?;
    for pause in PATIENCE {
        let state = describe(session, name).await.map_err(|problem| (problem, Effect::Unknown))?;
        match state.and_then(|state| state.current) {
            Some(current) if current == version.id => return Ok(current),
            Some(_) => return Err(known(Problem::Exists)),
            None => sleep(pause).await,
        }
    }
    Err((Problem::NotAws, Effect::Unknown))
}

/// Puts a version under the private stage. The record is the old one still: what goes wrong here changes nothing. Under
/// one id the service does it once.
async fn put(session: &Session, name: &str, version: &Version<'_>) -> Result<(), Problem> {
    let client = session.client().await?;
    for done in 1.. {
        let request = client
            .put_secret_value()
            .secret_id(name)
            .client_request_token(&version.id)
            .secret_string(version.value()?)
            .version_stages(STAGE);
        let problem = match session.call(request.send()).await {
            Ok(_) => return Ok(()),
            Err(problem) => problem,
        };
        if !problem.passes() || done >= TIMES || !rest(session, done).await {
            return Err(problem);
        }
    }
    Err(Problem::Throttled)
}

/// Writes over the version that is expected.
pub(crate) async fn replace(
    session: &Session,
    name: &str,
    version: &Version<'_>,
    expect: &str,
) -> Result<String, Failure> {
    match put(session, name, version).await {
        Ok(()) => {}
        Err(Problem::NotFound) => return Err(known(Problem::NotFound)),
        Err(Problem::State) => restore(session, name, version, expect).await?,
        Err(problem) => return Err(known(problem)),
    }
    advance(session, name, &version.id, expect).await
}

/// The secret is scheduled for deletion: it is brought back, if its current version is the one that is expected.
async fn restore(session: &Session, name: &str, version: &Version<'_>, expect: &str) -> Result<(), Failure> {
    match describe(session, name).await.map_err(known)? {
        None => return Err(known(Problem::NotFound)),
        Some(State { deleted: false, .. }) => return Err(known(Problem::State)),
        Some(State { current, .. }) if current.as_deref() != Some(expect) => {
            return Err(known(Problem::Stale));
        }
        Some(_) => {}
    }
    let client = session.client().await.map_err(known)?;
    session.call(client.restore_secret().secret_id(name).send()).await.map_err(known)?;
    put(session, name, version).await.map_err(known)
}

/// Moves AWSCURRENT: the compare-and-swap. The SDK's own repetition is off, for it would turn a move that was won into a
/// refusal: what became of ours is looked at instead.
async fn advance(session: &Session, name: &str, ours: &str, expect: &str) -> Result<String, Failure> {
    let client = session.client().await.map_err(known)?;
    let mut unheard = false;
    for done in 1.. {
        let request = client
            .update_secret_version_stage()
            .secret_id(name)
            .version_stage(CURRENT)
            .move_to_version_id(ours)
            .remove_from_version_id(expect)
            .customize()
            .config_override(
                aws_sdk_secretsmanager::config::Builder::new().retry_config(RetryConfig::disabled()),
            );
        let problem = match session.call(request.send()).await {
            Ok(_) => return Ok(ours.to_owned()),
            Err(problem) => problem,
        };
        unheard |= problem.is_ambiguous();
        let effect = if unheard { Effect::Unknown } else { Effect::NotApplied };
        // Refused for its parameters, its state, or not heard of: who has the stage, or had it?
        match describe(session, name).await {
            Ok(Some(State { current, previous, .. }))
                if current.as_deref() == Some(ours) || previous.as_deref() == Some(ours) =>
            {
                return Ok(ours.to_owned());
            }
            Ok(Some(State { deleted: true, .. })) => return Err(known(Problem::Deleted)),
            Ok(None) => return Err(known(Problem::NotFound)),
            // Another one is current, and ours never was: it cannot become so any more.
            Ok(Some(State { current, .. })) if current.as_deref() != Some(expect) => {
                return Err(known(Problem::Stale));
            }
            Ok(Some(_)) => {}
            Err(_) => return Err((problem, effect)),
        }
        let stale = matches!(problem, Problem::Refused(_));
        // What was read may lag behind what the move was refused for.
        if !(problem.passes() || stale) || done >= TIMES || !rest(session, done).await {
            return Err(if stale && !unheard { known(Problem::Stale) } else { (problem, effect) });
        }
    }
    Err(known(Problem::Throttled))
}
