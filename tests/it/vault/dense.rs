//! Answers of some MiB in which every few bytes are a value of their own: as a tree they take a hundred times their size.

use momo_cred_backend_testkit::{Canary, scan};
use momo_live::{Tap, response};

use super::stage::Stage;
use crate::hostile::{LIMIT, Play, answer, measured, peer};
use crate::sandbox::Sandbox;

/// 64 MiB.
const MEMORY: u64 = 64 * 1024;
/// Just below what an answer may be at most.
const SIZE: usize = 4 * 1024 * 1024 - 1024;

fn token() -> Canary {
    Canary::new("vault token of the dense tests")
}

/// A list of one value again and again.
fn list(value: &str) -> String {
    let count = SIZE / (value.len() + 1);
    format!("[{}]", vec![value; count].join(","))
}

/// A map with a value under a name for each number.
fn map(value: &str) -> String {
    let entry = |n: usize| format!("\"{n:06}\":{value}");
    let count = SIZE / (value.len() + 10);
    format!("{{{}}}", (0..count).map(entry).collect::<Vec<_>>().join(","))
}

const METADATA: &str =
    r#""version":1,"created_time":"2026-11-21T13:00:00Z","deletion_time":"","destroyed":false"#;

fn record(data: &str) -> Play {
    answer(200, "", &format!(r#"{{"data":{{"data":{data},"metadata":{{{METADATA}}}}}}}"#))
}

/// Runs `status` against each peer, one after the other: memory is looked at only now and then.
#[track_caller]
fn assert_small(cases: Vec<(&str, Play, i32)>) {
    let mut over = Vec::new();
    for (name, play, code) in cases {
        let sandbox = Sandbox::new();
        let cost = measured(
            sandbox
                .momo(["status"])
                .env("VAULT_ADDR", format!("http://{}", peer(play)))
                .env("VAULT_TOKEN", token().value())
                .env("MOMO_CRED_TIMEOUT", "2s")
                .env("MOMO_CRED_STORE", "vault:secret/momo/collection"),
        );
        let said = String::from_utf8_lossy(&cost.err[..cost.err.len().min(2000)]);
        assert_ne!(cost.peak, 0, "{name}: no memory was measured");
        assert!(scan(&cost.err, &[token()]).is_empty(), "{name}");
        if cost.code != Some(code) || cost.peak >= MEMORY || cost.took > LIMIT {
            over.push(format!("{name}: {:?} in {:?}, {} KiB, {said}", cost.code, cost.took, cost.peak));
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

#[test]
fn a_dense_record() {
    let in_field = |data: &str| record(&format!(r#"{{"a":{data}}}"#));
    assert_small(vec![
        ("a list of maps", in_field(&list(r#"{"a":1}"#)), 0),
        ("a list of numbers", in_field(&list("1")), 0),
        ("a list of lists", in_field(&list("[]")), 0),
        ("a list of texts", in_field(&list("\"\"")), 0),
        ("a map", in_field(&map("1")), 0),
        ("a list for a record", record(&list("1")), 65),
    ]);
}

#[test]
fn a_record_of_very_many_fields() {
    assert_small(vec![("texts", record(&map("\"\"")), 65), ("numbers", record(&map("1")), 65)]);
}

#[test]
fn a_dense_envelope() {
    let custom =
        format!(r#"{{"data":{{"data":{{}},"metadata":{{{METADATA},"custom_metadata":{}}}}}}}"#, map("\"\""));
    assert_small(vec![
        ("a map beside the record", answer(200, "", &format!(r#"{{"x":{},"data":null}}"#, map("1"))), 76),
        ("a list in the place of data", answer(200, "", &format!(r#"{{"data":{}}}"#, list("1"))), 76),
        ("metadata of others", answer(200, "", &custom), 0),
    ]);
}

#[test]
fn a_dense_failure() {
    let errors = |value: &str| format!(r#"{{"errors":{}}}"#, list(value));
    let warnings = format!(r#"{{"data":null,"warnings":{}}}"#, list("\"\""));
    assert_small(vec![
        ("403", answer(403, "", &errors("\"\"")), 76),
        ("403 with words", answer(403, "", &errors("\"permission denied\"")), 76),
        ("400", answer(400, "", &errors("\"\"")), 76),
        ("404", answer(404, "", &errors("\"\"")), 76),
        ("404 with warnings", answer(404, "", &warnings), 76),
        ("503", answer(503, "", &errors("\"\"")), 69),
    ]);
}

/// In the answers of a live server: it is asked about its engine first.
#[test]
fn a_dense_listing() {
    let Some(stage) = Stage::new() else { return };
    let names = |end: &str| {
        let keys: Vec<_> = (0..SIZE / 9).map(|n| format!("\"{n:06}{end}\"")).collect();
        format!("[{}]", keys.join(","))
    };
    for (name, keys) in [("names", names("")), ("one name", list("\"abcdef\"")), ("numbers", list("1"))] {
        let tap = Tap::new(stage.vault().socket());
        let mut keys = format!(r#"{{"data":{{"keys":{keys}}}}}"#);
        keys.truncate(SIZE + 1000);
        tap.answer("GET", "list=true", &response(200, &[], &keys), 9);
        tap.answer("LIST", "", &response(200, &[], &keys), 9);
        let momo = stage.momo(&["list"]).env("VAULT_ADDR", tap.address()).env("MOMO_CRED_TIMEOUT", "2s");
        let cost = measured(momo);
        let said = String::from_utf8_lossy(&cost.err[..cost.err.len().min(2000)]);
        assert!(cost.code.is_some_and(|code| matches!(code, 0 | 69 | 76)), "{name}: {:?} {said}", cost.code);
        assert!(tap.requests().iter().any(|line| line.contains("/metadata/")), "{:?}", tap.requests());
        assert!(cost.peak != 0 && cost.peak < MEMORY, "{name}: {} KiB", cost.peak);
        assert!(cost.took <= LIMIT, "{name} took {:?}", cost.took);
    }
}
