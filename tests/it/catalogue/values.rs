//! What placeholders stand for in one run, and what replaces in the output whatever differs from run to run.

use std::collections::BTreeMap;

use momo_cred::lifecycle::Owner;
use momo_cred_backend_testkit::Canary;

/// What placeholders stand for.
pub(super) struct Values {
    pub(super) fixed: BTreeMap<&'static str, String>,
    /// Of servers on this machine.
    pub(super) ports: Vec<u16>,
}

impl Values {
    pub(super) fn fill(&self, text: &str) -> String {
        let mut parts = text.split("${");
        let mut filled = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').expect("a closed placeholder");
            let value = self.fixed.get(name).cloned();
            filled.push_str(&value.or_else(|| Some(made(name)?.value().to_owned())).expect(name));
            filled.push_str(rest);
        }
        filled
    }

    /// What may not be printed: the gateway's keys, and those made for a file's own placeholders.
    pub(super) fn canaries(&self) -> Vec<Canary> {
        let fixed =
            ["KEY", "SECONDARY", "DISBURSEMENT", "API_KEY"].map(|name| Canary::of(name, &*self.fixed[name]));
        let made =
            ('A'..='F').flat_map(|c| ["KEY", "SECRET"].map(|kind| made(&format!("{kind}_{c}")).unwrap()));
        fixed.into_iter().chain(made).collect()
    }

    /// The output with everything replaced that differs from run to run.
    pub(super) fn settled(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).replace(&self.fixed["DIR"], "[DIR]");
        let text = self.ports.iter().fold(text, |text, port| text.replace(&format!(":{port}"), ":[PORT]"));
        let here = Owner::this_process();
        let text = text.replace(&format!("process {} on {}", here.pid, here.host), "process [PID] on [HOST]");
        let mut settled = String::new();
        for word in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || "-:.".contains(c))) {
            let end = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).len();
            let (word, rest) = word.split_at(end);
            let hex = word.bytes().all(|b| b.is_ascii_hexdigit());
            let digits = word.bytes().all(|b| b.is_ascii_digit());
            let revision = settled.trim_end_matches([' ', '"', ':']).ends_with("revision");
            settled.push_str(match word.len() {
                36 if uuid::Uuid::try_parse(word).is_ok() => "[UUID]",
                32 if hex && revision => "[REVISION]",
                8 if hex => "[FINGERPRINT]",
                6..=10 if digits => "[BYTES]",
                20.. if word.parse::<jiff::Timestamp>().is_ok() => "[TIME]",
                _ => word,
            });
            settled.push_str(rest);
        }
        settled
    }
}

fn made(name: &str) -> Option<Canary> {
    match name.split_once('_')? {
        ("KEY", _) => Some(Canary::hex(name)),
        ("SECRET", _) => Some(Canary::new(name)),
        _ => None,
    }
}
