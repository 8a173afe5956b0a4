//! Paths: what the gateway knows by name, and nothing more.

use crate::Product;
use hyper::Method;
use std::fmt;

/// One operation of the gateway, as scripts and the log name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `POST /v1_0/apiuser`
    CreateUser,
    /// `GET /v1_0/apiuser/{id}`
    GetUser,
    /// `POST /v1_0/apiuser/{id}/apikey`
    CreateKey,
    /// `POST /{product}/token/`
    Token,
    /// `GET /{product}/v1_0/account/balance`
    Balance,
    /// `GET /{product}/v1_0/accountholder/msisdn/{n}/active`
    Active,
    /// Anything else.
    Undefined,
}

impl Operation {
    const ALL: [Self; 7] = [
        Self::CreateUser,
        Self::GetUser,
        Self::CreateKey,
        Self::Token,
        Self::Balance,
        Self::Active,
        Self::Undefined,
    ];

    /// The name in the control endpoint.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateUser => "create-user",
            Self::GetUser => "get-user",
            Self::CreateKey => "create-key",
            Self::Token => "token",
            Self::Balance => "balance",
            Self::Active => "active",
            Self::Undefined => "undefined",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    /// Whether the operation is one of the provisioning API, which production does not have.
    pub(crate) const fn is_provisioning(self) -> bool {
        matches!(self, Self::CreateUser | Self::GetUser | Self::CreateKey)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A request's operation with what its path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) product: Option<Product>,
    /// The user id as it stands in the path.
    pub(crate) user: Option<String>,
}

impl Route {
    /// A known path with another method is as unknown to the gateway as any other.
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let (operation, product, user) = match (method.as_str(), segments.as_slice()) {
            ("POST", ["v1_0", "apiuser"]) => (Operation::CreateUser, None, None),
            ("GET", ["v1_0", "apiuser", id]) => (Operation::GetUser, None, Some((*id).to_owned())),
            ("POST", ["v1_0", "apiuser", id, "apikey"]) => {
                (Operation::CreateKey, None, Some((*id).to_owned()))
            }
            (method, [product, rest @ ..]) => match (Product::from_segment(product), method, rest) {
                // The trailing slash is part of the published path.
                (Some(product), "POST", ["token", ""]) => (Operation::Token, Some(product), None),
                (Some(product), "GET", ["v1_0", "account", "balance"]) => {
                    (Operation::Balance, Some(product), None)
                }
                (Some(product), "GET", ["v1_0", "accountholder", "msisdn", number, "active"])
                    if !number.is_empty() =>
                {
                    (Operation::Active, Some(product), None)
                }
                (product, ..) => (Operation::Undefined, product, None),
            },
            _ => (Operation::Undefined, None, None),
        };
        Self { operation, product, user }
    }
}
