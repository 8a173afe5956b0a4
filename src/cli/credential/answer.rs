//! What an SDK gets: one line of JSON. The values in it are written once, from the record straight into that line.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::json;
use zeroize::Zeroizing;

use super::request::VERSION;
use crate::credential::Field;
use crate::exec::Value;
use crate::{Error, Kind, Result};

/// A credential for a reader who asked for it.
pub(super) struct Answer<'a> {
    pub(super) profile: &'a str,
    pub(super) location: &'a str,
    pub(super) revision: &'a str,
    /// The fields to answer with, as far as they have a value.
    pub(super) fields: &'a [Field],
    pub(super) values: &'a [Value],
}

impl Answer<'_> {
    /// The line, with its ending.
    pub(super) fn line(&self) -> Result<Zeroizing<Vec<u8>>> {
        // Room for all of it at once, each byte as an escape: a buffer that grows leaves copies behind.
        let values: usize = self.chosen().map(|value| value.field.name().len() + value.value.len()).sum();
        let names = self.profile.len() + self.location.len() + self.revision.len();
        let room = 256 + 6 * (values + names) + 8 * self.values.len();
        let mut line = Zeroizing::new(Vec::with_capacity(room));
        serde_json::to_writer(&mut *line, self)
            .map_err(|_| Error::new(Kind::Internal, "the answer cannot be written as JSON"))?;
        line.push(b'\n');
        Ok(line)
    }

    fn chosen(&self) -> impl Iterator<Item = &Value> {
        let all = Field::ALL.into_iter().filter(|field| self.fields.contains(field));
        all.filter_map(|field| {
            self.values.iter().find(|value| value.field == field && !value.value.is_empty())
        })
    }
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("Version", &VERSION)?;
        map.serialize_entry("Profile", self.profile)?;
        map.serialize_entry("Location", self.location)?;
        map.serialize_entry("Revision", self.revision)?;
        map.serialize_entry("Values", &Values(self))?;
        map.end()
    }
}

struct Values<'a>(&'a Answer<'a>);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for value in self.0.chosen() {
            #[expect(clippy::disallowed_methods, reason = "this is what the reader of `credential get` gets")]
            let text = value.value.expose_secret();
            map.serialize_entry(value.field.name(), text)?;
        }
        map.end()
    }
}

/// The line for a request that cannot be met. What is in it is on standard error, too.
pub(super) fn failed(error: &Error) -> Vec<u8> {
    let line = json!({
        "Version": VERSION,
        "Error": {
            "Kind": error.kind().token(),
            "Message": error.to_string(),
            "Next": error.next_steps(),
            "Retryable": error.kind() == Kind::Unavailable,
        },
    });
    format!("{line}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use momo_cred_backend_api::Secret;

    use super::*;
    use crate::config::Origin;

    /// The line is built in the room that was made for it, whatever is in it.
    #[test]
    fn the_buffer_never_grows() {
        let awkward = "\u{1}\"\\\u{7f}é\n".repeat(200);
        let values: Vec<_> = Field::ALL
            .map(|field| Value { field, value: Secret::from(awkward.as_str()), origin: Origin::Record })
            .into_iter()
            .collect();
        let answer = Answer {
            profile: &awkward,
            location: &awkward,
            revision: &awkward,
            fields: &Field::ALL,
            values: &values,
        };
        let chosen: usize = answer.chosen().map(|value| value.field.name().len() + value.value.len()).sum();
        let room = 256 + 6 * (chosen + 3 * awkward.len()) + 8 * values.len();
        let line = answer.line().unwrap();
        assert_eq!(line.capacity(), room);
        let read: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(read["Values"]["api_key"], *awkward);
        assert_eq!(read["Values"].as_object().unwrap().len(), Field::ALL.len());
    }
}
