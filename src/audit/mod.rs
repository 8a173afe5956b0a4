//! The audit trail: one line of JSON for each run that changes records, or tried to. Names and fingerprints, no value.
//!
//! The file is opened by its path for each line, so that it may be rotated at any time, and no lock is held: a line is
//! one `write` at the end of the file, which the kernel keeps in one piece. What is no file of ours alone is refused.

mod file;
mod line;

use std::path::{Path, PathBuf};

pub use self::file::Unwritten;
pub use self::line::{Ending, Entry, Fingerprints};
use crate::config::Setting;
use crate::{Error, Result};

/// A file that lines can be added to.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
}

impl Audit {
    /// Makes sure that lines can be added; the file is made if it is not there.
    ///
    /// # Errors
    /// Misconfigured for a file that others may write, a symbolic link, or no regular file; cannot-write for one that
    /// cannot be opened. Called before anything is changed, so nothing is.
    pub fn begin(setting: &Setting<PathBuf>) -> Result<Self> {
        match file::open(&setting.value) {
            Ok(_) => Ok(Self { path: setting.value.clone() }),
            Err(unwritten) => {
                Err(refused(&setting.value, unwritten).because(format!("it is named by {}", setting.origin)))
            }
        }
    }

    /// Adds a line and waits until it is on the disk.
    ///
    /// # Errors
    /// [`Unwritten`], where the line is not in the file as a whole.
    pub fn add(&self, entry: &Entry) -> std::result::Result<(), Unwritten> {
        file::append(&self.path, &line::rendered(entry))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn refused(path: &Path, unwritten: Unwritten) -> Error {
    Error::new(
        unwritten.kind(),
        format!("the audit trail {} cannot be written; nothing was changed", path.display()),
    )
    .because(unwritten)
    .next(unwritten.next())
}

#[cfg(test)]
mod tests;
