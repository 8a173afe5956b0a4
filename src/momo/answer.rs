//! What came back: status, shape, and a few things that are safe to read out of a body.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::KnownCode;

/// Which layer wrote a body, told by its form alone: the same status means different things from different layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Azure API Management in front: an object with `statusCode`.
    Gateway,
    /// The wallet system behind it: an object with `code`, or with `status` as some installations write it.
    Wallet,
    /// The token endpoint: an object with `error`.
    Token,
    /// Another JSON object: every good answer that has a body.
    Json,
    /// No body.
    Empty,
    /// A page of a firewall, proxy or load balancer.
    Html,
    /// Anything else, and what is longer than any answer of the API.
    Other,
    /// There was no answer.
    None,
}

/// An answer. Has no `Debug`: a body may hold a key.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) shape: Shape,
    object: Map<String, Value>,
}

/// What a gateway message says, told by how it begins: wordings differ between installations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    MissingKey,
    InvalidKey,
    OutOfQuota,
    Nothing,
}

const MISSING_KEY: &str = "Access denied due to missing subscription key";
const INVALID_KEY: &str = "Access denied due to invalid subscription key";
const OUT_OF_QUOTA: &str = "Out of call volume quota";

impl Shape {
    /// A stable word for JSON and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Wallet => "wallet",
            Self::Token => "token",
            Self::Json => "json",
            Self::Empty => "empty",
            Self::Html => "html",
            Self::Other => "other",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Answer {
    /// Reads a body, or `None` for one over the cap.
    pub(super) fn new(status: u16, retry_after: Option<Duration>, body: Option<&[u8]>) -> Self {
        let (shape, object) = body.map_or((Shape::Other, Map::new()), sort);
        Self { status, retry_after, shape, object }
    }

    /// The known code in it.
    pub(super) fn code(&self) -> Option<KnownCode> {
        ["code", "error", "status", "message"]
            .into_iter()
            .find_map(|name| KnownCode::from_text(self.text(name)?))
    }

    /// The id by which MTN finds the failure in its logs.
    pub(super) fn activity_id(&self) -> Option<Uuid> {
        self.text("activityId").filter(|id| id.len() == 36).and_then(|id| Uuid::try_parse(id).ok())
    }

    pub(super) fn says(&self) -> Says {
        match self.text("message") {
            Some(text) if text.starts_with(MISSING_KEY) => Says::MissingKey,
            Some(text) if text.starts_with(INVALID_KEY) => Says::InvalidKey,
            Some(text) if text.starts_with(OUT_OF_QUOTA) => Says::OutOfQuota,
            _ => Says::Nothing,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.object.get(name)?.as_str()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// A number, or a number written as a string.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let value = self.object.get(name)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    /// Takes a string out, so that no second copy of a secret stays.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        match self.object.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

fn sort(body: &[u8]) -> (Shape, Map<String, Value>) {
    let body = body.trim_ascii();
    if body.is_empty() {
        return (Shape::Empty, Map::new());
    }
    if body.starts_with(b"<") {
        return (Shape::Html, Map::new());
    }
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return (Shape::Other, Map::new());
    };
    let is_text = |name| object.get(name).is_some_and(Value::is_string);
    // The front writes only its own shape; the two behind it can look alike but for their names.
    let shape = if object.contains_key("statusCode") {
        Shape::Gateway
    } else if is_text("error") {
        Shape::Token
    } else if is_text("code") || is_text("status") {
        Shape::Wallet
    } else {
        Shape::Json
    };
    (shape, object)
}
