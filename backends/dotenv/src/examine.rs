//! What a person is told who asks why calls do not work. Nothing is made, locked or written.

use std::path::Path;

use momo_cred_backend_api::{Finding, Lookup, Reason, Verdict};
use rustix::fs::{Access, FileType};
use rustix::io::Errno;

use crate::config::Paths;
use crate::error::Problem;
use crate::file::{self, Content, Warning, file_type};
use crate::git::{self, Standing};
use crate::lock::shared_fs;

/// A problem as a finding, in the words of the error that a call would end in.
pub(crate) fn finding(about: &'static str, verdict: Verdict, problem: &Problem) -> Finding {
    let finding = Finding::new(about, verdict, problem.to_string());
    match problem.next() {
        Some(next) => finding.next(next),
        None => finding,
    }
}

fn bad(about: &'static str, problem: &Problem) -> Finding {
    finding(about, Verdict::Bad(problem.kind()), problem)
}

/// What keeps writes from working, and reads not.
fn read_only(about: &'static str, problem: &Problem) -> Finding {
    finding(about, Verdict::Mend, problem)
}

/// The file, for reading and for being replaced. `lookup` finds the record in it.
pub(crate) fn file(
    paths: &Paths,
    lookup: impl Fn(&Content) -> Result<Lookup, Problem>,
    found: &mut Vec<Finding>,
) {
    let told = |text: &str| Finding::new("file", Verdict::Told, text);
    let link = file::link(&paths.file).ok();
    // Looked at before it is opened: a pipe gives what it holds once.
    match rustix::fs::stat(&paths.file).map(|stat| file_type(&stat)) {
        Err(Errno::NOENT) if link.is_some() => found.push(told("there is none where the link leads")),
        Err(Errno::NOENT) => found.push(told("not there yet, it is made by the first write")),
        Err(errno) => found.push(bad("file", &Problem::errno("looking at the file")(errno))),
        Ok(FileType::Fifo) => found.push(told("it is a pipe, which is read once and was left alone")),
        Ok(_) => content(paths, lookup, found),
    }
    found.extend(link.map(|problem| read_only("symlink", &problem)));
}

fn content(paths: &Paths, lookup: impl Fn(&Content) -> Result<Lookup, Problem>, found: &mut Vec<Finding>) {
    let good = |text: &str| Finding::new("file", Verdict::Good, text);
    let content = match file::read(&paths.file) {
        Ok(Some(content)) => content,
        // Gone since it was looked at.
        Ok(None) => return found.push(Finding::new("file", Verdict::Told, "it was just taken away")),
        Err(problem) => return found.push(bad("file", &problem)),
    };
    found.push(match lookup(&content) {
        Ok(Lookup::Found(_)) => good("it can be read and holds the record"),
        Ok(_) => good("it can be read, and the record is not in it yet"),
        Err(problem) => bad("file", &problem),
    });
    if let Some(mode) = content.exposed() {
        let problem = Problem::Exposed { path: paths.file.clone(), mode };
        found.push(finding("file", Verdict::Mend, &problem));
    }
    if let Some(problem) = content.foreign() {
        found.push(read_only("file", &problem));
    }
}

/// The folder and the lock file in it: what a write makes files in.
pub(crate) fn folder(paths: &Paths, allow_shared_fs: bool, found: &mut Vec<Finding>) {
    let step = "making files in the folder";
    let usable = match rustix::fs::stat(&paths.folder) {
        Ok(stat) if file_type(&stat) != FileType::Directory => Err(Errno::NOTDIR),
        Ok(_) => rustix::fs::access(&paths.folder, Access::WRITE_OK | Access::EXEC_OK),
        Err(errno) => Err(errno),
    };
    let shared = usable.map_err(Problem::errno(step)).and_then(|()| shared_fs(&paths.folder));
    found.push(match shared {
        Err(problem) => read_only("folder", &problem),
        Ok(shared) => place(shared, allow_shared_fs),
    });
    found.extend(lock(&paths.lock).err().map(|problem| read_only("lock", &problem)));
}

fn place(shared: Option<&'static str>, allow_shared_fs: bool) -> Finding {
    match shared {
        None => Finding::new("folder", Verdict::Good, "files can be made in it"),
        Some(name) if allow_shared_fs => {
            let text = format!("on a network file system ({name}), which allow-shared-fs lets pass");
            Finding::new("folder", Verdict::Told, text)
        }
        Some(name) => finding("folder", Verdict::Mend, &Problem::Shared { name }),
    }
}

/// Whether the lock file, if there is one, is a file that can be locked.
fn lock(path: &Path) -> Result<(), Problem> {
    // Where it cannot be looked at, the folder has a finding.
    let Ok(stat) = rustix::fs::lstat(path) else { return Ok(()) };
    if file_type(&stat) != FileType::RegularFile {
        return Err(Problem::LockFile { lock: path.to_owned() });
    }
    let access = rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK);
    access.map_err(Problem::errno("opening the lock file"))
}

/// What git would do with our files.
pub(crate) fn git(paths: &Paths) -> Finding {
    let say = |verdict, text: &str| Finding::new("git", verdict, text);
    match git::standing(paths) {
        Standing::Elsewhere => say(Verdict::Good, "the folder is in no work tree of git"),
        Standing::Unknown => say(Verdict::Told, "git did not say whether it ignores the file"),
        Standing::Ignored => say(Verdict::Good, "git ignores the file and what is made beside it"),
        Standing::Unignored(names) => {
            let warning = Warning::Unignored { names };
            say(Verdict::Mend, &warning.text()).next(warning.next())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_file_system_should_be_mended_or_allowed() {
        assert_eq!(place(None, false).verdict, Verdict::Good);
        let found = place(Some("NFS"), false);
        assert_eq!(found.verdict, Verdict::Mend);
        assert!(found.text.contains("(NFS)") && found.next.unwrap().contains("allow-shared-fs"));
        let found = place(Some("NFS"), true);
        assert!(found.verdict == Verdict::Told && found.text.contains("(NFS)"));
    }
}
