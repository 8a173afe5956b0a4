//! The texts that are hidden: each secret in the forms in which programs print it.

use momo_cred_backend_api::Secret;
use zeroize::Zeroizing;

use super::super::Set;
use super::automaton::{Table, build};
use crate::credential::Field;

/// A needle that is shorter would hide ordinary words and numbers.
pub(super) const SHORTEST: usize = 8;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A text that is secret, wiped when dropped.
type Needle = Zeroizing<Vec<u8>>;

/// What is to be hidden in the output of a program.
#[derive(Clone, Debug, Default)]
pub struct Hidden {
    secrets: Vec<Secret>,
    /// User and key, which programs send as `user:key` in base64.
    pairs: Vec<(Secret, Secret)>,
}

impl Hidden {
    /// The keys and tokens of all records, whether they go to the program or not.
    pub fn of(sets: &[Set]) -> Self {
        let mut hidden = Self::default();
        for set in sets {
            hidden.secrets.extend(set.secrets().cloned());
            if let (Some(user), Some(key)) = (set.value(Field::ApiUser), set.value(Field::ApiKey)) {
                hidden.pairs.push((user.value.clone(), key.value.clone()));
            }
        }
        hidden
    }

    /// The automaton that finds all of it.
    pub(in crate::exec) fn table(&self) -> Table {
        let mut needles = Vec::new();
        for secret in &self.secrets {
            #[expect(clippy::disallowed_methods, reason = "what is hidden in the output of the program")]
            forms(secret.expose_secret().as_bytes(), &mut needles);
        }
        for (user, key) in &self.pairs {
            #[expect(clippy::disallowed_methods, reason = "what is hidden in the output of the program")]
            let (user, key) = (user.expose_secret(), key.expose_secret());
            if key.len() >= SHORTEST {
                let mut pair = Zeroizing::new(Vec::with_capacity(user.len() + 1 + key.len()));
                pair.extend_from_slice(user.as_bytes());
                pair.push(b':');
                pair.extend_from_slice(key.as_bytes());
                forms(&pair, &mut needles);
            }
        }
        build(needles.iter().map(|needle| needle.as_slice()))
    }
}

/// All forms of a secret. Short ones are left out.
fn forms(secret: &[u8], needles: &mut Vec<Needle>) {
    if secret.len() < SHORTEST {
        return;
    }
    needles.push(Zeroizing::new(secret.to_vec()));
    for alphabet in [STANDARD, URL] {
        for offset in 0..3 {
            needles.extend(base64(secret, offset, alphabet));
        }
    }
    for digits in [b"0123456789abcdef", b"0123456789ABCDEF"] {
        let hex = |out: &mut Vec<u8>, byte: u8| {
            out.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        };
        needles.push(each(secret, 2, hex));
        for blank in [&b"%20"[..], b"+"] {
            needles.push(each(secret, 3, |out, byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte),
                b' ' => out.extend_from_slice(blank),
                _ => {
                    out.push(b'%');
                    hex(out, byte);
                }
            }));
        }
    }
    for slash in [&b"/"[..], b"\\/"] {
        needles.push(each(secret, 6, |out, byte| match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'/' => out.extend_from_slice(slash),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                let digit = |n: u8| STANDARD_HEX[usize::from(n)];
                out.extend([digit(byte >> 4), digit(byte & 15)]);
            }
            _ => out.push(byte),
        }));
    }
}

const STANDARD_HEX: &[u8; 16] = b"0123456789abcdef";

/// A form made byte by byte, of at most `longest` bytes for each: a buffer that grew would leave copies behind.
fn each(secret: &[u8], longest: usize, mut form: impl FnMut(&mut Vec<u8>, u8)) -> Needle {
    let mut out = Zeroizing::new(Vec::with_capacity(secret.len() * longest));
    for byte in secret {
        form(&mut out, *byte);
    }
    out
}

/// The characters that a secret decides, where it begins `offset` bytes after a multiple of three: all that it decides
/// alone, and the same up to the end of a text that ends with it, without and with padding.
fn base64(secret: &[u8], offset: usize, alphabet: &[u8; 64]) -> [Needle; 3] {
    let (bits, first) = (8 * (offset + secret.len()), (8 * offset).div_ceil(6));
    let byte = |at: usize| at.checked_sub(offset).and_then(|at| secret.get(at)).copied().unwrap_or(0);
    let character = |n: usize| {
        let word = u16::from(byte(6 * n / 8)) << 8 | u16::from(byte(6 * n / 8 + 1));
        alphabet[usize::from(word >> (10 - 6 * n % 8) & 63)]
    };
    let last = bits.div_ceil(6);
    let part = |to: usize, padding: usize| {
        let mut needle = Zeroizing::new(Vec::with_capacity(to - first.min(to) + padding));
        needle.extend((first..to).map(character));
        needle.extend(std::iter::repeat_n(b'=', padding));
        needle
    };
    [part(bits / 6, 0), part(last, 0), part(last, (4 - last % 4) % 4)]
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::super::super::sys::Locked;
    use super::super::masker::Masker;
    use super::*;

    fn masker(secret: &str) -> Masker {
        let hidden = Hidden { secrets: vec![Secret::from(secret)], ..Hidden::default() };
        let table = hidden.table();
        let mut locked = Locked::zeroed(table.len()).unwrap();
        locked.copy_from_slice(&table);
        Masker::new(Rc::new(locked)).unwrap()
    }

    /// What Python's base64, urllib and json make of the secret, with other text before and after it. A character of
    /// base64 that other text has a part in may be shown.
    #[test]
    fn forms_are_those_that_programs_print() {
        for (printed, shown) in [
            ("<??>>s3krit/\u{e9}\">", "<***>"),
            ("Pz8+PnMza3JpdC/DqSI=", "***"),
            ("eD8/Pj5zM2tyaXQvw6ki", "eD***"),
            ("eHg/Pz4+czNrcml0L8OpIg==", "eHg***"),
            ("Pz8+PnMza3JpdC/DqSJ5eXk=", "***J5eXk="),
            ("eHg/Pz4+czNrcml0L8OpInl5eQ==", "eHg***nl5eQ=="),
            ("Pz8-PnMza3JpdC_DqSI=", "***"),
            ("eD8_Pj5zM2tyaXQvw6ki", "eD***"),
            ("eHg_Pz4-czNrcml0L8OpIg", "eHg***"),
            ("3f3f3e3e73336b7269742fc3a922", "***"),
            ("3F3F3E3E73336B7269742FC3A922", "***"),
            ("%3F%3F%3E%3Es3krit%2F%C3%A9%22", "***"),
            ("%3f%3f%3e%3es3krit%2f%c3%a9%22", "***"),
            ("??>>s3krit/\u{e9}\\\"", "***"),
            ("??>>s3krit\\/\u{e9}\\\"", "***"),
        ] {
            let mut out = Vec::new();
            let mut masker = masker("??>>s3krit/\u{e9}\"");
            masker.feed(printed.as_bytes(), std::time::Instant::now(), &mut out);
            masker.flush(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), shown, "{printed}");
        }
    }

    #[test]
    fn short_secrets_have_no_form() {
        let mut needles = Vec::new();
        forms(b"s3krit7", &mut needles);
        assert!(needles.is_empty());
        forms(b"s3krit78", &mut needles);
        assert!(needles.len() > 6);
    }
}
