//! Reads JSON. The parser's own errors quote values, so only their line is kept.

use momo_cred_backend_api::Secret;
use serde_json::Value;

use super::{InputError, Names, Values};

pub(super) fn read(text: &str, names: &Names) -> Result<Values, InputError> {
    let value: Value = serde_json::from_str(text).map_err(|error| InputError::NotAnObject(error.line()))?;
    if !value.is_object() {
        return Err(InputError::NotAnObject(1));
    }
    let mut values = Values::default();
    collect(value, names, &mut values)?;
    values.complete(names)
}

/// Objects inside objects are looked through; lists are not: which of several would be meant?
fn collect(value: Value, names: &Names, values: &mut Values) -> Result<(), InputError> {
    let Value::Object(members) = value else { return Ok(()) };
    for (name, value) in members {
        match value {
            Value::Object(_) => collect(value, names, values)?,
            Value::String(text) => values.take(names, &name, Secret::new(text))?,
            Value::Null => {}
            _ if names.field(&name).is_some() => return Err(InputError::NotAString(name)),
            _ => {}
        }
    }
    Ok(())
}
