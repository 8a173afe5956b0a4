//! What the lifecycle asks of a gateway. Tests put a double in its place.

use std::time::Duration;

use async_trait::async_trait;
use momo_cred_backend_api::Secret;
use uuid::Uuid;

use super::{CallbackHost, Msisdn, Refusal};
use crate::credential::{Product, TargetEnvironment};

/// The calls. Each makes itself again where that is safe, inside the deadline that its gateway was made with.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Looks an API user up: `GET /v1_0/apiuser/{id}`. Sandbox only.
    async fn user(&self, key: &Secret, user: Uuid) -> Result<UserInfo, Refusal>;

    /// The same, once and in a part of the time that is left: for what is nice to know, and holds nothing up.
    async fn glance(&self, key: &Secret, user: Uuid) -> Result<UserInfo, Refusal>;

    /// Creates an API user: `POST /v1_0/apiuser`. Sandbox only.
    ///
    /// After an ambiguous answer it is sent again with the same UUID. 409 then means that the first one came through,
    /// which a look-up confirms; otherwise it is a refusal.
    async fn create_user(&self, key: &Secret, user: Uuid, host: &CallbackHost) -> Result<(), Refusal>;

    /// Asks for a new API key: `POST /v1_0/apiuser/{id}/apikey`. Sandbox only.
    ///
    /// Each success makes a new key, so it is sent again only after an answer that came instead of one. A key of
    /// another shape than 32 hex digits is a refusal.
    async fn create_key(&self, key: &Secret, user: Uuid) -> Result<Secret, Refusal>;

    /// Gets a token: `POST /{product}/token/`.
    async fn token(
        &self,
        product: Product,
        key: &Secret,
        user: Uuid,
        api_key: &Secret,
    ) -> Result<Token, Refusal>;

    /// The product read, which a token alone does not replace: whether this number (in the sandbox, without one, MTN's
    /// test number) is active, else the balance. What it says is looked at for its form only.
    async fn read(
        &self,
        product: Product,
        key: &Secret,
        token: &Token,
        target: &TargetEnvironment,
        msisdn: Option<&Msisdn>,
    ) -> Result<(), Refusal>;
}

/// What the gateway knows of an API user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInfo {
    /// The callback host it was created with, which cannot be changed.
    pub callback_host: StoredHost,
    /// Its environment.
    pub target_environment: Option<TargetEnvironment>,
}

/// A callback host as the gateway has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredHost {
    /// A bare host.
    Host(CallbackHost),
    /// Something else, such as a URL: callbacks will be refused.
    Odd,
    /// The answer did not say.
    Unsaid,
}

/// An access token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its value.
    pub secret: Secret,
    /// How long it is good for, if the answer said so: an hour, usually.
    pub lifetime: Option<Duration>,
}
