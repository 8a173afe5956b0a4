//! Documents as JSON objects: what several stores keep.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use crate::{Document, FieldName, Secret};

/// JSON that holds secrets. Its strings are wiped when it is dropped; it has no `Debug`.
pub struct Json(Value);

/// Why JSON is no document, or a document cannot be JSON. Holds only the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADocument(&'static str);

impl NotADocument {
    /// The reason: a clause without a full stop.
    pub const fn why(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for NotADocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotADocument {}

impl Json {
    /// Takes a value over, to be wiped.
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    /// The value, which is the caller's to wipe from here on.
    pub fn take(mut self) -> Value {
        std::mem::take(&mut self.0)
    }

    /// The object of a document.
    ///
    /// # Errors
    /// [`NotADocument`] for a value put in as JSON text that is none.
    #[expect(clippy::disallowed_methods, reason = "values go into what a store is given to keep")]
    pub fn of(document: &Document) -> Result<Self, NotADocument> {
        let mut json = Self(Value::Object(Map::new()));
        if let Value::Object(map) = &mut json.0 {
            for (name, value) in document.iter() {
                map.insert(name.to_string(), Value::String(value.expose_secret().to_owned()));
            }
            for (name, text) in document.json() {
                let value = serde_json::from_str(text.expose_secret());
                map.insert(
                    name.to_string(),
                    value.map_err(|_| NotADocument("a value that is no string is no JSON"))?,
                );
            }
        }
        Ok(json)
    }

    /// The text.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_string().into_bytes())
    }
}

impl Document {
    /// Reads the text of a JSON object. What is no string comes along as JSON text, unread: a tree of it would take many
    /// times the memory of the text.
    ///
    /// # Errors
    /// [`NotADocument`] for anything but an object, and for a name that no field can have.
    pub fn from_json(text: &[u8]) -> Result<Self, NotADocument> {
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Err(NotADocument("it is no JSON object"));
        }
        // The errors of serde quote values: they end here.
        let not_json = |_| NotADocument("it is no JSON");
        let over = Cell::new(false);
        let mut json = serde_json::Deserializer::from_slice(text);
        let values = json.deserialize_map(Fields { over: &over });
        if over.get() {
            return Err(NotADocument("it has more than 4096 fields"));
        }
        let values = values.and_then(|values| json.end().map(|()| values)).map_err(not_json)?;
        let mut document = Self::new();
        for (name, value) in values {
            let name = FieldName::new(name).map_err(|_| {
                NotADocument("the name of a field is empty, too long or holds a control character")
            })?;
            if value.get().starts_with('"') {
                let text: String = serde_json::from_str(value.get()).map_err(not_json)?;
                document.insert(name, Secret::new(text));
            } else {
                document.insert_json(name, Secret::from(value.get()));
            }
        }
        Ok(document)
    }

    /// The text of the JSON object.
    ///
    /// # Errors
    /// [`NotADocument`] for a value put in as JSON text that is none.
    pub fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, NotADocument> {
        Ok(Json::of(self)?.to_bytes())
    }
}

/// The fields of an object, up to a number that no record has and that costs no memory to speak of.
struct Fields<'a> {
    over: &'a Cell<bool>,
}

const MOST: usize = 4096;

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = BTreeMap<String, &'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = BTreeMap::new();
        while let Some((name, value)) = map.next_entry()? {
            values.insert(name, value);
            if values.len() > MOST {
                self.over.set(true);
                return Err(serde::de::Error::custom("too many"));
            }
        }
        Ok(values)
    }
}

impl Drop for Json {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(list) => list.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_was() {
        let text = r#"{"a":"1","b":12345678901234567890123,"c":[1.50,null,true,{"d":"e"}],"f":null,"g":""}"#;
        let document = Document::from_json(text.as_bytes()).unwrap();
        assert_eq!(document.names().map(ToString::to_string).collect::<Vec<_>>(), ["a", "g"]);
        assert_eq!(document.json().count(), 3);
        assert_eq!(&**document.to_json().unwrap(), text.as_bytes());
        assert!(Document::from_json(b"{}").unwrap().is_empty());
        assert!(Document::from_json(b"{} x").is_err());
    }

    #[test]
    fn an_object_without_an_end_of_fields_is_none() {
        let fields = |n: usize| {
            let fields: Vec<_> = (0..n).map(|n| format!(r#""f{n}":"1""#)).collect();
            Document::from_json(format!("{{{}}}", fields.join(",")).as_bytes()).map(|document| document.len())
        };
        assert_eq!(
            (fields(MOST), fields(MOST + 1)),
            (Ok(MOST), Err(NotADocument("it has more than 4096 fields")))
        );
    }

    #[test]
    fn what_is_no_document_is_told_without_its_text() {
        for text in
            [r#"["s3krit"]"#, r#""s3krit""#, r#"{"":"s3krit"}"#, r#"{"s3krit\n":"1"}"#, "null", "s3krit"]
        {
            let not = Document::from_json(text.as_bytes()).unwrap_err();
            assert!(!format!("{not} {not:?}").contains("s3krit"), "{text}");
        }
    }
}
