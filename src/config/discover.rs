//! Which config file is used.

use std::ffi::OsStr;
use std::path::Path;

use super::file::{Found, FoundBy, read, refusal};
use super::secrets::looks_like_secret;
use super::{Environment, FILE_NAME, variables};
use crate::{Error, Kind, Result};

/// The file named by flag or variable, else the nearest one in the working tree, else the user's, else none.
pub(super) fn discover(flag: Option<&Path>, env: &Environment) -> Result<Option<Found>> {
    let named = flag.map(|path| (path.as_os_str(), "--config", Kind::Usage));
    let variable = || env.get(variables::CONFIG).map(|path| (path, variables::CONFIG, Kind::Misconfigured));
    if let Some((path, by, kind)) = named.or_else(variable) {
        return named_file(path, by, kind, env).map(Some);
    }
    if let Some(found) = candidate(env.cwd(), env)? {
        return Ok(Some(found));
    }
    for folder in above(env) {
        if let Some(found) = candidate(folder, env)? {
            return Ok(Some(found));
        }
    }
    user_file(env)
}

/// The file in the user's config folder.
pub(super) fn user_file(env: &Environment) -> Result<Option<Found>> {
    env.config_folder().map_or(Ok(None), |folder| read(&folder.join(FILE_NAME), FoundBy::UserFolder, env))
}

fn named_file(path: &OsStr, by: &'static str, kind: Kind, env: &Environment) -> Result<Found> {
    // Paths of build machines have such names in them; a secret put here has no folder before it.
    let text = path.to_string_lossy();
    if looks_like_secret(&text) && !text.contains('/') {
        return Err(Error::new(kind, format!("the value of {by} looks like a secret, not like a path")).next(
            "name a config file; the shell's history and the list of processes may hold the value now: replace it",
        ));
    }
    let path = Path::new(path);
    read(path, FoundBy::Name, env)?.ok_or_else(|| {
        refusal(path, "does not exist")
            .because(format!("it was named by {by}"))
            .next(format!("correct the path; without {by}, a {FILE_NAME} here or above is used"))
    })
}

fn candidate(folder: &Path, env: &Environment) -> Result<Option<Found>> {
    // Started from within the user's own config folder, the walk meets the user's own file.
    let by = match env.config_folder() {
        Some(own) if own == folder => FoundBy::UserFolder,
        _ => FoundBy::Walk,
    };
    read(&folder.join(FILE_NAME), by, env)
}

/// Folders above the working directory up to the repository's root or the home directory; none where neither is
/// above: in `/tmp/x`, a file in `/tmp` is anybody's.
fn above(env: &Environment) -> Vec<&Path> {
    let cwd = env.cwd();
    let is_limit = |folder: &Path| env.home() == Some(folder) || is_repository(folder);
    let limit = cwd.ancestors().find(|folder| is_limit(folder)).map(Path::to_path_buf);
    // A home behind a link is looked at only where nothing else ends the walk: it takes a call for each folder of it.
    let limit = limit.or_else(|| env.home()?.canonicalize().ok().filter(|home| cwd.starts_with(home)));
    let Some(limit) = limit else { return Vec::new() };
    cwd.ancestors().skip(1).take_while(|folder| folder.starts_with(&limit)).collect()
}

/// `.git` is a folder, or a file in a linked work tree.
fn is_repository(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok()
}
