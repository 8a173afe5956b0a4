//! Production: a person revokes in the Partner Portal; we say what, and wait.

use uuid::Uuid;

use crate::cli::context::{Context, Place};
use crate::{Error, Kind, Result, prompt};

/// Says what is to be revoked, and waits until it is said to be done.
pub(super) fn wait(context: &Context, place: &Place, users: &[Uuid]) -> Result<()> {
    let output = &context.output;
    output.note("In the Partner Portal, under the API users of your account, revoke:");
    for user in users {
        output.note(&format!("  API user {user}"));
    }
    output.note("Programs that still use one of them fail from then on.");
    let answer = prompt::text("Press Enter when that is done, or type n to stop").map_err(|error| {
        Error::new(Kind::Usage, "nobody said that it is done, so no key was tried")
            .because(error)
            .at(&place.location)
            .next("run it again when you can go to the portal")
    })?;
    context.network.deadline().restart();
    if matches!(answer.trim(), "" | "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, "not confirmed, so no key was tried")
        .at(&place.location)
        .next("run it again when you can go to the portal"))
}
