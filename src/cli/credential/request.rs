//! What an SDK asks for: one line of JSON.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use serde::Deserialize;

use crate::credential::Field;
use crate::{Error, Kind, Result};

/// The one version of the protocol.
pub(super) const VERSION: u64 = 1;

/// The longest request, its line ending included.
const MAX: usize = 64 * 1024;

/// What to send.
const LIKE: &str = r#"send one line such as {"Version":1}; docs/credential-protocol.md has the protocol"#;

/// What may be asked for.
#[derive(Debug)]
pub(super) struct Request {
    /// The profile, in the place of the default one.
    pub(super) profile: Option<String>,
    /// The fields to answer with.
    pub(super) fields: Option<Vec<Field>>,
}

/// The one key that every version has.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "Version")]
    version: u64,
}

/// Keys that are not known are left alone, so that a later client can say more to an earlier momo-cred.
#[derive(Deserialize)]
struct Body {
    #[serde(rename = "Profile")]
    profile: Option<String>,
    #[serde(rename = "Fields")]
    fields: Option<Vec<String>>,
}

/// Reads a line, up to its end or that of the input. What follows is not read.
pub(super) fn read(patience: Duration) -> Result<Vec<u8>> {
    let refused =
        |why| Error::new(Kind::Usage, "there is no request on standard input").because(why).next(LIKE);
    let until = Instant::now() + patience;
    let stdin = std::io::stdin();
    let mut line = Vec::new();
    let mut byte = [0; 1];
    loop {
        let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], left.as_ref()) {
            Ok(0) => return Err(refused("none came in time")),
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return Err(refused("the system reports an error")),
        }
        // One at a time: a request is short, and what comes after its line is not ours.
        match rustix::io::read(&stdin, &mut byte) {
            Ok(0) => break,
            Ok(_) if byte == *b"\n" => break,
            Ok(_) if line.len() >= MAX => return Err(refused("it is longer than 64 KiB")),
            Ok(_) => line.extend_from_slice(&byte),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => return Err(refused("the system reports an error")),
        }
    }
    if line.trim_ascii().is_empty() { Err(refused("it is empty")) } else { Ok(line) }
}

/// Whether a line is a request at all, of whatever version. Only then is anything printed.
pub(super) fn is_one(line: &[u8]) -> Result<()> {
    // The errors of serde quote what was read: none of them leaves. It also takes a list for a struct.
    let object = line.trim_ascii_start().starts_with(b"{");
    let head = object.then(|| serde_json::from_slice::<Head>(line).ok()).flatten();
    head.map(drop).ok_or_else(|| {
        Error::new(Kind::Usage, "standard input holds no request")
            .because("its first line is no JSON object with a number as Version")
            .next(LIKE)
    })
}

impl Request {
    /// Reads a request.
    pub(super) fn of(line: &[u8]) -> Result<Self> {
        let refused = |why: &str| Error::new(Kind::Usage, "the request is refused").because(why);
        if serde_json::from_slice::<Head>(line).map_or(0, |head| head.version) != VERSION {
            return Err(refused("its Version is none of ours").next("ask in version 1"));
        }
        let body: Body = serde_json::from_slice(line).map_err(|_| {
            refused("Profile is no text, Fields no list of texts, or one of them is there twice").next(LIKE)
        })?;
        let field = |name: &String| {
            Field::from_name(name).ok_or_else(|| {
                refused("Fields names a field that there is not")
                    .next(format!("fields are: {}", Field::names()))
            })
        };
        let fields = body.fields.map(|names| names.iter().map(field).collect::<Result<_>>()).transpose()?;
        Ok(Self { profile: body.profile, fields })
    }
}
