//! What the service knows of a secret apart from its value.

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::StatusType;

use crate::session::Session;
use crate::{CURRENT, PENDING, PREVIOUS, Problem};

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
    /// It has copies in other regions.
    pub(crate) replicated: bool,
    /// Regions whose copy could not be made or brought up to date.
    pub(crate) failed_replicas: Vec<String>,
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

    fn of(output: &DescribeSecretOutput, region: Option<&str>) -> Self {
        let with = |stage: &str| {
            let stages = output.version_ids_to_stages()?;
            let has = |stages: &Vec<String>| stages.iter().any(|known| known == stage);
            stages.iter().find(|(_, stages)| has(stages)).map(|(version, _)| version.clone())
        };
        let current = with(CURRENT);
        Self {
            previous: with(PREVIOUS),
            deleted: output.deleted_date().is_some(),
            rotated: output.rotation_enabled().unwrap_or_default(),
            rotating: with(PENDING).is_some_and(|pending| Some(&pending) != current.as_ref()),
            replica: output
                .primary_region()
                .is_some_and(|primary| region.is_some_and(|region| region != primary)),
            replicated: !output.replication_status().is_empty(),
            failed_replicas: output
                .replication_status()
                .iter()
                .filter(|copy| copy.status() == Some(&StatusType::Failed))
                .filter_map(|copy| copy.region().map(str::to_owned))
                .collect(),
            current,
        }
    }
}
