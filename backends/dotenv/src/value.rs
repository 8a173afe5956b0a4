//! What a value of ours may look like.

use momo_cred_backend_api::Values;

/// Reads the text after `=`, line end left out. The error says what is wrong, never what is there.
///
/// Unquoted text must be portable. Between quotes stands printable ASCII but `'`, `$`, `\`, a backtick, and the quote
/// itself: what readers agree on (README.md; dotenv-expand and python-dotenv expand `$` even between single
/// quotes, and eight readers gave eight answers on an escaped quote).
pub(crate) fn read(raw: &[u8]) -> Result<&str, &'static str> {
    let (inner, quoted) = match raw {
        [b'\'', inner @ .., b'\''] => (inner, Some(b'\'')),
        [b'"', inner @ .., b'"'] => (inner, Some(b'"')),
        _ => (raw, None),
    };
    let bad = match quoted {
        Some(quote) => inner.iter().find(|&&b| b == quote || !quotable(b)),
        None => inner.iter().find(|&&b| !Values::portable(b)),
    };
    match bad {
        Some(&byte) => Err(class(byte)),
        None => std::str::from_utf8(inner).map_err(|_| class(0x80)),
    }
}

fn quotable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'\'' | b'$' | b'\\' | b'`')
}

/// Checks a value that is to be written. The error names the class of the character that does not fit.
pub(crate) fn check(value: &str) -> Result<(), &'static str> {
    value.bytes().find(|&b| !Values::portable(b)).map_or(Ok(()), |byte| Err(class(byte)))
}

/// What kind of character `byte` is, for people who must find it without seeing it printed.
fn class(byte: u8) -> &'static str {
    match byte {
        0 => "a NUL byte",
        b'\n' | b'\r' => "a line break",
        b'\t' | b' ' => "white space",
        0x01..=0x1f | 0x7f => "a control character",
        b'\'' | b'"' => "a quote",
        b'`' => "a backtick",
        b'$' => "a dollar sign",
        b'\\' => "a backslash",
        b'#' => "a number sign",
        b'=' => "an equals sign",
        0x80.. => "a character that is not ASCII",
        _ => "punctuation other than . _ / : @ % + , -",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_readers_agree_on() {
        for (raw, value) in [
            ("", ""),
            ("abc", "abc"),
            ("https://h:1/p,a@b%2F+-_.", "https://h:1/p,a@b%2F+-_."),
            ("''", ""),
            ("\"\"", ""),
            ("'a b#=\"!'", "a b#=\"!"),
            ("\"a b\"", "a b"),
        ] {
            assert_eq!(read(raw.as_bytes()), Ok(value), "{raw}");
        }
    }

    #[test]
    fn refuses_what_they_do_not() {
        for raw in [
            "a b", "a ", " a", "a#b", "a=b", "a?b", "~", "'a", "a'", "'", "\"", "'a'b'", "'$x'", "'a\\'",
            "\"a\\n\"", "\"it's\"", "'`'", "'a' # c", "\"a\"b\"", "é", "'é'", "'a\tb'", "a\rb", "a\u{1}",
        ] {
            assert!(read(raw.as_bytes()).is_err(), "{raw:?}");
        }
        assert_eq!(check("a$b"), Err("a dollar sign"));
        assert_eq!(check(""), Ok(()));
    }
}
