//! What the gateway answers: the rules of README.md as one function of state and request.

use crate::answer::Answer;
use crate::call::{Body, Call};
use crate::config::{Environment, IpAllowList, LoginFailed};
use crate::keys::{KeyState, Lookup, Role, SubscriptionKey};
use crate::route::Operation;
use crate::state::State;
use crate::{Product, basic};
use hyper::Method;
use serde_json::Value;
use uuid::{Uuid, Variant, Version};

/// An answer, and whether something changed at the gateway to give it.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) answer: Answer,
    pub(crate) effect: bool,
}

impl Verdict {
    fn done(answer: Answer) -> Self {
        Self { answer, effect: true }
    }
}

impl From<Answer> for Verdict {
    fn from(answer: Answer) -> Self {
        Self { answer, effect: false }
    }
}

/// Answers `call`. `odd_key` is a key to issue in place of a well-shaped one.
pub(crate) fn apply(state: &mut State, call: &Call, odd_key: Option<&str>) -> Verdict {
    match admit(state, call) {
        Ok(key) => perform(state, call, &key, odd_key),
        Err(answer) => answer.into(),
    }
}

/// Everything that is refused before the wallet hears of it, in the order of the layers.
fn admit(state: &State, call: &Call) -> Result<SubscriptionKey, Answer> {
    if call.method == Method::POST && call.content_length.is_none() {
        return Err(Answer::length_required());
    }
    if matches!(call.body, Body::TooLarge) {
        return Err(Answer::too_large());
    }
    let operation = call.route.operation;
    let in_sandbox = state.config.environment == Environment::Sandbox;
    if operation == Operation::Undefined || (operation.is_provisioning() && !in_sandbox) {
        return Err(Answer::path_not_found());
    }
    let key = match state.ring.look_up(call.subscription_key()) {
        Lookup::Missing => return Err(Answer::missing_key()),
        Lookup::Known(key) if opens(key, operation, call.route.product) => key.clone(),
        Lookup::Known(_) | Lookup::Unknown => return Err(Answer::invalid_key()),
    };
    match (state.config.ip_allow_list, operation) {
        (IpAllowList::RefusesAll, Operation::Token | Operation::Balance | Operation::Active)
        | (IpAllowList::RefusesReads, Operation::Balance | Operation::Active) => Err(Answer::forbidden_ip()),
        _ => Ok(key),
    }
}

fn opens(key: &SubscriptionKey, operation: Operation, product: Option<Product>) -> bool {
    let fits =
        operation.is_provisioning() || (key.role != Role::Provisioning && key.role.product() == product);
    key.state == KeyState::Active && fits
}

fn perform(state: &mut State, call: &Call, key: &SubscriptionKey, odd_key: Option<&str>) -> Verdict {
    match (call.route.operation, call.route.product) {
        (Operation::CreateUser, _) => create_user(state, call, key),
        (Operation::GetUser, _) => get_user(state, call),
        (Operation::CreateKey, _) => create_key(state, call, odd_key),
        (Operation::Token, Some(product)) => token(state, call, product),
        (Operation::Balance, Some(product)) => read(state, call, product, key, Answer::balance()),
        (Operation::Active, Some(product)) => read(state, call, product, key, Answer::active()),
        _ => Answer::path_not_found().into(),
    }
}

fn create_user(state: &mut State, call: &Call, key: &SubscriptionKey) -> Verdict {
    let Some(id) = call.reference_id().and_then(dashed_uuid).filter(is_v4) else {
        return Answer::bad_request().into();
    };
    let Some(callback_host) = callback_host(&call.body) else {
        return Answer::bad_request().into();
    };
    if state.users.exists(id) {
        return Answer::duplicate_reference().into();
    }
    state.users.create(id, callback_host, key, state.config.binding, state.config.provisioning_users);
    Verdict::done(Answer::created())
}

fn get_user(state: &State, call: &Call) -> Verdict {
    let Some(id) = call.route.user.as_deref().and_then(dashed_uuid) else {
        return Answer::bad_request().into();
    };
    match state.users.callback_host(id) {
        Some(host) => Answer::user(host, state.config.target_environment()).into(),
        None => Answer::user_not_found().into(),
    }
}

fn create_key(state: &mut State, call: &Call, odd_key: Option<&str>) -> Verdict {
    let Some(id) = call.route.user.as_deref().and_then(dashed_uuid) else {
        return Answer::bad_request().into();
    };
    if !state.users.exists(id) {
        return Answer::user_not_found().into();
    }
    // An odd key is issued for real, so that only a look at its shape can find it out.
    let key = odd_key.map_or_else(|| state.generator.key(), str::to_owned);
    state.users.issue_key(id, &key, state.config.rotation);
    Verdict::done(Answer::key(&key))
}

fn token(state: &mut State, call: &Call, product: Product) -> Verdict {
    let pair = call.authorization().and_then(basic::user_and_key);
    match pair.filter(|(user, key)| state.users.authenticates(*user, key)) {
        Some((user, _)) => {
            let lifetime = state.config.token_lifetime;
            let token = state.users.issue_token(user, product, lifetime, &mut state.generator);
            Verdict::done(Answer::token(&token, lifetime.as_secs()))
        }
        None => Answer::login_failed(match state.config.login_failed {
            LoginFailed::ServerError => 500,
            LoginFailed::Unauthorized => 401,
        })
        .into(),
    }
}

fn read(state: &State, call: &Call, product: Product, key: &SubscriptionKey, good: Answer) -> Verdict {
    let bearer = call.authorization().and_then(basic::bearer);
    let Some(user) = bearer.and_then(|token| state.users.bearer(token, product)) else {
        return Answer::unauthorized().into();
    };
    let target_fits = call.target_environment() == Some(state.config.target_environment());
    if !target_fits || !state.users.may_read(user, product, key) {
        return Answer::target_environment_forbidden().into();
    }
    good.into()
}

/// `Some(None)` for a body that names no host, `None` for one that is not the documented object.
fn callback_host(body: &Body) -> Option<Option<String>> {
    let Body::Whole(bytes) = body else { return None };
    let Ok(Value::Object(user)) = serde_json::from_slice(bytes) else { return None };
    match user.get("providerCallbackHost") {
        None | Some(Value::Null) => Some(None),
        // Stored verbatim: a URL is wrong here and passes, as at MTN.
        Some(Value::String(host)) => Some(Some(host.clone())),
        Some(_) => None,
    }
}

/// A UUID in its canonical form with dashes; the crate would take three more.
fn dashed_uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

fn is_v4(id: &Uuid) -> bool {
    id.get_version() == Some(Version::Random) && id.get_variant() == Variant::RFC4122
}
