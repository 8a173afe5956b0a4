//! A document read as a MoMo credential.

use std::fmt;

use jiff::Timestamp;
use momo_cred_backend_api::{Document, FieldName, Secret};
use uuid::Uuid;

use super::claim::INPUTS;
use super::{
    BadShape, Claim, Field, Layout, PENDING, Product, TargetEnvironment, UnknownClaim, check_api_user,
    check_key,
};

/// The layout version that this program writes.
const SCHEMA: u32 = 1;

/// How many retired API users a record keeps.
pub const RETIRED: usize = 16;

/// A record: a document with the names its fields have in it. Fields that are not ours stay in the document, untouched.
///
/// An empty value counts as no value: `MOMO_API_KEY=` in a template is not a key.
#[derive(Clone, Debug)]
pub struct Record {
    document: Document,
    layout: Layout,
}

/// How much of a credential a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// No API key: absent for every reader.
    Vacant,
    /// Subscription key, API user and API key are there.
    Complete,
    /// An API key without what it takes to use it.
    Incomplete(Vec<Field>),
}

/// A field of a stored record that cannot be used. Names the field, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A key or an API user of the wrong shape.
    Shape(BadShape),
    /// Another field that does not parse.
    Field(Field),
    /// Required fields that are not there.
    Incomplete(Vec<Field>),
    /// A field of ours, or of a claim, that is a number, a list or anything else but a string.
    NoString(FieldName),
}

impl Record {
    /// Reads a document with a layout.
    pub fn new(document: Document, layout: Layout) -> Self {
        Self { document, layout }
    }

    /// The document, as a store takes it.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The layout it was read with.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// A field's value. Empty is none.
    pub fn get(&self, field: Field) -> Option<&Secret> {
        self.document.get(self.layout.stored(field)).filter(|value| !value.is_empty())
    }

    /// The value of a field that is not a key.
    pub fn text(&self, field: Field) -> Option<&str> {
        if field.is_key() { None } else { text_of(&self.document, self.layout.stored(field)) }
    }

    /// Sets a field.
    pub fn set(&mut self, field: Field, value: Secret) {
        write(&mut self.document, self.layout.stored(field), value);
    }

    /// Sets a field that is not a key.
    pub fn set_text(&mut self, field: Field, value: impl Into<String>) {
        self.set(field, Secret::new(value.into()));
    }

    /// Drops a field.
    pub fn unset(&mut self, field: Field) {
        self.document.remove(self.layout.stored(field));
    }

    /// How much of a credential this is.
    pub fn state(&self) -> RecordState {
        if self.get(Field::ApiKey).is_none() {
            return RecordState::Vacant;
        }
        let missing: Vec<_> =
            [Field::SubscriptionKey, Field::ApiUser].into_iter().filter(|f| self.get(*f).is_none()).collect();
        if missing.is_empty() { RecordState::Complete } else { RecordState::Incomplete(missing) }
    }

    /// How many fields are not ours.
    pub fn foreign(&self) -> usize {
        let json = self.document.json().map(|(name, _)| name);
        self.document.names().chain(json).filter(|name| !self.is_ours(name)).count()
    }

    /// Whether a name is one of ours, or of a claim.
    fn is_ours(&self, name: &FieldName) -> bool {
        let name = name.as_str();
        name.starts_with(PENDING) || Field::ALL.into_iter().any(|field| self.layout.stored(field) == name)
    }

    /// Checks that no field of ours is of another type than a string: such a one would be taken for absent, and a record
    /// with a credential for a vacant one.
    ///
    /// # Errors
    /// [`Malformed::NoString`].
    pub fn plain(&self) -> Result<(), Malformed> {
        let odd = self.document.json().find(|(name, _)| self.is_ours(name));
        odd.map_or(Ok(()), |(name, _)| Err(Malformed::NoString(name.clone())))
    }

    /// Whether it is a whole credential that can be used. A store knows only of documents.
    pub fn is_credential(&self) -> bool {
        self.get(Field::ApiKey).is_some() && self.plain().is_ok() && self.check().is_ok()
    }

    /// Checks that a complete record can be used: shapes of all keys and the user, and every field that is parsed.
    ///
    /// # Errors
    /// [`Malformed`], for the first field that cannot be used.
    pub fn check(&self) -> Result<(), Malformed> {
        if let RecordState::Incomplete(missing) = self.state() {
            return Err(Malformed::Incomplete(missing));
        }
        for field in Field::ALL.into_iter().filter(|field| field.is_key()) {
            if let Some(value) = self.get(field) {
                check_key(field, value).map_err(Malformed::Shape)?;
            }
        }
        self.api_user()?;
        self.product()?;
        self.target_environment()?;
        self.schema()?;
        Ok(())
    }

    /// The API user.
    ///
    /// # Errors
    /// [`Malformed`] if it is not a UUID.
    pub fn api_user(&self) -> Result<Option<Uuid>, Malformed> {
        self.text(Field::ApiUser).map(check_api_user).transpose().map_err(Malformed::Shape)
    }

    /// The product.
    ///
    /// # Errors
    /// [`Malformed`] if there is no such product.
    pub fn product(&self) -> Result<Option<Product>, Malformed> {
        self.parsed(Field::Product)
    }

    /// The target environment.
    ///
    /// # Errors
    /// [`Malformed`] if it cannot be one.
    pub fn target_environment(&self) -> Result<Option<TargetEnvironment>, Malformed> {
        self.parsed(Field::TargetEnvironment)
    }

    /// When the key was issued or imported.
    ///
    /// # Errors
    /// [`Malformed`] if it is not RFC 3339.
    pub fn issued_at(&self) -> Result<Option<Timestamp>, Malformed> {
        self.parsed(Field::IssuedAt)
    }

    /// The layout version; 1 where none is written.
    ///
    /// # Errors
    /// [`Malformed`] if it is not a number.
    pub fn schema(&self) -> Result<u32, Malformed> {
        Ok(self.parsed(Field::Schema)?.unwrap_or(SCHEMA))
    }

    /// Whether this program may write over the record: its layout is not newer than ours.
    pub fn writable(&self) -> bool {
        self.schema().is_ok_and(|schema| schema <= SCHEMA)
    }

    /// The open claim, if there is one.
    ///
    /// # Errors
    /// [`UnknownClaim`] for one that this version cannot read.
    pub fn claim(&self) -> Result<Option<Claim>, UnknownClaim> {
        Claim::read(&self.document)
    }

    /// The new value that the open claim carries for a field.
    fn pending(&self, field: Field) -> Option<&Secret> {
        self.document.get(&field.pending()).filter(|value| !value.is_empty())
    }

    /// The value an operation under the open claim works with: the claim's own, else the record's. The record's secondary
    /// key is the other half of the record's primary, and none for another primary that the claim brings.
    pub fn input(&self, field: Field) -> Option<&Secret> {
        let other_pair =
            field == Field::SubscriptionKeySecondary && self.pending(Field::SubscriptionKey).is_some();
        self.pending(field).or_else(|| self.get(field).filter(|_| !other_pair))
    }

    /// [`input`](Self::input) of a field that is not a key.
    pub fn input_text(&self, field: Field) -> Option<&str> {
        if field.is_key() {
            return None;
        }
        text_of(&self.document, &field.pending()).or_else(|| self.text(field))
    }

    /// Opens a claim with the inputs that differ from the record: as `pending_<field>` beside a complete credential,
    /// which stays as it is, or as the fields themselves where there is none.
    pub fn open_claim(&mut self, claim: &Claim, inputs: &[(Field, Secret)]) {
        let complete = self.state() != RecordState::Vacant;
        for (field, value) in inputs.iter().filter(|(field, _)| INPUTS.contains(field)) {
            if self.get(*field).is_some_and(|now| now.same_as(value)) {
                continue;
            }
            // A provisioning key is for this run: it goes with the claim.
            if complete || *field == Field::ProvisioningSubscriptionKey {
                write(&mut self.document, &field.pending(), value.clone());
            } else {
                self.set(*field, value.clone());
            }
        }
        if self.text(Field::Schema).is_none() {
            self.set_text(Field::Schema, SCHEMA.to_string());
        }
        claim.write(&mut self.document);
    }

    /// Drops every `pending_*` field.
    pub fn close_claim(&mut self) {
        let pending: Vec<FieldName> =
            self.document.names().filter(|name| name.as_str().starts_with(PENDING)).cloned().collect();
        for name in pending {
            self.document.remove(name.as_str());
        }
    }

    /// API users published or claimed before and not known to be revoked, oldest first.
    pub fn retired(&self) -> Vec<Uuid> {
        let list = self.text(Field::RetiredApiUsers).unwrap_or_default();
        list.split(',').filter_map(|user| check_api_user(user.trim()).ok()).collect()
    }

    /// Every API user that it names: its own where there is a key, the claim's, and the retired ones.
    pub fn users(&self) -> Vec<Uuid> {
        let own = self.api_user().ok().flatten().filter(|_| self.get(Field::ApiKey).is_some());
        let claimed = self.claim().ok().flatten().and_then(|claim| claim.api_user);
        own.into_iter().chain(claimed).chain(self.retired()).collect()
    }

    /// The API users that it names and `after` does not: beyond [`RETIRED`] the oldest are dropped, and nothing here leads
    /// to them any more.
    pub fn forgotten_in(&self, after: &Self) -> Vec<Uuid> {
        let kept = after.users();
        self.users().into_iter().filter(|user| !kept.contains(user)).collect()
    }

    /// Adds an API user to the retired ones; the oldest beyond [`RETIRED`] are forgotten.
    pub fn retire(&mut self, user: Uuid) {
        let mut users = self.retired();
        users.retain(|known| *known != user);
        users.push(user);
        let kept = users.split_off(users.len().saturating_sub(RETIRED));
        let list: Vec<_> = kept.iter().map(Uuid::to_string).collect();
        self.set_text(Field::RetiredApiUsers, list.join(","));
    }

    /// Whether both hold the same credential: every field of ours, leaving out the claim and the list of retired users.
    pub fn same_credential(&self, other: &Self) -> bool {
        Field::ALL
            .into_iter()
            .filter(|field| *field != Field::RetiredApiUsers)
            .all(|field| self.same_value(other, field))
    }

    /// Whether both get the same access: the same user, with the same keys.
    pub fn same_access(&self, other: &Self) -> bool {
        [Field::SubscriptionKey, Field::ApiUser, Field::ApiKey]
            .into_iter()
            .all(|field| self.same_value(other, field))
    }

    fn same_value(&self, other: &Self, field: Field) -> bool {
        match (self.get(field), other.get(field)) {
            (None, None) => true,
            (Some(a), Some(b)) => a.same_as(b),
            _ => false,
        }
    }

    fn parsed<T: std::str::FromStr>(&self, field: Field) -> Result<Option<T>, Malformed> {
        self.text(field).map(|text| text.parse().map_err(|_| Malformed::Field(field))).transpose()
    }
}

/// The text of a field that is not a key, by its stored name. Empty is none.
pub(super) fn text_of<'a>(document: &'a Document, name: &str) -> Option<&'a str> {
    #[expect(
        clippy::disallowed_methods,
        reason = "fields that are not keys are read as text; callers keep keys out"
    )]
    document.get(name).map(Secret::expose_secret).filter(|text| !text.is_empty())
}

pub(super) fn write_text(document: &mut Document, name: &str, value: String) {
    write(document, name, Secret::new(value));
}

fn write(document: &mut Document, name: &str, value: Secret) {
    // Names come from the layout, which checked them, or are constants of this module.
    if let Ok(name) = FieldName::new(name) {
        document.insert(name, value);
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(bad) => fmt::Display::fmt(bad, f),
            Self::Field(field) => write!(f, "{field} cannot be read"),
            Self::Incomplete(missing) => {
                let names: Vec<_> = missing.iter().map(|field| field.name()).collect();
                write!(f, "there is an api_key, but no {}", names.join(" and no "))
            }
            Self::NoString(name) => write!(f, "{name} is no string"),
        }
    }
}

impl std::error::Error for Malformed {}
