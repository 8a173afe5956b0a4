//! Reads files and standard input that hold secrets.

use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use super::context::Context;
use crate::config::looks_like_secret;
use crate::{Error, Kind};

/// What to do about a secret that was given as an argument.
pub(crate) const LEAKED: &str = "the shell's history and the list of processes may hold it now: replace it";

/// A path as messages name it.
pub(crate) fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

/// Reads a file or, for `-`, standard input, up to a size. `what` belongs into the file, as messages say it.
pub(crate) fn read_input(
    context: &Context,
    path: &Path,
    max: u64,
    flag: &str,
    what: &str,
) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let text = path.to_string_lossy();
    if looks_like_secret(&text) && !text.contains('/') {
        let error =
            Error::new(Kind::Usage, format!("the value of {flag} looks like a secret, not like a path"))
                .next(format!("put {what} into a file and name the file, or use - for standard input"))
                .next(LEAKED);
        return Err(Unread::Path(error));
    }
    let failed = |why| Error::new(Kind::Usage, format!("cannot read {}", shown(path))).because(why);
    let system =
        |error: std::io::Error| Unread::Path(failed(why(error.kind())).next("check the path and its mode"));
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(max + 1).unwrap_or(0)));
    let stdin = text == "-";
    if stdin {
        std::io::stdin().lock().take(max + 1).read_to_end(&mut bytes).map_err(system)?;
    } else {
        let file = std::fs::File::open(path).map_err(system)?;
        warn_if_open_to_others(context, path, &file);
        file.take(max + 1).read_to_end(&mut bytes).map_err(system)?;
    }
    let why = match bytes.len() as u64 {
        0 => "it is empty",
        n if n > max => "it is too long",
        _ => return Ok(bytes),
    };
    Err(if stdin {
        Unread::Path(failed(why).next("look at what is piped into it; nothing was changed"))
    } else {
        Unread::Content(failed(why))
    })
}

/// Why an input was not read.
pub(crate) enum Unread {
    /// It could not be had. The error is complete.
    Path(Error),
    /// What is in it is of the wrong size. What belongs there is for the caller to say.
    Content(Error),
}

impl Unread {
    /// The error, with what to do about wrong content.
    pub(crate) fn instead(self, next: &str) -> Error {
        match self {
            Self::Path(error) => error,
            Self::Content(error) => error.next(next),
        }
    }
}

const fn why(kind: std::io::ErrorKind) -> &'static str {
    match kind {
        std::io::ErrorKind::NotFound => "there is no such file",
        std::io::ErrorKind::PermissionDenied => "permission denied",
        std::io::ErrorKind::IsADirectory => "it is a folder",
        _ => "the system reports an error",
    }
}

fn warn_if_open_to_others(context: &Context, path: &Path, file: &std::fs::File) {
    let Ok(stat) = rustix::fs::fstat(file) else { return };
    let regular = rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile;
    if regular && stat.st_mode & 0o044 != 0 {
        let path = path.display();
        context.output.warn(&format!("others can read {path}; close it with: chmod 600 {path}"));
    }
}
