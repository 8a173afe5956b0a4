//! Who must have the key that serves now before the other one dies.

use super::swap::shown;
use super::{Change, Consumers, GO_ON};
use crate::cli::{copies, holders};
use crate::credential::Field;
use crate::lifecycle::Seen;
use crate::{Error, Kind, Result, prompt};

impl Change<'_> {
    /// Lists them, and waits until a person says that they have it.
    ///
    /// # Errors
    /// [`Kind::Conflict`] where another record of the config file or a copy of this one serves the old key, and where
    /// nobody says so; [`Kind::Unavailable`] where a copy takes too long. The claim stays open.
    pub(super) async fn wait_for_consumers(&self, seen: &Seen) -> Result<()> {
        self.refuse_while_others_serve_it(seen).await?;
        self.wait_for_copies(seen).await?;
        if self.consumers == Consumers::Restarted {
            return Ok(());
        }
        let (output, location) = (&self.context.output, &self.place.location);
        output.note("before the old primary is regenerated, restart everything that was started with it:");
        output.note(&format!("  - programs that read {location} before revision {}", shown(&seen.expect)));
        output.note("  - whatever has a copy of the key elsewhere: other stores, CI, other machines");
        let typed =
            prompt::text("Is all of that restarted? [y/N]").map_err(|error| self.waiting().because(error))?;
        self.context.network.deadline().restart();
        if matches!(typed.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(self.waiting()) }
    }

    /// Whoever starts again from a copy that lags gets the old key. Where the new one is at hand, the old one is dead
    /// already, and to wait would only keep the new one from the record.
    async fn wait_for_copies(&self, seen: &Seen) -> Result<()> {
        if self.from.is_some() {
            return Ok(());
        }
        let later = "run `momo-cred resume` later, or give more time with --timeout";
        let waited = copies::follow(self.context, self.place, &seen.expect, later).await;
        waited.map_err(|error| match error.kind() {
            Kind::Conflict => error.next("then go on: `momo-cred resume`"),
            _ => error,
        })
    }

    /// What a regeneration kills it kills in every record: all have to have moved.
    async fn refuse_while_others_serve_it(&self, seen: &Seen) -> Result<()> {
        let location = &self.place.location;
        let old = self.key(&seen.record, Field::SubscriptionKeySecondary)?;
        let go_on = "then go on: `momo-cred resume`";
        let others = holders::others(self.context, self.place, "subscription key", |record| {
            // As a secondary it stands in records that have moved already.
            let serves = [Field::SubscriptionKey, Field::ProvisioningSubscriptionKey];
            serves.into_iter().find(|field| record.get(*field).is_some_and(|key| key.same_as(old)))
        })
        .await;
        let others = others.map_err(|error| error.next(go_on))?;
        if others.is_empty() {
            return Ok(());
        }
        let what = format!("the old primary subscription key of {location} is in use elsewhere");
        let mut error = Error::new(Kind::Conflict, what);
        for other in &others {
            error = error.because(format!(
                "profile {} has it as {}, at {}",
                other.profile, other.what, other.location
            ));
        }
        for other in others {
            error = error
                .next(format!("move it, too: `momo-cred rotate --subscription-key -p {}`", other.profile));
        }
        Err(error.at(location).next(go_on))
    }

    fn waiting(&self) -> Error {
        let location = &self.place.location;
        Error::new(Kind::Conflict, format!("{location} waits for the programs that use it to be restarted"))
            .because("the secondary subscription key serves, the old primary works as before, and a claim stays open")
            .at(location)
            .next("restart them, and only then regenerate the old primary in the portal, which kills it")
            .next(GO_ON)
    }
}
