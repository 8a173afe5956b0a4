//! The command lines that people are told of: they run as they stand, on the record of this run.

use super::args::Global;

/// Commands that work on a record, so that they have to be told which.
const ON_A_RECORD: [&str; 13] = [
    "abort",
    "compromise",
    "doctor",
    "exec",
    "import",
    "provision",
    "remove",
    "resume",
    "revoke",
    "rollback",
    "rotate",
    "status",
    "verify",
];

const OURS: &str = "`momo-cred ";

/// The flags by which a run found its record, as they were given. What came from variables is there for the next
/// command, too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Address {
    config: Option<String>,
    profile: Option<String>,
    store: Option<String>,
}

impl Address {
    /// What the command line says. Only once its values are checked: one that was refused may be a secret.
    pub(crate) fn given(global: &Global) -> Self {
        let profile = match global.profile.as_slice() {
            [one] if !one.contains(',') => Some(one.clone()),
            _ => None,
        };
        let config = global.config.as_ref().map(|path| path.to_string_lossy().into_owned());
        Self { config, profile, store: global.store.clone() }
    }

    /// The same, for one profile of several.
    pub(crate) fn of_profile(self, profile: &str) -> Self {
        Self { profile: Some(profile.to_owned()), ..self }
    }

    /// The same, for another location.
    pub(crate) fn at(self, location: &str) -> Self {
        Self { store: Some(location.to_owned()), ..self }
    }

    /// Completes each command line of ours that a text has in backticks. One that says itself which profile or store it
    /// is for keeps that.
    pub(crate) fn complete(&self, text: &str) -> String {
        let mut parts = text.split(OURS);
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (line, rest) = part.split_once('`').unwrap_or((part, ""));
            let (command, options) = line.split_once(' ').unwrap_or((line, ""));
            whole.push_str(OURS);
            whole.push_str(command);
            if ON_A_RECORD.contains(&command) {
                whole.push_str(&self.flags(options));
            }
            if !options.is_empty() {
                whole.push(' ');
                whole.push_str(options);
            }
            if part.contains('`') {
                whole.push('`');
                whole.push_str(rest);
            }
        }
        whole
    }

    fn flags(&self, options: &str) -> String {
        let has = |flag: &str| options.split(' ').any(|word| word == flag);
        let elsewhere = has("-p") || has("-s");
        let flags = [
            ("--config", &self.config, has("--config")),
            ("-p", &self.profile, elsewhere),
            ("-s", &self.store, elsewhere),
        ];
        let missing = flags.into_iter().filter(|(.., there)| !there);
        missing
            .filter_map(|(flag, value, _)| Some(format!(" {flag} {}", quoted(value.as_deref()?))))
            .collect()
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    // A number sign begins a comment only at the beginning of a word.
    if word.chars().enumerate().all(|(at, c)| plain(c) || c == '#' && at > 0) && !word.is_empty() {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_completed_once_and_only_where_a_record_is_meant() {
        let address = Address {
            config: Some("my config.toml".to_owned()),
            profile: Some("payouts".to_owned()),
            store: Some("dotenv:.env#MOMO".to_owned()),
        };
        for (text, want) in [
            (
                "run `momo-cred resume --from FILE`, then `momo-cred status`",
                "run `momo-cred resume --config 'my config.toml' -p payouts -s dotenv:.env#MOMO --from FILE`, then \
                 `momo-cred status --config 'my config.toml' -p payouts -s dotenv:.env#MOMO`",
            ),
            ("`momo-cred rotate -p other`", "`momo-cred rotate --config 'my config.toml' -p other`"),
            (
                "`momo-cred trust`, `vault login` and `momo-cred",
                "`momo-cred trust`, `vault login` and `momo-cred",
            ),
            ("no command", "no command"),
        ] {
            assert_eq!(address.complete(text), want);
            assert_eq!(address.complete(want), want);
        }
        assert_eq!(Address::default().complete("`momo-cred verify`"), "`momo-cred verify`");
    }

    #[test]
    fn a_word_is_one_word_for_a_shell() {
        for (word, want) in [
            ("vault:secret/momo", "vault:secret/momo"),
            ("#MOMO", "'#MOMO'"),
            ("it's", r"'it'\''s'"),
            ("$(id)", "'$(id)'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), want);
        }
    }
}
