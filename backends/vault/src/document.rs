//! Between documents and the JSON objects that a secrets engine keeps.

use std::fmt::Write as _;

use momo_cred_backend_api::{Document, FieldName, Secret};
use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::Problem;

/// JSON that holds secrets, wiped when it is dropped.
pub(crate) struct Wiped(pub(crate) Value);

impl Drop for Wiped {
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

/// Reads an object. What is no string comes along as JSON text.
pub(crate) fn read(mut value: Wiped) -> Result<Document, Problem> {
    let Value::Object(map) = std::mem::take(&mut value.0) else {
        return Err(Problem::Corrupt("it is no object"));
    };
    let mut document = Document::new();
    for (name, value) in map {
        let value = Wiped(value);
        let name = FieldName::new(name).map_err(|_| {
            Problem::Corrupt("the name of a field is empty, too long or holds a control character")
        })?;
        put(&mut document, name, value);
    }
    Ok(document)
}

fn put(document: &mut Document, name: FieldName, mut value: Wiped) {
    if let Value::String(text) = &mut value.0 {
        document.insert(name, Secret::new(std::mem::take(text)));
    } else {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = write!(text, "{}", value.0);
        document.insert_json(name, Secret::new(text));
    }
}

/// Makes an object of a document.
#[expect(clippy::disallowed_methods, reason = "values go into the body of a write")]
pub(crate) fn object(document: &Document) -> Result<Wiped, Problem> {
    let mut map = Wiped(Value::Object(Map::new()));
    if let Value::Object(map) = &mut map.0 {
        for (name, value) in document.iter() {
            map.insert(name.to_string(), Value::String(value.expose_secret().to_owned()));
        }
        for (name, text) in document.json() {
            let value = serde_json::from_str(text.expose_secret());
            map.insert(
                name.to_string(),
                value.map_err(|_| Problem::Corrupt("a value that is no string is no JSON"))?,
            );
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_was() {
        let text = r#"{"a":"1","b":12345678901234567890123,"c":[1.50,null,true,{"d":"e"}],"f":null,"g":""}"#;
        let document = read(Wiped(serde_json::from_str(text).unwrap())).unwrap();
        assert_eq!(document.names().map(ToString::to_string).collect::<Vec<_>>(), ["a", "g"]);
        assert_eq!(document.json().count(), 3);
        assert_eq!(object(&document).unwrap().0.to_string(), text);
    }

    #[test]
    fn what_is_no_record_is_told_without_its_text() {
        for text in [r#"["s3krit"]"#, r#""s3krit""#, r#"{"":"s3krit"}"#, r#"{"s3krit\n":"1"}"#, "null"] {
            let problem = read(Wiped(serde_json::from_str(text).unwrap())).unwrap_err();
            assert!(
                matches!(problem, Problem::Corrupt(_)) && !format!("{problem:?}").contains("s3krit"),
                "{text}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_fields_come_back_as_they_were(
            fields in proptest::collection::btree_map("[^\\p{C}\u{2028}\u{2029}]{1,30}", ".{0,50}", 0..8),
            number in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?",
        ) {
            let mut object_text = Map::new();
            for (name, value) in fields {
                object_text.insert(name, Value::String(value));
            }
            object_text.insert("a number".to_owned(), serde_json::from_str(&number).unwrap());
            let text = Value::Object(object_text).to_string();
            let document = read(Wiped(serde_json::from_str(&text).unwrap())).unwrap();
            assert_eq!(object(&document).unwrap().0.to_string(), text);
        }
    }
}
