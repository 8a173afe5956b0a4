//! The scanner finds what it says, and nothing in innocent text.

use std::path::PathBuf;

use momo_cred_backend_testkit::{Canary, Encoding, scan, scan_dir};

/// Encodings made by hand with other code than the scanner's, each put into surrounding text.
fn encoded(value: &str) -> Vec<(Encoding, String)> {
    let hex = |separator: &str| value.bytes().map(|b| format!("{separator}{b:02x}")).collect::<String>();
    let url = value.replace('%', "%25").replace('/', "%2F").replace(':', "%3A").replace('@', "%40");
    let url = url.replace('+', "%2B").replace(',', "%2C");
    let mut pieces: Vec<&str> = (0..value.len() / 8).map(|n| &value[n * 8..n * 8 + 8]).collect();
    pieces.reverse();
    vec![
        (Encoding::Plain, value.to_owned()),
        (Encoding::Part, value[7..25].to_owned()),
        (Encoding::Hex, hex("")),
        (Encoding::Hex, hex("").to_uppercase()),
        (Encoding::Percent, hex("%")),
        (Encoding::Percent, hex("%").to_uppercase()),
        (Encoding::Percent, url),
        (Encoding::Json, hex("\\u00")),
        (Encoding::Reversed, value.chars().rev().collect()),
        (Encoding::Reversed, pieces.concat()),
    ]
}

#[test]
fn every_encoding_is_found_and_named() {
    for canary in [Canary::hex("one"), Canary::new("two")] {
        let others = [Canary::new("other"), canary.clone(), Canary::hex("another")];
        for (encoding, text) in encoded(canary.value()) {
            if text == canary.value() && encoding != Encoding::Plain {
                // This encoding changes nothing of hex digits.
                continue;
            }
            let hits = scan(format!("{{\"x\": \"{text}\"}}\n").as_bytes(), &others);
            assert!(
                hits.iter().any(|hit| hit.label == canary.label() && hit.encoding == encoding),
                "{encoding}: {hits:?}"
            );
            assert!(hits.iter().all(|hit| hit.label == canary.label()), "{encoding}: {hits:?}");
            let offsets: Vec<_> =
                hits.iter().filter(|hit| hit.encoding == encoding).map(|hit| hit.offset).collect();
            assert_eq!(offsets, [Some(7)], "{encoding}");
            assert!(!format!("{hits:?} {}", hits[0]).contains(canary.value()));
        }
    }
}

/// `printf x… | base64`, made with coreutils for the value of this label.
#[test]
fn base64_is_found_at_each_offset_in_both_alphabets() {
    let canary = Canary::of("fixed", "fixed?value>with~~all/62+63!");
    for text in [
        "Zml4ZWQ/dmFsdWU+d2l0aH5+YWxsLzYyKzYzIQ==",
        "eGZpeGVkP3ZhbHVlPndpdGh+fmFsbC82Mis2MyE=",
        "eHhmaXhlZD92YWx1ZT53aXRofn5hbGwvNjIrNjMh",
    ] {
        for text in [text.to_owned(), text.replace('+', "-").replace('/', "_"), text.replace('=', "")] {
            let hits = scan(format!("Authorization: Basic {text}").as_bytes(), std::slice::from_ref(&canary));
            assert_eq!(hits.len(), 1, "{text}: {hits:?}");
            assert_eq!(hits[0].encoding, Encoding::Base64);
        }
    }
}

#[test]
fn innocent_text_is_clean() {
    let canaries = [Canary::new("one"), Canary::hex("two")];
    let text = include_str!("canary.rs").repeat(20);
    assert_eq!(scan(text.as_bytes(), &canaries), []);
    assert_eq!(scan(b"", &canaries), []);
    assert_eq!(scan(&canaries[0].value().as_bytes()[..11], &canaries), []);
}

#[test]
fn a_folder_is_walked_but_for_what_is_allowed() {
    let canary = Canary::new("folder");
    let hidden = Canary::hex("file-name");
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("scan-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(root.join("deep/deeper")).unwrap();
    let put = |path: &str, text: &str| {
        std::io::Write::write_all(&mut std::fs::File::create(root.join(path)).unwrap(), text.as_bytes())
            .unwrap();
    };
    put("clean", "nothing");
    put("deep/deeper/dirty", &format!("x={}\n", canary.value()));
    put("target.env", canary.value());
    put(&format!("deep/{}.tmp", hidden.value()), "");
    std::os::unix::fs::symlink(canary.value(), root.join("link")).unwrap();
    let canaries = [canary, hidden];
    let hits = scan_dir(&root, &canaries, &[root.join("target.env")]).unwrap();
    let mut places: Vec<_> =
        hits.iter().map(|hit| hit.to_string().replace(&root.display().to_string(), "")).collect();
    places.sort();
    assert_eq!(
        places,
        [
            "file-name in plain in /deep in the name",
            "folder in plain in /deep/deeper/dirty at byte 2",
            "folder in plain in /link at byte 0",
        ]
    );
    assert!(scan_dir(&root.join("none"), &canaries, &[]).is_err(), "what cannot be read is not clean");
    std::fs::remove_dir_all(&root).unwrap();
}
