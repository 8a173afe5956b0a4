//! Asks a person at the terminal; what is secret is not echoed.
//!
//! Questions and answers go through `/dev/tty`, whatever stdin, stdout and stderr are. Ctrl-C, Ctrl-Z, Ctrl-\ and a
//! `kill` find the terminal put right before they act; only SIGKILL cannot be handled (`stty sane` mends it). There
//! is no fall-back: without a terminal the answer is [`PromptError::NoTerminal`], never a read with echo.

mod line;
mod signals;
mod terminal;

use std::io;

use momo_cred_backend_api::Secret;

use line::{LONGEST, Line};
use signals::Signals;
use terminal::{Echo, Terminal, Wake};

/// Why there is no answer. Never holds what was typed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// No controlling terminal, or we run in its background.
    #[error("there is no terminal to ask at")]
    NoTerminal,
    /// Ctrl-D, or the terminal went away.
    #[error("the input ended before there was an answer")]
    Closed,
    /// More than a line may hold.
    #[error("the answer is longer than {LONGEST} bytes")]
    TooLong,
    /// Control characters, or not UTF-8.
    #[error("the answer has control characters in it, or is not UTF-8")]
    NotText,
    /// A signal that ends most programs came and did not end us: somebody in this process handles it, or we are
    /// process 1 of a container.
    #[error("a signal interrupted the question")]
    Interrupted,
    /// The terminal failed.
    #[error("the terminal cannot be used")]
    Io(#[source] io::Error),
}

impl From<rustix::io::Errno> for PromptError {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::Io(errno.into())
    }
}

/// Whether there is a terminal and it is ours to ask at now: we are in its foreground.
pub fn available() -> bool {
    Terminal::open().is_ok()
}

/// Asks for a secret without echo. Enter alone is an answer: the empty one.
pub fn secret(label: &str) -> Result<Secret, PromptError> {
    let line = ask(&format!("{}: ", printable(label)), Echo::Off)?;
    // A copy of exactly its length: `Secret` never has to move it.
    Ok(Secret::new(line.text()?.to_owned()))
}

/// Asks for a line that is no secret, with echo. Enter alone is an answer: the empty one.
pub fn text(label: &str) -> Result<String, PromptError> {
    let line = ask(&format!("{}: ", printable(label)), Echo::On)?;
    Ok(line.text()?.to_owned())
}

/// Asks until there is a line, an error, or a signal that ends us.
fn ask(question: &str, echo: Echo) -> Result<Line, PromptError> {
    let terminal = Terminal::open()?;
    loop {
        let signals = Signals::catch()?;
        let mode = terminal.enter(echo)?;
        let outcome = converse(&terminal, &signals, question);
        terminal.drop_paste();
        if echo == Echo::Off || !matches!(outcome, Ok(Some(_))) {
            terminal.end_line();
        }
        drop(mode);
        let caught = signals.release();
        // From here the terminal and every disposition are as we found them.
        if caught.is_empty() {
            if let Some(line) = outcome? {
                return Ok(line);
            }
        } else {
            drop(outcome); // wiped before a signal ends us
            signals::deliver(&caught)?;
        }
        terminal.wait_for_foreground()?;
    }
}

/// Puts the question and reads one line; `None` when a signal came first.
fn converse(terminal: &Terminal, signals: &Signals, question: &str) -> Result<Option<Line>, PromptError> {
    if terminal.print(question, signals)? == Wake::Signal {
        return Ok(None);
    }
    let mut line = Line::new();
    while !line.is_whole() {
        if terminal.wait_for_input(signals)? == Wake::Signal {
            return Ok(None);
        }
        terminal.read(&mut line)?;
    }
    Ok(Some(line))
}

/// A label as the terminal may safely show it: control and invisible characters become escapes.
fn printable(label: &str) -> String {
    let mut shown = String::with_capacity(label.len());
    for c in label.chars() {
        if matches!(c, '"' | '\'' | '\\') { shown.push(c) } else { shown.extend(c.escape_debug()) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_steer_the_terminal() {
        assert_eq!(printable("API user (école's \"x\")"), "API user (école's \"x\")");
        assert_eq!(printable("a\x1b[2Jb\r\n\u{9b}\u{202e}"), "a\\u{1b}[2Jb\\r\\n\\u{9b}\\u{202e}");
    }

    #[test]
    fn errors_are_our_own_words() {
        assert_eq!(PromptError::TooLong.to_string(), "the answer is longer than 4000 bytes");
    }
}
