//! Commands that look at several profiles: one that fails does not keep the others from being looked at.

use serde_json::Value;

use super::context::{Chosen, Context};
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
    let all = context.chosen(chosen)?;
    for settings in &all {
        context.turn_to(settings, &all);
        let failed = match look(settings, &mut documents) {
            Ok(None) => continue,
            Ok(Some(verdict)) => verdict,
            Err(error) => {
                let error = context.output.addressed(&error);
                let document = context.subject.failure(context.command, &error, error.kind().exit_code());
                documents.push(Value::Object(document));
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
