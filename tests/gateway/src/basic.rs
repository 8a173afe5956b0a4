//! `Authorization` headers and the two base64 alphabets they need.

use uuid::Uuid;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The API user and API key of a `Basic` header, or `None` for anything else.
pub(crate) fn user_and_key(authorization: &str) -> Option<(Uuid, String)> {
    let decoded = decode(credentials(authorization, "basic")?)?;
    let pair = String::from_utf8(decoded).ok()?;
    let (user, key) = pair.split_once(':')?;
    Some((Uuid::try_parse(user).ok()?, key.to_owned()))
}

/// The token of a `Bearer` header.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    credentials(authorization, "bearer")
}

fn credentials<'a>(authorization: &'a str, scheme: &str) -> Option<&'a str> {
    let (name, value) = authorization.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| value.trim())
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    if text.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut have) = (0_u32, 0_u32);
    for character in text.bytes() {
        let value = STANDARD.iter().position(|known| *known == character)?;
        bits = (bits << 6 | u32::try_from(value).ok()?) & 0xffff;
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.push((bits >> have & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// Base64 in the URL alphabet without padding, as in a JWT.
pub(crate) fn encode_url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * place) & 0x3f) as usize;
            text.push(char::from(URL[index]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{bearer, encode_url, user_and_key};

    #[test]
    fn a_basic_pair_is_read_with_and_without_padding() {
        // c72025f5-5cd1-4630-99e4-8ba4722fad56:key
        let text = "YzcyMDI1ZjUtNWNkMS00NjMwLTk5ZTQtOGJhNDcyMmZhZDU2OmtleQ";
        for padded in [format!("Basic {text}=="), format!("basic {text}")] {
            let (user, key) = user_and_key(&padded).unwrap();
            assert_eq!(user.to_string(), "c72025f5-5cd1-4630-99e4-8ba4722fad56");
            assert_eq!(key, "key");
        }
    }

    #[test]
    fn junk_is_no_pair() {
        for junk in
            ["", "Basic", "Basic ", "Basic !!!!", "Basic A", "Basic bm9jb2xvbg==", "Bearer abc", "Basic /w=="]
        {
            assert!(user_and_key(junk).is_none(), "{junk}");
        }
    }

    #[test]
    fn a_bearer_token_is_taken_as_it_is() {
        assert_eq!(bearer("Bearer a.b.c"), Some("a.b.c"));
        assert_eq!(bearer("Basic a.b.c"), None);
    }

    #[test]
    fn the_url_alphabet_has_no_padding() {
        assert_eq!(encode_url(b"\xfb\xff"), "-_8");
        assert_eq!(encode_url(b"abc"), "YWJj");
        assert_eq!(encode_url(b""), "");
    }
}
