//! Who logs in to a store, as a digest: what one login was given is given to no other.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use momo_cred_backend_api::Secret;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The longest token file that is looked at.
const LONGEST: u64 = 16 * 1024;

/// What tells one login from another, as far as it is known without asking the store. Only a digest of it leaves.
#[derive(Clone)]
pub struct Login(Sha256);

impl Login {
    /// A login to a store of this scheme.
    pub fn of(scheme: &str) -> Self {
        Self(Sha256::new()).with("momo-cred/cache/1", scheme)
    }

    /// Adds something that anybody may know.
    #[must_use]
    pub fn with(self, what: &str, value: &str) -> Self {
        self.bytes(what, value.as_bytes())
    }

    /// The same, where it is set.
    #[must_use]
    pub fn with_some(self, what: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(what, value),
            None => self,
        }
    }

    /// Adds a secret that nobody can guess, such as a token. A password is none: leave it out.
    #[must_use]
    pub fn with_secret(self, what: &str, value: &Secret) -> Self {
        #[expect(clippy::disallowed_methods, reason = "of a token, only a digest leaves")]
        self.bytes(what, value.expose_secret().trim().as_bytes())
    }

    /// Adds the token that a file holds, if there is one.
    #[must_use]
    pub fn with_file(self, what: &str, path: &Path) -> Self {
        let mut content = Zeroizing::new(Vec::new());
        let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut content));
        match read {
            Ok(_) => self.bytes(what, content.trim_ascii()),
            Err(_) => self,
        }
    }

    /// Each part with its length, so that no two lists of parts are one.
    fn bytes(mut self, what: &str, value: &[u8]) -> Self {
        for part in [what.as_bytes(), value] {
            self.0.update(part.len().to_le_bytes());
            self.0.update(part);
        }
        self
    }

    pub(super) fn digest(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The first 128 bits.
pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together_and_secrets_count() {
        let base = || Login::of("vault").with("a", "b");
        let (token, other) = (Secret::from("hvs.one"), Secret::from("hvs.two"));
        let digests = [
            base(),
            Login::of("vault").with("ab", ""),
            Login::of("aws").with("a", "b"),
            base().with_secret("token", &token),
            base().with_secret("token", &other),
        ]
        .map(Login::digest);
        for (n, digest) in digests.iter().enumerate() {
            assert!(digest.len() == 32 && !digests[n + 1..].contains(digest));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert_eq!(base().with_file("token", &path).digest(), base().digest());
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(&path).unwrap();
        use std::io::Write as _;
        File::options().write(true).open(&path).unwrap().write_all(b"hvs.one\n").unwrap();
        assert_eq!(base().with_file("token", &path).digest(), digests[3]);
    }
}
