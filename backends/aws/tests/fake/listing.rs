//! Answers in pages.

use serde_json::{Value, json};

/// Smaller than any that the service gives, so that every listing has several.
const PAGE: usize = 2;

pub(crate) fn page(key: &str, mut all: Vec<Value>, input: &Value) -> Value {
    let start: usize = input["NextToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or_default();
    let mut page = all.split_off(start.min(all.len()));
    let more = page.len() > PAGE;
    page.truncate(PAGE);
    let next = more.then(|| (start + PAGE).to_string());
    json!({key: page, "NextToken": next})
}
