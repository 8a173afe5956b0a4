//! The table `vectors/read.vec`, which other readers can run too: what is read, what is refused, and that a refused
//! file is not touched by a write.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod support;

use momo_cred_backend_api::{Effect, ErrorKind, Expect, Lookup};
use support::{Place, block, document, momo, opened, read};

#[test]
fn every_row_holds() {
    let table = include_str!("vectors/read.vec");
    let mut rows = 0;
    for (number, row) in table.lines().enumerate() {
        let number = number + 1;
        let Some((input, expected)) = row.split_once("=> ").filter(|_| !is_remark(row)) else { continue };
        let input = unescape(input.strip_suffix(' ').unwrap_or(input));
        let place = Place::with(&input);
        let answer = match read(&place.store()) {
            Ok(Lookup::Missing) => "missing".to_owned(),
            Ok(Lookup::Found(stored)) => {
                let pairs =
                    opened(&stored.document).into_iter().map(|(field, value)| format!("{field}={value}"));
                pairs.collect::<Vec<_>>().join(" ")
            }
            Ok(other) => panic!("row {number}: {other:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "row {number}: {error:?}");
                refused_writes_change_nothing(&place, &input, number);
                format!("refused: {}", error.reason().unwrap())
            }
        };
        let fits =
            if expected.starts_with("refused: ") { answer.starts_with(expected) } else { answer == expected };
        assert!(fits, "row {number}: {row}\n  answered: {answer}");
        rows += 1;
    }
    assert!(rows > 60, "{rows} rows");
}

fn refused_writes_change_nothing(place: &Place, input: &[u8], number: usize) {
    let content = document([("api_key", "new")]);
    let error =
        block(momo_cred_backend_api::Backend::write(&place.store(), &momo(), &content, &Expect::Absent));
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Corrupt, Effect::NotApplied), "row {number}");
    assert_eq!(place.bytes(), input, "row {number}");
    assert_eq!(place.names(), [".env", ".env.lock"], "row {number}");
}

/// A remark begins with `# ` and holds no arrow after it that is part of a row.
fn is_remark(row: &str) -> bool {
    row.starts_with("# ") && !row.contains("\\n => ")
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(if byte != b'\\' {
            byte
        } else {
            match bytes.next().unwrap() {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'\\' => b'\\',
                b'x' => {
                    let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
                }
                other => panic!("\\{}", other as char),
            }
        });
    }
    out
}
