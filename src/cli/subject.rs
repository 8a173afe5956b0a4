//! What a run is about, as far as it has found out: the document of a failure begins with it.

use std::cell::RefCell;

use momo_cred_backend_api::Location;
use serde_json::{Map, Value, json};

use super::document;
use crate::Error;
use crate::config::Settings;
use crate::credential::{Field, Product, Record, TargetEnvironment};

/// The subject of one run. What is not known is null.
#[derive(Debug, Default)]
pub(crate) struct Subject(RefCell<Known>);

#[derive(Debug, Default)]
struct Known {
    profile: Option<String>,
    location: Option<String>,
    product: Option<String>,
    target_environment: Option<String>,
    steps: Vec<Value>,
}

impl Subject {
    /// Notes the profile that is worked on, with what its settings say.
    pub(crate) fn chosen(&self, settings: &Settings) {
        let product = settings.product.as_ref().map(|setting| setting.value.to_string());
        let target = settings.target_environment.as_ref().map(|setting| setting.value.to_string());
        self.0.replace(Known {
            profile: Some(settings.profile.clone()),
            location: Some(settings.store.value.to_string()),
            product,
            target_environment: target,
            steps: Vec::new(),
        });
    }

    /// Notes the record that is worked on. Where a setting says something else, that stays: the failure is about it, or
    /// the record is to be written anew.
    pub(crate) fn saw(&self, location: &Location, record: &Record) {
        let mut known = self.0.borrow_mut();
        known.location = Some(location.to_string());
        let stored = |field, built_in: String| record.shown(field).map_or(built_in, str::to_owned);
        let Known { product, target_environment, .. } = &mut *known;
        product.get_or_insert_with(|| stored(Field::Product, Product::default().to_string()));
        target_environment.get_or_insert_with(|| {
            stored(Field::TargetEnvironment, TargetEnvironment::sandbox().to_string())
        });
    }

    /// Notes a step that was taken.
    pub(crate) fn took(&self, step: Value) {
        self.0.borrow_mut().steps.push(step);
    }

    /// The steps so far are told: what follows has a result of its own.
    pub(crate) fn told(&self) {
        self.0.borrow_mut().steps.clear();
    }

    /// The document of a failure.
    pub(crate) fn failure(&self, command: &str, error: &Error, exit_code: u8) -> Map<String, Value> {
        let known = self.0.borrow();
        let mut map = document::begin(command);
        map.insert("profile".into(), json!(known.profile));
        map.insert("location".into(), json!(error.location().or(known.location.as_deref())));
        map.insert("product".into(), json!(known.product));
        map.insert("target_environment".into(), json!(known.target_environment));
        map.insert("outcome".into(), json!(document::outcome(error)));
        map.insert("claim".into(), document::claim_in(error));
        if !known.steps.is_empty() {
            map.insert("steps".into(), Value::Array(known.steps.clone()));
        }
        map.insert("error".into(), document::error(error, exit_code));
        map
    }
}
