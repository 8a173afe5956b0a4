//! What came back, sorted by status and by a few words that the server is known to use. Its text goes no further.

use std::time::Duration;

use jiff::Timestamp;
use momo_cred_transport::Received;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::Problem;

/// An answer of the server. Has no `Debug`: a body may hold a secret.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) date: Option<Timestamp>,
    pub(crate) retry_after: Option<Duration>,
    body: Option<Zeroizing<Vec<u8>>>,
}

/// The wrapper of most answers. Has no `Debug`: it may hold secrets.
#[derive(Deserialize)]
pub(crate) struct Data<T> {
    pub(crate) data: T,
}

/// What the server's messages are known to say. Wordings of Vault 1.21 and OpenBao 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// A compare-and-swap that found another version.
    CasMismatch,
    /// The token is none.
    InvalidToken,
    /// A secrets engine that moves to version 2, or was made a moment ago.
    Upgrading,
    /// Nothing that is known.
    Nothing,
}

const CAS_MISMATCH: &str = "check-and-set parameter did not match";
const INVALID_TOKEN: &str = "invalid token";
const UPGRADING: &str = "Upgrading from non-versioned to versioned data";

#[derive(Deserialize)]
struct Errors {
    errors: Vec<String>,
}

#[derive(Deserialize)]
struct Warned {
    #[serde(rename = "warnings")]
    _warnings: Vec<String>,
}

const NO_ROUTE: &str = "the server has no secrets engine of this KV version at this path";

impl Answer {
    pub(crate) fn new(received: Received) -> Self {
        let Received { status, body, retry_after, date } = received;
        Self { status, date, retry_after, body }
    }

    /// Whether it is a good one.
    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether a compare-and-swap found another version.
    pub(crate) fn is_cas_mismatch(&self) -> bool {
        self.status == 400 && self.says() == Says::CasMismatch
    }

    /// Whether the token is refused as such, and not for lack of a right.
    pub(crate) fn refuses_token(&self) -> bool {
        self.status == 403 && self.says() == Says::InvalidToken
    }

    /// Whether the same call may be answered better later: a server that is busy, sealed or behind. 412 is a
    /// performance standby that has not caught up.
    pub(crate) fn passes(&self) -> bool {
        matches!(self.status, 412 | 429 | 500..=599) || self.is_upgrading()
    }

    /// Whether the server is busy, sealed or behind, and says so in the place of the effect.
    pub(crate) fn did_nothing_yet(&self) -> bool {
        matches!(self.status, 412 | 429 | 472 | 473) || self.status == 503 && self.is_vaults_own()
    }

    fn is_upgrading(&self) -> bool {
        self.status == 400 && self.says() == Says::Upgrading
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// [`Problem::TooLarge`], [`Problem::NotVault`].
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = self.body.as_ref().ok_or(Problem::TooLarge(self.status))?;
        // The error of serde quotes values: it ends here.
        serde_json::from_slice(body).map_err(|_| Problem::NotVault {
            status: self.status,
            what: "it is not the JSON that belongs there",
        })
    }

    /// Whether a bad answer is the server's own: one of a proxy is no word about a record.
    pub(crate) fn is_vaults_own(&self) -> bool {
        self.is_short() && self.json::<Errors>().is_ok()
    }

    /// Whether an engine says that there is nothing. A path outside of any engine is 404, too, with an error in the list;
    /// so is one that the engine's version does not have, with a warning and no list.
    pub(crate) fn is_nothing(&self) -> bool {
        self.status == 404
            && self.is_short()
            && self.json::<Errors>().is_ok_and(|told| told.errors.is_empty())
    }

    /// Whether a 404 is of an engine that does not have such paths: the wrapper of an answer, with warnings and no data.
    fn is_empty_handed(&self) -> bool {
        self.is_short() && self.json::<Warned>().is_ok()
    }

    /// Whether it is as short as what the server says of failures. A long one is somebody else's, and costs memory to read.
    fn is_short(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.len() <= 64 * 1024)
    }

    /// The body, read as JSON that borrows from it.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub(crate) fn borrowed<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        let body = self.body.as_ref().ok_or(Problem::TooLarge(self.status))?;
        serde_json::from_slice(body).map_err(|_| Problem::NotVault {
            status: self.status,
            what: "it is not the JSON that belongs there",
        })
    }

    fn says(&self) -> Says {
        let Some(Ok(Errors { errors })) = self.is_short().then(|| self.json::<Errors>()) else {
            return Says::Nothing;
        };
        let says = |words: &str| errors.iter().any(|error| error.contains(words));
        if says(CAS_MISMATCH) {
            Says::CasMismatch
        } else if says(INVALID_TOKEN) {
            Says::InvalidToken
        } else if says(UPGRADING) {
            Says::Upgrading
        } else {
            Says::Nothing
        }
    }

    /// What a bad answer means. `who` names the login.
    pub(crate) fn problem(&self, who: &str) -> Problem {
        let status = self.status;
        let who = || who.to_owned();
        match status {
            300..=399 => Problem::Redirect(status),
            403 if self.says() == Says::InvalidToken => Problem::TokenInvalid { who: who() },
            401 | 403 if self.is_vaults_own() => Problem::Denied { who: who() },
            429 => Problem::RateLimited,
            404 if self.is_vaults_own() || self.is_empty_handed() => Problem::Mount(NO_ROUTE),
            400 if self.is_upgrading() => Problem::Unavailable(status),
            // A server that is sealed says so; a proxy without a server behind it has the same status.
            503 if self.is_vaults_own() => Problem::Sealed,
            412 | 472 | 473 | 500..=599 => Problem::Unavailable(status),
            _ if self.body.is_none() => Problem::TooLarge(status),
            400..=499 if self.is_vaults_own() => Problem::Refused(status),
            _ => Problem::NotVault { status, what: "it is not the JSON that belongs there" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let body = Some(Zeroizing::new(body.as_bytes().to_vec()));
        Answer { status, date: None, retry_after: None, body }
    }

    #[test]
    fn statuses_and_known_words_decide() {
        let invalid = r#"{"errors":["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}"#;
        let denied = r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#;
        let who = || "w".to_owned();
        for (status, body, problem) in [
            (403, invalid, Problem::TokenInvalid { who: who() }),
            (403, denied, Problem::Denied { who: who() }),
            (403, "<html>", Problem::NotVault { status: 403, what: "it is not the JSON that belongs there" }),
            (307, "", Problem::Redirect(307)),
            (429, "{}", Problem::RateLimited),
            (503, r#"{"errors":["Vault is sealed"]}"#, Problem::Sealed),
            (503, "<html>", Problem::Unavailable(503)),
            (500, r#"{"errors":["internal error"]}"#, Problem::Unavailable(500)),
            (473, "", Problem::Unavailable(473)),
            (400, r#"{"errors":["no"]}"#, Problem::Refused(400)),
            (
                400,
                r#"{"errors":["Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will resume service shortly."]}"#,
                Problem::Unavailable(400),
            ),
            (
                404,
                r#"{"errors":["no handler for route \"a/data/b\". route entry not found."]}"#,
                Problem::Mount(NO_ROUTE),
            ),
            (
                404,
                r#"{"data":null,"warnings":["Invalid path for a versioned K/V secrets engine."]}"#,
                Problem::Mount(NO_ROUTE),
            ),
            (
                404,
                r#"{"message":"no Route matched"}"#,
                Problem::NotVault { status: 404, what: "it is not the JSON that belongs there" },
            ),
            (
                403,
                r#"{"message":"no"}"#,
                Problem::NotVault { status: 403, what: "it is not the JSON that belongs there" },
            ),
            (418, "tea", Problem::NotVault { status: 418, what: "it is not the JSON that belongs there" }),
        ] {
            assert_eq!(answer(status, body).problem("w"), problem, "{status} {body}");
        }
        let cas = r#"{"errors":["check-and-set parameter did not match the current version"]}"#;
        assert!(answer(400, cas).is_cas_mismatch() && !answer(500, cas).is_cas_mismatch());
    }

    #[test]
    fn no_text_of_the_server_is_rendered() {
        for body in [r#"{"errors":["s3krit"]}"#, r#"{"data":"s3krit"}"#, "s3krit"] {
            for status in [200, 301, 400, 403, 404, 429, 500, 503] {
                let answer = answer(status, body);
                let problem = answer.problem("w");
                let error = answer.json::<u8>().unwrap_err();
                assert!(!format!("{problem} {problem:?} {error} {error:?}").contains("s3krit"));
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_an_answer_and_none_of_their_text_is_shown(
            status in 100_u16..1000,
            body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            errors in proptest::collection::vec("s3krit.{0,20}", 0..3),
        ) {
            let told = serde_json::json!({ "errors": errors }).to_string().into_bytes();
            for body in [body, told] {
                let answer = Answer { body: Some(Zeroizing::new(body)), ..answer(status, "") };
                let problem = answer.problem("w");
                let shown = format!("{problem} {problem:?} {}", answer.json::<u8>().is_err());
                assert!(!shown.contains("s3krit"));
                assert!(!answer.is_cas_mismatch() && !answer.refuses_token());
                // Nothing is told of a record but by an answer that is known.
                assert!(!answer.is_nothing() || status == 404 && errors.is_empty());
            }
        }
    }
}
