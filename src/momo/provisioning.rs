//! The provisioning API, which only a sandbox has: three calls, no list, no delete.

use momo_cred_backend_api::Secret;
use uuid::Uuid;

use super::answer::Answer;
use super::classify::{malformed, refuse};
use super::client::Client;
use super::retry::Again;
use super::wire::{Auth, Call, Send};
use super::{CallbackHost, Diagnosis, Refusal, Shape, Step, StoredHost, UserInfo};
use crate::credential::{Field, check_key};

impl Client {
    pub(super) async fn look_up(&self, key: &Secret, user: Uuid, again: Again) -> Result<UserInfo, Refusal> {
        let call = Call {
            step: Step::User,
            path: format!("/v1_0/apiuser/{user}"),
            key,
            send: Send::Get,
            auth: Auth::Key,
        };
        let answer = self.call(&call, again).await?;
        user_info(&answer).ok_or_else(|| malformed(Step::User, &answer))
    }

    pub(super) async fn make_user(
        &self,
        key: &Secret,
        user: Uuid,
        host: &CallbackHost,
    ) -> Result<(), Refusal> {
        let json = serde_json::json!({ "providerCallbackHost": host.as_str() }).to_string();
        let call = Call {
            step: Step::CreateUser,
            path: "/v1_0/apiuser".to_owned(),
            key,
            send: Send::PostUser { reference: user, json: &json },
            auth: Auth::Key,
        };
        match self.call(&call, Again::Safe).await {
            Ok(_) => Ok(()),
            // A first answer was lost: this is about our own user, unless the look-up says otherwise.
            Err(refusal) if refusal.diagnosis == Diagnosis::DuplicateUser && refusal.ambiguous => {
                self.confirm(key, user, host, refusal).await
            }
            Err(refusal) => Err(refusal),
        }
    }

    async fn confirm(
        &self,
        key: &Secret,
        user: Uuid,
        host: &CallbackHost,
        duplicate: Refusal,
    ) -> Result<(), Refusal> {
        match self.look_up(key, user, Again::Fresh).await {
            Ok(UserInfo { callback_host: StoredHost::Host(stored), .. }) if stored != *host => Err(duplicate),
            Ok(UserInfo { callback_host: StoredHost::Odd, .. }) => Err(duplicate),
            Ok(_) => Ok(()),
            Err(refusal) => Err(Refusal { step: Step::CreateUser, ambiguous: true, ..refusal }),
        }
    }

    pub(super) async fn make_key(&self, key: &Secret, user: Uuid) -> Result<Secret, Refusal> {
        let call = Call {
            step: Step::CreateKey,
            path: format!("/v1_0/apiuser/{user}/apikey"),
            key,
            send: Send::Post,
            auth: Auth::Key,
        };
        let mut answer = self.call(&call, Again::Key).await?;
        let Some(issued) = answer.take("apiKey").map(Secret::new) else {
            return Err(malformed(Step::CreateKey, &answer));
        };
        match check_key(Field::ApiKey, &issued) {
            Ok(()) => Ok(issued),
            Err(_) => Err(refuse(Step::CreateKey, &answer, Diagnosis::KeyShape)),
        }
    }
}

/// Every field is optional in MTN's own model, but an object without any of them is something else.
fn user_info(answer: &Answer) -> Option<UserInfo> {
    const FIELDS: [&str; 3] = ["providerCallbackHost", "targetEnvironment", "paymentServerUrl"];
    if answer.shape != Shape::Json || !FIELDS.iter().any(|field| answer.has(field)) {
        return None;
    }
    let callback_host = match answer.text("providerCallbackHost").filter(|host| !host.is_empty()) {
        None => StoredHost::Unsaid,
        Some(host) => host.parse().map_or(StoredHost::Odd, StoredHost::Host),
    };
    let target_environment = answer.text("targetEnvironment").and_then(|target| target.parse().ok());
    Some(UserInfo { callback_host, target_environment })
}
