//! The forms in which a value is looked for.

use std::fmt;

/// The shortest part of a value that counts as a leak of it.
pub(super) const PART: usize = 12;

/// A form in which a value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// As it is.
    Plain,
    /// 12 or more characters of it in a row, as a careless mask leaves them.
    Part,
    /// Base64, at any of three offsets, in the standard or the URL alphabet.
    Base64,
    /// Two hex digits per byte, in either case.
    Hex,
    /// `%41`: all bytes, or all that are not unreserved in a URL.
    Percent,
    /// `\u0041`, or `\/` for a slash.
    Json,
    /// Backwards, or in pieces that are each backwards or in backward order.
    Reversed,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Part => "part",
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Percent => "percent",
            Self::Json => "json",
            Self::Reversed => "reversed",
        })
    }
}

/// Bytes to look for, and what they are an encoding in.
pub(super) type Form = (Encoding, Vec<u8>);

/// Everything to look for, for one value. The same form may come twice.
pub(super) fn forms(value: &str) -> Vec<Form> {
    let bytes = value.as_bytes();
    let mut forms = vec![(Encoding::Plain, bytes.to_vec())];
    forms.extend(bytes.windows(PART).map(|part| (Encoding::Part, part.to_vec())));
    for offset in 0..3 {
        let code = base64(bytes, offset);
        let url = code.iter().map(|c| match c {
            b'+' => b'-',
            b'/' => b'_',
            c => *c,
        });
        forms.push((Encoding::Base64, url.collect()));
        forms.push((Encoding::Base64, code));
    }
    for upper in [false, true] {
        let hex = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        let all = |before: &str| {
            bytes.iter().map(|b| before.to_owned() + &hex(*b)).collect::<String>().into_bytes()
        };
        forms.push((Encoding::Hex, all("")));
        forms.push((Encoding::Percent, all("%")));
        forms.push((Encoding::Json, utf16(value, upper)));
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        for also in [&b""[..], b"/", b":@,+/"] {
            let one = |b: &u8| {
                if unreserved(*b) || also.contains(b) {
                    char::from(*b).to_string()
                } else {
                    format!("%{}", hex(*b))
                }
            };
            forms.push((Encoding::Percent, bytes.iter().map(one).collect::<String>().into_bytes()));
        }
    }
    forms.push((Encoding::Json, value.replace('/', "\\/").into_bytes()));
    forms.push((Encoding::Reversed, bytes.iter().rev().copied().collect()));
    for size in [2, 4, 8, 16] {
        forms.push((Encoding::Reversed, bytes.chunks(size).rev().flatten().copied().collect()));
        forms.push((
            Encoding::Reversed,
            bytes.chunks(size).flat_map(|chunk| chunk.iter().rev()).copied().collect(),
        ));
    }
    forms
}

fn utf16(value: &str, upper: bool) -> Vec<u8> {
    let unit = |unit: u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
    value.encode_utf16().map(unit).collect::<String>().into_bytes()
}

/// The characters of base64 that depend on `bytes` alone where `offset` bytes of another text come first in the
/// group of three and another text may follow.
fn base64(bytes: &[u8], offset: usize) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padded: Vec<u8> = std::iter::repeat_n(0, offset).chain(bytes.iter().copied()).collect();
    let sextet = |n: usize| {
        let bit = n * 6;
        let (at, shift) = (bit / 8, bit % 8);
        let pair = (u16::from(padded[at]) << 8) | padded.get(at + 1).copied().map_or(0, u16::from);
        ALPHABET[usize::from((pair >> (10 - shift)) & 63)]
    };
    ((offset * 8).div_ceil(6)..padded.len() * 8 / 6).map(sextet).collect()
}

#[cfg(test)]
mod tests {
    use super::base64;

    /// Against the vectors of RFC 4648, and with neighbours.
    #[test]
    fn base64_is_right_at_every_offset() {
        assert_eq!(base64(b"foobar", 0), b"Zm9vYmFy");
        assert_eq!(base64(b"fooba", 0), b"Zm9vYm");
        for (offset, whole) in [(0, "TWFueSBoYW5kcw"), (1, "eE1hbnkgaGFuZHM"), (2, "eHhNYW55IGhhbmRz")] {
            let inner = String::from_utf8(base64(b"Many hands", offset)).unwrap();
            assert!(whole.contains(&inner) && whole.len() - inner.len() <= 4, "{offset}: {inner} in {whole}");
        }
    }
}
