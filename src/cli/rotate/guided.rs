//! Rotation in production: a person makes the new user in the Partner Portal; we check it, publish it, and say what is
//! left to do.

use momo_cred_backend_api::{Expect, Revision};

use super::{Old, Strategy};
use crate::cli::deposit::{Deposit, Over};
use crate::cli::given::{Given, Source, Taker};
use crate::cli::plan::Plan;
use crate::cli::provision::{Ended, say_what_is_lost};
use crate::cli::revoke::REFUSED;
use crate::cli::{copies, holders};
use crate::config::{Origin, Setting, Settings};
use crate::credential::Field;
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::Check;
use crate::{Error, Kind, Result, prompt};

impl Old<'_> {
    /// By way of the Partner Portal.
    pub(super) async fn guide(self, mut settings: Settings) -> Result<Ended> {
        let (context, options, place) = (self.context, self.options, self.place);
        if options.strategy == Strategy::Rekey {
            return Err(self.no_rekey());
        }
        let source = match &options.from {
            Some(path) => Source::File(path.clone(), None),
            None if options.dry_run || prompt::available() => Source::Person,
            None => return Err(self.nobody_to_ask()),
        };
        if options.dry_run {
            say_what_is_lost(context, place);
        }
        if options.dry_run && options.from.is_none() {
            return self.portal_plan(None)?.show(context, &settings, place, "rotate").map(Ended::Told);
        }
        if options.from.is_none() {
            self.say_what_to_do()?;
        }
        let known = self.known(&settings);
        let given = self.take(&known, &source)?;
        let effective = self.effective_with(&known, &given)?;
        given.warn_about_user(context, &effective);
        if options.dry_run {
            return self
                .portal_plan(Some(&given))?
                .show(context, &settings, place, "rotate")
                .map(Ended::Told);
        }
        let deposit = Deposit { context, effective: &effective, given: &given, check: Check::Full };
        let location = settings.store.value.clone();
        let ended = deposit.store(&mut settings, Over::Seen(self.seen.expect.clone())).await;
        let ended = ended.map_err(|error| match source {
            Source::Person => error.next("keep the popup of the portal open until its values are stored"),
            _ => error,
        })?;
        if let Ended::Published(done) = &ended
            && settings.store.value == location
            && !options.in_a_drill
        {
            self.remind(&given, &done.revision).await?;
        }
        Ok(ended)
    }

    fn no_rekey(&self) -> Error {
        let target = &self.effective.target_environment;
        Error::new(Kind::Misconfigured, format!("{target} has no provisioning API to ask for another key"))
            .at(&self.place.location)
            .because("in production MTN shows users and keys once, in the Partner Portal")
            .next("leave --strategy out: `momo-cred rotate` says what to do in the portal and takes the new user and key")
    }

    fn nobody_to_ask(&self) -> Error {
        let target = &self.effective.target_environment;
        Error::new(Kind::Usage, format!("{target} has no provisioning API, and there is no terminal to ask at"))
            .at(&self.place.location)
            .because("in production a person makes the new API user in the Partner Portal, which shows its key once")
            .next("make the user there, then give its API user and API key with --from FILE, or --from - for standard input")
    }

    /// What the portal wants to know (momo-api.md 5).
    fn say_what_to_do(&self) -> Result<()> {
        let output = &self.context.output;
        let host = self.effective.callback_host.as_ref();
        let host = host.map_or_else(|| "the host that MoMo calls back".to_owned(), ToString::to_string);
        output.note(&format!(
            "{} has no provisioning API. In the Partner Portal:",
            self.effective.target_environment
        ));
        output.note("  1. Create an API user. Account: your main transaction wallet.");
        output.note(&format!(
            "     Provider Callback Host: {host}. Payment Server URL: where your callbacks go, by https."
        ));
        output.note("     Gateway URL stays empty.");
        output.note("  2. The API key is shown once: keep the popup open until it is stored here.");
        output.note(&format!(
            "  3. Do not revoke the old API user {} yet: it works on until then.",
            self.user()?
        ));
        Ok(())
    }

    fn take(&self, settings: &Settings, source: &Source) -> Result<Given> {
        let record = &self.seen.record;
        let Some(subscription_key) = record.get(Field::SubscriptionKey).cloned() else {
            return Err(Error::new(Kind::Internal, "a record that was checked is not complete"));
        };
        let taker = Taker::Rotate { subscription_key: subscription_key.clone() };
        let mut given = Given::gather(self.context, settings, source, &taker)?;
        let other_host = given
            .record
            .text(Field::BaseUrl)
            .is_some_and(|url| url.parse().ok().as_ref() != Some(&self.effective.base_url));
        let other_key = !given.subscription_key.same_as(&subscription_key);
        let strange = [(other_key, Field::SubscriptionKey), (other_host, Field::BaseUrl)];
        if let Some((_, field)) = strange.into_iter().find(|(other, _)| *other) {
            return Err(Error::new(Kind::Usage, format!("{} brings another {field}", given.from))
                .because("a rotation replaces user and key; everything else stays")
                .next(
                    "take it out of the input, or write the record anew with `momo-cred import --replace`",
                ));
        }
        let same_key = record.get(Field::ApiKey).is_some_and(|key| key.same_as(&given.api_key));
        if same_key && given.user == self.user()? {
            return Err(Error::new(Kind::Usage, "this user and key are the ones that are stored already")
                .at(&self.place.location)
                .next("make a new API user in the Partner Portal and give that one; nothing was changed"));
        }
        // They stay, whatever else the input has.
        for field in [Field::SubscriptionKeySecondary, Field::ProvisioningSubscriptionKey] {
            match record.get(field) {
                Some(value) => given.record.set(field, value.clone()),
                None => given.record.unset(field),
            }
        }
        Ok(given)
    }

    /// The settings with what the record says: what is given has to be for the same.
    fn known(&self, settings: &Settings) -> Settings {
        let mut known = settings.clone();
        known.product = Some(Setting::new(self.effective.product, Origin::Record));
        known.target_environment =
            Some(Setting::new(self.effective.target_environment.clone(), Origin::Record));
        known.base_url = Some(Setting::new(self.effective.base_url.clone(), Origin::Record));
        known
    }

    /// What the new credential is used with: as the old one, but for the callback host, which each user has of its own.
    fn effective_with(&self, known: &Settings, given: &Given) -> Result<Effective> {
        let mut new = Effective::new(known, &given.record, Holder::Input(&given.from), Purpose::Use)?;
        new.callback_host = new.callback_host.or_else(|| self.effective.callback_host.clone());
        Ok(new)
    }

    fn portal_plan(&self, given: Option<&Given>) -> Result<Plan> {
        let mut plan = Plan::default();
        plan.say("strategy", "new-user, from the Partner Portal");
        let user = self.user()?;
        let new = given.map_or_else(|| "one from the portal".to_owned(), |given| given.user.to_string());
        plan.say(Field::ApiUser.name(), format!("{user}, replaced by {new}"));
        let record = &self.seen.record;
        plan.replaced(Field::ApiKey, record.get(Field::ApiKey), given.map(|given| &given.api_key));
        if let Some(key) = record.get(Field::SubscriptionKey) {
            plan.key(Field::SubscriptionKey, key);
        }
        self.say_settings(&mut plan);
        Ok(plan)
    }

    /// What has to come before everything else: whoever reads a copy that lags gets the old credential.
    async fn wait_for_copies(&self, revision: &Revision) -> String {
        let output = &self.context.output;
        let copies = match copies::look(self.context, self.place, revision).await {
            Ok(copies) => copies,
            Err(error) => {
                output.warn(&format!("whether copies in other places have it cannot be told: {error}"));
                return String::new();
            }
        };
        if !copies.failed.is_empty() {
            output.warn(&format!(
                "the copy in {} does not follow any more: mend it, or take it away, before the old user is revoked",
                copies.failed.join(", ")
            ));
        }
        match copies.behind.join(", ").as_str() {
            "" => String::new(),
            places => format!("wait until the copies in {places} have it, "),
        }
    }

    /// The old user works until a person revokes it, and so do others that have its key.
    async fn remind(&self, given: &Given, revision: &Revision) -> Result<()> {
        let output = &self.context.output;
        let old = self.user()?;
        let first = self.wait_for_copies(revision).await;
        if given.user != old {
            output.note(&format!(
                "left to do: {first}restart the programs that use it, then revoke API user {old} in the Partner Portal"
            ));
        }
        let Some(api_key) = self.seen.record.get(Field::ApiKey) else { return Ok(()) };
        // The rotation is done, whatever is in the other records.
        let sought = holders::with_key(Field::ApiKey, api_key);
        match holders::others(self.context, self.place, "API key", sought).await {
            Ok(others) => others.iter().for_each(|other| {
                output.warn(&format!(
                    "profile {} has the old key, too, at {}: rotate it before the old key is revoked",
                    other.profile, other.location
                ));
            }),
            Err(error) => {
                output
                    .warn(&format!("whether other profiles have the old key, too, cannot be told: {error}"));
            }
        }
        if let (true, Expect::Revision(revision)) =
            (self.place.backend.capabilities().history, &self.seen.expect)
        {
            output.note(&format!(
                "then prove that the old key is refused: `momo-cred verify --revision {revision}` {REFUSED}"
            ));
        }
        Ok(())
    }
}
