//! The portal: what a person does there, and the key that they bring.

use momo_cred_backend_api::Secret;

use super::swap::in_both_fields;
use super::{Change, GO_ON};
use crate::cli::keys::{read_secret, refused};
use crate::credential::{Field, check_key};
use crate::lifecycle::Seen;
use crate::{Error, Kind, Result, prompt};

impl Change<'_> {
    /// Which key to regenerate, and where. Keys live on the profile page of the developer portal, two for each product;
    /// there is no API for it (momo-api.md 3).
    pub(super) fn say_what_to_do(&self, seen: &Seen) -> Result<()> {
        if self.from.is_some() {
            return Ok(());
        }
        let effective = self.effective(&seen.record)?;
        let output = &self.context.output;
        let portal = if effective.target_environment.is_sandbox() {
            "https://momodeveloper.mtn.com"
        } else {
            "https://momoapi.mtn.com/developer"
        };
        let old = in_both_fields(&seen.record, Field::SubscriptionKeySecondary);
        output.note(&format!("In the developer portal that the keys are from, such as {portal}:"));
        output.note(&format!("  1. On your profile page, find the subscription to {}.", effective.product));
        output.note("  2. Regenerate the key that was in use before, usually its primary: the old value dies at once.");
        output.note(&format!(
            "     `momo-cred status` shows it as subscription_key_secondary, fingerprint {old}."
        ));
        output.note("     Leave the other one as it is: it is in use.");
        output.note("  3. Show the new value and copy it.");
        Ok(())
    }

    /// Takes the key that the portal has made.
    pub(super) fn new_primary(&self, seen: &Seen) -> Result<Secret> {
        let (key, from) = match self.from {
            Some(path) => (read_secret(self.context, path, "--from")?, "--from"),
            None => (self.ask_for_the_new()?, "the prompt"),
        };
        check_key(Field::SubscriptionKey, &key).map_err(|bad| refused(&bad, from))?;
        let own = [Field::SubscriptionKey, Field::SubscriptionKeySecondary, Field::ApiKey];
        let own = own.into_iter().find(|field| seen.record.get(*field).is_some_and(|own| own.same_as(&key)));
        match own {
            None => Ok(key),
            Some(field) => Err(Error::new(
                Kind::Usage,
                format!("the new primary is what the record has as {field}"),
            )
            .because(match field {
                Field::SubscriptionKeySecondary => "that is the old primary, which was to be regenerated",
                Field::SubscriptionKey => "that is the other key of the pair, which serves now",
                _ => "an API key looks like a subscription key, and is none",
            })
            .at(&self.place.location)
            .next(
                "copy the regenerated key from the portal, then run `momo-cred resume`; nothing was changed",
            )),
        }
    }

    /// The key that an earlier run has kept in the claim.
    pub(super) fn pending(&self, seen: &Seen) -> Result<Secret> {
        let effective = self.effective(&seen.record)?;
        Ok(self.inputs(seen, &effective)?.subscription_key)
    }

    /// Asks. Enter alone stops.
    pub(super) fn ask_for_the_new(&self) -> Result<Secret> {
        let location = &self.place.location;
        let needed = || {
            Error::new(Kind::Conflict, format!("{location} waits for the new primary subscription key"))
                .because("the secondary subscription key serves, and a claim stays open")
                .at(location)
                .next("regenerate the old primary in the portal")
                .next(GO_ON)
        };
        let key = prompt::secret("New primary subscription key").map_err(|error| needed().because(error))?;
        self.context.network.deadline().restart();
        if key.is_empty() { Err(needed()) } else { Ok(key) }
    }
}
