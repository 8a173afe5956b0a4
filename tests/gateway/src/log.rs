//! The request log: who asked for what, in order. Key values never enter it.

use crate::call::Call;
use crate::keys::{KeyState, Lookup, Role};
use crate::state::State;
use crate::{Operation, Product, basic};
use serde_json::{Value, json};

/// The kind of subscription key that a request carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUsed {
    /// No `Ocp-Apim-Subscription-Key`.
    Missing,
    /// A value that no role has, or has any longer.
    Unknown,
    /// The key of this role, in this state.
    Known(Role, KeyState),
}

impl KeyUsed {
    fn of(lookup: &Lookup<'_>) -> Self {
        match lookup {
            Lookup::Missing => Self::Missing,
            Lookup::Unknown => Self::Unknown,
            Lookup::Known(key) => Self::Known(key.role, key.state),
        }
    }

    /// `missing`, `unknown`, or the role: `collection-primary`, `provisioning`, ...
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Missing => "missing".to_owned(),
            Self::Unknown => "unknown".to_owned(),
            Self::Known(role, _) => role.to_string(),
        }
    }
}

/// One request, in the order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// 1 for the first request since the start.
    pub number: usize,
    /// What it asked for.
    pub operation: Operation,
    /// `GET`, `POST`, or what the client made up.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The API user: of the path, of `X-Reference-Id`, of the `Basic` pair, or of a live access token.
    pub user: Option<String>,
    /// The product of the path.
    pub product: Option<Product>,
    /// The kind of subscription key.
    pub key: KeyUsed,
    /// `Content-Length`, if there was one.
    pub content_length: Option<u64>,
    /// The status answered; `None` while the request is being served and where the script gave no answer.
    pub status: Option<u16>,
    /// Whether it changed something: a user, a key or a token was made.
    pub effect: bool,
    /// The name of the scripted action that it met.
    pub fault: Option<&'static str>,
}

impl Request {
    pub(crate) fn arrived(number: usize, call: &Call, state: &State, fault: Option<&'static str>) -> Self {
        let route = &call.route;
        let authorization = call.authorization();
        let user = match route.operation {
            Operation::CreateUser => call.reference_id().map(str::to_owned),
            Operation::Token => authorization.and_then(basic::user_and_key).map(|(user, _)| user.to_string()),
            Operation::Balance | Operation::Active => {
                let token = authorization.and_then(basic::bearer);
                token.and_then(|token| state.users.owner(token)).map(|user| user.to_string())
            }
            _ => route.user.clone(),
        };
        let key = KeyUsed::of(&state.ring.look_up(call.subscription_key()));
        Self {
            number,
            operation: route.operation,
            method: call.method.to_string(),
            path: call.path.clone(),
            user,
            product: route.product,
            key,
            content_length: call.content_length,
            status: None,
            effect: false,
            fault,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "number": self.number,
            "operation": self.operation.name(),
            "method": self.method,
            "path": self.path,
            "user": self.user,
            "product": self.product.map(Product::segment),
            "key": self.key.label(),
            "keyActive": matches!(self.key, KeyUsed::Known(_, KeyState::Active)),
            "contentLength": self.content_length,
            "status": self.status,
            "effect": self.effect,
            "fault": self.fault,
        })
    }
}
