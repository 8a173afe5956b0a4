//! A store's settings in a file that was found, and what of them nobody has to approve: the same for each store.

use super::Sandbox;
use crate::config::Settings;
use crate::{Error, Result};

/// A store with a table of its own in the config file.
pub(super) struct Table(pub(super) &'static str);

impl Table {
    /// A found file with a record in the store, which nobody approved. The table begins in its line 3.
    pub(super) fn found(&self, toml: &str) -> Sandbox {
        Sandbox::with(&format!("[profiles.default]\nstore = \"{}:secret/momo\"\n{toml}", self.0))
    }

    pub(super) fn resolve(&self, sandbox: &Sandbox) -> Result<Vec<Settings>> {
        sandbox.load()?.resolve(&sandbox.flags, &sandbox.env(), &["dotenv", self.0])
    }

    /// The refusal, which says how to approve the file.
    pub(super) fn refused(&self, sandbox: &Sandbox) -> Error {
        let error = self.resolve(sandbox).unwrap_err();
        assert!(error.next_steps()[0].contains("momo-cred trust"), "{error}");
        error
    }

    /// Each line is refused, at the top and in a profile, by its name and with its value.
    pub(super) fn assert_sensitive<const N: usize>(&self, lines: [(&str, &str, &str); N]) {
        let scheme = self.0;
        for (line, name, value) in lines {
            let message = self.refused(&self.found(&format!("[{scheme}]\n{line}\n"))).to_string();
            let why = "momo-cred.toml decides where secrets go, and nobody approved it";
            assert_eq!(message, format!("{why}: line 4: `{scheme}.{name}` is {value}"));
            let own = self.found(&format!("[profiles.default.{scheme}]\n{line}\n"));
            let message = self.refused(&own).to_string();
            let told = format!("line 4: `profiles.default.{scheme}.{name}` is {value}");
            assert!(message.contains(&told), "{message}");
        }
    }

    /// A variable takes the place of the line, and needs no approval; an empty one is unset.
    pub(super) fn assert_overridden<const N: usize>(&self, lines: [(&str, &str, &str); N]) {
        for (line, variable, value) in lines {
            let mut sandbox = self.found(&format!("[{}]\n{line}\n", self.0));
            self.refused(&sandbox);
            sandbox.set(variable, "");
            self.refused(&sandbox);
            sandbox.variables.pop();
            sandbox.set(variable, value);
            assert!(self.resolve(&sandbox).is_ok(), "{line}, {variable}");
        }
    }

    /// Only the table in force counts, in a profile that uses the store. `key` is a sensitive one that takes an address,
    /// `harmless` a line that is not sensitive.
    pub(super) fn assert_only_what_is_used_counts(&self, key: &str, harmless: &str) -> Sandbox {
        let scheme = self.0;
        let mut sandbox = Sandbox::with(&format!(
            r#"[{scheme}]
{key} = "https://top.example.com"
[profiles.env]
store = "dotenv:.env"
[profiles.top]
store = "{scheme}:a"
[profiles.own]
store = "{scheme}:a"
{scheme}.{harmless}
[profiles.other]
extends = "own"
{scheme}.{key} = "https://other.example.com"
[profiles.heir]
extends = "other"
"#
        ));
        let other = format!("line 12: `profiles.other.{scheme}.{key}`");
        for (profile, refused) in [
            ("env", None),
            ("top", Some(format!("line 2: `{scheme}.{key}`"))),
            ("own", None),
            ("other", Some(other.clone())),
            ("heir", Some(other)),
        ] {
            sandbox.flags.profiles = vec![profile.into()];
            match (self.resolve(&sandbox), refused) {
                (Ok(_), None) => {}
                (Err(error), Some(key)) => {
                    let message = error.to_string();
                    assert!(message.contains(&key) && message.matches("line ").count() == 1, "{message}");
                }
                (other, _) => panic!("{profile}: {other:?}"),
            }
        }
        sandbox
    }
}
