//! What a child of the supervisor is for, and what it says to it.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::process::Pid;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::mask::Hidden;
use super::super::{Options, Set, sys};
use crate::{Error, Kind, Result};

/// A digest under a key that lives as long as the supervisor: it tells nothing but "the same" or "another".
pub(super) type Digest = [u8; 32];

/// What was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The revision of each profile's record.
    pub revisions: Vec<String>,
    /// Whether the store lets us ask for a revision alone.
    pub metadata: bool,
    pub(super) digest: Digest,
}

/// What the child does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Become the program.
    Start,
    /// See whether anything has changed.
    Look,
}

/// The business of a child of the supervisor.
pub struct Errand {
    pub(super) purpose: Purpose,
    pub(super) known: Option<Known>,
    pub(super) key: Digest,
    pub(super) masks: bool,
    pub(super) line: UnixStream,
    pub(super) stdio: [Option<OwnedFd>; 3],
    pub(super) supervisor: Pid,
}

/// The last step before the program: waits for the word of the supervisor.
pub struct Handover {
    line: UnixStream,
    stdio: [Option<OwnedFd>; 3],
}

impl Known {
    /// Whether the program would be given the same.
    pub fn is_same_for_the_program(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Errand {
    /// What to do.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Whom others know as the process that they have started.
    pub fn supervisor(&self) -> u32 {
        self.supervisor.as_raw_nonzero().get().unsigned_abs()
    }

    /// What was read before. `None` for the first start, whose failure is that of the command.
    pub fn known(&self) -> Option<&Known> {
        self.known.as_ref()
    }

    /// What there is to know of records that were read: their revisions, and a digest of what a program gets of them.
    pub fn knowledge(&self, sets: &[Set], options: &Options) -> Known {
        let revisions = sets.iter().map(|set| set.revision.as_str().to_owned()).collect();
        let metadata = self.known.as_ref().is_none_or(|known| known.metadata);
        Known { revisions, metadata, digest: digest(&self.key, sets, options) }
    }

    /// Nothing has changed for the program; the revisions may have.
    pub fn same(mut self, known: &Known) -> Result<()> {
        self.tell("same", known, None)
    }

    /// What the program was given has changed.
    pub fn changed(mut self, known: &Known, hidden: &Hidden) -> Result<()> {
        let hidden = self.masks.then_some(hidden);
        self.tell("changed", known, hidden)
    }

    /// Everything is there to become the program.
    pub fn ready(mut self, known: &Known, hidden: &Hidden) -> Result<Handover> {
        let hidden = self.masks.then_some(hidden);
        self.tell("ready", known, hidden)?;
        Ok(Handover { line: self.line, stdio: self.stdio })
    }

    /// It could not be done.
    pub fn failed(mut self, error: &Error) -> Result<()> {
        // Without the call that failed: a record that cannot be read is the same news, whichever call finds that out.
        let text = match (error.location(), error.causes().first()) {
            (Some(location), Some(cause)) => format!("{location}: {cause}"),
            _ => error.what().to_owned(),
        };
        let text = format!("error[{}]: {text}", error.kind().token());
        // What no waiting mends is looked at as often as ever: somebody is about to mend it.
        let down = matches!(error.kind(), Kind::Unavailable | Kind::Denied | Kind::Protocol);
        self.send(&json!({ "answer": "failed", "text": text, "down": down }), &[])
    }

    fn tell(&mut self, answer: &str, known: &Known, hidden: Option<&Hidden>) -> Result<()> {
        let table = hidden.map(Hidden::table);
        let words = table.as_ref().map_or(&[][..], |table| table.as_slice());
        let header = json!({
            "answer": answer, "revisions": known.revisions, "metadata": known.metadata,
            "digest": known.digest, "words": table.as_ref().map(|table| table.len()),
        });
        self.send(&header, words)
    }

    fn send(&mut self, header: &Value, words: &[u32]) -> Result<()> {
        let header = header.to_string();
        let length = u32::try_from(header.len()).unwrap_or(u32::MAX);
        // Word by word into a small buffer: no further copy of the automaton.
        let mut out = std::io::BufWriter::with_capacity(4096, &self.line);
        let sent = out.write_all(&length.to_ne_bytes()).and_then(|()| out.write_all(header.as_bytes()));
        let sent = sent.and_then(|()| words.iter().try_for_each(|word| out.write_all(&word.to_ne_bytes())));
        sent.and_then(|()| out.flush()).map_err(|_| Error::new(Kind::Internal, "the supervisor has gone"))
    }
}

impl Handover {
    /// Waits for the word, and takes the descriptors that the program is to have. Without a supervisor there is no
    /// program: this process ends.
    pub(in crate::exec) fn cross(mut self) {
        if self.line.read_exact(&mut [0]).is_err() {
            sys::kill(rustix::process::getpid().as_raw_nonzero().get(), libc::SIGKILL);
        }
        for (number, fd) in (0..).zip(&self.stdio) {
            use std::os::fd::AsFd as _;
            if let Some(fd) = fd {
                // Descriptors 0 to 2 are there; nothing else can be wrong with them.
                let _ = sys::redirect(fd.as_fd(), number);
            }
        }
    }
}

/// Covers what goes to the program: each variable that a profile manages, with the field that it carries, in whatever form
/// (a token is another one each time that the same key is exchanged). Lengths keep them apart.
fn digest(key: &Digest, sets: &[Set], options: &Options) -> Digest {
    let mut hash = Sha256::new();
    hash.update(key);
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    for set in sets {
        for (variable, field, form) in set.carried(options) {
            let Some(value) = set.value(field) else { continue };
            part(variable);
            part(form.name());
            #[expect(
                clippy::disallowed_methods,
                reason = "input of a digest under a key that is never shown"
            )]
            part(value.value.expose_secret());
        }
    }
    hash.finalize().into()
}

impl std::fmt::Debug for Errand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Errand").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Handover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handover(..)")
    }
}
