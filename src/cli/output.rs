//! Everything that is printed. Data goes to standard output, people are talked to on standard error.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};

use rustix::io::Errno;
use serde_json::Value;

use super::address::Address;
use super::args::{Global, When};
use crate::{Error, Kind, Result};

/// Where and how a command talks.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    level: i8,
    /// Looked into only where something is painted: most runs print nothing.
    color: Color,
    warned: RefCell<BTreeSet<String>>,
    address: RefCell<Address>,
}

/// When messages are coloured.
#[derive(Clone, Copy, Debug)]
enum Color {
    Always,
    OnATerminal,
    Never,
}

impl Output {
    pub(crate) fn new(global: &Global, no_color: bool) -> Self {
        let color = match global.color {
            When::Always => Color::Always,
            When::Auto if !no_color => Color::OnATerminal,
            When::Auto | When::Never => Color::Never,
        };
        let level = if global.quiet { -1 } else { i8::try_from(global.verbose).unwrap_or(i8::MAX) };
        Self { json: global.json, level, color, warned: RefCell::default(), address: RefCell::default() }
    }

    /// Before the command line is understood.
    pub(crate) fn plain() -> Self {
        Self {
            json: false,
            level: 0,
            color: Color::Never,
            warned: RefCell::default(),
            address: RefCell::default(),
        }
    }

    /// Of a process whose messages somebody else decides on.
    pub(crate) fn silent() -> Self {
        Self { level: i8::MIN, ..Self::plain() }
    }

    /// Completes the command lines in all that is told from now on.
    pub(crate) fn tells_of(&self, address: Address) {
        self.address.replace(address);
    }

    /// The same, for another location than the one that was given.
    pub(crate) fn moved_to(&self, location: &str) {
        let address = self.address.take().at(location);
        self.tells_of(address);
    }

    /// An error whose command lines run as they stand.
    pub(crate) fn addressed(&self, error: &Error) -> Error {
        error.clone().reworded(|text| self.complete(text))
    }

    fn complete(&self, text: &str) -> String {
        self.address.borrow().complete(text)
    }

    /// Whether `--json` was given.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// A line of data.
    pub(crate) fn data(&self, line: &str) -> Result<()> {
        to_stdout(&format!("{}\n", escape(line)))
    }

    /// Data as it is: completions, the manual page.
    pub(crate) fn raw(&self, bytes: &str) -> Result<()> {
        to_stdout(bytes)
    }

    /// A JSON document or event, on one line.
    pub(crate) fn document(&self, value: &Value) -> Result<()> {
        to_stdout(&format!("{value}\n"))
    }

    /// A line that holds values, for a program that asked for them. It goes out as it is: a buffer would keep a copy.
    pub(crate) fn values(&self, line: &[u8]) -> Result<()> {
        let (stdout, mut rest) = (std::io::stdout(), line);
        while !rest.is_empty() {
            match rustix::io::write(&stdout, rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(Errno::PIPE) => break,
                Err(_) => {
                    return Err(Error::new(Kind::CannotWrite, "cannot write to standard output")
                        .next("see whether its reader is still there, and its disk not full"));
                }
            }
        }
        Ok(())
    }

    /// Something people want to know. Not with `--quiet`.
    pub(crate) fn note(&self, line: &str) {
        if let Some(line) = self.noted(line) {
            to_stderr(&line);
        }
    }

    /// The same for somebody else to print.
    pub(crate) fn noted(&self, line: &str) -> Option<String> {
        (self.level >= 0).then(|| format!("{}\n", escape(&self.complete(line))))
    }

    /// A detail for `-v`.
    pub(crate) fn detail(&self, line: &str) {
        if self.level >= 1 {
            to_stderr(&format!("{}\n", escape(line)));
        }
    }

    /// Something that works but should be mended. Said once.
    pub(crate) fn warn(&self, line: &str) {
        if self.level >= 0 && self.warned.borrow_mut().insert(line.to_owned()) {
            to_stderr(&format!("{}: {}\n", self.painted("33", "warning"), escape(&self.complete(line))));
        }
    }

    /// Something that nobody may miss, also with `--quiet`.
    pub(crate) fn alarm(&self, line: &str) {
        to_stderr(&format!("{}: {}\n", self.painted("33", "warning"), escape(&self.complete(line))));
    }

    /// A failure: what, why, what was tried, what next. Always printed.
    pub(crate) fn error(&self, error: &Error) {
        let label = format!("error[{}]", error.kind().token());
        let mut text = format!("{}: {}\n", self.painted("31", &label), escape(error.what()));
        for (label, lines) in
            [("because", error.causes()), ("tried", error.attempts()), ("next", error.next_steps())]
        {
            for line in lines {
                text.push_str(&format!("  {label}: {}\n", escape(&self.complete(line))));
            }
        }
        to_stderr(&text);
    }

    fn painted(&self, code: &str, text: &str) -> String {
        let color = match self.color {
            Color::Always => true,
            Color::OnATerminal => std::io::stderr().is_terminal(),
            Color::Never => false,
        };
        if color { format!("\u{1b}[1;{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A closed pipe is the reader's choice; anything else is a failure.
fn to_stdout(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(Kind::CannotWrite, "cannot write to standard output"))
        }
        _ => Ok(()),
    }
}

fn to_stderr(text: &str) {
    // There is nowhere left to report a failure to.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Names and locations may come from files of others: no control character reaches a terminal.
fn escape(text: &str) -> String {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}');
    if !text.contains(odd) {
        return text.to_owned();
    }
    text.chars().map(|c| if odd(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(super::escape("a\u{1b}[31mb\u{202e}"), "a\\u{1b}[31mb\\u{202e}");
    }
}
