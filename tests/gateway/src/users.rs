//! API users, their keys and their access tokens.

use crate::config::{Binding, ProvisioningUsers, Rotation};
use crate::keys::SubscriptionKey;
use crate::{Product, basic, seed::Generator};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The products that an API user may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// This product only.
    To(Product),
    /// Every product.
    Everywhere,
    /// No product: tokens are given out, reads are refused.
    Nowhere,
}

/// A user that exists from the start.
#[derive(Clone, PartialEq, Eq)]
pub struct PresetUser {
    /// The API user.
    pub id: Uuid,
    /// Its API key.
    pub api_key: String,
    /// What it may read.
    pub bound: Bound,
}

impl PresetUser {
    /// A user whose id and key follow from the seed.
    #[must_use]
    pub fn generated(seed: u64, bound: Bound) -> Self {
        let mut generator = Generator::new(seed, "preset user");
        Self { id: generator.uuid(), api_key: generator.key(), bound }
    }
}

impl fmt::Debug for PresetUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresetUser({}, {:?})", self.id, self.bound)
    }
}

/// What a test may know of an API user: everything but its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The API user.
    pub id: Uuid,
    /// `providerCallbackHost` as it was sent.
    pub callback_host: Option<String>,
    /// What it may read.
    pub bound: Bound,
    /// How many keys were issued for it.
    pub key_requests: usize,
    /// How many of its keys get tokens now.
    pub live_keys: usize,
    /// How many of its access tokens have not been invalidated.
    pub live_tokens: usize,
}

struct Entry {
    callback_host: Option<String>,
    bound: Bound,
    /// The subscription key that made the user, where the binding is to the very key.
    made_with: Option<String>,
    keys: Vec<String>,
    key_requests: usize,
}

struct Token {
    user: Uuid,
    product: Product,
    expires: Instant,
}

/// The wallet's side of the gateway.
#[derive(Default)]
pub(crate) struct Users {
    users: BTreeMap<Uuid, Entry>,
    tokens: HashMap<String, Token>,
    issued: Vec<String>,
}

impl Users {
    pub(crate) fn preset(presets: Vec<PresetUser>) -> Self {
        let mut users = Self::default();
        presets.into_iter().for_each(|preset| users.put(preset));
        users
    }

    /// Adds a user, or replaces one with its keys and tokens.
    pub(crate) fn put(&mut self, PresetUser { id, api_key, bound }: PresetUser) {
        self.revoke(id);
        let keys = vec![api_key];
        let entry = Entry { callback_host: None, bound, made_with: None, keys, key_requests: 0 };
        self.users.insert(id, entry);
    }

    pub(crate) fn revoke(&mut self, id: Uuid) -> bool {
        self.tokens.retain(|_, token| token.user != id);
        self.users.remove(&id).is_some()
    }

    pub(crate) fn count(&self) -> usize {
        self.users.len()
    }

    pub(crate) fn exists(&self, id: Uuid) -> bool {
        self.users.contains_key(&id)
    }

    /// Adds a user bound as the key that made it says. The caller has checked that the id is new.
    pub(crate) fn create(
        &mut self,
        id: Uuid,
        callback_host: Option<String>,
        key: &SubscriptionKey,
        binding: Binding,
        unbound: ProvisioningUsers,
    ) {
        let bound = match (key.role.product(), unbound) {
            (Some(product), _) => Bound::To(product),
            (None, ProvisioningUsers::EveryProduct) => Bound::Everywhere,
            (None, ProvisioningUsers::NoProduct) => Bound::Nowhere,
        };
        let to_key = binding == Binding::Key && key.role.product().is_some();
        let made_with = to_key.then(|| key.value.clone());
        let entry = Entry { callback_host, bound, made_with, keys: Vec::new(), key_requests: 0 };
        self.users.insert(id, entry);
    }

    pub(crate) fn callback_host(&self, id: Uuid) -> Option<Option<&str>> {
        self.users.get(&id).map(|user| user.callback_host.as_deref())
    }

    /// Issues `key`. Access tokens that the user already has die with either reading of rotation.
    pub(crate) fn issue_key(&mut self, id: Uuid, key: &str, rotation: Rotation) -> bool {
        let Some(user) = self.users.get_mut(&id) else { return false };
        if rotation == Rotation::NewKeyKillsOld {
            user.keys.clear();
        }
        user.keys.push(key.to_owned());
        user.key_requests += 1;
        self.issued.push(key.to_owned());
        self.tokens.retain(|_, token| token.user != id);
        true
    }

    pub(crate) fn authenticates(&self, id: Uuid, key: &str) -> bool {
        self.users.get(&id).is_some_and(|user| user.keys.iter().any(|known| known == key))
    }

    /// Gives out an access token in the shape of MTN's sample; its content means nothing to clients.
    pub(crate) fn issue_token(
        &mut self,
        id: Uuid,
        product: Product,
        lifetime: Duration,
        generator: &mut Generator,
    ) -> String {
        let header = basic::encode_url(br#"{"typ":"JWT","alg":"R256"}"#);
        // A fixed instant: the text must be the same on each run, and nobody may read it anyway.
        let claims = format!(
            r#"{{"clientId":"{}","expires":"2038-01-19T03:14:07.201","sessionId":"{}"}}"#,
            generator.uuid(),
            generator.uuid()
        );
        let signature = basic::encode_url(generator.key().as_bytes());
        let token = format!("{header}.{}.{signature}", basic::encode_url(claims.as_bytes()));
        let now = Instant::now();
        let expires = now.checked_add(lifetime).unwrap_or(now);
        self.tokens.insert(token.clone(), Token { user: id, product, expires });
        token
    }

    /// The user whose token this is, wherever it is good.
    pub(crate) fn owner(&self, token: &str) -> Option<Uuid> {
        self.tokens.get(token).map(|token| token.user)
    }

    /// The user behind a token that is good at this product now.
    pub(crate) fn bearer(&self, token: &str, product: Product) -> Option<Uuid> {
        let token = self.tokens.get(token)?;
        (token.product == product && Instant::now() < token.expires).then_some(token.user)
    }

    pub(crate) fn may_read(&self, id: Uuid, product: Product, key: &SubscriptionKey) -> bool {
        self.users.get(&id).is_some_and(|user| {
            let product_fits = match user.bound {
                Bound::To(own) => own == product,
                Bound::Everywhere => true,
                Bound::Nowhere => false,
            };
            product_fits && user.made_with.as_ref().is_none_or(|made_with| *made_with == key.value)
        })
    }

    /// Every key that was ever issued, whatever became of it.
    pub(crate) fn issued(&self) -> Vec<String> {
        self.issued.clone()
    }

    /// Every user, in the order of their ids.
    pub(crate) fn list(&self) -> Vec<User> {
        let view = |(id, user): (&Uuid, &Entry)| User {
            id: *id,
            callback_host: user.callback_host.clone(),
            bound: user.bound,
            key_requests: user.key_requests,
            live_keys: user.keys.len(),
            live_tokens: self.tokens.values().filter(|token| token.user == *id).count(),
        };
        self.users.iter().map(view).collect()
    }
}
