//! What may name a secret (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html>).

use momo_cred_backend_api::RecordName;

use crate::Problem;

/// Whether a name may hold it.
pub(crate) fn plain(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b)
}

/// Refuses names that the service would refuse, or take for something else.
pub(crate) fn check(name: &RecordName) -> Result<&str, Problem> {
    let text = name.as_str();
    if !text.bytes().all(plain) {
        return Err(Problem::Name("it holds something else than letters, digits and `/_+=.@-`"));
    }
    Ok(text)
}

/// Refuses names that a new secret should not have; what is there already is used under the name it has.
pub(crate) fn check_new(text: &str) -> Result<(), Problem> {
    // The service ends its own identifiers (ARNs) so, and then finds the wrong secret or none.
    let bytes = text.as_bytes();
    let tail = bytes.len().checked_sub(7).map(|at| &bytes[at..]);
    if tail.is_some_and(|tail| tail[0] == b'-' && tail[1..].iter().all(u8::is_ascii_alphanumeric)) {
        return Err(Problem::Name(
            "it ends in a hyphen and six characters, which the service takes for its own ending",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_service_takes() {
        let ok = |text: &str| check(&RecordName::new(text).unwrap()).and_then(check_new).is_ok();
        for good in ["momo/sandbox/collection", "a", "a_b+c=d.e@f-g", "abc-12345", "abc-1234567", "x-abc/def"]
        {
            assert!(ok(good), "{good}");
        }
        for bad in ["a b", "a:b", "\u{e9}", "a#b", "momo-abc123", "a-ABCDEF"] {
            assert!(!ok(bad), "{bad}");
        }
        assert!(check(&RecordName::new("momo-client").unwrap()).is_ok(), "what is there is used");
    }
}
