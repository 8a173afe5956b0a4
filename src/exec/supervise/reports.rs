//! What the supervisor hears from a child.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::super::sys::Locked;
use super::errand::Known;

/// The automaton of the secrets to hide, in locked pages.
pub(super) type Table = Rc<Locked<u32>>;

/// What a child says, once.
pub(super) enum Report {
    Same(Known),
    Changed(Known, Option<Table>),
    Ready(Known, Option<Table>),
    Failed { text: String, down: bool },
}

/// Longest header, and longest automaton: of what is made of a few fields.
const HEADER: usize = 1 << 20;
const WORDS: usize = 1 << 24;

/// Takes a report from a line that has begun to speak. A child writes all of it at once; one that dies in between has
/// said nothing.
pub(super) fn receive(line: &mut UnixStream) -> io::Result<Report> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    line.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut length = [0; 4];
    line.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_ne_bytes(length)).map_err(|_| invalid())?;
    if length > HEADER {
        return Err(invalid());
    }
    let mut header = vec![0; length];
    line.read_exact(&mut header)?;
    let header: Value = serde_json::from_slice(&header).map_err(|_| invalid())?;
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    let answer = text("answer").ok_or_else(invalid)?;
    if answer == "failed" {
        let down = header.get("down").and_then(Value::as_bool).unwrap_or(true);
        return Ok(Report::Failed { text: text("text").unwrap_or_default().to_owned(), down });
    }
    let known = known(&header).ok_or_else(invalid)?;
    let table =
        match header.get("words").and_then(Value::as_u64).and_then(|words| usize::try_from(words).ok()) {
            Some(words) if words <= WORDS => {
                let mut table = Locked::zeroed(words)?;
                line.read_exact(table.bytes_mut())?;
                Some(Rc::new(table))
            }
            Some(_) => return Err(invalid()),
            None => None,
        };
    match answer {
        "same" => Ok(Report::Same(known)),
        "changed" => Ok(Report::Changed(known, table)),
        "ready" => Ok(Report::Ready(known, table)),
        _ => Err(invalid()),
    }
}

fn known(header: &Value) -> Option<Known> {
    let revisions = header.get("revisions")?.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned);
    let bytes = header.get("digest")?.as_array()?.iter().filter_map(Value::as_u64);
    let bytes: Vec<u8> = bytes.filter_map(|byte| u8::try_from(byte).ok()).collect();
    Some(Known {
        revisions: revisions.collect(),
        metadata: header.get("metadata")?.as_bool()?,
        digest: bytes.try_into().ok()?,
    })
}
