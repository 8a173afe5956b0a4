//! The beginning of a line: white space, `export`, the name, and what follows it.

use crate::error::LineFault;
use crate::fields::Owner;

/// What a line does with a variable of the record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// `NAME=` from the first column on; `value` is the offset after `=`.
    Plain { field: String, value: usize },
    /// Some reader would read the variable here, but not all.
    Odd(LineFault),
}

/// Looks for a variable of `owner` at the start of `rest`, in every spelling that some reader accepts.
pub(super) fn head(rest: &[u8], owner: Owner<'_>) -> Option<Head> {
    let trimmed = skip_space(rest);
    let bare = strip_export(trimmed);
    let exported = bare.len() < trimmed.len();
    // `'NAME'=` is a name for python-dotenv.
    let quoted = matches!(bare.first(), Some(b'\'' | b'"'));
    let name = &bare[usize::from(quoted)..];
    let len = name.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let field = owner.field(&name[..len])?;
    let after = &name[len..];
    if !exported && !quoted && trimmed.len() == rest.len() && after.first() == Some(&b'=') {
        return Some(Head::Plain { field, value: len + 1 });
    }
    let after = if quoted { after.strip_prefix(&bare[..1])? } else { after };
    // A bare name is a variable too: docker takes its value from the environment.
    let assigns = skip_space(after).first().is_none_or(|b| matches!(b, b'=' | b':' | b'#'))
        || after.iter().take_while(|b| b.is_ascii_whitespace()).any(|&b| is_break(b));
    assigns.then_some(Head::Odd(if exported { LineFault::Export } else { LineFault::Shape }))
}

/// The offset after the line end that follows `at`, or the length.
pub(super) fn line_end(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|&b| b == b'\n').map_or(text.len(), |n| at + n + 1)
}

/// Where some reader sees a line begin inside the line `text`: after a lone carriage return (python-dotenv, npm
/// dotenv) and after U+2028 and U+2029 (`^` in JavaScript).
pub(super) fn inner_starts(text: &[u8]) -> impl Iterator<Item = usize> {
    let separator = |at: usize| matches!(text.get(at..at + 3), Some([0xe2, 0x80, 0xa8 | 0xa9]));
    (1..text.len())
        .filter(move |&at| (text[at - 1] == b'\r' && text[at] != b'\n') || (at >= 3 && separator(at - 3)))
}

/// Whether a reader takes what follows the line `text` for a part of it: after a backslash (shells, systemd) or after
/// `NAME:` (npm dotenv).
pub(super) fn swallows_next(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let backslashes = text.iter().rev().take_while(|b| **b == b'\\').count();
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let name = text.strip_suffix(b":").map(|name| strip_export(skip_space(name)));
    backslashes % 2 == 1 || name.is_some_and(|name| !name.is_empty() && name.iter().all(npm_word))
}

/// `[\w.-]`, of which npm dotenv makes names.
pub(super) fn npm_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

pub(super) fn is_comment(text: &[u8]) -> bool {
    skip_space(text).first() == Some(&b'#')
}

pub(super) fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Takes `export` and the white space after it away.
pub(super) fn strip_export(rest: &[u8]) -> &[u8] {
    match rest.strip_prefix(b"export") {
        Some(after) if skip_space(after).len() < after.len() => skip_space(after),
        _ => rest,
    }
}

/// Skips all that Python or JavaScript takes for white space, line ends included.
pub(super) fn skip_space(rest: &[u8]) -> &[u8] {
    skip(rest, |c| python_space(c) || npm_space(c))
}

/// `\s` of Python.
pub(super) fn python_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// `\s` of JavaScript.
pub(super) fn npm_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

/// Skips the characters at the start that `space` accepts.
pub(super) fn skip(mut rest: &[u8], space: impl Fn(char) -> bool) -> &[u8] {
    while let Some((c, len)) = first_char(rest)
        && space(c)
    {
        rest = &rest[len..];
    }
    rest
}

/// The character at the start, if it is one of up to three bytes: there is no longer white space.
fn first_char(rest: &[u8]) -> Option<(char, usize)> {
    (1..=rest.len().min(3))
        .find_map(|len| std::str::from_utf8(&rest[..len]).ok())
        .and_then(|text| text.chars().next().map(|c| (c, text.len())))
}
