//! The same text with a record changed.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::heads::swallows_next;
use super::record::{Parsed, parse};
use crate::error::Problem;
use crate::fields::Owner;
use crate::value;

/// The text in which the record is exactly `fields`; empty `fields` take it away.
///
/// A line whose value stays is kept as it is, a changed one keeps its place, new ones follow the last line of the
/// record, or the text. The result is read back with our own reader, and its foreign bytes are compared, before it is
/// returned.
///
/// # Errors
/// [`Problem::Field`] and [`Problem::Value`] for what cannot be written, [`Problem::Line`] where the new text would
/// be read differently by others.
pub(crate) fn compose(
    parsed: &Parsed<'_>,
    owner: Owner<'_>,
    fields: &BTreeMap<&str, &str>,
) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let old = parsed.fields();
    for (&field, &value) in fields {
        if !owner.fields().contains(field) {
            return Err(Problem::Field { field: field.to_owned() });
        }
        if old.get(field) != Some(&value) {
            value::check(value).map_err(|class| Problem::Value { field: field.to_owned(), class })?;
        }
    }
    let lines = |(field, value): (&&str, &&str)| owner.variable(field).len() + value.len() + 2;
    let room = parsed.text.len() + fields.iter().map(lines).sum::<usize>() + 2;
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    let mut foreign = parsed.foreign();
    out.extend_from_slice(foreign.next().unwrap_or_default());
    let mut fresh: Vec<&str> = fields.keys().copied().filter(|field| !old.contains_key(field)).collect();
    fresh.sort_by_key(|field| (owner.fields().rank(field), *field));
    let last = parsed.entries.len().checked_sub(1);
    for (index, entry) in parsed.entries.iter().enumerate() {
        match fields.get(entry.field.as_str()) {
            Some(&value) if value == parsed.value(entry) => {
                out.extend_from_slice(&parsed.text[entry.line.clone()]);
            }
            Some(&value) => push(&mut out, owner, &entry.field, value),
            None => {}
        }
        if Some(index) == last {
            push_all(&mut out, owner, &std::mem::take(&mut fresh), fields);
        }
        out.extend_from_slice(foreign.next().unwrap_or_default());
    }
    if !fresh.is_empty() && last_line_swallows(&out) {
        end_line(&mut out);
        out.push(b'\n');
    }
    push_all(&mut out, owner, &fresh, fields);
    verify(parsed, owner, fields, &out)?;
    Ok(out)
}

fn push_all(out: &mut Vec<u8>, owner: Owner<'_>, names: &[&str], fields: &BTreeMap<&str, &str>) {
    for &name in names {
        push(out, owner, name, fields.get(name).copied().unwrap_or_default());
    }
}

fn push(out: &mut Vec<u8>, owner: Owner<'_>, field: &str, value: &str) {
    end_line(out);
    out.extend_from_slice(owner.variable(field).as_bytes());
    out.push(b'=');
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

fn end_line(out: &mut Vec<u8>) {
    if out.last().is_some_and(|b| *b != b'\n') {
        out.push(b'\n');
    }
}

fn last_line_swallows(text: &[u8]) -> bool {
    let end = text.strip_suffix(b"\n").unwrap_or(text);
    let start = end.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    swallows_next(&text[start..])
}

/// Reads the new text and compares: the record is as meant, and no foreign byte changed.
fn verify(
    before: &Parsed<'_>,
    owner: Owner<'_>,
    fields: &BTreeMap<&str, &str>,
    text: &[u8],
) -> Result<(), Problem> {
    let after = parse(text, owner)?;
    if after.fields() != *fields {
        return Err(Problem::Composed);
    }
    let join = |parsed: &Parsed<'_>| Zeroizing::new(parsed.foreign().collect::<Vec<_>>().concat());
    let (old, new) = (join(before), join(&after));
    match new.strip_prefix(old.as_slice()) {
        // Line ends put between the last foreign line and ours.
        Some(b"" | b"\n" | b"\n\n") => Ok(()),
        _ => Err(Problem::Composed),
    }
}
