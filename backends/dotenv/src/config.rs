//! Settings of the store.

use std::path::{Path, PathBuf};

use crate::{FieldSet, Problem};

/// Where the file is and which variables in it are ours.
#[derive(Clone, Debug)]
pub struct DotenvConfig {
    /// The file. It need not exist; its folder must, before the first write.
    pub path: PathBuf,
    /// The closed list of fields.
    pub fields: FieldSet,
    /// Lets `hold` pass on a network file system, where locks may not reach other machines.
    pub allow_shared_fs: bool,
}

/// The paths that a store works on, all in one folder.
#[derive(Debug)]
pub(crate) struct Paths {
    pub(crate) file: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) lock: PathBuf,
    /// What the names of our temporary files begin with.
    pub(crate) temp_prefix: String,
}

impl Paths {
    /// Over this, a location with the longest prefix would be too long.
    const MAX: usize = 3072;

    pub(crate) fn new(file: &Path) -> Result<Self, Problem> {
        let bad = |why| Err(Problem::Path { why });
        let Some(name) = file.file_name() else { return bad("it names no file") };
        let Some(name) = name.to_str() else { return bad("its file name is not UTF-8") };
        if file.as_os_str().len() > Self::MAX {
            return bad("it is longer than 3072 bytes");
        }
        let folder = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Self {
            file: file.to_owned(),
            lock: folder.join(format!("{name}.lock")),
            temp_prefix: format!("{name}.momo-cred.tmp-"),
            folder,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lie_beside_the_file() {
        let paths = Paths::new(Path::new(".env")).unwrap();
        assert_eq!(paths.lock, Path::new("./.env.lock"));
        assert_eq!(paths.temp_prefix, ".env.momo-cred.tmp-");
        let paths = Paths::new(Path::new("/srv/app/prod.env")).unwrap();
        assert_eq!(paths.lock, Path::new("/srv/app/prod.env.lock"));
        for bad in ["", "/", "..", "a/.."] {
            assert!(Paths::new(Path::new(bad)).is_err(), "{bad:?}");
        }
    }
}
