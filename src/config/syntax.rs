//! TOML text to a tree with line numbers, with errors of our own.
//!
//! The parser's message quotes the line it stumbled over, value and all: only its position is used.

use std::path::Path;

use toml::de::DeTable;

use super::secrets::{looks_like_secret, shown_path};
use crate::{Error, Kind, Result};

/// A file's lines, for positions and messages.
pub(super) struct Source<'a> {
    path: &'a Path,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self { path, text, starts: std::iter::once(0).chain(newlines).collect() }
    }

    /// The file, as messages name it.
    pub(super) fn path(&self) -> &'a Path {
        self.path
    }

    /// The line of a position, counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1)
    }

    /// Reads the tree.
    pub(super) fn parse(&self) -> Result<DeTable<'a>> {
        let table = DeTable::parse(self.text).map_err(|foreign| {
            let at = foreign.span().map_or(self.text.len(), |span| span.start).min(self.text.len());
            let line = self.line(at);
            let before = self.text.as_bytes().get(self.starts[line - 1]..at).unwrap_or_default();
            let column = String::from_utf8_lossy(before).chars().count() + 1;
            self.error(line, &format!("column {column}: this is not TOML, or a key that is there already"))
                .next("correct the line: texts are in quotes, and a key stands once in its table")
        })?;
        Ok(table.into_inner())
    }

    /// Refuses a secret anywhere in the text, comments included: a file that is shared shares them too.
    pub(super) fn refuse_secrets(&self) -> Result<()> {
        match self.text.lines().position(looks_like_secret) {
            Some(index) => Err(self.secret(index + 1, "something")),
            None => Ok(()),
        }
    }

    /// The refusal of a secret. `what` is the key, never the value.
    pub(super) fn secret(&self, line: usize, what: &str) -> Error {
        self.error(line, &format!("{what} looks like a secret, and a config file holds none"))
            .next("remove it from the file: a credential goes into the store (`momo-cred import`), a login into a file or a variable")
            .next("if the file was shared or committed, replace the credential")
    }

    /// A fault at a line.
    pub(super) fn error(&self, line: usize, fault: &str) -> Error {
        Error::new(Kind::Misconfigured, format!("{}, line {line}: {fault}", shown_path(self.path)))
    }
}
