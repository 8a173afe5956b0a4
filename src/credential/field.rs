//! The fields of a record, as scripts and stores know them.

use std::fmt;

/// A field of a record. [`name`](Self::name) is what stands in stores, messages and JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `Ocp-Apim-Subscription-Key` of the product: 32 hex digits.
    SubscriptionKey,
    /// The other key of the pair, for overlap during a regeneration.
    SubscriptionKeySecondary,
    /// A key that only provisions, where a team keeps one.
    ProvisioningSubscriptionKey,
    /// The API user: a UUID.
    ApiUser,
    /// The API key: 32 hex digits, shown once by MTN.
    ApiKey,
    /// `collection`, `disbursement` or `remittance`.
    Product,
    /// `X-Target-Environment`.
    TargetEnvironment,
    /// The gateway's base URL.
    BaseUrl,
    /// `providerCallbackHost`.
    CallbackHost,
    /// Version of this layout; `1`.
    Schema,
    /// When the API key was issued or imported, RFC 3339.
    IssuedAt,
    /// API users published or claimed before and not known to be revoked: a comma list of UUIDs.
    RetiredApiUsers,
}

/// What the name of every field of an open claim begins with. All of them are ours, known or not: an unknown one is
/// a newer program's claim.
pub const PENDING: &str = "pending_";

/// Fields that mark a set of variables as a record of ours where a store has nothing else to go by.
pub const ANCHORS: &[&str] = &["subscription_key", "api_user"];

impl Field {
    /// Every field, in the order they are shown.
    pub const ALL: [Self; 12] = [
        Self::SubscriptionKey,
        Self::SubscriptionKeySecondary,
        Self::ProvisioningSubscriptionKey,
        Self::ApiUser,
        Self::ApiKey,
        Self::Product,
        Self::TargetEnvironment,
        Self::BaseUrl,
        Self::CallbackHost,
        Self::Schema,
        Self::IssuedAt,
        Self::RetiredApiUsers,
    ];

    /// The name in stores, messages and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SubscriptionKey => "subscription_key",
            Self::SubscriptionKeySecondary => "subscription_key_secondary",
            Self::ProvisioningSubscriptionKey => "provisioning_subscription_key",
            Self::ApiUser => "api_user",
            Self::ApiKey => "api_key",
            Self::Product => "product",
            Self::TargetEnvironment => "target_environment",
            Self::BaseUrl => "base_url",
            Self::CallbackHost => "callback_host",
            Self::Schema => "schema",
            Self::IssuedAt => "issued_at",
            Self::RetiredApiUsers => "retired_api_users",
        }
    }

    /// The name under which an open claim carries a new value for this field.
    pub fn pending(self) -> String {
        format!("{PENDING}{}", self.name())
    }

    /// The field of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// All names, for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// Whether its value is a key: never shown, and random enough for a fingerprint.
    pub const fn is_key(self) -> bool {
        matches!(
            self,
            Self::SubscriptionKey
                | Self::SubscriptionKeySecondary
                | Self::ProvisioningSubscriptionKey
                | Self::ApiKey
        )
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
