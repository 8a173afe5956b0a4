//! The one source of "random" values: the same seed and the same requests give the same keys and tokens.

use uuid::{Builder, Uuid};

/// A splitmix64 stream. It makes test fixtures, never secrets.
#[derive(Clone, Debug)]
pub(crate) struct Generator(u64);

impl Generator {
    /// The stream `name` of `seed`; streams are apart, so that one more subscription key shifts no API key.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mut generator = Self(seed);
        for byte in name.bytes() {
            generator.0 = generator.next() ^ u64::from(byte);
        }
        generator
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }

    /// A key as MTN issues them: 32 lower-case hex digits, a version 4 UUID without its dashes.
    pub(crate) fn key(&mut self) -> String {
        self.uuid().simple().to_string()
    }
}
