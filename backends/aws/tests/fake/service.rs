//! The operations, as the API reference tells them
//! (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html>).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::listing::page;
use super::secret::{Secret, Version};

/// An answer that is an error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
}

impl Fault {
    pub(crate) const NOT_FOUND: Self = Self::of("ResourceNotFoundException");
    pub(crate) const EXISTS: Self = Self::of("ResourceExistsException");
    pub(crate) const PARAMETER: Self = Self::of("InvalidParameterException");
    pub(crate) const STATE: Self = Self::of("InvalidRequestException");
    pub(crate) const LIMIT: Self = Self::of("LimitExceededException");
    pub(crate) const DENIED: Self = Self::of("AccessDeniedException");

    const fn of(code: &'static str) -> Self {
        Self { code, status: 400 }
    }
}

type Answer = Result<Value, Fault>;

#[derive(Default)]
pub(crate) struct Service {
    secrets: BTreeMap<String, Secret>,
    denied: BTreeSet<String>,
    /// What the identity may do, as IAM names it; everything where nothing is said.
    pub(crate) rights: Option<BTreeSet<String>>,
    /// How many reads after each change see what was before it.
    pub(crate) lag: usize,
    /// What reads see for a while, and for how many of them.
    lagging: BTreeMap<String, (Option<Secret>, usize)>,
    /// How far its clock is ahead, in seconds.
    pub(crate) ahead: f64,
    ticks: u32,
    others: u32,
}

impl Service {
    pub(crate) fn secret(&mut self, name: &str) -> &mut Secret {
        self.secrets.get_mut(name).unwrap()
    }

    pub(crate) fn deny(&mut self, name: &str) {
        self.denied.insert(name.to_owned());
    }

    /// Takes the versions without a stage, as the service may at any time.
    pub(crate) fn collect(&mut self, name: &str) {
        self.secret(name).versions.retain(|version| !version.stages.is_empty());
    }

    /// Others write over what is current, and let the version of before go.
    pub(crate) fn others_write(&mut self, name: &str, times: u32) {
        for _ in 0..times {
            self.others += 1;
            let (id, now) = (format!("{:032}", self.others), self.now());
            let value = json!({"alpha": format!("other {}", self.others)}).to_string();
            self.secret(name).put(&id, &value, &["AWSCURRENT".to_owned()], now).unwrap();
        }
    }

    fn now(&mut self) -> f64 {
        // Two versions never have one date.
        self.ticks += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        now + self.ahead + f64::from(self.ticks) / 1e4
    }

    pub(crate) fn date(&mut self) -> String {
        #[expect(clippy::cast_possible_truncation, reason = "a date of this century")]
        let at = jiff::Timestamp::from_second(self.now() as i64).unwrap();
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap()
    }

    /// As a client sees it: reads may lag, and changes start a lag.
    pub(crate) fn serve(&mut self, operation: &str, input: &Value) -> Answer {
        let implied = [("Tags", "TagResource"), ("AddReplicaRegions", "ReplicateSecretToRegions")];
        let implied = implied.into_iter().filter(|(key, _)| input[key].is_array()).map(|(_, right)| right);
        if let Some(rights) = &self.rights
            && !implied.chain([operation]).all(|right| rights.contains(right))
        {
            return Err(Fault::DENIED);
        }
        let name = input["SecretId"].as_str().or(input["Name"].as_str()).unwrap_or_default().to_owned();
        if matches!(operation, "GetSecretValue" | "DescribeSecret")
            && let Some((before, left)) = self.lagging.remove(&name)
            && left > 0
        {
            let now = self.replace(&name, before.clone());
            let answer = self.call(operation, input);
            self.replace(&name, now);
            self.lagging.insert(name, (before, left - 1));
            return answer;
        }
        let before = self.secrets.get(&name).cloned();
        let answer = self.call(operation, input);
        if self.lag > 0
            && answer.is_ok()
            && matches!(
                operation,
                "CreateSecret"
                    | "UpdateSecretVersionStage"
                    | "PutSecretValue"
                    | "DeleteSecret"
                    | "RestoreSecret"
            )
        {
            // Who reads late sees what was there before the first of several changes.
            let before =
                self.lagging.remove(&name).filter(|(_, left)| *left > 0).map_or(before, |(old, _)| old);
            self.lagging.insert(name, (before, self.lag));
        }
        answer
    }

    fn replace(&mut self, name: &str, by: Option<Secret>) -> Option<Secret> {
        match by {
            Some(secret) => self.secrets.insert(name.to_owned(), secret),
            None => self.secrets.remove(name),
        }
    }

    /// Without any lag.
    pub(crate) fn call(&mut self, operation: &str, input: &Value) -> Answer {
        let text = |key: &str| input[key].as_str();
        let name = text("SecretId").or(text("Name")).unwrap_or_default();
        if self.denied.contains(name) {
            return Err(Fault::DENIED);
        }
        if text("VersionId").is_some_and(|id| !(32..=64).contains(&id.len())) {
            return Err(Fault::of("ValidationException"));
        }
        match operation {
            "CreateSecret" => self.create(name, input),
            "GetSecretValue" => self.get(name, text("VersionId"), text("VersionStage")),
            "PutSecretValue" => self.put(name, input),
            "UpdateSecretVersionStage" => {
                let stage = text("VersionStage").ok_or(Fault::PARAMETER)?.to_owned();
                let secret = self.live(name)?;
                secret.move_stage(&stage, text("MoveToVersionId"), text("RemoveFromVersionId"))?;
                Ok(json!({"ARN": arn(name), "Name": name}))
            }
            "DescribeSecret" => {
                let secret = self.secrets.get(name).ok_or(Fault::NOT_FOUND)?;
                Ok(json!({
                    "ARN": arn(name),
                    "Name": name,
                    "DeletedDate": secret.deleted,
                    "RotationEnabled": secret.rotation_enabled,
                    "PrimaryRegion": secret.primary_region,
                    "ReplicationStatus": secret.replicas.iter().map(|(region, status)| json!({"Region": region, "Status": status})).collect::<Vec<_>>(),
                    "VersionIdsToStages": stages(secret),
                }))
            }
            "DeleteSecret" => self.delete(name, input),
            "RestoreSecret" => {
                self.secrets.get_mut(name).ok_or(Fault::NOT_FOUND)?.deleted = None;
                Ok(json!({"ARN": arn(name), "Name": name}))
            }
            "BatchGetSecretValue" => self.batch(input),
            "ListSecrets" => self.list(input),
            "ListSecretVersionIds" => self.versions(name, input),
            _ => Err(Fault::of("UnknownOperationException")),
        }
    }

    /// A secret that is not scheduled for deletion, for a change.
    fn live(&mut self, name: &str) -> Result<&mut Secret, Fault> {
        let secret = self.secrets.get_mut(name).ok_or(Fault::NOT_FOUND)?;
        let replica = secret.primary_region.as_deref().is_some_and(|region| region != "us-east-1");
        if secret.deleted.is_some() || replica { Err(Fault::STATE) } else { Ok(secret) }
    }

    fn create(&mut self, name: &str, input: &Value) -> Answer {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b);
        if name.is_empty() || name.len() > 512 || !name.bytes().all(plain) {
            return Err(Fault::of("ValidationException"));
        }
        let value = input["SecretString"].as_str();
        let token = token(input)?;
        let answer = json!({"ARN": arn(name), "Name": name, "VersionId": token});
        if let Some(secret) = self.secrets.get(name) {
            if secret.deleted.is_some() {
                return Err(Fault::STATE);
            }
            let replayed = value.and_then(|value| secret.replayed(&token, value));
            return replayed.unwrap_or(Err(Fault::EXISTS)).map(|()| answer);
        }
        let regions = input["AddReplicaRegions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let regions = regions.iter().filter_map(|replica| replica["Region"].as_str());
        let mut secret = Secret {
            kms_key_id: input["KmsKeyId"].as_str().map(str::to_owned),
            description: input["Description"].as_str().unwrap_or_default().to_owned(),
            tags: input["Tags"].clone(),
            replicas: regions.map(|region| (region.to_owned(), "InSync")).collect(),
            ..Secret::default()
        };
        if let Some(value) = value {
            let now = self.now();
            secret.put(&token, checked(value)?, &["AWSCURRENT".to_owned()], now)?;
        }
        self.secrets.insert(name.to_owned(), secret);
        Ok(answer)
    }

    fn get(&self, name: &str, id: Option<&str>, stage: Option<&str>) -> Answer {
        let secret = self.secrets.get(name).ok_or(Fault::NOT_FOUND)?;
        if secret.deleted.is_some() {
            return Err(Fault::STATE);
        }
        let version = match (id, stage) {
            (Some(id), None) => secret.version(id),
            (Some(id), Some(stage)) => secret.version(id).filter(|version| version.stages.contains(stage)),
            (None, stage) => secret.with(stage.unwrap_or("AWSCURRENT")),
        };
        Ok(value_of(name, version.ok_or(Fault::NOT_FOUND)?))
    }

    fn put(&mut self, name: &str, input: &Value) -> Answer {
        let now = self.now();
        let (token, value) = (token(input)?, input["SecretString"].as_str().ok_or(Fault::PARAMETER)?);
        let stages = input["VersionStages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut stages: Vec<_> = stages.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if stages.is_empty() {
            stages.push("AWSCURRENT".to_owned());
        }
        let value = checked(value)?;
        let secret = self.live(name)?;
        match secret.replayed(&token, value) {
            Some(replayed) => replayed?,
            None => secret.put(&token, value, &stages, now)?,
        }
        let stages = secret.version(&token).map(|version| &version.stages);
        Ok(json!({"ARN": arn(name), "Name": name, "VersionId": token, "VersionStages": stages}))
    }

    fn delete(&mut self, name: &str, input: &Value) -> Answer {
        let (force, days) =
            (input["ForceDeleteWithoutRecovery"] == true, input["RecoveryWindowInDays"].as_i64());
        if force && days.is_some() || days.is_some_and(|days| !(7..=30).contains(&days)) {
            return Err(Fault::PARAMETER);
        }
        let answer = json!({"ARN": arn(name), "Name": name});
        if self.secrets.get(name).is_some_and(|secret| !secret.replicas.is_empty()) {
            return Err(Fault::STATE);
        }
        if force {
            self.secrets.remove(name);
            return Ok(answer);
        }
        let now = self.now();
        let secret = self.live(name)?;
        (secret.deleted, secret.window) = (Some(now), days);
        Ok(answer)
    }

    fn batch(&self, input: &Value) -> Answer {
        let names = input["SecretIdList"].as_array().ok_or(Fault::PARAMETER)?;
        if names.is_empty() || names.len() > 20 {
            return Err(Fault::of("ValidationException"));
        }
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for name in names.iter().filter_map(Value::as_str) {
            let denied = self.denied.contains(name).then_some(Err(Fault::DENIED));
            match denied.unwrap_or_else(|| self.get(name, None, None)) {
                Ok(value) => values.push(value),
                Err(fault) => errors.push(json!({"SecretId": name, "ErrorCode": fault.code, "Message": "x"})),
            }
        }
        Ok(json!({"SecretValues": values, "Errors": errors}))
    }

    fn list(&self, input: &Value) -> Answer {
        let prefix = input["Filters"][0]["Values"][0].as_str().unwrap_or_default().to_ascii_lowercase();
        let live = |(name, secret): &(&String, &Secret)| {
            secret.deleted.is_none() && name.to_ascii_lowercase().starts_with(&prefix)
        };
        let entry = |(name, secret): (&String, &Secret)| json!({"ARN": arn(name), "Name": name, "SecretVersionsToStages": stages(secret)});
        Ok(page("SecretList", self.secrets.iter().filter(live).map(entry).collect(), input))
    }

    fn versions(&self, name: &str, input: &Value) -> Answer {
        let secret = self.secrets.get(name).ok_or(Fault::NOT_FOUND)?;
        let deprecated = input["IncludeDeprecated"] == true;
        let shown = secret.versions.iter().filter(|version| deprecated || !version.stages.is_empty());
        let entry = |version: &Version| json!({"VersionId": version.id, "VersionStages": version.stages, "CreatedDate": version.made});
        Ok(page("Versions", shown.map(entry).collect(), input))
    }
}

fn value_of(name: &str, version: &Version) -> Value {
    json!({
        "ARN": arn(name),
        "Name": name,
        "VersionId": version.id,
        "SecretString": version.value,
        "VersionStages": version.stages,
        "CreatedDate": version.made,
    })
}

fn stages(secret: &Secret) -> Value {
    let with = secret.versions.iter().filter(|version| !version.stages.is_empty());
    with.map(|version| (version.id.clone(), json!(version.stages))).collect::<serde_json::Map<_, _>>().into()
}

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:111122223333:secret:{name}-AbCdEf")
}

fn token(input: &Value) -> Result<String, Fault> {
    let token = input["ClientRequestToken"].as_str().unwrap_or("00000000-made-by-the-service-itself");
    if (32..=64).contains(&token.len()) {
        Ok(token.to_owned())
    } else {
        Err(Fault::of("ValidationException"))
    }
}

fn checked(value: &str) -> Result<&str, Fault> {
    if (1..=65_536).contains(&value.len()) { Ok(value) } else { Err(Fault::of("ValidationException")) }
}
