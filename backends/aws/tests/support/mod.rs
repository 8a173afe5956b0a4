//! What the tests of the store share: moto, settings, documents.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, not all used by each binary"
)]

use std::sync::OnceLock;
use std::time::Duration;

use momo_cred_backend_api::{
    At, Backend, Document, Effect, Error, ErrorKind, Expect, FieldName, Lookup, RecordName, Revision, Secret,
    Stored,
};
use momo_cred_backend_aws::{AwsConfig, AwsStore, Given, Problem};
use momo_cred_transport::Deadline;
use momo_live::{Account, Moto, Tap};
use serde_json::{Value, json};

/// The server, or none where it is not installed (which fails under CI).
pub(crate) fn moto() -> Option<&'static Moto> {
    static SERVER: OnceLock<Option<Moto>> = OnceLock::new();
    SERVER.get_or_init(Moto::start).as_ref()
}

/// An account of its own for a test, behind a proxy.
pub(crate) struct OnMoto {
    pub(crate) moto: &'static Moto,
    pub(crate) account: Account,
    pub(crate) tap: Tap,
}

impl OnMoto {
    pub(crate) fn new() -> Option<Self> {
        let moto = moto()?;
        Some(Self { moto, account: moto.account(), tap: Tap::new(moto.socket()) })
    }

    pub(crate) fn config(&self) -> AwsConfig {
        let mut config = config(&self.tap.address());
        config.given = Some(Given {
            access_key_id: self.account.access_key_id.as_str().into(),
            secret_access_key: self.account.secret_access_key.as_str().into(),
            session_token: Some(self.account.session_token.as_str().into()),
        });
        config
    }

    pub(crate) fn store(&self) -> AwsStore {
        AwsStore::new(self.config())
    }

    /// The operations asked for since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.tap.requests();
        self.tap.forget();
        asked.iter().map(|line| line.trim_start_matches("POST / ").to_owned()).collect()
    }
}

/// A service that is asked as another program asks it.
pub(crate) trait Service {
    /// The answer, if it is a good one.
    fn call(&self, operation: &str, input: &Value) -> Option<Value>;
}

/// The current value of a secret, which has to be there.
pub(crate) fn current(service: &impl Service, name: &RecordName) -> Value {
    let answer = service.call("GetSecretValue", &json!({"SecretId": name.as_str()})).unwrap();
    serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap()
}

/// Puts a value as another program does, or makes the secret.
pub(crate) fn put(service: &impl Service, name: &RecordName, value: &str) {
    let token = uuid::Uuid::new_v4().to_string();
    let input =
        json!({"SecretId": name.as_str(), "SecretString": value, "ClientRequestToken": token.clone()});
    if service.call("PutSecretValue", &input).is_none() {
        let input = json!({"Name": name.as_str(), "SecretString": value, "ClientRequestToken": token});
        service.call("CreateSecret", &input).unwrap();
    }
}

/// Puts a field among those of a secret.
pub(crate) fn plant(service: &impl Service, name: &RecordName, field: &str, planted: Value) {
    let mut all = current(service, name);
    all[field] = planted;
    put(service, name, &all.to_string());
}

/// Settings with some credentials.
pub(crate) fn config(endpoint: &str) -> AwsConfig {
    AwsConfig {
        region: Some("us-east-1".to_owned()),
        profile: None,
        given: Some(Given {
            access_key_id: "AKIAABCDEFGHIJKLMNOP".into(),
            secret_access_key: "Made/Up/By/The/Tests/0123456789/abcdefgh".into(),
            session_token: None,
        }),
        endpoint: Some(endpoint.parse().unwrap()),
        kms_key_id: None,
        replica_regions: Vec::new(),
        allow_aws_rotation: false,
        program_environment: Vec::new(),
        deadline: Deadline::after(Duration::from_secs(30)),
    }
}

pub(crate) fn name(text: &str) -> RecordName {
    RecordName::new(text).unwrap()
}

pub(crate) fn document(value: &str) -> Document {
    [(FieldName::new("alpha").unwrap(), Secret::from(value))].into_iter().collect()
}

pub(crate) fn at(revision: &Revision) -> Expect {
    Expect::Revision(revision.clone())
}

pub(crate) async fn found(store: &AwsStore, name: &RecordName) -> Stored {
    match store.read(name, &At::Current).await {
        Ok(Lookup::Found(stored)) => stored,
        other => panic!("a record has to be found: {other:?}"),
    }
}

/// Asserts what is there.
pub(crate) async fn holds(store: &AwsStore, name: &RecordName, value: &str, revision: &Revision) {
    let stored = found(store, name).await;
    assert!(stored.document.same_as(&document(value)), "another content than {value}");
    assert_eq!(stored.revision, *revision);
}

#[track_caller]
pub(crate) fn assert_error<T: std::fmt::Debug>(
    answer: Result<T, Error>,
    kind: ErrorKind,
    effect: Effect,
) -> Error {
    let error = answer.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (kind, effect), "{error:?}");
    error
}

/// Our own reason for an error.
pub(crate) fn problem(error: &Error) -> Option<&Problem> {
    let reason: &(dyn std::error::Error + 'static) = error.reason()?;
    reason.downcast_ref()
}

/// Everything that a program could print of an error.
pub(crate) fn rendered(error: &Error) -> String {
    let reason = error.reason().unwrap();
    let next = reason.next().unwrap_or_default();
    let mut text = format!("{error} {error:#} {error:?} {error:#?} {reason} {reason:?} {reason:#?} {next}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text += &format!("{inner} {inner:?}");
        source = inner.source();
    }
    text
}
