//! What the file says on Vault, as a profile takes it over.

use std::path::{Path, PathBuf};

use super::Keys;
use crate::config::origin::{Located, Origin};
use crate::config::{Found, Setting};

/// What the file says on Vault for one profile: the profile's own table, or else that of the file.
#[derive(Clone, Debug, Default)]
pub struct VaultTable {
    pub(super) keys: Keys,
    file: PathBuf,
    folder: PathBuf,
}

impl VaultTable {
    pub(in crate::config) fn new(keys: Option<Keys>, found: Option<&Found>) -> Self {
        let file = found.map(|found| found.shown().to_path_buf()).unwrap_or_default();
        let folder = found.map(|found| found.folder().to_path_buf()).unwrap_or_default();
        Self { keys: keys.unwrap_or_default(), file, folder }
    }

    /// Whether a sensitive key, given with its table, is taken from this line.
    pub(in crate::config) fn has(&self, name: &str, line: usize) -> bool {
        self.keys.sensitive(&self.folder).iter().any(|(known, value)| known == name && value.line == line)
    }

    /// Where a line is.
    pub(super) fn origin(&self, line: usize) -> Origin {
        Origin::File { path: self.file.clone(), line }
    }

    /// A value and where it is.
    pub(super) fn setting<T: Clone>(&self, key: &Located<T>) -> Setting<T> {
        Setting::new(key.value.clone(), self.origin(key.line))
    }

    /// A path, which starts from the folder of the file.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.join(path)
    }
}
