//! A reader of other people's dotenv files: it takes the lines whose names are wanted, and is strict about those.
//! Where readers differ on a value, it is refused by line number.

use momo_cred_backend_api::Secret;

use super::{InputError, Names, Values};

pub(super) fn read(text: &str, names: &Names) -> Result<Values, InputError> {
    let mut values = Values::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        let Some((name, value)) = line.split_once('=') else { continue };
        let name = name.trim_end();
        if names.field(name).is_none() {
            continue;
        }
        let value = unquoted(value.trim_start()).map_err(|why| InputError::Line(index + 1, why))?;
        values.take(names, name, Secret::from(value))?;
    }
    values.complete(names)
}

/// The value, where all common readers agree on it.
fn unquoted(value: &str) -> Result<&str, &'static str> {
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let inner = match quote {
        Some(quote) => {
            let (inner, rest) = value[1..].split_once(quote).ok_or("the quote is not closed")?;
            let rest = rest.trim_start();
            if !rest.is_empty() && !rest.starts_with('#') {
                return Err("something follows the closing quote");
            }
            inner
        }
        None => {
            let value = value.split_once(" #").map_or(value, |(value, _)| value.trim_end());
            if value.contains([' ', '\t']) {
                return Err("it has a space outside quotes");
            }
            if value.contains('#') {
                return Err("it has a `#`, which some readers take for a comment");
            }
            value
        }
    };
    if inner.contains('\\') {
        return Err("it has an escape, which readers take differently");
    }
    if inner.contains(['$', '`']) {
        return Err("it has a `$` or a backtick, which some readers expand");
    }
    if inner.chars().any(char::is_control) {
        return Err("it holds a control character");
    }
    Ok(inner)
}
