//! A gateway in memory, above the wire: users, keys, what each key opens, and answers on order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use momo_cred_backend_api::Secret;
use momo_cred_backend_testkit::Canary;
use uuid::Uuid;

use super::stage::{Did, Point, Side, Stage};
use crate::credential::{Product, TargetEnvironment};
use crate::lifecycle::KeyRole;
use crate::momo::{
    CallbackHost, Diagnosis, Gateway, Msisdn, Refusal, Shape, Silence, Step, StoredHost, Token, UserInfo,
};

/// An answer in place of the genuine one.
#[derive(Clone, Debug)]
struct Order {
    point: Point,
    side: Side,
    refusal: Refusal,
}

struct User {
    keys: Vec<Secret>,
    role: KeyRole,
    asked: usize,
}

#[derive(Default)]
struct State {
    users: BTreeMap<Uuid, User>,
    disabled: Vec<KeyRole>,
    provisioning_users_read_nothing: bool,
    keys_add_up: bool,
    bound_to_keys: bool,
    regenerated: Option<Canary>,
    issued: Vec<Canary>,
    orders: Vec<Order>,
}

/// The double. Clones are one gateway.
#[derive(Clone)]
pub(super) struct Double {
    stage: Stage,
    state: Arc<Mutex<State>>,
}

/// The subscription key of a role, always the same.
pub(super) fn subscription_key(role: KeyRole) -> Canary {
    Canary::hex(role.field().name())
}

/// A refusal with a status.
pub(super) fn answered(step: Step, status: u16, shape: Shape, diagnosis: Diagnosis) -> Refusal {
    Refusal {
        status: Some(status),
        shape,
        diagnosis,
        ambiguous: false,
        ..Refusal::no_answer(step, Silence::Deadline)
    }
}

/// Nothing was heard, though it may have been done.
pub(super) fn silent(step: Step) -> Refusal {
    Refusal::no_answer(step, Silence::Broken)
}

pub(super) fn invalid_key(step: Step) -> Refusal {
    answered(step, 401, Shape::Gateway, Diagnosis::InvalidKey)
}

pub(super) fn outage(step: Step) -> Refusal {
    answered(step, 503, Shape::Wallet, Diagnosis::Outage)
}

impl Double {
    pub(super) fn new(stage: &Stage) -> Self {
        Self { stage: stage.clone(), state: Arc::default() }
    }

    /// The same gateway as another process sees it.
    pub(super) fn on(&self, stage: &Stage) -> Self {
        Self { stage: stage.clone(), state: Arc::clone(&self.state) }
    }

    /// Answers the next call at a point with a refusal, before its effect or after it.
    pub(super) fn refuse(&self, point: Point, side: Side, refusal: Refusal) {
        self.state().orders.push(Order { point, side, refusal });
    }

    /// Takes a subscription key out of force.
    pub(super) fn disable(&self, role: KeyRole) {
        self.state().disabled.push(role);
    }

    /// From now on users of the provisioning key are bound to no product.
    pub(super) fn bind_provisioning_users_to_nothing(&self) {
        self.state().provisioning_users_read_nothing = true;
    }

    /// From now on a new key leaves the user's older ones working.
    pub(super) fn let_keys_add_up(&self) {
        self.state().keys_add_up = true;
    }

    /// From now on a user reads only with the key that made it.
    pub(super) fn bind_users_to_keys(&self) {
        self.state().bound_to_keys = true;
    }

    /// Makes another primary key; the one before is refused from now on.
    pub(super) fn regenerate(&self) -> Canary {
        let mut state = self.state();
        state.disabled.push(KeyRole::Primary);
        state.regenerated.insert(Canary::hex("regenerated subscription key")).clone()
    }

    /// Whether a product read with all three would be answered now.
    pub(super) fn serves(&self, key: &Secret, user: Uuid, api_key: &Secret) -> bool {
        self.state().admit(Step::Read, key).is_ok() && self.authenticates(user, api_key)
    }

    /// A user that exists already, with a key.
    pub(super) fn put(&self, user: Uuid, key: &Canary) {
        let user_now = User { keys: vec![key.secret()], role: KeyRole::Primary, asked: 0 };
        let mut state = self.state();
        state.users.insert(user, user_now);
        state.issued.push(key.clone());
    }

    /// Whether the pair gets a token now.
    pub(super) fn authenticates(&self, user: Uuid, api_key: &Secret) -> bool {
        self.state().users.get(&user).is_some_and(|user| user.keys.iter().any(|key| key.same_as(api_key)))
    }

    pub(super) fn users(&self) -> Vec<Uuid> {
        self.state().users.keys().copied().collect()
    }

    pub(super) fn made_with(&self, user: Uuid) -> Option<KeyRole> {
        self.state().users.get(&user).map(|user| user.role)
    }

    /// How often a key was asked for a user.
    pub(super) fn asked(&self, user: Uuid) -> usize {
        self.state().users.get(&user).map_or(0, |user| user.asked)
    }

    /// Every key issued, to be searched for.
    pub(super) fn issued(&self) -> Vec<Canary> {
        self.state().issued.clone()
    }

    /// Orders that nobody came to.
    pub(super) fn orders_left(&self) -> usize {
        self.state().orders.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, point: Point, side: Side) -> Option<Refusal> {
        let mut state = self.state();
        let at = state.orders.iter().position(|order| order.point == point && order.side == side)?;
        Some(state.orders.remove(at).refusal)
    }

    /// One call: what is ordered before it, the effect, what is ordered after it.
    async fn call<T>(
        &self,
        point: Point,
        effect: impl FnOnce(&mut State) -> Result<(T, Option<Did>), Refusal> + Send,
    ) -> Result<T, Refusal>
    where
        T: Send,
    {
        self.stage.before(point).await;
        if let Some(refusal) = self.order(point, Side::Before) {
            self.stage.after(point).await;
            return Err(refusal);
        }
        let done = effect(&mut self.state());
        let answer = done.map(|(answer, did)| {
            did.into_iter().for_each(|did| self.stage.did(did));
            answer
        });
        let refusal = self.order(point, Side::After);
        self.stage.after(point).await;
        refusal.map_or(answer, Err)
    }
}

impl State {
    /// The role of a key that is in force and fits.
    fn admit(&self, step: Step, key: &Secret) -> Result<KeyRole, Refusal> {
        if self.regenerated.as_ref().is_some_and(|new| new.secret().same_as(key)) {
            return Ok(KeyRole::Primary);
        }
        let provisions = matches!(step, Step::User | Step::CreateUser | Step::CreateKey);
        let roles = [KeyRole::Provisioning, KeyRole::Primary, KeyRole::Secondary];
        let role = roles.into_iter().find(|role| subscription_key(*role).secret().same_as(key));
        role.filter(|role| provisions || *role != KeyRole::Provisioning)
            .filter(|role| !self.disabled.contains(role))
            .ok_or_else(|| invalid_key(step))
    }
}

#[async_trait]
impl Gateway for Double {
    async fn user(&self, key: &Secret, user: Uuid) -> Result<UserInfo, Refusal> {
        self.call(Point::Preflight, |state| {
            state.admit(Step::User, key)?;
            if !state.users.contains_key(&user) {
                return Err(answered(Step::User, 404, Shape::Wallet, Diagnosis::UnknownUser));
            }
            Ok((UserInfo { callback_host: StoredHost::Unsaid, target_environment: None }, None))
        })
        .await
    }

    async fn glance(&self, key: &Secret, user: Uuid) -> Result<UserInfo, Refusal> {
        self.user(key, user).await
    }

    async fn create_user(&self, key: &Secret, user: Uuid, _: &CallbackHost) -> Result<(), Refusal> {
        self.call(Point::User, |state| {
            let role = state.admit(Step::CreateUser, key)?;
            if state.users.contains_key(&user) {
                return Err(answered(Step::CreateUser, 409, Shape::Wallet, Diagnosis::DuplicateUser));
            }
            state.users.insert(user, User { keys: Vec::new(), role, asked: 0 });
            Ok(((), Some(Did::MadeUser(user))))
        })
        .await
    }

    async fn create_key(&self, key: &Secret, user: Uuid) -> Result<Secret, Refusal> {
        self.call(Point::Key, |state| {
            state.admit(Step::CreateKey, key)?;
            let canary = Canary::hex(format!("api key {}", state.issued.len()));
            let Some(known) = state.users.get_mut(&user) else {
                return Err(answered(Step::CreateKey, 404, Shape::Wallet, Diagnosis::UnknownUser));
            };
            // The reading in which a new key kills the old one: the harsher for us, but for a revocation.
            if !state.keys_add_up {
                known.keys.clear();
            }
            known.keys.push(canary.secret());
            known.asked += 1;
            let issued = canary.secret();
            state.issued.push(canary);
            Ok((issued, Some(Did::IssuedKey(user))))
        })
        .await
    }

    async fn token(&self, _: Product, key: &Secret, user: Uuid, api_key: &Secret) -> Result<Token, Refusal> {
        self.call(Point::Token, |state| {
            state.admit(Step::Token, key)?;
            match state.users.get(&user) {
                Some(known) if known.keys.iter().any(|key| key.same_as(api_key)) => {
                    Ok((Token { secret: Secret::new(user.to_string()), lifetime: None }, None))
                }
                _ => Err(answered(Step::Token, 500, Shape::Token, Diagnosis::LoginFailed)),
            }
        })
        .await
    }

    async fn read(
        &self,
        _: Product,
        key: &Secret,
        token: &Token,
        _: &TargetEnvironment,
        _: Option<&Msisdn>,
    ) -> Result<(), Refusal> {
        self.call(Point::Product, |state| {
            let used = state.admit(Step::Read, key)?;
            let of = |user: &Uuid| Secret::new(user.to_string()).same_as(&token.secret);
            let role = state.users.iter().find(|(user, _)| of(user)).map(|(_, user)| user.role);
            let nothing = role == Some(KeyRole::Provisioning) && state.provisioning_users_read_nothing;
            if nothing || state.bound_to_keys && role.is_some_and(|role| role != used) {
                let (shape, diagnosis) = (Shape::Wallet, Diagnosis::NotAllowedTargetEnvironment);
                return Err(answered(Step::Read, 500, shape, diagnosis));
            }
            Ok(((), None))
        })
        .await
    }
}
