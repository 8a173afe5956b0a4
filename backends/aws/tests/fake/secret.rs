//! One secret: its versions and the rules of their stages.

use std::collections::BTreeSet;

use super::service::Fault;

/// Stages that all versions of a secret may have together.
const STAGES: usize = 20;
/// About how many versions a secret can have before those without a stage are collected.
const VERSIONS: usize = 100;
/// Versions younger than this are not collected.
const YOUNG: f64 = 24.0 * 3600.0;

#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) value: String,
    pub(crate) stages: BTreeSet<String>,
    pub(crate) made: f64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Secret {
    /// Oldest first.
    pub(crate) versions: Vec<Version>,
    pub(crate) deleted: Option<f64>,
    pub(crate) rotation_enabled: bool,
    pub(crate) primary_region: Option<String>,
    pub(crate) kms_key_id: Option<String>,
    pub(crate) description: String,
    pub(crate) tags: serde_json::Value,
    /// Regions with a copy, and how it is.
    pub(crate) replicas: Vec<(String, &'static str)>,
    /// The days that were asked for when it was scheduled for deletion.
    pub(crate) window: Option<i64>,
}

impl Secret {
    pub(crate) fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == id)
    }

    pub(crate) fn with(&self, stage: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.stages.contains(stage))
    }

    pub(crate) fn current(&self) -> Option<String> {
        self.with("AWSCURRENT").map(|version| version.id.clone())
    }

    /// A token that was used already: the same content is done already, another is refused.
    pub(crate) fn replayed(&self, token: &str, value: &str) -> Option<Result<(), Fault>> {
        let version = self.version(token)?;
        Some(if version.value == value { Ok(()) } else { Err(Fault::EXISTS) })
    }

    /// Adds a version. Stages that others have are taken from them; the first version is always the current one.
    pub(crate) fn put(&mut self, id: &str, value: &str, stages: &[String], now: f64) -> Result<(), Fault> {
        if self.versions.len() >= VERSIONS {
            self.versions.retain(|version| !version.stages.is_empty() || now - version.made < YOUNG);
        }
        let mut all: BTreeSet<&String> = self.versions.iter().flat_map(|version| &version.stages).collect();
        all.extend(stages);
        if self.versions.len() >= VERSIONS || all.len() > STAGES || stages.len() > STAGES {
            return Err(Fault::LIMIT);
        }
        let first = self.current().is_none();
        self.versions.push(Version {
            id: id.to_owned(),
            value: value.to_owned(),
            stages: BTreeSet::new(),
            made: now,
        });
        for stage in stages {
            if stage == "AWSCURRENT" {
                self.make_current(id);
            } else {
                self.give(stage, id);
            }
        }
        if first {
            self.make_current(id);
        }
        Ok(())
    }

    /// Moves a stage: who has it has to be named.
    pub(crate) fn move_stage(
        &mut self,
        stage: &str,
        to: Option<&str>,
        from: Option<&str>,
    ) -> Result<(), Fault> {
        if [to, from].into_iter().flatten().any(|id| self.version(id).is_none()) {
            return Err(Fault::NOT_FOUND);
        }
        let holder = self.with(stage).map(|version| version.id.clone());
        if holder.as_deref() != from && (from.is_some() || holder.as_deref() != to) {
            return Err(Fault::PARAMETER);
        }
        match to {
            // Every secret has a current version.
            None if stage == "AWSCURRENT" => return Err(Fault::PARAMETER),
            None => self.versions.iter_mut().for_each(|version| _ = version.stages.remove(stage)),
            Some(to) if stage == "AWSCURRENT" => self.make_current(to),
            Some(to) => self.give(stage, to),
        }
        Ok(())
    }

    fn make_current(&mut self, id: &str) {
        match self.current() {
            Some(old) if old == id => return,
            Some(old) => self.give("AWSPREVIOUS", &old),
            None => {}
        }
        self.give("AWSCURRENT", id);
        for version in self.versions.iter_mut().filter(|version| version.id == id) {
            version.stages.remove("AWSPREVIOUS");
        }
    }

    fn give(&mut self, stage: &str, id: &str) {
        for version in &mut self.versions {
            if version.id == id {
                version.stages.insert(stage.to_owned());
            } else {
                version.stages.remove(stage);
            }
        }
    }
}
