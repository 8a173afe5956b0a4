//! Tokens signed with ES256, and the PEM form of keys.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// A key that signs JSON Web Tokens.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public_pem: String,
}

impl SigningKey {
    /// Makes a new one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each is different, which a default would not say")]
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &key.serialize_der(),
            &SystemRandom::new(),
        )
        .expect("a P-256 key");
        Self { pair, public_pem: pem("PUBLIC KEY", &rcgen::PublicKeyData::subject_public_key_info(&key)) }
    }

    /// What a server checks the tokens with.
    #[must_use]
    pub fn public_key_pem(&self) -> &str {
        &self.public_pem
    }

    /// Signs these claims as they are.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({"alg": "ES256", "typ": "JWT"})), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// Now, in the unit of `iat` and `exp`.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

/// Both `der` and its name in the form that files have.
pub(crate) fn pem(kind: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = vec![format!("-----BEGIN {kind}-----")];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        lines.push(line.to_owned());
        rest = tail;
    }
    lines.push(format!("-----END {kind}-----\n"));
    lines.join("\n")
}
