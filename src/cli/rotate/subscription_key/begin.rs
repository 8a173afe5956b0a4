//! What a rotation of the subscription key begins with: a record, and the other key of its pair.

use momo_cred_backend_api::{Secret, Work};

use super::{Change, Consumers};
use crate::cli::copies;
use crate::cli::keys::refused;
use crate::cli::plan::Plan;
use crate::cli::provision::unguarded;
use crate::cli::rotate::Old;
use crate::config::{Settings, variables};
use crate::credential::{Claim, ClaimKind, Field, check_key};
use crate::lifecycle::{Inputs, Leg, Obtain, Seen, Takeover};
use crate::{Error, Kind, Outcome, Result, prompt};

impl Old<'_> {
    /// Begins, or goes on with what a run that is gone has begun.
    pub(in crate::cli::rotate) async fn change_subscription_key(
        self,
        settings: &Settings,
    ) -> Result<Outcome> {
        let Self { context, options, place, .. } = self;
        if options.dry_run {
            return self.swap_plan()?.show(context, settings, place, "rotate");
        }
        let (from, consumers) = (options.from.as_deref(), Consumers::from(options.consumers_restarted));
        let change = Change { context, settings, place, from, consumers };
        if self.has_begun() {
            let hold = place.hold(Work::Renewal, context).await?;
            let seen = place.unchanged(settings, context, &self.seen.expect).await?;
            if let Some(Claim { kind: ClaimKind::SubscriptionKey(phase), .. }) =
                place.left_open(&seen, hold.is_some(), Takeover::OnEvidence)?
            {
                return change.proceed(phase, seen, hold).await;
            }
        }
        unguarded(place, options.yes)?;
        copies::refuse_lost(context, place, &self.seen.expect).await?;
        let secondary = self.secondary()?;
        let hold = place.hold(Work::Renewal, context).await?;
        let seen = place.unchanged(settings, context, &self.seen.expect).await?;
        place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
        let (user, api_key) = change.user_and_key(&seen.record)?;
        let primary = change.key(&seen.record, Field::SubscriptionKey)?.clone();
        // A dead claim of another kind is passed over, and its inputs with it.
        let mut record = seen.record.clone();
        record.close_claim();
        let own = Seen { record, ..seen.clone() };
        let inputs = change.inputs(&own, &self.effective)?;
        let inputs = Inputs { subscription_key: secondary, secondary: Some(primary), ..inputs };
        let obtain = Obtain::Kept { user, api_key, leg: Leg::Swap };
        change.swap(&self.effective, seen, inputs, obtain, hold).await
    }

    fn has_begun(&self) -> bool {
        let claim = self.seen.record.claim();
        claim.is_ok_and(|claim| claim.is_some_and(|claim| claim.kind.phase().is_some()))
    }

    /// The record's own, else a variable's, else a person's.
    fn secondary(&self) -> Result<Secret> {
        let variable = variables::SUBSCRIPTION_KEY_SECONDARY;
        let (key, from) = if let Some(key) = self.seen.record.get(Field::SubscriptionKeySecondary) {
            (key.clone(), "the record")
        } else if let Some(key) = self.context.environment.secret(variable)? {
            (key, variable)
        } else {
            (self.ask_for_the_secondary()?, "the prompt")
        };
        check_key(Field::SubscriptionKeySecondary, &key).map_err(|bad| refused(&bad, from))?;
        let taken = [Field::SubscriptionKey, Field::ApiKey];
        match taken
            .into_iter()
            .find(|field| self.seen.record.get(*field).is_some_and(|own| own.same_as(&key)))
        {
            None => Ok(key),
            Some(field) => {
                Err(Error::new(Kind::Usage, format!("the secondary subscription key is the {field} itself"))
                    .because(format!("it comes from {from}"))
                    .at(&self.place.location)
                    .next(
                        "copy the other key of the pair from the portal's profile page; nothing was changed",
                    ))
            }
        }
    }

    fn ask_for_the_secondary(&self) -> Result<Secret> {
        let location = &self.place.location;
        let key = prompt::secret(&format!("Secondary subscription key for {location}")).map_err(|error| {
            Error::new(Kind::Usage, format!("the record at {location} has no secondary subscription key"))
                .because(error)
                .because("it serves while the primary is regenerated; the portal's profile page shows both")
                .at(location)
                .next(format!("give it in {}", variables::SUBSCRIPTION_KEY_SECONDARY))
                .next("or write the record anew with it: `momo-cred import --replace`")
        })?;
        self.context.network.deadline().restart();
        Ok(key)
    }

    fn swap_plan(&self) -> Result<Plan> {
        let record = &self.seen.record;
        let mut plan = Plan::default();
        plan.say("strategy", "subscription-key");
        let field = Field::SubscriptionKey;
        let from = Field::SubscriptionKeySecondary;
        match (self.has_begun(), record.get(field), record.get(from)) {
            (false, Some(primary), Some(secondary)) => plan.taken_over(field, primary, (from, secondary)),
            (begun, primary, _) => {
                plan.replaced(field, primary, None);
                if !begun {
                    plan.say(from.name(), "asked for");
                }
            }
        }
        plan.say("then", "restarted programs, a regenerated key from the portal, which takes over");
        plan.say(Field::ApiUser.name(), format!("{}, which stays", self.user()?));
        self.say_settings(&mut plan);
        Ok(plan)
    }
}
