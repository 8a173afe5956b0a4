//! How a gateway is set up before it starts: one field per thing that the facts leave open or that differs
//! between installations.

use crate::keys::{Ring, Role};
use crate::{PresetUser, Product, seed::Generator};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Which installation is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Provisioning exists and the target environment is `sandbox`.
    Sandbox,
    /// Provisioning paths are unknown to the gateway; users come from [`Config::with_user`].
    Production {
        /// The only `X-Target-Environment` that product reads take, such as `mtnuganda`.
        target: String,
    },
}

/// What a new API key does to the one before it. No source measured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Only the newest key of a user gets tokens.
    NewKeyKillsOld,
    /// All keys of a user get tokens.
    KeysAddUp,
}

/// The status of `{"error":"login_failed"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginFailed {
    /// `500 Server Error`, as seen.
    ServerError,
    /// `401`, as documented.
    Unauthorized,
}

/// What a sandbox user is bound to by the key that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// To the key's product: the product's other key, or a regenerated one, reads too.
    Product,
    /// To the very key: reads with any other key are refused.
    Key,
}

/// What a user made by a provisioning key may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisioningUsers {
    /// It is bound to no product, so every product serves it.
    EveryProduct,
    /// It belongs to no product, so every product read refuses it.
    NoProduct,
}

/// Who is turned away for calling from an address that is not on the allow-list: every caller, or nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpAllowList {
    /// Nobody.
    Open,
    /// Product reads; tokens are given out.
    RefusesReads,
    /// Product reads and tokens.
    RefusesAll,
}

/// Whether `/_gateway/` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// It is one more unknown path.
    Off,
    /// It shows the log and takes scripts; see the README.
    On,
}

/// The setting of one gateway. Start from [`Config::sandbox`] or [`Config::production`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; the address must be a loopback one. Port 0 takes a free port.
    pub listen: SocketAddr,
    /// The installation.
    pub environment: Environment,
    /// The reading of a second key request.
    pub rotation: Rotation,
    /// The status of a failed login.
    pub login_failed: LoginFailed,
    /// What users are bound to.
    pub binding: Binding,
    /// What users made by a provisioning key may read.
    pub provisioning_users: ProvisioningUsers,
    /// The allow-list.
    pub ip_allow_list: IpAllowList,
    /// How long an access token lives; also told as `expires_in`.
    pub token_lifetime: Duration,
    /// The control endpoint.
    pub control: Control,
    pub(crate) seed: u64,
    pub(crate) ring: Ring,
    pub(crate) users: Vec<PresetUser>,
}

impl Config {
    /// A sandbox with generated keys, a primary and a secondary for each product.
    #[must_use]
    pub fn sandbox(seed: u64) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            environment: Environment::Sandbox,
            rotation: Rotation::NewKeyKillsOld,
            login_failed: LoginFailed::ServerError,
            binding: Binding::Product,
            provisioning_users: ProvisioningUsers::EveryProduct,
            ip_allow_list: IpAllowList::Open,
            token_lifetime: Duration::from_secs(3600),
            control: Control::Off,
            seed,
            ring: Ring::generate(&mut Generator::new(seed, "subscription keys")),
            users: Vec::new(),
        }
    }

    /// A production installation for `target`, with generated subscription keys and no user.
    #[must_use]
    pub fn production(seed: u64, target: &str) -> Self {
        Self { environment: Environment::Production { target: target.to_owned() }, ..Self::sandbox(seed) }
    }

    /// Replaces the generated key of a role, or adds a provisioning key.
    #[must_use]
    pub fn with_key(mut self, role: Role, value: impl Into<String>) -> Self {
        self.ring.put(role, value.into());
        self
    }

    /// Adds a user that exists from the start, as the Partner Portal makes them in production.
    #[must_use]
    pub fn with_user(mut self, user: PresetUser) -> Self {
        self.users.push(user);
        self
    }

    /// The primary subscription key of a product.
    #[must_use]
    pub fn subscription_key(&self, product: Product) -> &str {
        self.ring.value(Role::Primary(product)).unwrap_or_default()
    }

    pub(crate) fn target_environment(&self) -> &str {
        match &self.environment {
            Environment::Sandbox => "sandbox",
            Environment::Production { target } => target,
        }
    }
}
