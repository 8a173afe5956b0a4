//! Asks before something that cannot be taken back, unless `--yes` has said it already.

use momo_cred_backend_api::Location;

use super::context::Context;
use crate::{Error, Kind, Result, prompt};

/// Asks a person at the terminal. `verb` says what is to be done at the location.
///
/// # Errors
/// [`Kind::Usage`] where nobody can be asked, and for any answer but a yes.
pub(crate) fn confirm(context: &Context, location: &Location, verb: &str, question: &str) -> Result<()> {
    let answer = prompt::text(&format!("{question} [y/N]")).map_err(|error| {
        Error::new(Kind::Usage, format!("nobody can be asked whether to {verb} {location}"))
            .because(error)
            .at(location)
            .next("give --yes if you are sure")
    })?;
    context.network.deadline().restart();
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, "not confirmed; nothing was changed")
        .at(location)
        .next(format!("answer y to {verb} it")))
}
