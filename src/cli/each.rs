//! Commands that look at several profiles: one that fails does not keep the others from being looked at.

use serde_json::{Value, json};

use super::context::{Chosen, Context};
use super::document;
use super::network::TIMEOUT;
use crate::config::Settings;
use crate::{Error, Kind, Outcome, Result};

/// Looks at each profile in turn, says what failed, and ends with the gravest exit code: *denied* before all others,
/// else the first.
///
/// `look` prints what it sees and pushes its document. An error that it returns is said here; a verdict that it hands
/// back as `Ok(Some(..))` has its document already.
pub(super) fn each(
    context: &Context,
    chosen: Chosen,
    mut look: impl FnMut(&Settings, &mut Vec<Value>) -> Result<Option<Error>>,
) -> Result<Outcome> {
    let mut documents = Vec::new();
    let mut gravest: Option<Error> = None;
    for settings in &context.chosen(chosen)? {
        context.network.begin([settings], TIMEOUT);
        let failed = match look(settings, &mut documents) {
            Ok(None) => continue,
            Ok(Some(verdict)) => verdict,
            Err(error) => {
                documents.push(failure(context, settings, &error));
                error
            }
        };
        context.output.error(&failed);
        let graver =
            gravest.as_ref().is_none_or(|now| failed.kind() == Kind::Denied && now.kind() != Kind::Denied);
        if graver {
            gravest = Some(failed);
        }
    }
    if context.output.json() {
        context.documents(documents, chosen)?;
    }
    Ok(gravest.map_or(Outcome::SUCCESS, |error| Outcome::Exit(error.kind().exit_code())))
}

fn failure(context: &Context, settings: &Settings, error: &Error) -> Value {
    let mut map = document::head(context.command, &settings.profile, &settings.store.value.to_string());
    map.insert("outcome".into(), json!(document::outcome(error)));
    map.insert("error".into(), document::error(error, error.kind().exit_code()));
    Value::Object(map)
}
