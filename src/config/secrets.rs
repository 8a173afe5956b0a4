//! What a secret looks like, so that one in the wrong place is refused and never repeated.
//!
//! Settings are shown in messages and files of settings are shared. Shapes alone decide: there is no list of values.

use std::path::Path;

/// Whether a text holds something of the shape of a key or token: 32 hex digits (MoMo keys), tokens of Vault
/// (`hvs.`, `s.`), access keys of AWS, a JWT, a private key.
pub fn looks_like_secret(text: &str) -> bool {
    text.contains("-----BEGIN ")
        || words(text, |b| b.is_ascii_alphanumeric()).any(is_key)
        || words(text, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')).any(is_token)
}

/// Whether a key in a config file is named like a secret, in any of the usual spellings (`api_key`, `apiKey`).
pub(super) fn is_named_like_secret(key: &str) -> bool {
    let mut name = String::new();
    let mut before = ' ';
    for c in key.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            name.push('-');
        }
        name.push(if c == '_' || c == '.' || c == ' ' { '-' } else { c.to_ascii_lowercase() });
        before = c;
    }
    let last = name.rsplit('-').next().unwrap_or_default();
    ["secret", "password", "passwd", "passphrase", "apikey", "credential"].iter().any(|w| name.contains(w))
        || matches!(last, "key" | "keys" | "token" | "tokens" | "pwd" | "pin")
}

/// A name from a file or the command line for a message, or `None` for one that may be a value in the wrong place.
pub(super) fn shown_name(name: &str) -> Option<&str> {
    let plain = (1..=48).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let few_digits = name.bytes().filter(u8::is_ascii_digit).count() <= 6;
    (plain && few_digits && !looks_like_secret(name)).then_some(name)
}

/// A path for a message: control characters escaped.
pub(super) fn shown_path(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// A text with control characters and invisible ones escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if c.is_control() || (!c.is_ascii() && !c.is_alphanumeric()) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn words(text: &str, of: fn(u8) -> bool) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(move |b| !of(*b)).filter(|word| word.len() >= 16)
}

/// Runs of letters and digits.
fn is_key(word: &[u8]) -> bool {
    // A key alone, or with something stuck to it. Longer runs of hex digits are digests.
    let hex = |part: &[u8]| part.iter().all(u8::is_ascii_hexdigit);
    let momo = match word.len() {
        0..32 => false,
        32 => hex(word),
        n => {
            !hex(word)
                && (hex(&word[..32]) && !hex(&word[..33]) || hex(&word[n - 32..]) && !hex(&word[n - 33..]))
        }
    };
    let aws = word.len() >= 20
        && (word.starts_with(b"AKIA") || word.starts_with(b"ASIA"))
        && word.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    momo || aws
}

/// Runs of letters, digits, `.`, `-` and `_`.
fn is_token(word: &[u8]) -> bool {
    let after = |prefix: &[u8]| word.strip_prefix(prefix).map_or(0, <[u8]>::len);
    let vault = ["hvs.", "hvb.", "hvr."].iter().any(|prefix| after(prefix.as_bytes()) >= 16);
    let old_vault = ["s.", "b.", "r."].iter().any(|prefix| {
        word.strip_prefix(prefix.as_bytes())
            .is_some_and(|rest| rest.len() >= 24 && rest[..24].iter().all(u8::is_ascii_alphanumeric))
    });
    let jwt = word.starts_with(b"eyJ") && word.iter().filter(|b| **b == b'.').count() >= 2;
    vault || old_vault || jwt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for bad in [
            "0123456789abcdef0123456789ABCDEF",
            "vault:secret/0123456789abcdef0123456789abcdef",
            "key=0123456789abcdef0123456789abcdef;",
            "hvs.CAESIJ0123456789abcdef",
            "s.abcdefghij0123456789KLMN",
            "AKIAABCDEFGHIJKLMNOP",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "-----BEGIN RSA PRIVATE KEY-----",
        ] {
            assert!(looks_like_secret(bad), "{bad}");
        }
        for good in [
            "",
            "collection",
            "vault:secret/momo/sandbox/collection",
            "https://sandbox.momodeveloper.mtn.com",
            "01234567-89ab-4def-8123-456789abcdef",
            "https://s.example-gateway-of-our-team.com/collection",
            "apps.internal.example.com",
            // A commit and a SHA-256 are longer than a key.
            "0123456789abcdef0123456789abcdef01234567",
        ] {
            assert!(!looks_like_secret(good), "{good}");
        }
    }

    #[test]
    fn names() {
        for bad in [
            "api_key",
            "api-key",
            "apiKey",
            "API_KEY",
            "token",
            "vault-token",
            "secret-id",
            "db_password",
            "key",
        ] {
            assert!(is_named_like_secret(bad), "{bad}");
        }
        for good in ["product", "kms-key-id", "callback-host", "monkey", "keyspace", "log"] {
            assert!(!is_named_like_secret(good), "{good}");
        }
    }

    #[test]
    fn only_plain_names_are_shown() {
        assert_eq!(shown_name("prodcut"), Some("prodcut"));
        for hidden in ["", "a b", "é", "0123456789abcdef0123456789abcdef", "tok-84920174", &"x".repeat(49)] {
            assert_eq!(shown_name(hidden), None, "{hidden}");
        }
        assert_eq!(escaped("a\u{1b}[2J\u{202e}b"), "a\\u{1b}[2J\\u{202e}b");
    }
}
