//! What `exec --explain` shows: which variable comes from which field of which record. No values of keys.

use momo_cred_backend_api::{Location, Revision};

use super::env::{Options, Set, plain};
use super::extra::Form;
use crate::config::Origin;
use crate::credential::{Field, Fingerprint, check_key};

/// One variable that a profile manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained<'a> {
    /// The variable.
    pub variable: &'a str,
    /// The field that it carries.
    pub field: Field,
    /// In which form.
    pub form: Form,
    /// The profile that manages it.
    pub profile: &'a str,
    /// The profile's record.
    pub location: &'a Location,
    /// The revision that was read.
    pub revision: &'a Revision,
    /// What decided the value. `None` where there is none.
    pub origin: Option<&'a Origin>,
    /// What may be shown of the value.
    pub shown: Shown<'a>,
}

/// What may be shown of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// Of keys and API users.
    Fingerprint(Fingerprint),
    /// Of fields that are not secret.
    Text(&'a str),
    /// A key where no key belongs, or something else where one does: a mapping of fields may be wrong.
    Hidden,
    /// The field has no value: the variable is not set, and removed if the parent had it.
    Unset,
    /// Left out by `--only`: the variable is not set, and removed if the parent had it.
    LeftOut,
    /// The field goes in another form, in another variable: this one is not set, and removed if the parent had it.
    Elsewhere,
    /// The gateway gives it when the program is started.
    AtStart,
}

/// Lists every variable that the profiles manage, in the order of the profiles and their mappings.
pub fn explain<'a>(sets: &'a [Set], options: &Options) -> Vec<Explained<'a>> {
    let row = |set: &'a Set, variable, field, form: Form| {
        let value = set.value(field);
        let shown = match value {
            _ if form.is_issued() => Shown::AtStart,
            _ if !options.exports(field) => Shown::LeftOut,
            None => Shown::Unset,
            Some(_) if form == Form::Value && set.goes_otherwise(field) => Shown::Elsewhere,
            Some(value) => match (Fingerprint::of(field, &value.value), plain(value)) {
                (Some(fingerprint), _) => Shown::Fingerprint(fingerprint),
                (None, Some(text)) if check_key(field, &value.value).is_err() => Shown::Text(text),
                _ => Shown::Hidden,
            },
        };
        let origin = value.map(|value| &value.origin).filter(|_| !form.is_issued());
        let Set { profile, location, revision, .. } = set;
        Explained { variable, field, form, profile, location, revision, origin, shown }
    };
    let rows = |set: &'a Set| {
        // A name that carries a field in another form is listed with that one.
        let once = move |(name, _, form): &(&str, _, _)| {
            *form != Form::Value || set.extras.iter().all(|extra| extra.variable != *name)
        };
        let rows = set.variables().filter(once);
        rows.map(move |(variable, field, form)| row(set, variable, field, form))
    };
    sets.iter().flat_map(rows).collect()
}

#[cfg(test)]
mod tests {
    use momo_cred_backend_api::Secret;

    use super::*;
    use crate::exec::{Mapping, Value};

    #[test]
    fn shows_fingerprints_and_plain_fields_but_no_key() {
        const KEY: &str = "00000000000000000000000000000000";
        let mut mapping = Mapping::default();
        let fields = [
            ("KEY", Field::ApiKey, KEY),
            ("MOMO_USER", Field::ApiUser, "01234567-89ab-4def-8123-456789abcdef"),
            ("HOST", Field::CallbackHost, KEY),
            ("MOMO_ENV", Field::TargetEnvironment, "sandbox"),
            ("SUB", Field::SubscriptionKey, KEY),
        ];
        let value = |(_, field, text): &(&str, Field, &str)| Value {
            field: *field,
            value: Secret::from(*text),
            origin: if *field == Field::TargetEnvironment { Origin::BuiltIn } else { Origin::Record },
        };
        for (name, field, _) in fields {
            mapping.add(name, field).unwrap();
        }
        mapping.add("URL", Field::BaseUrl).unwrap();
        let set = Set {
            profile: "p".to_owned(),
            location: "dotenv:.env#MOMO".parse().unwrap(),
            revision: Revision::new("r1"),
            mapping,
            values: fields.iter().map(value).collect(),
            extras: Vec::new(),
            token: None,
        };
        let only =
            [Field::ApiKey, Field::ApiUser, Field::CallbackHost, Field::TargetEnvironment, Field::BaseUrl];
        let options = Options { only: Some(only.to_vec()), ..Options::default() };
        let sets = [set];
        let rows = explain(&sets, &options);
        let shown: Vec<_> = rows.iter().map(|row| (row.variable, row.origin, row.shown.clone())).collect();
        assert_eq!(
            shown[0].2,
            Shown::Fingerprint(Fingerprint::of(Field::ApiKey, &Secret::from(KEY)).unwrap())
        );
        assert!(matches!(shown[1].2, Shown::Fingerprint(_)));
        assert_eq!(shown[2], ("HOST", Some(&Origin::Record), Shown::Hidden));
        assert_eq!(shown[3], ("MOMO_ENV", Some(&Origin::BuiltIn), Shown::Text("sandbox")));
        assert_eq!(shown[4], ("SUB", Some(&Origin::Record), Shown::LeftOut));
        assert_eq!(shown[5], ("URL", None, Shown::Unset));
        assert!(!format!("{rows:?}").contains(KEY));
    }
}
