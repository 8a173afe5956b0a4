//! Secrets for logging in: given, or in a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use momo_cred_backend_api::Secret;
use zeroize::Zeroizing;

use crate::Problem;
use crate::config::SecretSource;

/// A token of a CI job is some kilobytes; nothing here is near this.
const CAP: u64 = 64 * 1024;

impl SecretSource {
    /// Where it comes from, for people.
    pub(crate) fn origin(&self) -> String {
        match self {
            Self::Given { origin, .. } => origin.clone(),
            Self::File { path, origin } => format!("{} ({origin})", shown(path)),
        }
    }

    /// Reads it. `what` says what it is: `secret id`.
    pub(crate) fn read(&self, what: &'static str) -> Result<Secret, Problem> {
        match self {
            Self::Given { value, .. } => checked(what, &self.origin(), value.clone()),
            Self::File { path, .. } => {
                let value = read(path).map_err(|why| self.fault(what, why))?;
                checked(what, &self.origin(), value.ok_or_else(|| self.fault(what, "there is no such file"))?)
            }
        }
    }

    /// Reads a password, which may hold any character but a line end, and in a file one of those at its end.
    #[expect(clippy::disallowed_methods, reason = "looks at the characters of a password")]
    pub(crate) fn read_password(&self) -> Result<Secret, Problem> {
        const WHAT: &str = "password";
        let value = match self {
            Self::Given { value, .. } => value.clone(),
            Self::File { path, .. } => {
                let file = open(path).map_err(|why| self.fault(WHAT, why))?;
                let file = file.ok_or_else(|| self.fault(WHAT, "there is no such file"))?;
                let bytes = bytes(file).map_err(|why| self.fault(WHAT, why))?;
                let text = std::str::from_utf8(&bytes).map_err(|_| self.fault(WHAT, "it is not text"))?;
                let text =
                    text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
                Secret::from(text)
            }
        };
        let text = value.expose_secret();
        if text.is_empty() {
            return Err(self.fault(WHAT, "it is empty"));
        }
        if text.chars().any(char::is_control) {
            return Err(self.fault(WHAT, "it holds a control character"));
        }
        Ok(value)
    }

    fn fault(&self, what: &'static str, why: &'static str) -> Problem {
        Problem::Source { what, origin: self.origin(), why }
    }
}

/// Reads a file that holds a secret and nothing else. `None` where it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Secret>, &'static str> {
    open(path)?.map(text).transpose()
}

fn open(path: &Path) -> Result<Option<File>, &'static str> {
    // A pipe would wait for a writer, beyond any deadline.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err("it is no regular file");
    }
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Err("it may not be read"),
        Err(_) => Err("it cannot be opened"),
    }
}

/// Reads a token to the end of a stream. The classic mistake is a line end; the official client drops all white space at
/// both ends.
pub(super) fn text(stream: impl Read) -> Result<Secret, &'static str> {
    let bytes = bytes(stream)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "it is not text")?;
    Ok(Secret::from(text.trim()))
}

fn bytes(stream: impl Read) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    // As large as it can be from the start: a buffer that grew would leave copies.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(CAP).unwrap_or_default() + 1));
    stream.take(CAP + 1).read_to_end(&mut bytes).map_err(|_| "it cannot be read")?;
    if bytes.len() as u64 > CAP { Err("it is longer than 64 KiB") } else { Ok(bytes) }
}

/// Refuses what no header can carry, and what is none.
#[expect(clippy::disallowed_methods, reason = "looks at the characters of a secret for logging in")]
pub(super) fn checked(what: &'static str, origin: &str, value: Secret) -> Result<Secret, Problem> {
    let fault = |why| Problem::Source { what, origin: origin.to_owned(), why };
    let text = value.expose_secret();
    if text.is_empty() {
        return Err(fault("it is empty"));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(fault(
            "it holds white space, a control character or something else that is not plain ASCII",
        ));
    }
    Ok(value)
}

pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_no_part_of_a_secret() {
        let read =
            |bytes: &[u8]| text(bytes).and_then(|secret| checked("token", "x", secret).map_err(|_| "bad"));
        assert!(read(b"hvs.abc\n").unwrap().same_as(&"hvs.abc".into()));
        assert!(read(b"  hvs.abc\r\n").unwrap().same_as(&"hvs.abc".into()));
        for bad in [&b""[..], b"\n", b"a b", b"a\nb", b"a\x7f", "\u{e9}".as_bytes(), b"\xff", &[b'a'; 70_000]]
        {
            assert!(read(bad).is_err());
        }
    }
}
