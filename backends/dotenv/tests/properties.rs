//! Properties of edits, on files at random.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod support;

use std::collections::BTreeMap;

use momo_cred_backend_api::{Effect, ErrorKind, Lookup};
use proptest::prelude::*;
use support::generate::{Piece, USED, changes, config, pieces, structured, text, variable, wild};
use support::{Place, read, set, values};

/// What the file must be after `changes`, by a model that knows the pieces.
fn model(pieces: &[Piece], changes: &BTreeMap<&str, &str>) -> Vec<u8> {
    let names = [
        "subscription_key",
        "subscription_key_secondary",
        "provisioning_subscription_key",
        "api_user",
        "api_key",
        "product",
        "target_environment",
        "base_url",
    ];
    let mut fresh: Vec<_> = changes.keys().copied().collect();
    fresh.sort_by_key(|field| names.iter().position(|name| name == field).unwrap_or(99));
    fresh.retain(|field| !pieces.iter().any(|piece| matches!(piece, Piece::Own(own, ..) if own == field)));
    let line = |field: &str| format!("{}={}\n", variable(field), changes[field]).into_bytes();
    let fresh: Vec<u8> = fresh.into_iter().flat_map(line).collect();
    let last = pieces.iter().rposition(|piece| matches!(piece, Piece::Own(..)));
    let mut out = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Own(field, value, ..) if changes.get(field).is_some_and(|new| new != value) => {
                out.extend(line(field));
            }
            other => out.extend(other.bytes()),
        }
        if Some(index) == last {
            out.extend(&fresh);
        }
    }
    if last.is_none() {
        if out.last().is_some_and(|b| *b != b'\n') {
            out.push(b'\n');
        }
        out.extend(fresh);
    }
    out
}

/// The lines of a text that are certainly not ours.
fn others(text: &[u8]) -> Vec<&[u8]> {
    let own = |line: &&[u8]| {
        USED.iter()
            .any(|field| line.strip_prefix(variable(field).as_bytes()).is_some_and(|r| r.starts_with(b"=")))
    };
    text.split_inclusive(|b| *b == b'\n').filter(|line| !own(line)).collect()
}

proptest! {
    #![proptest_config(config(300))]

    /// Comments, order, CRLF neighbours and foreign variables survive; changed lines keep their place.
    #[test]
    fn only_the_lines_meant_change(
        mut pieces in pieces(structured(), true),
        changes in changes(),
        cut in any::<bool>(),
    ) {
        if let Some(Piece::Foreign(last)) = pieces.last_mut() && cut {
            if last.ends_with(b"\r\n") { last.pop(); }
            last.pop();
        }
        let place = Place::with(text(&pieces));
        let changes: BTreeMap<_, _> = changes.iter().map(|(field, value)| (*field, value.as_str())).collect();
        let list: Vec<_> = changes.iter().map(|(field, value)| (*field, *value)).collect();
        set(&place.store(), &list).unwrap();
        prop_assert_eq!(place.bytes(), model(&pieces, &changes));
        let read = values(&place.store());
        for (field, value) in changes {
            prop_assert!(read.iter().any(|(f, v)| f == field && v == value));
        }
    }

    /// Whatever the file holds: a write is refused with the file as it was, or changes only lines of ours.
    #[test]
    fn a_write_is_exact_or_refused(text in wild(), changes in changes()) {
        let place = Place::with(&text);
        let list: Vec<_> = changes.iter().map(|(field, value)| (*field, value.as_str())).collect();
        match set(&place.store(), &list) {
            Err(error) => {
                prop_assert_eq!((error.kind(), error.effect()), (ErrorKind::Corrupt, Effect::NotApplied));
                prop_assert_eq!(place.bytes(), text);
            }
            Ok(_) => {
                let after = place.bytes();
                let (mut old, new) = (others(&text).concat(), others(&after).concat());
                if new != old {
                    // A line end where there was none, and an empty line after one that would swallow ours.
                    prop_assert!(new.starts_with(&old), "{:?}", after);
                    let glue = new[old.len()..].to_vec();
                    old.extend(&glue);
                    prop_assert!(matches!(glue.as_slice(), b"\n" | b"\n\n"), "{:?}", after);
                }
                prop_assert_eq!(new, old);
                let read = values(&place.store());
                let wanted: BTreeMap<_, _> = list.into_iter().collect();
                for (field, value) in wanted {
                    prop_assert!(read.iter().any(|(f, v)| f == field && v == value));
                }
            }
        }
    }

    /// Any value is stored exactly or refused before the file is touched.
    #[test]
    fn a_value_is_exact_or_refused(value in any::<String>(), field in prop::sample::select(&USED[..])) {
        let place = Place::with("# kept\n");
        match set(&place.store(), &[(field, &value)]) {
            Ok(_) => prop_assert_eq!(values(&place.store()), [(field.to_owned(), value)]),
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::Unsupported);
                let shown = format!("{error} {error:?} {}", error.reason().unwrap());
                prop_assert!(value.len() < 4 || !shown.contains(&value));
                prop_assert_eq!(place.text(), "# kept\n");
            }
        }
    }

    /// Reading never panics and never shows content.
    #[test]
    fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let place = Place::with([b"MOMO_API_KEY='", bytes.as_slice()].concat());
        match read(&place.store()) {
            Ok(Lookup::Found(_) | Lookup::Missing) => {}
            other => prop_assert_eq!(other.unwrap_err().kind(), ErrorKind::Corrupt),
        }
    }
}
