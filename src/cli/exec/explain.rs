//! What `exec --explain` shows.

use serde_json::{Value, json};

use super::{Ready, cached};
use crate::Result;
use crate::cli::context::Context;
use crate::cli::document;
use crate::exec::{self as child, Explained, Form, Set, Shown};

/// Shows which variable comes from which field of which record.
pub(super) fn explain(
    context: &Context,
    sets: &[Set],
    options: &child::Options,
    ready: &[Ready<'_>],
) -> Result<()> {
    let rows = child::explain(sets, options);
    if context.output.json() {
        let mut map = document::head(
            context.command,
            &joined(sets, |set| set.profile.clone()),
            &joined(sets, |set| set.location.to_string()),
        );
        map.insert("outcome".into(), json!("ok"));
        map.insert("variables".into(), rows.iter().map(row).collect());
        map.insert("cached".into(), cached::document(ready));
        return context.output.document(&Value::Object(map));
    }
    for explained in &rows {
        let origin = explained.origin.map(|origin| format!("  from {origin}")).unwrap_or_default();
        context.output.data(&format!(
            "{:<36} {:<28} {}{origin}  {} revision {}",
            explained.variable,
            explained.field.name(),
            shown(explained),
            explained.location,
            explained.revision
        ))?;
    }
    Ok(())
}

/// What all profiles have, in one text.
pub(super) fn joined(sets: &[Set], name: impl Fn(&Set) -> String) -> String {
    sets.iter().map(name).collect::<Vec<_>>().join(",")
}

fn shown(explained: &Explained<'_>) -> String {
    let shown = match &explained.shown {
        Shown::Fingerprint(fingerprint) => format!("fingerprint {fingerprint}"),
        Shown::Text(text) => (*text).to_owned(),
        Shown::Hidden => "hidden".to_owned(),
        Shown::Unset => return "not set".to_owned(),
        Shown::LeftOut => return "left out".to_owned(),
        Shown::Elsewhere => return "not as a value".to_owned(),
        Shown::AtStart => "at the start".to_owned(),
    };
    match explained.form {
        Form::Value => shown,
        Form::File => format!("{shown} in a file"),
        Form::AccessToken => format!("an access token {shown}"),
        Form::ExpiresAt => format!("the end of the token {shown}"),
    }
}

fn row(explained: &Explained<'_>) -> Value {
    let (fingerprint, value) = match &explained.shown {
        Shown::Fingerprint(fingerprint) => (Some(fingerprint.to_string()), None),
        Shown::Text(text) => (None, Some((*text).to_owned())),
        _ => (None, None),
    };
    json!({
        "variable": explained.variable,
        "field": explained.field.name(),
        "form": explained.form.name(),
        "profile": explained.profile,
        "location": explained.location.to_string(),
        "revision": explained.revision.as_str(),
        "origin": explained.origin.map(ToString::to_string),
        "set": !matches!(explained.shown, Shown::Unset | Shown::LeftOut | Shown::Elsewhere),
        "fingerprint": fingerprint,
        "value": value,
    })
}
