//! Looking for canaries in bytes and in folders.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::encoding::forms;
use super::{Canary, Encoding};

/// A canary that was found. Names it, and never holds its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The canary's label.
    pub label: String,
    /// The form it was in.
    pub encoding: Encoding,
    /// The file it was in, or whose name it was in; `None` for bytes.
    pub file: Option<PathBuf>,
    /// Where in those bytes, or `None` for a file's name.
    pub offset: Option<usize>,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.label, self.encoding)?;
        if let Some(file) = &self.file {
            write!(f, " in {}", file.display())?;
        }
        match self.offset {
            Some(offset) => write!(f, " at byte {offset}"),
            None => f.write_str(" in the name"),
        }
    }
}

/// Finds canaries in bytes: for each canary and encoding the first place, in the order of the canaries. A place
/// where the whole value stands in plain is not reported as a part of it as well.
pub fn scan(bytes: &[u8], canaries: &[Canary]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for canary in canaries {
        for (encoding, offset) in find(bytes, &forms(&canary.value)) {
            hits.push(Hit { label: canary.label.clone(), encoding, file: None, offset: Some(offset) });
        }
    }
    hits
}

/// First offset by encoding, in the order of [`Encoding`].
fn find(bytes: &[u8], forms: &[(Encoding, Vec<u8>)]) -> Vec<(Encoding, usize)> {
    // Which pairs of bytes begin a form: one look-up per byte decides for nearly all of them.
    let mut begins = vec![false; 1 << 16];
    let pair = |a: u8, b: u8| usize::from(a) << 8 | usize::from(b);
    for (_, form) in forms.iter().filter(|(_, form)| form.len() > 1) {
        begins[pair(form[0], form[1])] = true;
    }
    let mut found: Vec<(Encoding, usize)> = Vec::new();
    for at in 0..bytes.len().saturating_sub(1) {
        if !begins[pair(bytes[at], bytes[at + 1])] {
            continue;
        }
        for (encoding, form) in forms {
            if bytes[at..].starts_with(form) && found.iter().all(|(known, _)| known != encoding) {
                found.push((*encoding, at));
            }
        }
    }
    if found.iter().any(|(encoding, _)| *encoding == Encoding::Plain) {
        // Forms that are the value itself, where an encoding changes nothing of it, say nothing more.
        let plain = forms.first().map(|(_, form)| form.clone()).unwrap_or_default();
        let own: Vec<_> =
            forms.iter().filter(|(_, form)| *form == plain).map(|(encoding, _)| *encoding).collect();
        found.retain(|(encoding, _)| {
            *encoding == Encoding::Plain || (*encoding != Encoding::Part && !own.contains(encoding))
        });
    }
    found.sort_unstable();
    found
}

/// Walks a folder and finds canaries in the names of its files and folders, in its files and in the targets of its
/// links, which are not followed. What is in `allow`, or below it, is passed over; other kinds of file are too.
///
/// # Errors
/// Where a file or folder cannot be read: what was not looked at is not clean.
pub fn scan_dir(path: &Path, canaries: &[Canary], allow: &[PathBuf]) -> io::Result<Vec<Hit>> {
    let mut hits = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let mut entries = fs::read_dir(&folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if allow.iter().any(|allowed| path.starts_with(allowed)) {
                continue;
            }
            let in_name = scan(entry.file_name().as_encoded_bytes(), canaries);
            hits.extend(in_name.into_iter().map(|hit| Hit {
                file: Some(folder.clone()),
                offset: None,
                ..hit
            }));
            let kind = entry.file_type()?;
            let mut content = Vec::new();
            if kind.is_dir() {
                folders.push(path);
                continue;
            } else if kind.is_symlink() {
                content = fs::read_link(&path)?.into_os_string().into_encoded_bytes();
            } else if kind.is_file() {
                File::open(&path)?.read_to_end(&mut content)?;
            }
            hits.extend(
                scan(&content, canaries).into_iter().map(|hit| Hit { file: Some(path.clone()), ..hit }),
            );
        }
    }
    Ok(hits)
}
