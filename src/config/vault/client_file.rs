//! The settings file of Vault's own client. One setting of it counts: `token_helper`, a program to run.

use std::fs::{Metadata, OpenOptions};
use std::io::{self, Read};
use std::iter::Peekable;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::Chars;

use crate::config::secrets::shown_path;
use crate::config::{Environment, Origin};
use crate::{Error, Kind, Result};

/// The largest such file, in bytes.
const MAX: u64 = 64 * 1024;

/// A token helper and what names it.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) program: PathBuf,
    pub(super) origin: Origin,
}

/// The token helper that the file names. `None` where there is no file, as for Vault's own client.
pub(super) fn token_helper(path: &Path, env: &Environment) -> Result<Option<Named>> {
    let Some(text) = read(path, env)? else { return Ok(None) };
    let (program, line) = match assigned(&text) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(None),
        Err(line) => {
            let next = "write it as token_helper = \"/path/of/the/program\"";
            return Err(refusal(path, line, "is not a path in quotes").next(next));
        }
    };
    let origin = Origin::File { path: path.to_path_buf(), line };
    let program = PathBuf::from(program);
    if !program.is_absolute() {
        let error = refusal(path, line, "is not an absolute path");
        return Err(error.next(
            "give the helper's whole path: which program a short one means depends on where it is looked for",
        ));
    }
    // One that is not there is told of when it is to be run.
    if let Ok(meta) = program.metadata()
        && let Some(fault) = is_anybodys(&meta, env.uid())
    {
        let error = refusal(path, line, &format!("names a program that {}", fault.what));
        return Err(error.next(format!("{} {}", fault.next, shown_path(&program))));
    }
    Ok(Some(Named { program, origin }))
}

fn refusal(path: &Path, line: usize, fault: &str) -> Error {
    Error::new(Kind::Misconfigured, format!("{}, line {line}: `token_helper` {fault}", shown_path(path)))
}

fn read(path: &Path, env: &Environment) -> Result<Option<String>> {
    // The usual way to say that there is none.
    if path == Path::new("/dev/null") {
        return Ok(None);
    }
    let unusable = |fault: &str| {
        let what = format!("the settings file of Vault's client, {}, {fault}", shown_path(path));
        Error::new(Kind::Misconfigured, what)
    };
    let unreadable = |error: io::Error| {
        unusable("cannot be read")
            .because(error.kind())
            .next("look at its mode and owner, or set VAULT_TOKEN")
    };
    // Without these flags, opening a pipe would wait for a writer, and opening a terminal would take it over.
    let file = match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
    {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error)),
    };
    let meta = file.metadata().map_err(unreadable)?;
    if !meta.is_file() {
        return Err(unusable("is not a regular file").next("name a file in VAULT_CONFIG_PATH, or unset it"));
    }
    if let Some(fault) = is_anybodys(&meta, env.uid()) {
        return Err(unusable(fault.what).next(format!("{} {}", fault.next, shown_path(path))));
    }
    let mut bytes = Vec::new();
    file.take(MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX {
        return Err(unusable("is larger than 64 KiB").next("name another file in VAULT_CONFIG_PATH"));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

struct Anybodys {
    what: &'static str,
    next: &'static str,
}

/// Who else can write it decides which program gets to hand us a token.
fn is_anybodys(meta: &Metadata, uid: u32) -> Option<Anybodys> {
    if meta.uid() != uid && meta.uid() != 0 {
        return Some(Anybodys {
            what: "belongs to another user",
            next: "make it your own with `chown`, or copy it:",
        });
    }
    (meta.mode() & 0o022 != 0)
        .then_some(Anybodys { what: "can be written by others", next: "run chmod go-w on" })
}

/// What the setting is set to, and its line. The error is the line of a value that is not a plain text in quotes.
///
/// The file is HCL or JSON. No more of either is understood than telling texts, comments and names apart.
fn assigned(text: &str) -> std::result::Result<Option<(String, usize)>, usize> {
    let mut last = None;
    let mut tokens = Tokens { rest: text.chars().peekable(), line: 1 };
    while let Some(token) = tokens.next() {
        let line = tokens.line;
        if !matches!(token, Token::Word(name) | Token::Text(Some(name)) if name == "token_helper") {
            continue;
        }
        if !matches!(tokens.next(), Some(Token::Sign('=' | ':'))) {
            continue;
        }
        let Some(Token::Text(Some(value))) = tokens.next() else { return Err(line) };
        last = Some((value, line)).filter(|(value, _)| !value.is_empty());
    }
    Ok(last)
}

enum Token {
    Word(String),
    /// A text in quotes, or none where it is not plain: with an escape, an interpolation, or no end on its line.
    Text(Option<String>),
    Sign(char),
}

struct Tokens<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            match self.step()? {
                '#' => self.skip_line(),
                '/' if self.rest.next_if_eq(&'/').is_some() => self.skip_line(),
                '/' if self.rest.next_if_eq(&'*').is_some() => {
                    let mut before = ' ';
                    while let Some(c) = self.step() {
                        if before == '*' && c == '/' {
                            break;
                        }
                        before = c;
                    }
                }
                '"' => return Some(Token::Text(self.text())),
                c if c.is_whitespace() => {}
                c if is_word(&c) => {
                    let mut word = String::from(c);
                    while let Some(c) = self.rest.next_if(is_word) {
                        word.push(c);
                    }
                    return Some(Token::Word(word));
                }
                c => return Some(Token::Sign(c)),
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        let (mut text, mut plain) = (String::new(), true);
        while let Some(c) = self.rest.next_if(|c| *c != '\n') {
            match c {
                '"' => return plain.then_some(text),
                '\\' => {
                    plain = false;
                    self.rest.next_if(|c| *c != '\n');
                }
                '{' if text.ends_with('$') => plain = false,
                _ => {}
            }
            text.push(c);
        }
        None
    }

    fn step(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn skip_line(&mut self) {
        while self.rest.next_if(|c| *c != '\n').is_some() {}
    }
}

fn is_word(c: &char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_one_setting() {
        let found = |text: &str| assigned(text);
        let at = |path: &str, line| Ok(Some((path.to_owned(), line)));
        for (text, expected) in [
            ("", Ok(None)),
            ("token_helper = \"/a\"", at("/a", 1)),
            ("\r\n  token_helper=\"/a b\" # \"/c\"\r\n", at("/a b", 2)),
            ("# token_helper = \"/a\"\n// token_helper = \"/b\"\n", Ok(None)),
            ("/* token_helper = \"/a\"\n*/ token_helper = \"/b\"", at("/b", 2)),
            ("{ \"token_helper\": \"/a\" }", at("/a", 1)),
            ("other = \"token_helper = x\"\ntoken_helper = \"/a#b//c\"", at("/a#b//c", 2)),
            ("my_token_helper = \"/a\"\ntoken_helpers = \"/b\"", Ok(None)),
            ("token_helper = \"/a\"\ntoken_helper = \"/b\"", at("/b", 2)),
            ("token_helper = \"\"", Ok(None)),
            ("x {\n y = 1\n}\ntoken_helper = \"/a\"", at("/a", 4)),
            ("token_helper = /a", Err(1)),
            ("\ntoken_helper = \"/a", Err(2)),
            ("token_helper = \"/a\\\"b\"", Err(1)),
            ("token_helper = \"/${a}\"", Err(1)),
            ("token_helper = <<EOF\n/a\nEOF\n", Err(1)),
            ("token_helper =", Err(1)),
            ("token_helper", Ok(None)),
            ("/* token_helper = \"/a\"", Ok(None)),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
