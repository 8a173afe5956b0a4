//! What `doctor` is told of a server, a login and a record.

use momo_cred_backend_api::{ErrorKind, Finding, Reason, RecordName, Verdict};
use momo_cred_transport::reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use vaultrs::api::kv2::requests::{ReadConfigurationRequest, ReadSecretMetadataRequest};
use vaultrs::api::kv2::responses::{ReadConfigurationResponse, ReadSecretMetadataResponse};

use crate::answer::Data;
use crate::call::Call;
use crate::engine::Engine;
use crate::kv2::{self, Current};
use crate::session::Session;
use crate::wire::Again;
use crate::{KvVersion, Problem, VaultStore, kv1};

/// How many versions a record keeps at least, so that a few rotations can be gone back: each writes two.
const ENOUGH: u64 = 10;

pub(crate) async fn examine(store: &VaultStore, name: &RecordName) -> Vec<Finding> {
    let session = &store.session;
    let mut findings = Vec::new();
    if let Err(problem) = store.engines.guess(name) {
        return vec![bad("path", &problem)];
    }
    findings.push(server(store).await);
    if findings.iter().any(|finding| matches!(finding.verdict, Verdict::Bad(_))) {
        return findings;
    }
    if session.is_wrapped() {
        let text = "the secret id is response-wrapped and can be opened once: left to the run that needs it";
        findings.push(Finding::new("login", Verdict::Told, text));
        return findings;
    }
    match session.login().await {
        Ok(login) => findings.push(Finding::new("login", Verdict::Good, format!("by {}", login.who))),
        Err(problem) => {
            findings.push(bad("login", &problem));
            return findings;
        }
    }
    findings.push(token(session).await);
    // A token that is none would be told once more by each question that follows.
    if findings.iter().any(|finding| matches!(finding.verdict, Verdict::Bad(_))) {
        return findings;
    }
    let engine = match store.engines.sure(name, session).await {
        Ok(engine) => engine,
        Err(problem) => {
            findings.push(bad("engine", &problem));
            return findings;
        }
    };
    findings.push(version(&engine));
    findings.push(record(session, &engine).await);
    if engine.version == KvVersion::V2 {
        findings.push(rights(session, &engine).await);
        findings.extend(retention(session, &engine).await);
    }
    findings
}

fn bad(about: &'static str, problem: &Problem) -> Finding {
    let finding = Finding::new(about, Verdict::Bad(problem.kind()), problem.to_string());
    match problem.next() {
        Some(next) => finding.next(next),
        None => finding,
    }
}

#[derive(Deserialize)]
struct Health {
    sealed: bool,
}

/// Asks for the server's health, which takes no login
/// (<https://developer.hashicorp.com/vault/api-docs/system/health>).
async fn server(store: &VaultStore) -> Finding {
    let mut call = Call::get("sys/health".to_owned());
    call.query = Some("standbyok=true&perfstandbyok=true".to_owned());
    let told = |verdict, what: &str| Finding::new("server", verdict, format!("{} {what}", store.address));
    match store.session.wire().once(&call, None).await {
        Err(problem) => bad("server", &problem),
        Ok(answer) => match (answer.status, answer.json::<Health>()) {
            (200, Ok(_)) => told(Verdict::Good, "answers"),
            (200, Err(problem)) => bad("server", &problem),
            (501, _) => told(Verdict::Bad(ErrorKind::Unavailable), "was never initialised")
                .next("initialise it (vault operator init)"),
            (503, Ok(Health { sealed: true })) => bad("server", &Problem::Sealed),
            (503, _) => bad("server", &Problem::Unavailable(503)),
            // A load balancer may keep the path from us; the calls that follow tell more.
            (status, _) => told(Verdict::Told, &format!("does not tell its health (status {status})")),
        },
    }
}

async fn token(session: &Session) -> Finding {
    match session.look().await {
        Err(Problem::Denied { .. }) => Finding::new(
            "token",
            Verdict::Told,
            "it may not look itself up, so it is not known how long it lives",
        ),
        Err(problem) => bad("token", &problem),
        Ok(looked) if looked.policies.iter().any(|policy| policy == "root") => {
            Finding::new("token", Verdict::Mend, "it is a root token, which may do everything")
                .next("use one with a small policy: the README of the Vault backend has them")
        }
        Ok(looked) if looked.ttl == 0 => Finding::new("token", Verdict::Good, "it does not end"),
        Ok(looked) => {
            let renewable = if looked.renewable == Some(true) { ", and can be renewed" } else { "" };
            Finding::new("token", Verdict::Good, format!("it lives for {} s more{renewable}", looked.ttl))
        }
    }
}

fn version(engine: &Engine) -> Finding {
    let mount = &engine.place.mount;
    match engine.version {
        KvVersion::V2 => Finding::new("engine", Verdict::Good, format!("{mount} is KV version 2")),
        KvVersion::V1 => {
            let text = format!("{mount} is KV version 1, which has no compare-and-swap and no history");
            Finding::new("engine", Verdict::Mend, text).next("move to version 2 (vault kv enable-versioning)")
        }
    }
}

async fn record(session: &Session, engine: &Engine) -> Finding {
    let told = |text: String| Finding::new("record", Verdict::Told, text);
    let current = match engine.version {
        KvVersion::V2 => kv2::read(session, &engine.place, None).await.and_then(|found| match found {
            kv2::Found::Record(stored) => Ok(Current::Live(kv2::version(&stored.revision)?)),
            kv2::Found::Deleted(version) => Ok(Current::Deleted(version)),
            kv2::Found::Missing => Ok(Current::None),
        }),
        KvVersion::V1 => kv1::read(session, &engine.place)
            .await
            .map(|stored| stored.map_or(Current::None, |_| Current::Live(0))),
    };
    match current {
        Ok(Current::Live(0)) => Finding::new("record", Verdict::Good, "it can be read"),
        Ok(Current::Live(version)) => {
            Finding::new("record", Verdict::Good, format!("it can be read, at version {version}"))
        }
        Ok(Current::Deleted(version)) => told(format!("version {version} was deleted")),
        Ok(Current::None) => told("nothing is there yet".to_owned()),
        Err(problem) => bad("record", &problem),
    }
}

#[derive(Deserialize)]
struct Capabilities {
    data: Map<String, Value>,
}

/// What the token may do to the record: words of the server, of which only known ones are repeated.
async fn rights(session: &Session, engine: &Engine) -> Finding {
    const KNOWN: [&str; 6] = ["create", "read", "update", "patch", "delete", "root"];
    let unknown = || Finding::new("rights", Verdict::Told, "the server does not tell what the token may do");
    let path = format!("{}/data/{}", engine.place.mount, engine.place.path);
    let body = json!({ "paths": [path] }).to_string().into_bytes();
    let call = Call::with_body(Method::POST, "sys/capabilities-self".to_owned(), body);
    let Ok(heard) = session.send(&call, Again::Safe).await else { return unknown() };
    let Ok(Capabilities { data }) = heard.answer.json::<Capabilities>() else { return unknown() };
    let Some(Value::Array(list)) = data.get(&path) else { return unknown() };
    let may: Vec<_> = KNOWN.into_iter().filter(|known| list.iter().any(|word| word == known)).collect();
    let all = may.contains(&"root") || ["create", "read", "update"].iter().all(|word| may.contains(word));
    match (all, may.contains(&"read"), may.is_empty()) {
        (true, ..) => Finding::new("rights", Verdict::Good, "the token may read and write the record"),
        (_, true, _) => Finding::new(
            "rights",
            Verdict::Told,
            format!("the token may {} here, which is enough for exec and verify", may.join(", ")),
        ),
        (.., true) => Finding::new("rights", Verdict::Told, "the token may do nothing with the record"),
        _ => Finding::new("rights", Verdict::Told, format!("the token may {} here", may.join(", "))),
    }
}

/// How many versions are kept, and for how long.
async fn retention(session: &Session, engine: &Engine) -> Vec<Finding> {
    let (mount, path) = (engine.place.mount.clone(), engine.place.path.clone());
    let config: Option<ReadConfigurationResponse> =
        ask(session, &Call::of(&ReadConfigurationRequest { mount: mount.clone() })).await;
    let record: Option<ReadSecretMetadataResponse> =
        ask(session, &Call::of(&ReadSecretMetadataRequest { mount, path })).await;
    let mut findings = Vec::new();
    let kept = |limit: Option<u64>| limit.unwrap_or_default();
    // The larger one counts; none at all means 10.
    let most =
        kept(config.as_ref().map(|c| c.max_versions)).max(kept(record.as_ref().map(|r| r.max_versions)));
    if (1..ENOUGH).contains(&most) {
        findings.push(
            Finding::new(
                "history",
                Verdict::Mend,
                format!("{most} versions are kept, and each rotation writes two"),
            )
            .next("raise max_versions of the record or its mount to 10 or more"),
        );
    }
    let after = |text: &str| !matches!(text, "" | "0s" | "0");
    let vanishes = config.is_some_and(|config| after(&config.delete_version_after))
        || record.is_some_and(|record| after(&record.delete_version_after));
    if vanishes {
        findings.push(
            Finding::new(
                "history",
                Verdict::Mend,
                "delete_version_after is set: credentials vanish by themselves",
            )
            .next("take delete_version_after away from the record and its mount"),
        );
    }
    findings
}

async fn ask<T: serde::de::DeserializeOwned>(session: &Session, call: &Call) -> Option<T> {
    let heard = session.send(call, Again::Safe).await.ok()?;
    heard.answer.json::<Data<T>>().ok().filter(|_| heard.answer.is_good()).map(|data| data.data)
}
