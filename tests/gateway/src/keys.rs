//! Subscription keys: which product each belongs to, and whether it is in force.

use crate::{Product, seed::Generator};
use std::fmt;

/// What a subscription key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The first key of a product's subscription.
    Primary(Product),
    /// The second key of a product's subscription; it works like the first.
    Secondary(Product),
    /// A key that provisions and does nothing else.
    Provisioning,
}

impl Role {
    /// The product whose paths the key opens.
    #[must_use]
    pub const fn product(self) -> Option<Product> {
        match self {
            Self::Primary(product) | Self::Secondary(product) => Some(product),
            Self::Provisioning => None,
        }
    }

    pub(crate) fn from_label(label: &str) -> Option<Self> {
        if label == "provisioning" {
            return Some(Self::Provisioning);
        }
        let (product, which) = label.rsplit_once('-')?;
        let product = Product::from_segment(product)?;
        match which {
            "primary" => Some(Self::Primary(product)),
            "secondary" => Some(Self::Secondary(product)),
            _ => None,
        }
    }
}

/// `collection-primary`, `remittance-secondary`, `provisioning`: the label of a key in the log.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary(product) => write!(f, "{product}-primary"),
            Self::Secondary(product) => write!(f, "{product}-secondary"),
            Self::Provisioning => f.write_str("provisioning"),
        }
    }
}

/// Whether a key's subscription is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// The key works.
    Active,
    /// The gateway answers as if it had never seen the key.
    Disabled,
}

/// One subscription key. Its `Debug` leaves the value out, so that no test's output can show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SubscriptionKey {
    pub(crate) role: Role,
    pub(crate) value: String,
    pub(crate) state: KeyState,
}

impl fmt::Debug for SubscriptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubscriptionKey({}, {:?})", self.role, self.state)
    }
}

/// What looking up a presented key gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup<'a> {
    Missing,
    Unknown,
    Known(&'a SubscriptionKey),
}

/// Every key that the gateway knows, at most one per role.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ring(Vec<SubscriptionKey>);

impl Ring {
    /// A primary and a secondary key for each product.
    pub(crate) fn generate(generator: &mut Generator) -> Self {
        let roles = Product::ALL.into_iter().flat_map(|p| [Role::Primary(p), Role::Secondary(p)]);
        let key = |role| SubscriptionKey { role, value: generator.key(), state: KeyState::Active };
        Self(roles.map(key).collect())
    }

    /// Puts a key in force; the old value of the role stops working, as after "regenerate" in the portal.
    pub(crate) fn put(&mut self, role: Role, value: String) {
        self.0.retain(|key| key.role != role);
        self.0.push(SubscriptionKey { role, value, state: KeyState::Active });
    }

    pub(crate) fn set_state(&mut self, role: Role, state: KeyState) -> bool {
        let found = self.0.iter_mut().find(|key| key.role == role);
        found.map(|key| key.state = state).is_some()
    }

    pub(crate) fn value(&self, role: Role) -> Option<&str> {
        self.0.iter().find(|key| key.role == role).map(|key| key.value.as_str())
    }

    pub(crate) fn look_up(&self, presented: Option<&[u8]>) -> Lookup<'_> {
        let Some(presented) = presented else { return Lookup::Missing };
        let found = self.0.iter().find(|key| key.value.as_bytes() == presented);
        found.map_or(Lookup::Unknown, Lookup::Known)
    }
}
