//! Looking for canaries in bytes and in folders.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::encoding::{Form, forms};
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

/// Looks for some canaries, in as many places as wanted.
#[derive(Clone)]
pub struct Scanner {
    canaries: Vec<(String, Vec<Form>)>,
    /// Which pairs of bytes begin a form: one look-up per byte decides for nearly all of them.
    begins: Vec<bool>,
}

impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.canaries.iter().map(|(label, _)| label)).finish()
    }
}

impl Scanner {
    /// Prepares all encodings of these canaries.
    pub fn new(canaries: &[Canary]) -> Self {
        let canaries: Vec<_> =
            canaries.iter().map(|canary| (canary.label.clone(), forms(&canary.value))).collect();
        let mut begins = vec![false; 1 << 16];
        for (_, form) in canaries.iter().flat_map(|(_, forms)| forms).filter(|(_, form)| form.len() > 1) {
            begins[pair(form[0], form[1])] = true;
        }
        Self { canaries, begins }
    }

    /// Finds the canaries in bytes: for each of them and each encoding the first place, in that order. Where a
    /// whole value stands in plain, parts of it are not reported as well.
    pub fn scan(&self, bytes: &[u8]) -> Vec<Hit> {
        let starts: Vec<_> = (0..bytes.len().saturating_sub(1))
            .filter(|at| self.begins[pair(bytes[*at], bytes[*at + 1])])
            .collect();
        let mut hits = Vec::new();
        for (label, forms) in &self.canaries {
            for (encoding, offset) in find(bytes, &starts, forms) {
                hits.push(Hit { label: label.clone(), encoding, file: None, offset: Some(offset) });
            }
        }
        hits
    }
}

fn pair(a: u8, b: u8) -> usize {
    usize::from(a) << 8 | usize::from(b)
}

/// Finds canaries in bytes: see [`Scanner::scan`].
pub fn scan(bytes: &[u8], canaries: &[Canary]) -> Vec<Hit> {
    Scanner::new(canaries).scan(bytes)
}

/// First offset by encoding, in the order of [`Encoding`].
fn find(bytes: &[u8], starts: &[usize], forms: &[Form]) -> Vec<(Encoding, usize)> {
    let mut found: Vec<(Encoding, usize)> = Vec::new();
    for at in starts {
        for (encoding, form) in forms {
            if bytes[*at..].starts_with(form) && found.iter().all(|(known, _)| known != encoding) {
                found.push((*encoding, *at));
            }
        }
    }
    if found.iter().any(|(encoding, _)| *encoding == Encoding::Plain) {
        // Forms that are the value itself, where an encoding changes nothing of it, say nothing more.
        let plain = forms.first().map_or(&[][..], |(_, form)| form);
        let own = |encoding| forms.iter().any(|(of, form)| *of == encoding && form == plain);
        found.retain(|(encoding, _)| match encoding {
            Encoding::Plain => true,
            Encoding::Part => false,
            other => !own(*other),
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
    let scanner = Scanner::new(canaries);
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
            let in_name = scanner.scan(entry.file_name().as_encoded_bytes());
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
                scanner.scan(&content).into_iter().map(|hit| Hit { file: Some(path.clone()), ..hit }),
            );
        }
    }
    Ok(hits)
}
