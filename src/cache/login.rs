//! Who logs in to a store, as a digest: what one login was given is given to no other.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use momo_cred_backend_api::Secret;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The longest file that is looked at.
const LONGEST: u64 = 1024 * 1024;

/// What tells one login from another, as far as it is known without asking the store. Only a digest of it leaves.
#[derive(Clone)]
pub struct Login {
    digest: Sha256,
    unknown: Option<Unknown>,
}

/// Why nobody can tell which login it is before it has logged in. Nothing is kept for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown(&'static str);

impl Login {
    /// A login to a store of this scheme.
    pub fn of(scheme: &str) -> Self {
        Self { digest: Sha256::new(), unknown: None }.with("momo-cred/cache/2", scheme)
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

    /// Adds what a file holds, if it is there: a token, a certificate, settings.
    #[must_use]
    pub fn with_file(self, what: &str, path: &Path) -> Self {
        match content(path) {
            Ok(Some(content)) => self.with_content(what, &content),
            Ok(None) => self,
            Err(unknown) => self.not_known(unknown),
        }
    }

    /// Adds what was in a file.
    #[must_use]
    pub fn with_content(self, what: &str, content: &[u8]) -> Self {
        self.bytes(what, content.trim_ascii())
    }

    /// It decides who logs in, and tells it only to who runs it.
    #[must_use]
    pub fn decided_by(self, what: &'static str) -> Self {
        self.not_known(Unknown(what))
    }

    /// Nobody can tell who logs in.
    #[must_use]
    pub fn not_known(self, unknown: Unknown) -> Self {
        Self { unknown: self.unknown.or(Some(unknown)), ..self }
    }

    /// Each part with its length, so that no two lists of parts are one.
    fn bytes(mut self, what: &str, value: &[u8]) -> Self {
        for part in [what.as_bytes(), value] {
            self.digest.update(part.len().to_le_bytes());
            self.digest.update(part);
        }
        self
    }

    pub(super) fn digest(self) -> Result<String, Unknown> {
        self.unknown.map_or_else(|| Ok(hex(&self.digest.finalize())), Err)
    }
}

/// The whole of a file, or none where there is none.
///
/// # Errors
/// [`Unknown`] for one that cannot be read, or is too long to be what it should be.
pub fn content(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Unknown> {
    let mut content = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut content));
    match read {
        Ok(length) if length as u64 > LONGEST => {
            Err(Unknown("a file that decides who logs in is over 1 MiB"))
        }
        Ok(_) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(_) => Err(Unknown("a file that decides who logs in cannot be read")),
    }
}

/// The first 128 bits.
pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unknown {}

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
        .map(|login| login.digest().unwrap());
        for (n, digest) in digests.iter().enumerate() {
            assert!(digest.len() == 32 && !digests[n + 1..].contains(digest));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert_eq!(base().with_file("token", &path).digest(), base().digest());
        // A folder is there, and is no file.
        assert!(base().with_file("token", folder.path()).digest().is_err());
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(&path).unwrap();
        use std::io::Write as _;
        File::options().write(true).open(&path).unwrap().write_all(b"hvs.one\n").unwrap();
        assert_eq!(base().with_file("token", &path).digest().as_ref(), Ok(&digests[3]));
        // As long as a file may be, and one byte more: the end counts.
        let long = |length, end: u8| {
            let mut content = vec![b'x'; length];
            content.push(end);
            File::create(&path).unwrap().write_all(&content).unwrap();
            base().with_file("token", &path).digest()
        };
        assert_ne!(long(1024 * 1024 - 1, b'1').unwrap(), long(1024 * 1024 - 1, b'2').unwrap());
        assert!(long(1024 * 1024, b'1').is_err());
        assert!(base().decided_by("a program").digest().is_err());
    }
}
