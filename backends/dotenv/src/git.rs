//! Whether git would take the file, its lock or a temporary file of ours into a commit.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::config::Paths;

/// What git would do with the file and what is made beside it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The folder is in no work tree.
    Elsewhere,
    /// git is not there to be asked, or has no answer.
    Unknown,
    /// It leaves all of them alone.
    Ignored,
    /// It would take these. Names, as they go into .gitignore.
    Unignored(Vec<String>),
}

/// Asks git, in a work tree.
pub(crate) fn standing(paths: &Paths) -> Standing {
    let Ok(folder) = paths.folder.canonicalize() else { return Standing::Elsewhere };
    // A look at a few folders is cheap; starting git is not.
    if !folder.ancestors().any(|folder| folder.join(".git").exists()) {
        return Standing::Elsewhere;
    }
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let temp = format!("{}0", paths.temp_prefix);
    let names: Vec<String> =
        [name(&paths.file), name(&paths.lock), Some(temp.clone())].into_iter().flatten().collect();
    // A helper process gets nothing of our environment.
    let asked = Command::new("git")
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir(&folder)
        .args(["check-ignore", "--"])
        .args(&names)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let Ok(output) = asked else { return Standing::Unknown };
    // git-check-ignore(1): 0 for some, 1 for none; anything else is no answer.
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Standing::Unknown;
    }
    let ignored = String::from_utf8_lossy(&output.stdout).into_owned();
    let left = names.into_iter().filter(|name| !ignored.lines().any(|line| line == name));
    let names: Vec<_> =
        left.map(|name| if name == temp { format!("{}*", paths.temp_prefix) } else { name }).collect();
    if names.is_empty() { Standing::Ignored } else { Standing::Unignored(names) }
}
