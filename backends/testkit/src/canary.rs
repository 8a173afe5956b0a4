//! Values that are recognised wherever they leak.

mod encoding;
mod scan;

use std::fmt;

use momo_cred_backend_api::Secret;

pub use encoding::Encoding;
pub use scan::{Hit, Scanner, scan, scan_dir};

/// A secret value for a test: high entropy, always the same for one label, and found by [`scan`] in every encoding
/// of [`Encoding`]. Put the name of the test into the label where a place is scanned that tests share.
#[derive(Clone)]
pub struct Canary {
    label: String,
    value: String,
}

impl Canary {
    /// A value of 40 portable characters.
    pub fn new(label: impl Into<String>) -> Self {
        let label = label.into();
        let mut noise = Noise::of("portable", &label);
        let plain = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let odd = b"._/:@%+,-";
        let mut value = String::new();
        for n in 0..40 {
            // Every fifth is one that encodings change; never the first or the last.
            let alphabet: &[u8] = if n % 5 == 2 { odd } else { plain };
            value.push(char::from(noise.pick(alphabet)));
        }
        Self { label, value }
    }

    /// A value of 32 hex digits, as MTN's API keys and subscription keys are.
    pub fn hex(label: impl Into<String>) -> Self {
        let label = label.into();
        let mut noise = Noise::of("hex", &label);
        let value = (0..32).map(|_| char::from(noise.pick(b"0123456789abcdef"))).collect();
        Self { label, value }
    }

    /// A canary of another text, such as a token whose shape is given. It has to be at least 16 characters of high
    /// entropy, or innocent text is taken for it.
    pub fn of(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }

    /// What it is called in a [`Hit`].
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The value, for where a test feeds it in.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The value as a secret.
    pub fn secret(&self) -> Secret {
        Secret::from(self.value.as_str())
    }
}

impl fmt::Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canary").field("label", &self.label).finish_non_exhaustive()
    }
}

/// Numbers that look random and depend on a text alone: FNV-1a into SplitMix64.
struct Noise(u64);

impl Noise {
    fn of(kind: &str, label: &str) -> Self {
        let bytes = kind.bytes().chain([0]).chain(label.bytes());
        Self(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick(&mut self, from: &[u8]) -> u8 {
        let below = self.next() % from.len() as u64;
        usize::try_from(below).ok().and_then(|n| from.get(n)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_stable_distinct_and_of_their_shape() {
        let (one, other, hex) = (Canary::new("a"), Canary::new("b"), Canary::hex("a"));
        assert_eq!(one.value(), Canary::new("a").value());
        assert_ne!(one.value(), other.value());
        assert_eq!((one.value().len(), hex.value().len()), (40, 32));
        assert!(one.value().bytes().all(momo_cred_backend_api::Values::portable));
        assert!(hex.value().bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        assert!(!format!("{one:?} {one:#?}").contains(one.value()));
    }
}
