//! Tokens and reads of the three products, and the gateway as a whole.

use std::time::Duration;

use async_trait::async_trait;
use momo_cred_backend_api::Secret;
use uuid::Uuid;

use super::classify::malformed;
use super::client::Client;
use super::retry::Again;
use super::wire::{Auth, Call, Send};
use super::{CallbackHost, Gateway, Msisdn, Refusal, Step, Token, UserInfo};
use crate::credential::{Product, TargetEnvironment};

/// The number of MTN's own sandbox examples. The sandbox calls every number active.
const SANDBOX_MSISDN: &str = "46733123450";

/// No token of theirs comes near; a longer one would be refused as a header.
const LONGEST_TOKEN: usize = 8192;

#[async_trait]
impl Gateway for Client {
    async fn user(&self, key: &Secret, user: Uuid) -> Result<UserInfo, Refusal> {
        self.look_up(key, user, Again::Safe).await
    }

    async fn glance(&self, key: &Secret, user: Uuid) -> Result<UserInfo, Refusal> {
        self.look_up(key, user, Again::Never).await
    }

    async fn create_user(&self, key: &Secret, user: Uuid, host: &CallbackHost) -> Result<(), Refusal> {
        self.make_user(key, user, host).await
    }

    async fn create_key(&self, key: &Secret, user: Uuid) -> Result<Secret, Refusal> {
        self.make_key(key, user).await
    }

    async fn token(
        &self,
        product: Product,
        key: &Secret,
        user: Uuid,
        api_key: &Secret,
    ) -> Result<Token, Refusal> {
        let call = Call {
            step: Step::Token,
            // The slash at the end is part of the published path.
            path: format!("/{product}/token/"),
            key,
            send: Send::Post,
            auth: Auth::Basic(user, api_key),
        };
        let mut answer = self.call(&call, Again::Safe).await?;
        let lifetime = answer.number("expires_in").map(Duration::from_secs);
        let usable = |token: &String| {
            (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic())
        };
        match answer.take("access_token").filter(usable) {
            Some(token) => Ok(Token { secret: Secret::new(token), lifetime }),
            None => Err(malformed(Step::Token, &answer)),
        }
    }

    async fn read(
        &self,
        product: Product,
        key: &Secret,
        token: &Token,
        target: &TargetEnvironment,
        msisdn: Option<&Msisdn>,
    ) -> Result<(), Refusal> {
        let number = msisdn.map(Msisdn::as_str).or_else(|| target.is_sandbox().then_some(SANDBOX_MSISDN));
        let (path, expected) = match number {
            Some(number) => (format!("/{product}/v1_0/accountholder/msisdn/{number}/active"), "result"),
            None => (format!("/{product}/v1_0/account/balance"), "availableBalance"),
        };
        let auth = Auth::Bearer(&token.secret, target);
        let call = Call { step: Step::Read, path, key, send: Send::Get, auth };
        let answer = self.call(&call, Again::Safe).await?;
        if answer.has(expected) { Ok(()) } else { Err(malformed(Step::Read, &answer)) }
    }
}
