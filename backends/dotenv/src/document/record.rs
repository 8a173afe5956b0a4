//! Finds the lines of a record.

use std::collections::BTreeMap;
use std::ops::Range;

use super::heads::{Head, head, inner_starts, is_comment, line_end, swallows_next};
use super::quotes::{Dialect, Quoted, inside, quoted};
use crate::error::{LineFault, NUL, Problem};
use crate::fields::{FieldSet, Owner};
use crate::value;

/// One line of ours.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) field: String,
    /// The whole line with its end.
    pub(crate) line: Range<usize>,
    /// The value without its quotes.
    pub(crate) value: Range<usize>,
}

/// A text and the lines of one record in it, in their order.
#[derive(Debug)]
pub(crate) struct Parsed<'t> {
    pub(crate) text: &'t [u8],
    pub(crate) entries: Vec<Entry>,
}

impl<'t> Parsed<'t> {
    /// Fields and values in field order.
    pub(crate) fn fields(&self) -> BTreeMap<&str, &'t str> {
        self.entries.iter().map(|entry| (entry.field.as_str(), self.value(entry))).collect()
    }

    /// The value of an entry. It was checked to be ASCII.
    pub(crate) fn value(&self, entry: &Entry) -> &'t str {
        std::str::from_utf8(&self.text[entry.value.clone()]).unwrap_or_default()
    }

    /// The parts of the text that are not ours.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = &'t [u8]> {
        let starts = std::iter::once(0).chain(self.entries.iter().map(|entry| entry.line.end));
        let ends = self.entries.iter().map(|entry| entry.line.start).chain(std::iter::once(self.text.len()));
        starts.zip(ends).map(|(start, end)| &self.text[start..end])
    }
}

/// Finds the lines of one record, and nothing else.
///
/// # Errors
/// [`Problem::Content`] and [`Problem::Line`] where readers would not agree on the record.
pub(crate) fn parse<'t>(text: &'t [u8], owner: Owner<'_>) -> Result<Parsed<'t>, Problem> {
    let map = QuoteMap::new(text)?;
    let mut entries = Vec::new();
    let mut seen = BTreeMap::new();
    for line in lines(text) {
        let bytes = &text[line.range.clone()];
        let fault = |fault| Err(Problem::Line { line: line.number, fault });
        for start in inner_starts(bytes) {
            if head(&bytes[start..], owner).is_some() && map.place(line.range.start + start) != Place::Inside
            {
                return fault(LineFault::Break);
            }
        }
        let Some(head) = head(bytes, owner) else { continue };
        match map.place(line.range.start) {
            Place::Inside => continue,
            Place::Disputed => return fault(LineFault::Disputed),
            Place::Outside => {}
        }
        let (field, start) = match head {
            Head::Odd(odd) => return fault(odd),
            Head::Plain { field, value } => (field, value),
        };
        if line.joined {
            return fault(LineFault::Disputed);
        }
        let raw = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let value = match value::read(&raw[start..]) {
            Ok(value) => value,
            Err(class) => return fault(LineFault::Value(class)),
        };
        if map.runs_on(&line.range) {
            return fault(LineFault::Disputed);
        }
        if let Some(first) = seen.insert(field.clone(), line.number) {
            return fault(LineFault::Duplicate(first));
        }
        let quote = (raw.len() - start - value.len()) / 2;
        let from = line.range.start + start + quote;
        entries.push(Entry { field, value: from..from + value.len(), line: line.range });
    }
    Ok(Parsed { text, entries })
}

/// The prefixes of all records that have a line of an anchor field. Values are not looked at.
pub(crate) fn listing<'t>(text: &'t [u8], fields: &FieldSet) -> Result<Vec<&'t str>, Problem> {
    let map = QuoteMap::new(text)?;
    let mut found = Vec::new();
    for line in lines(text) {
        let bytes = &text[line.range.clone()];
        let name = bytes.split(|b| *b == b'=').next().filter(|name| name.len() < bytes.len());
        let Some(prefix) =
            name.and_then(|name| std::str::from_utf8(name).ok()).and_then(|n| fields.listed(n))
        else {
            continue;
        };
        if map.place(line.range.start) != Place::Inside {
            found.push(prefix);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

struct Line {
    /// From 1.
    number: usize,
    range: Range<usize>,
    /// Some reader takes it for a part of the line before.
    joined: bool,
}

fn lines(text: &[u8]) -> impl Iterator<Item = Line> {
    let (mut start, mut number, mut joined) = (0, 0, false);
    std::iter::from_fn(move || {
        let range = start..line_end(text, start);
        let bytes = &text[range.clone()];
        number += 1;
        start = range.end;
        let line = Line { number, range, joined };
        joined = swallows_next(bytes) && !is_comment(bytes);
        (!bytes.is_empty()).then_some(line)
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    Inside,
    Disputed,
}

/// The quoted values as each dialect sees them.
struct QuoteMap([Vec<Quoted>; 3]);

impl QuoteMap {
    fn new(text: &[u8]) -> Result<Self, Problem> {
        if text.starts_with("\u{feff}".as_bytes()) {
            return Err(Problem::Content { what: "a byte order mark" });
        }
        if text.contains(&0) {
            return Err(Problem::Content { what: NUL });
        }
        let number = |at| text[..at].iter().filter(|b| **b == b'\n').count() + 1;
        let [a, b, c] = Dialect::ALL.map(|dialect| {
            let open = |at| Problem::Line { line: number(at), fault: LineFault::OpenQuote };
            quoted(text, dialect).map_err(open)
        });
        Ok(Self([a?, b?, c?]))
    }

    fn place(&self, at: usize) -> Place {
        match self.0.iter().filter(|values| inside(values, at)).count() {
            0 => Place::Outside,
            3 => Place::Inside,
            _ => Place::Disputed,
        }
    }

    /// Whether some reader sees the value of this line end on a later line.
    fn runs_on(&self, line: &Range<usize>) -> bool {
        self.0.iter().any(|values| {
            let at = values.partition_point(|value| value.line < line.start);
            values.get(at).is_some_and(|value| value.line == line.start && value.span.end > line.end)
        })
    }
}
