//! Quoted values, as three families of readers see them.
//!
//! Readers differ on which quotes there are, on escapes, and on text after the closing quote. A line is ours if it is
//! outside of quotes for all three, foreign if it is inside for all three, and refused otherwise.
//!
//! Quotes count only where they open a value: `GREETING=it's` opens none for dotenv readers. (It does for a shell,
//! which cannot read such a file at all.)

use std::ops::Range;

use super::heads::{is_break, line_end, npm_space, npm_word, python_space, skip, strip_export};

/// A reader of dotenv files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// python-dotenv (`src/dotenv/parser.py`): `\'` and `\"` are escapes if the quote closes later; text after the
    /// closing quote spoils that binding only.
    Python,
    /// npm dotenv (`LINE` in `lib/main.js`): backticks too, `:` for `=`, white space after `=` may hold line ends, and
    /// nothing but a comment may follow the closing quote, else the value is the rest of the line.
    Npm,
    /// POSIX shells: no escapes between single quotes, and a word goes on after its closing quote.
    Shell,
}

impl Dialect {
    pub(super) const ALL: [Self; 3] = [Self::Python, Self::Npm, Self::Shell];

    fn space(self, c: char) -> bool {
        if self == Self::Npm { npm_space(c) } else { python_space(c) }
    }

    /// White space within a line.
    fn blank(self, c: char) -> bool {
        self.space(c) && !matches!(c, '\n' | '\r')
    }
}

/// A quoted value.
#[derive(Debug)]
pub(super) struct Quoted {
    /// Where its variable begins.
    pub(super) line: usize,
    /// The text from the first quote to the last.
    pub(super) span: Range<usize>,
}

/// All quoted values, in order.
///
/// # Errors
/// The offset of a line whose value opens a quote that is never closed.
pub(super) fn quoted(text: &[u8], dialect: Dialect) -> Result<Vec<Quoted>, usize> {
    let mut found = Vec::new();
    let mut line = 0;
    while line < text.len() {
        // White space before a name may hold line ends.
        line = text.len() - skip(&text[line..], |c| dialect.space(c)).len();
        if let Some(name) =
            quoted_name(text, line, dialect).filter(|name| text[name.clone()].contains(&b'\n'))
        {
            let last = name.end - 1;
            found.push(Quoted { line, span: name });
            line = next_line(text, last, dialect);
            continue;
        }
        let Some(open) = opening(text, line, dialect) else {
            line = next_line(text, line, dialect);
            continue;
        };
        line = match closing(text, open, dialect) {
            Close::At(last) => {
                found.push(Quoted { line, span: open..last + 1 });
                next_line(text, last, dialect)
            }
            Close::Literal => next_line(text, line, dialect),
            Close::Never => return Err(line),
        };
    }
    Ok(found)
}

/// The start of the next line: a lone carriage return ends one for all but shells.
fn next_line(text: &[u8], at: usize, dialect: Dialect) -> usize {
    let end = line_end(text, at);
    if dialect == Dialect::Shell {
        return end;
    }
    text[at..end].iter().position(|&b| b == b'\r').map_or(end, |n| at + n + 1)
}

/// Whether `at` is inside one of `values`.
pub(super) fn inside(values: &[Quoted], at: usize) -> bool {
    let next = values.partition_point(|value| value.span.start <= at);
    next > 0 && values[next - 1].span.contains(&at)
}

/// The name on this line, if it is one that python-dotenv lets stand between single quotes, line ends included.
fn quoted_name(text: &[u8], line: usize, dialect: Dialect) -> Option<Range<usize>> {
    let rest = strip_export(&text[line..]);
    let open = text.len() - rest.len();
    let len =
        rest.strip_prefix(b"'").filter(|_| dialect == Dialect::Python)?.iter().position(|b| *b == b'\'')?;
    (len > 0).then_some(open..open + len + 2)
}

/// The quote that opens the value of the variable on this line.
fn opening(text: &[u8], line: usize, dialect: Dialect) -> Option<usize> {
    let rest = strip_export(&text[line..]);
    let rest = &rest[key_len(rest, dialect)?..];
    let space = |c| dialect.space(c);
    let blank = |c| dialect.blank(c);
    let rest = match rest.strip_prefix(b":").filter(|_| dialect == Dialect::Npm) {
        Some(after) => Some(after).filter(|after| skip(after, space).len() < after.len()),
        None => skip(rest, blank).strip_prefix(b"="),
    };
    let rest = if dialect == Dialect::Npm { skip(rest?, space) } else { skip(rest?, blank) };
    let quote = *rest.first()?;
    let opens = matches!(quote, b'\'' | b'"') || (quote == b'`' && dialect == Dialect::Npm);
    opens.then(|| text.len() - rest.len())
}

/// The length of the name at the start of `rest`.
fn key_len(rest: &[u8], dialect: Dialect) -> Option<usize> {
    let ends = |b: &u8| matches!(b, b'=' | b'#') || matches!(b, b'\t'..=b'\r' | 0x1c..=b' ');
    let len = match dialect {
        Dialect::Npm => rest.iter().take_while(|b| npm_word(b)).count(),
        _ if rest.first() == Some(&b'\'') => rest.iter().skip(1).position(|&b| b == b'\'')? + 2,
        _ => rest.iter().take_while(|b| !ends(b)).count(),
    };
    (len > 0).then_some(len)
}

enum Close {
    /// The offset of the closing quote.
    At(usize),
    /// It is closed, but this reader takes it for plain text.
    Literal,
    Never,
}

fn closing(text: &[u8], open: usize, dialect: Dialect) -> Close {
    if dialect == Dialect::Shell {
        return shell_word(text, open).map_or(Close::Never, Close::At);
    }
    // Both use the pattern `(\\Q|[^Q])*Q`: an escaped quote closes after all if no other does.
    let quote = text[open];
    let mut escaped = Vec::new();
    let mut plain = None;
    let mut at = open + 1;
    while at < text.len() {
        if text[at] == b'\\' && text.get(at + 1) == Some(&quote) {
            escaped.push(at + 1);
            at += 1;
        } else if text[at] == quote {
            plain = Some(at);
            break;
        }
        at += 1;
    }
    let mut candidates = plain.into_iter().chain(escaped.into_iter().rev()).peekable();
    if candidates.peek().is_none() {
        return Close::Never;
    }
    let fits = |&close: &usize| dialect == Dialect::Python || only_comment_follows(text, close + 1);
    candidates.find(fits).map_or(Close::Literal, Close::At)
}

/// Whether nothing but white space and a comment follows on the line, for npm dotenv: `$` stands before U+2028 too.
fn only_comment_follows(text: &[u8], at: usize) -> bool {
    let rest = skip(&text[at..], |c| Dialect::Npm.blank(c) && !is_separator(c));
    rest.first().is_none_or(|&b| b == b'#' || is_break(b)) || skip(rest, is_separator).len() < rest.len()
}

fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// The last quote of the word that the quote at `open` begins.
fn shell_word(text: &[u8], open: usize) -> Option<usize> {
    let mut quote = text[open];
    let mut last = None;
    let mut at = open + 1;
    while at < text.len() {
        match text[at] {
            b'\\' if quote != b'\'' => at += 1,
            byte if quote != 0 && byte == quote => {
                quote = 0;
                last = Some(at);
            }
            byte @ (b'\'' | b'"') if quote == 0 => quote = byte,
            b' ' | b'\t' | b'\n' | b';' | b'&' if quote == 0 => break,
            _ => {}
        }
        at += 1;
    }
    last.filter(|_| quote == 0)
}
