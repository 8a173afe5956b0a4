//! What the service knows of a secret apart from its value.

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::StatusType;
use momo_cred_backend_api::Copies;

use crate::session::Session;
use crate::{CURRENT, PENDING, PREVIOUS, Problem};

/// What to do about a copy that has failed.
const MEND: &str = "see its StatusMessage (aws secretsmanager describe-secret), then mend it (replicate-secret-to-regions \
                    --force-overwrite-replica-secret) or take it away (remove-regions-from-replication)";

/// A secret without its value.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// The version with the stage AWSCURRENT.
    pub(crate) current: Option<String>,
    /// The version with the stage AWSPREVIOUS.
    pub(crate) previous: Option<String>,
    /// It waits for its recovery window to end.
    pub(crate) deleted: bool,
    /// AWS rotates it.
    pub(crate) rotated: bool,
    /// A rotation of AWS's own is under way.
    pub(crate) rotating: bool,
    /// It is a copy of one in another region.
    pub(crate) replica: bool,
    /// Regions whose copy is up to date, as far as this answer knows.
    pub(crate) in_sync: Vec<String>,
    /// Regions whose copy is on its way.
    pub(crate) behind: Vec<String>,
    /// Regions whose copy could not be made or brought up to date.
    pub(crate) failed: Vec<String>,
}

/// Describes a secret; `None` where there is none.
pub(crate) async fn describe(session: &Session, name: &str) -> Result<Option<State>, Problem> {
    let client = session.client().await?;
    match session.call(client.describe_secret().secret_id(name).send()).await {
        Ok(output) => Ok(Some(State::of(&output, session.region().as_deref()))),
        Err(Problem::NotFound) => Ok(None),
        Err(problem) => Err(problem),
    }
}

impl State {
    /// The version that a revision of this secret names: none at all is told as an empty one.
    pub(crate) fn current(&self) -> &str {
        self.current.as_deref().unwrap_or_default()
    }

    /// Whether a version is the current one, or was until the last change.
    pub(crate) fn was(&self, version: &str) -> bool {
        [&self.current, &self.previous].into_iter().flatten().any(|known| known == version)
    }

    /// Whether it has copies in other regions.
    pub(crate) fn is_replicated(&self) -> bool {
        !(self.in_sync.is_empty() && self.behind.is_empty() && self.failed.is_empty())
    }

    /// The copies that do not have a version. The service does not say which one a copy has: an answer that does not show
    /// the version itself was given before the copies were told of it.
    pub(crate) fn copies_of(self, version: &str) -> Copies {
        let shown = self.was(version);
        let Self { in_sync, mut behind, failed, .. } = self;
        if !shown {
            behind.extend(in_sync);
            behind.sort_unstable();
        }
        Copies { behind, mend: (!failed.is_empty()).then_some(MEND), failed }
    }

    fn of(output: &DescribeSecretOutput, region: Option<&str>) -> Self {
        let with = |stage: &str| {
            let stages = output.version_ids_to_stages()?;
            let has = |stages: &Vec<String>| stages.iter().any(|known| known == stage);
            stages.iter().find(|(_, stages)| has(stages)).map(|(version, _)| version.clone())
        };
        let current = with(CURRENT);
        let copies = |wanted: fn(Option<&StatusType>) -> bool| {
            let copies = output.replication_status().iter().filter(|copy| wanted(copy.status()));
            copies.map(|copy| region_of(copy.region())).collect::<Vec<_>>()
        };
        Self {
            previous: with(PREVIOUS),
            deleted: output.deleted_date().is_some(),
            rotated: output.rotation_enabled().unwrap_or_default(),
            rotating: with(PENDING).is_some_and(|pending| Some(&pending) != current.as_ref()),
            replica: output
                .primary_region()
                .is_some_and(|primary| region.is_some_and(|region| region != primary)),
            in_sync: copies(|status| status == Some(&StatusType::InSync)),
            behind: copies(|status| !matches!(status, Some(StatusType::InSync | StatusType::Failed))),
            failed: copies(|status| status == Some(&StatusType::Failed)),
            current,
        }
    }
}

/// The name of a region, as far as it can be one.
fn region_of(told: Option<&str>) -> String {
    let fits = |region: &&str| {
        (1..=63).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    told.filter(fits).unwrap_or("another region").to_owned()
}
