//! The atomic replacement: a new file in the same folder, synced, renamed over the old one, the folder synced.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use rustix::io::Errno;

use crate::config::Paths;
use crate::error::{Failed, Problem};
use crate::file;

/// Whether a replacement took effect, where that is not certain.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    /// It did.
    Yes,
    /// It was made, and then neither the folder could be synced nor the result be seen.
    Unknown(Problem),
}

/// Replaces the file, whose content was `before` (`None`: there was no file), by `after`. The caller has the lock.
///
/// # Errors
/// Nothing was changed.
pub(crate) fn replace(paths: &Paths, before: Option<&[u8]>, after: &[u8]) -> Result<Saved, Problem> {
    let step = "creating a file beside it";
    let mut temp = tempfile::Builder::new()
        .prefix(&paths.temp_prefix)
        .rand_bytes(12)
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(&paths.folder)
        .map_err(Problem::system(step))?;
    // Not through `temp`, which hides the number of an error behind its own type.
    temp.as_file_mut().write_all(after).map_err(Problem::system("writing the new file"))?;
    temp.as_file().sync_all().map_err(Problem::system("syncing the new file"))?;
    // Programs that do not take the lock: an editor may have saved since we read.
    let now = file::read_to_replace(&paths.file)?;
    if now.as_ref().map(|content| content.bytes.as_slice()) != before {
        return Err(Problem::Raced);
    }
    let temp = temp.into_temp_path();
    let renamed = match before {
        Some(_) => temp.persist(&paths.file),
        None => temp.persist_noclobber(&paths.file),
    };
    renamed.map_err(|error| match Errno::from_io_error(&error.error) {
        Some(Errno::EXIST) => Problem::Raced,
        _ => Problem::system("replacing the file")(error.error),
    })?;
    Ok(sync_folder(paths).map_or_else(|problem| settle(paths, after, problem), |()| Saved::Yes))
}

fn sync_folder(paths: &Paths) -> Result<(), Problem> {
    let step = "syncing the folder";
    let folder = File::open(&paths.folder).map_err(Problem::system(step))?;
    match folder.sync_all().map_err(Problem::system(step)) {
        // Some file systems cannot sync a folder.
        Err(Problem::System { failed: Failed::Other(number), .. })
            if number == Errno::INVAL.raw_os_error() =>
        {
            Ok(())
        }
        other => other,
    }
}

/// What a reader sees now decides.
fn settle(paths: &Paths, after: &[u8], problem: Problem) -> Saved {
    match file::read(&paths.file) {
        Ok(Some(content)) if content.bytes.as_slice() == after => Saved::Yes,
        _ => Saved::Unknown(problem),
    }
}

/// Deletes what killed processes left behind: regular files of ours with exactly our names. The caller has the lock, so
/// none of them is in use. What cannot be deleted stays for the next time.
pub(crate) fn sweep(paths: &Paths) {
    let Ok(entries) = std::fs::read_dir(&paths.folder) else { return };
    let uid = rustix::process::geteuid().as_raw();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(random) = name.to_str().and_then(|name| name.strip_prefix(&paths.temp_prefix)) else {
            continue;
        };
        if random.len() != 12 || !random.bytes().all(|b| b.is_ascii_alphanumeric()) {
            continue;
        }
        // Does not follow links.
        if entry.metadata().is_ok_and(|meta| meta.is_file() && meta.uid() == uid) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
