//! What a variable of the child carries in the place of a field's value: the path of a sealed file, an access token.

use momo_cred_backend_api::Secret;

use super::env::{Set, Value};
use super::{InvalidMapping, Options};
use crate::config::steering;
use crate::credential::Field;

/// In which form a field goes to the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Its value.
    Value,
    /// The path of a sealed file that holds the value.
    File,
    /// An access token that the API key was exchanged for.
    AccessToken,
    /// When that token expires.
    ExpiresAt,
}

/// A variable that carries a field in another form than as its value. Where there is one, no variable carries the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// The variable.
    pub variable: String,
    /// The field.
    pub field: Field,
    /// The form.
    pub form: Form,
}

/// What the gateway gave for an API key.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token.
    pub value: Secret,
    /// When it expires, if the gateway said so.
    pub expires_at: Option<Secret>,
}

/// A variable of the child, and what it carries.
pub(super) type Carried<'a> = (&'a str, Field, Form);

impl Form {
    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::File => "file",
            Self::AccessToken => "access-token",
            Self::ExpiresAt => "expires-at",
        }
    }

    /// Whether it is the gateway's rather than the record's.
    pub(super) const fn is_issued(self) -> bool {
        matches!(self, Self::AccessToken | Self::ExpiresAt)
    }
}

impl Set {
    /// Lets a variable carry a field in another form than as its value.
    ///
    /// # Errors
    /// [`InvalidMapping`] for a name that no mapping may have, and for one that carries another field.
    pub fn add(
        &mut self,
        variable: impl Into<String>,
        field: Field,
        form: Form,
    ) -> Result<(), InvalidMapping> {
        let variable = variable.into();
        if let Err(bad) = steering::refuse(&variable) {
            return Err(InvalidMapping::Name(variable, bad));
        }
        let other = |(name, known, had): &Carried<'_>| {
            *name == variable && (*known != field || ![form, Form::Value].contains(had))
        };
        if let Some(known) = self.variables().find(other).map(|(_, known, _)| known) {
            return Err(InvalidMapping::Twice(variable, known, field));
        }
        if self.extras.iter().all(|extra| extra.variable != variable) {
            self.extras.push(Extra { variable, field, form });
        }
        Ok(())
    }

    /// The value that a field has, if it has one.
    pub fn value(&self, field: Field) -> Option<&Value> {
        self.values.iter().find(|value| value.field == field && !value.value.is_empty())
    }

    /// Every key and token of it, whichever variable or file carries it: what must not be seen in what the child prints.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let keys = self.values.iter().filter(|value| value.field.is_key() && !value.value.is_empty());
        keys.map(|value| &value.value).chain(self.token.iter().map(|token| &token.value))
    }

    /// Every variable that is managed, those of the mapping first. One that carries a field in another form than its value
    /// may be listed with both.
    pub(super) fn variables(&self) -> impl Iterator<Item = Carried<'_>> {
        let plain = self.mapping.iter().map(|(variable, field)| (variable, field, Form::Value));
        plain.chain(self.extras.iter().map(|extra| (extra.variable.as_str(), extra.field, extra.form)))
    }

    /// Every variable that is to be set if what it carries is there.
    pub(super) fn carried<'a>(&'a self, options: &'a Options) -> impl Iterator<Item = Carried<'a>> {
        self.variables().filter(|(_, field, form)| match form {
            Form::Value => options.exports(*field) && !self.goes_otherwise(*field),
            Form::File => options.exports(*field),
            // Asked for by a flag of its own, not by the name of a field.
            Form::AccessToken | Form::ExpiresAt => true,
        })
    }

    /// Whether a field goes to the child in another form than as its value.
    pub(super) fn goes_otherwise(&self, field: Field) -> bool {
        self.extras.iter().any(|extra| extra.field == field)
    }

    /// What a variable is to hold, or the file that it names.
    pub(super) fn content(&self, field: Field, form: Form) -> Option<&Secret> {
        match form {
            Form::Value | Form::File => self.value(field).map(|value| &value.value),
            Form::AccessToken => self.token.as_ref().map(|token| &token.value),
            Form::ExpiresAt => self.token.as_ref()?.expires_at.as_ref(),
        }
    }
}
