//! Whatever a file holds, reading it neither panics nor repeats a secret.

use proptest::prelude::*;

use super::{KEY, Sandbox, rendered};
use crate::config::schema::read;
use crate::config::syntax::Source;

fn word() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "profiles",
        "default",
        "product",
        "store",
        "env",
        "names",
        "fields",
        "api_key",
        "extends",
        "timeout",
        "proxy",
        "base-url",
        "dotenv",
        "vault",
        "auth",
        "method",
        "address",
        "kv-version",
        "ca-cert",
        "role-id",
        "secret-id-file",
        "secret-id",
        "jwt",
        "mount",
        "a",
        "token",
        "\"x y\"",
        "''",
        KEY,
    ]);
    known.prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(format!("\"{KEY}\"")),
        Just(format!("'{KEY}'")),
        Just(format!("\"x{}y:{KEY}\"", "\\t")),
        Just(format!("[\"{KEY}\", 1]")),
        Just(format!("{{ a = \"{KEY}\" }}")),
        Just(format!("\"\"\"\n{KEY}\n\"\"\"")),
        Just(KEY.to_owned()),
        Just(format!("\"{KEY}")),
        Just("\"collection\"".to_owned()),
        Just("\"approle\"".to_owned()),
        Just(format!("{{ method = \"jwt\", mount = \"{KEY}\" }}")),
        Just("1".to_owned()),
        Just("true".to_owned()),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let key = || prop::collection::vec(word(), 1..4).prop_map(|words| words.join("."));
    prop_oneof![
        (key(), value()).prop_map(|(key, value)| format!("{key} = {value}")),
        key().prop_map(|key| format!("[{key}]")),
        key().prop_map(|key| format!("[[{key}]]")),
        Just(format!("# {KEY}")),
        Just(String::new()),
    ]
}

proptest! {
    #[test]
    fn of_files_that_are_nearly_right(lines in prop::collection::vec(line(), 0..8)) {
        let text = lines.join("\n");
        let source = Source::new("momo-cred.toml".as_ref(), &text);
        match read(&source) {
            Err(error) => prop_assert!(!rendered(&error).contains(KEY), "{}", rendered(&error)),
            Ok(schema) => {
                let shown = format!("{schema:?}");
                prop_assert!(!shown.contains(KEY));
            }
        }
    }

    #[test]
    fn of_any_text(text in "(?s).{0,200}") {
        let _ = read(&Source::new("momo-cred.toml".as_ref(), &text));
    }
}

#[test]
fn of_deep_nesting() {
    let dots = vec!["a"; 60_000].join(".");
    for toml in [
        format!("{dots} = 1"),
        format!("[{dots}]"),
        "a=".to_owned() + &"[".repeat(100_000),
        "{a=".repeat(60_000),
    ] {
        assert!(Sandbox::with(&toml).all().is_err());
    }
}
