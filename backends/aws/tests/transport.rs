//! Answers that the service does not give, silence, and states that refuse: bounded in time and memory, and no foreign text
//! in what is said of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use fake::{Act, Fake, RECORD, hasty, store, with_secret};
use momo_cred_backend_api::{At, Backend, Effect, ErrorKind, Expect, Lookup, Removal, Revision};
use momo_cred_backend_aws::{AwsStore, Problem};
use momo_cred_backend_testkit::{Canary, scan};
use momo_cred_transport::Deadline;
use serde_json::json;
use support::{config, document, found, name, problem, rendered};

#[tokio::test]
async fn a_malformed_answer_is_quoted_nowhere() {
    let canary = Canary::new("malformed");
    let bodies = [
        format!("{{\"SecretString\": \"{}\"", canary.value()),
        canary.value().to_owned(),
        format!("{{\"VersionId\": {{\"{}\": 1}}, \"SecretString\": [\"{0}\"]}}", canary.value()),
        format!("{{\"__type\": \"{}\", \"message\": \"{0}\"}}", canary.value()),
        format!("{{\"SecretString\": \"{}\", \"VersionId\": \"v\"}}", canary.value()),
    ];
    let statuses = [200, 400, 403, 500];
    let cases = bodies.iter().flat_map(|body| statuses.map(|status| quotes_nothing(status, body, &canary)));
    futures_util::future::join_all(cases).await;
}

async fn quotes_nothing(status: u16, body: &str, canary: &Canary) {
    let fake = with_secret(RECORD);
    let (store, a) = (store(&fake), name("a"));
    for operation in ["GetSecretValue", "DescribeSecret", "ListSecrets", "ListSecretVersionIds"] {
        fake.script(operation, Act::Answer(status, Vec::new(), body.to_owned()), 99);
    }
    let (read, revision, list, history) = futures_util::future::join4(
        store.read(&a, &At::Current),
        store.revision(&a),
        store.list(""),
        store.history(&a),
    )
    .await;
    let errors = [read.err(), revision.err(), list.err(), history.err()];
    assert!(status == 200 || errors.iter().all(Option::is_some), "{status} {body}: {errors:?}");
    let text: String = errors.iter().flatten().map(rendered).collect();
    assert!(scan(text.as_bytes(), std::slice::from_ref(canary)).is_empty(), "{text}");
}

#[tokio::test]
async fn the_codes_of_the_service_are_told_apart() {
    let cases = [
        ("DecryptionFailure", 400, ErrorKind::Denied, "KMS"),
        ("EncryptionFailure", 400, ErrorKind::Denied, "KMS"),
        ("AccessDeniedException", 400, ErrorKind::Denied, "access denied: "),
        ("ExpiredTokenException", 400, ErrorKind::Denied, "expired"),
        ("UnrecognizedClientException", 400, ErrorKind::Denied, "unknown"),
        ("InvalidSignatureException", 400, ErrorKind::Denied, "signature"),
        ("RequestTimeTooSkewed", 403, ErrorKind::Denied, "clock"),
        ("ThrottledException", 400, ErrorKind::Unavailable, "limits requests"),
        ("ProvisionedThroughputExceededException", 400, ErrorKind::Unavailable, "limits requests"),
        ("RequestThrottledException", 400, ErrorKind::Unavailable, "limits requests"),
        ("PriorRequestNotComplete", 400, ErrorKind::Unavailable, "limits requests"),
        ("LimitExceededException", 400, ErrorKind::Unavailable, "quota"),
        ("InvalidParameterException", 400, ErrorKind::Misconfigured, "400"),
        ("InternalServiceError", 500, ErrorKind::Unavailable, "500"),
    ];
    for (code, status, kind, word) in cases {
        let fake = with_secret(RECORD);
        // What passes is asked for again until the time is over.
        let store = if status == 500 { hasty(&fake) } else { store(&fake) };
        let a = name("a");
        fake.script("GetSecretValue", Act::Fail(code, status), 99);
        let error = store.read(&a, &At::Current).await.unwrap_err();
        assert_eq!((error.kind(), rendered(&error).contains(word)), (kind, true), "{code}: {error:?}");
        assert!(!rendered(&error).contains("foreign text"), "{error:?}");
        let current = Revision::new("a".repeat(32));
        fake.script("PutSecretValue", Act::Fail(code, status), 99);
        let answer = store.write(&a, &document("2"), &Expect::Revision(current)).await.unwrap_err();
        assert_eq!((answer.kind(), answer.effect()), (kind, Effect::NotApplied), "{code}: {answer:?}");
    }
}

#[tokio::test]
async fn a_silent_peer_costs_the_deadline_and_no_more() {
    let fake = with_secret(RECORD);
    for operation in ["GetSecretValue", "DescribeSecret", "PutSecretValue", "CreateSecret", "ListSecrets"] {
        fake.script(operation, Act::Stall, 99);
    }
    let (a, value) = (name("a"), document("2"));
    for call in 0..6 {
        let mut config = config(&fake.address());
        config.deadline = Deadline::after(Duration::from_secs(1));
        let (store, started) = (AwsStore::new(config), Instant::now());
        let expect = Expect::Revision(Revision::new("a".repeat(32)));
        let error = match call {
            0 => store.read(&a, &At::Current).await.map(|_| ()),
            1 => store.revision(&a).await.map(|_| ()),
            2 => store.write(&a, &value, &expect).await.map(|_| ()),
            3 => store.write(&name("b"), &value, &Expect::Absent).await.map(|_| ()),
            4 => store.list("").await.map(|_| ()),
            _ => store.remove(&a, &Revision::new("a".repeat(32)), Removal::Destroy).await,
        };
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(2), "call {call} took {:?}", started.elapsed());
    }
}

/// Whether the deadline ends an attempt or the rest before the next one is chance; what is said is not.
#[tokio::test]
async fn nobody_there_is_said_whenever_the_time_is_over() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for time in [20, 100, 300, 700, 1500] {
        let mut config = config(&format!("http://{free}"));
        config.deadline = Deadline::after(Duration::from_millis(time));
        let store = AwsStore::new(config);
        let error = store.read(&name("a"), &At::Current).await.unwrap_err();
        let said = error.reason().unwrap().to_string();
        assert_eq!(said, format!("no connection to AWS Secrets Manager ({free})"), "{time} ms");
        let expect = Expect::Revision(Revision::new("a".repeat(32)));
        let error = store.write(&name("a"), &document("2"), &expect).await.unwrap_err();
        assert_eq!(error.effect(), Effect::NotApplied, "{time} ms: {error:?}");
    }
}

/// An attempt that may have been heard stays one, however those after it end.
#[tokio::test]
async fn a_lost_answer_before_refused_connections_is_no_refusal() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stages = json!({"Name": "a", "VersionIdsToStages": {"a".repeat(32): ["AWSCURRENT"]}}).to_string();
    let hung_up = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let _ = stream.read(&mut [0; 4096]);
        let head =
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", stages.len());
        stream.write_all(format!("{head}{stages}").as_bytes()).unwrap();
        drop(stream);
        let mut stream = listener.accept().unwrap().0;
        drop(listener);
        let _ = stream.read(&mut [0; 4096]);
    });
    let mut config = config(&format!("http://{address}"));
    config.deadline = Deadline::after(Duration::from_secs(3));
    let store = AwsStore::new(config);
    let current = Revision::new("a".repeat(32));
    let error = store.remove(&name("a"), &current, Removal::Recoverable).await.unwrap_err();
    hung_up.join().unwrap();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown), "{error:?}");
}

/// One that is silent leaves time for another attempt, and one that has begun to answer is heard to its end.
#[tokio::test]
async fn silence_is_not_waited_for_as_long_as_a_slow_answer() {
    let fake = with_secret(RECORD);
    fake.script("GetSecretValue", Act::Stall, 1);
    let (silent, started) = (store(&fake), Instant::now());
    let body = json!({"Name": "a", "VersionId": "v", "SecretString": RECORD}).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = AwsStore::new(config(&format!("http://{}", listener.local_addr().unwrap())));
    let host = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let _ = stream.read(&mut [0; 4096]);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_secs(6));
        stream.write_all(body.as_bytes()).unwrap();
    });
    let a = name("a");
    let (first, second) =
        futures_util::future::join(silent.read(&a, &At::Current), slow.read(&a, &At::Current)).await;
    host.join().unwrap();
    assert!(matches!(first, Ok(Lookup::Found(_))), "{first:?}");
    assert!(matches!(second, Ok(Lookup::Found(_))), "{second:?}");
    assert!(started.elapsed() < Duration::from_secs(9), "took {:?}", started.elapsed());
}

#[tokio::test]
async fn rests_between_attempts_end_with_the_deadline() {
    let fake = with_secret(RECORD);
    for operation in ["GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"] {
        fake.script(operation, Act::Fail("ThrottlingException", 400), 99);
    }
    for _ in 0..4 {
        let mut config = config(&fake.address());
        config.deadline = Deadline::after(Duration::from_millis(300));
        let (store, started) = (AwsStore::new(config), Instant::now());
        let (a, value) = (name("a"), document("2"));
        let expect = Expect::Revision(Revision::new("a".repeat(32)));
        let (read, written) =
            futures_util::future::join(store.read(&a, &At::Current), store.write(&a, &value, &expect)).await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(written.unwrap_err().kind(), ErrorKind::Unavailable);
        assert!(started.elapsed() < Duration::from_secs(1), "took {:?}", started.elapsed());
    }
}

/// The most memory that this process had at once, in MiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn a_body_without_an_end_is_cut() {
    let fake = with_secret(RECORD);
    fake.script("GetSecretValue", Act::Flood(2 << 30), 9);
    let before = most_memory();
    let error = store(&fake).read(&name("a"), &At::Current).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
    assert!(most_memory() < before + 200, "{} MiB more", most_memory() - before);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (fake, elsewhere) = (with_secret(RECORD), with_secret(RECORD));
    let to = vec![("Location", elsewhere.address())];
    for status in [301, 307, 308] {
        fake.script("GetSecretValue", Act::Answer(status, to.clone(), String::new()), 3);
        let error = store(&fake).read(&name("a"), &At::Current).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn what_cannot_be_a_place_is_refused_before_any_request() {
    for endpoint in ["http://secretsmanager.example.com", "http://169.254.169.254", "ftp://127.0.0.1"] {
        assert!(endpoint.parse::<momo_cred_transport::HttpAddress>().is_err(), "{endpoint}");
    }
    let fake = with_secret(RECORD);
    for region in ["", "evil.example.com/", "eu-west-1.evil.example.com", "a b", "x#"] {
        let mut config = config(&fake.address());
        config.region = Some(region.to_owned());
        let error = AwsStore::new(config).read(&name("a"), &At::Current).await.unwrap_err();
        assert_eq!(problem(&error), Some(&Problem::Region), "{error:?}");
    }
    // The service would turn this filter round.
    assert!(store(&fake).list("!a").await.unwrap().is_empty());
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn size_is_checked_before_any_request() {
    let fake = Fake::start();
    let store = store(&fake);
    let frame = r#"{"alpha":""}"#.len();
    let largest = document(&"x".repeat(65_536 - frame));
    let first = store.write(&name("a"), &largest, &Expect::Absent).await.unwrap();
    assert!(found(&store, &name("a")).await.document.same_as(&largest));
    fake.asked();
    let larger = document(&"x".repeat(65_537 - frame));
    for expect in [Expect::Absent, Expect::Revision(first)] {
        let error = store.write(&name("a"), &larger, &expect).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    assert!(fake.asked().is_empty());
}
