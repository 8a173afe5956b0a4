//! `revoke`: make retired API users useless, and prove it.

mod portal;
mod report;
mod targets;

use momo_cred_backend_api::{Hold, Work};
use serde_json::json;
use uuid::Uuid;

use self::targets::Sorted;
use super::confirm::confirm;
use super::context::{Context, Place, Steps};
use super::document;
use super::holders::Holding;
use super::keys::{Keys, refused};
use super::provision::{TIMEOUT, lease};
use super::resume::nothing_open;
use crate::config::Settings;
use crate::credential::{Claim, Field, Record, check_api_user};
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::{
    By, Driver, Here, RevocationEnd, RevocationPlan, Seeds, Seen, Settled, Takeover, Target, aborted,
};
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result, prompt};

pub(super) use report::Report;

/// Makes the API users useless that were replaced, and proves it. `status` lists them as retired.
///
/// The sandbox has no call that deletes a user. Each is asked for a new key, which nobody keeps, and then its old key is
/// tried, which the store's history has. Refused: the user leaves the list. If the old key still works, it is NOT
/// REVOKED (77). Where no old key is known, as with a dotenv file, nothing is proven (69).
///
/// In production it says what to revoke in the Partner Portal, waits until you have done it, and tries the old key. It
/// stops (75) where another profile of the config file still holds such a user.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred revoke\n  \
    momo-cred revoke -p collection --yes --json\n  \
    momo-cred revoke --user 0f0e0d0c-0b0a-4908-8706-050403020100")]
pub(crate) struct Options {
    /// This API user alone; one that is not on the list needs --yes
    #[arg(long, value_name = "UUID")]
    user: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let settings = context.settings()?;
    let only = options.user.as_deref().map(check_api_user).transpose();
    let only = only.map_err(|bad| refused(&bad, "--user"))?;
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    context.block_on(Runtime::Tokio, async {
        let seen = place.seen(&settings, context).await?;
        let revoker = Revoker::new(context, &settings, &place, &seen)?;
        if let Some(user) = only {
            revoker.may_be_revoked(user, &seen, options.yes)?;
        }
        let users = users(&seen, only);
        if users.is_empty() {
            context
                .output
                .note(&format!("no retired API user is listed at {}; nothing to do", place.location));
            context.trail.noop(&context.output, &seen);
            return context.noop(&settings, &place, &seen);
        }
        let targets = revoker.targets(&users).await?;
        stop_if_held(&place, &targets::held(context, &place, &targets).await?)?;
        match revoker.by {
            By::Portal => portal::wait(context, &place, &users)?,
            By::NewKey if options.yes => {}
            By::NewKey => confirm(context, &place.location, "revoke users of", &question(&users))?,
        }
        let hold = place.hold(Work::Renewal, context).await?;
        let seen = place.unchanged(&settings, context, &seen.expect).await?;
        place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
        let report = revoker.carry_out(seen, targets, only, hold).await?;
        report.end(context, &settings, &place)
    })
}

/// `resume` of a claim of kind `revoke`. That a person agreed is in the claim.
pub(super) async fn finish(
    context: &Context,
    settings: &Settings,
    place: &Place,
    (seen, claim): (Seen, &Claim),
    hold: Option<Hold>,
) -> Result<Outcome> {
    let revoker = Revoker::new(context, settings, place, &seen)?;
    if revoker.by == By::Portal {
        return nothing_open(context, settings, place, &seen);
    }
    let targets = revoker.targets(&users(&seen, claim.api_user)).await?;
    stop_if_held(place, &targets::held(context, place, &targets).await?)?;
    let report = revoker.carry_out(seen, targets, claim.api_user, hold).await?;
    report.end(context, settings, place)
}

/// The second part of `compromise`: all that are retired, the one that was just replaced among them. `leaked` is the
/// record as it was before, whose key no store may have any more.
pub(super) async fn after_rotation(
    context: &Context,
    settings: &Settings,
    place: &Place,
    leaked: &Record,
) -> Result<Report> {
    let seen = place.seen(settings, context).await?;
    if seen.record.same_access(leaked) {
        let what = format!("{} still holds the credential that has leaked", place.location);
        return Err(Error::new(Kind::Conflict, what)
            .at(&place.location)
            .because("the new one was stored elsewhere, or somebody put the old one back"));
    }
    // Of a user that goes on nothing is renewed, and its old key is not tried: that it is dead is not known.
    if seen.record.api_user().is_ok_and(|own| leaked.api_user().is_ok_and(|old| own.is_some() && own == old))
    {
        return Err(Error::new(
            Kind::Conflict,
            "the new credential has the API user of the one that has leaked",
        )
        .at(&place.location)
        .because("its old key was not tried, and may still work")
        .next(
            "revoke the old key where it was made, and prove it with `momo-cred verify --revision REVISION`",
        ));
    }
    let revoker = Revoker::new(context, settings, place, &seen)?;
    let Sorted { here: mut targets, elsewhere } = revoker.sorted(&users(&seen, None)).await?;
    if let Ok(Some(user)) = leaked.api_user()
        && elsewhere.contains(&user)
    {
        return Err(of_other_settings(place, user));
    }
    for user in elsewhere {
        context.output.warn(&format!(
            "API user {user} is of another gateway, environment or product: revoke it with those settings"
        ));
    }
    targets::learn(&mut targets, leaked);
    let held = targets::held(context, place, &targets).await?;
    targets.retain(|target| held.iter().all(|holding| holding.what != target.user));
    if revoker.by == By::Portal && !targets.is_empty() {
        let users: Vec<_> = targets.iter().map(|target| target.user).collect();
        portal::wait(context, place, &users)?;
    }
    let hold = place.hold(Work::Renewal, context).await?;
    let seen = place.unchanged(settings, context, &seen.expect).await?;
    place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
    if targets.is_empty() {
        let settled = Settled { record: seen.record, revision: None, users: Vec::new() };
        return Ok(Report::new(settled, revoker.by, Vec::new()).left_alone(held));
    }
    Ok(revoker.carry_out(seen, targets, None, hold).await?.left_alone(held))
}

/// Those that are retired, the user of a dead claim among them, or the one that was asked for. Never the record's own,
/// which a restored backup may list.
fn users(seen: &Seen, only: Option<Uuid>) -> Vec<Uuid> {
    let record = aborted(seen.record.clone());
    let own = record.api_user().ok().flatten();
    let users = only.map_or_else(|| record.retired(), |user| vec![user]);
    users.into_iter().filter(|user| own != Some(*user)).collect()
}

fn question(users: &[Uuid]) -> String {
    let listed: Vec<_> = users.iter().map(Uuid::to_string).collect();
    format!(
        "Ask for a new key, which nobody keeps, for each of these API users: {}? Whatever still uses their keys fails \
         at once.",
        listed.join(", ")
    )
}

fn of_other_settings(place: &Place, user: Uuid) -> Error {
    let location = &place.location;
    Error::new(Kind::Misconfigured, format!("API user {user} of {location} is not one of these settings"))
        .at(location)
        .because("an earlier revision has it with another gateway, environment or product")
        .because("what is asked here would prove nothing of it")
        .next("revoke it with those settings, and the others one at a time with --user")
}

/// What kills a key kills it for every record that has it.
fn stop_if_held(place: &Place, held: &[Holding<Uuid>]) -> Result<()> {
    if held.is_empty() {
        return Ok(());
    }
    let location = &place.location;
    let what = format!("a retired API user of {location} is in use elsewhere; nothing was changed");
    let error = held.iter().fold(Error::new(Kind::Conflict, what), |error, holding| {
        error.because(format!(
            "profile {} has API user {}, at {}",
            holding.profile, holding.what, holding.location
        ))
    });
    Err(error.at(location).next("rotate those profiles first: `momo-cred rotate -p PROFILE`"))
}

/// A record whose users are to be revoked, and with what.
pub(super) struct Revoker<'a> {
    context: &'a Context,
    settings: &'a Settings,
    place: &'a Place,
    effective: Effective,
    keys: Keys,
    by: By,
}

impl<'a> Revoker<'a> {
    /// Stops where a revocation cannot be done.
    pub(super) fn new(
        context: &'a Context,
        settings: &'a Settings,
        place: &'a Place,
        seen: &Seen,
    ) -> Result<Self> {
        guarded(place)?;
        if seen.deleted || seen.record.get(Field::SubscriptionKey).is_none() {
            return Err(place.not_found(seen, &settings.profile));
        }
        place.writable(seen)?;
        let holder = Holder::Record(&place.location);
        seen.record.check().map_err(|malformed| holder.malformed(&malformed))?;
        let effective = Effective::new(settings, &seen.record, holder, Purpose::Use)?;
        let keys = Keys::stored(context, place, &seen.record)?;
        let by = if effective.target_environment.is_sandbox() { By::NewKey } else { By::Portal };
        if by == By::Portal && !prompt::available() {
            return Err(nobody_to_ask(place, &effective));
        }
        Ok(Self { context, settings, place, effective, keys, by })
    }

    /// Whether nobody has to go to the Partner Portal.
    pub(super) fn is_automatic(&self) -> bool {
        self.by == By::NewKey
    }

    /// Whether the user that was named may be revoked.
    fn may_be_revoked(&self, user: Uuid, seen: &Seen, yes: bool) -> Result<()> {
        let location = &self.place.location;
        if seen.record.api_user().ok().flatten() == Some(user) {
            return Err(Error::new(Kind::Usage, format!("API user {user} is the one in use at {location}"))
                .at(location)
                .because("to revoke it would kill the credential that programs get from there")
                .next(
                    "replace it first: `momo-cred rotate`, or `momo-cred compromise` if its key has leaked",
                ));
        }
        if yes || users(seen, None).contains(&user) {
            return Ok(());
        }
        Err(Error::new(
            Kind::Usage,
            format!("API user {user} is not on the list of retired ones at {location}"),
        )
        .at(location)
        .because("it may be in use where this program does not look")
        .next("see the list with `momo-cred status`, or give --yes if you are sure"))
    }

    /// The users with every key of them that the store's history has.
    async fn sorted(&self, users: &[Uuid]) -> Result<Sorted> {
        targets::of(self.context, self.settings, self.place, &self.effective, users).await
    }

    /// The users, each with the keys that are known, or an error where one of them is none of these settings'.
    pub(super) async fn targets(&self, users: &[Uuid]) -> Result<Vec<Target>> {
        let Sorted { here, elsewhere } = self.sorted(users).await?;
        match elsewhere.first() {
            None => Ok(here),
            Some(user) => Err(of_other_settings(self.place, *user)),
        }
    }

    /// Revokes, and says what came of it.
    pub(super) async fn carry_out(
        self,
        seen: Seen,
        targets: Vec<Target>,
        only: Option<Uuid>,
        hold: Option<Hold>,
    ) -> Result<Report> {
        let Self { context, settings, place, effective, keys, by } = self;
        let gateway = context.gateway(settings, &effective)?;
        let lease = lease(settings);
        let driver = Driver {
            store: place.backend.as_ref(),
            name: &place.name,
            gateway: &gateway,
            world: &Here,
            msisdn: None,
            lease,
        };
        context.output.note(&format!(
            "revoking {} {} of {} at {}, gateway {}",
            targets.len(),
            if targets.len() == 1 { "API user" } else { "API users" },
            effective.target_environment,
            place.location,
            effective.base_url
        ));
        let mut head = document::head(context.command, &settings.profile, &place.location.to_string());
        head.insert("product".into(), json!(effective.product.name()));
        head.insert("target_environment".into(), json!(effective.target_environment.as_str()));
        let mut steps = Steps::new(context, head);
        let seeds = Seeds::draw(&Here, lease);
        let inputs = keys.inputs(&effective);
        let plan = RevocationPlan { seen, inputs, targets, only, by, seeds };
        let end = driver.revoke(plan, &mut steps).await;
        context.tell(place.backend.notices());
        drop(hold);
        match end {
            RevocationEnd::Settled(settled) => Ok(Report::new(*settled, by, steps.taken)),
            RevocationEnd::Failed(error) => Err(error.at(&place.location)),
        }
    }
}

/// Without compare-and-swap another writer could put a user back that has just been killed.
pub(super) fn guarded(place: &Place) -> Result<()> {
    if place.backend.capabilities().compare_and_swap {
        return Ok(());
    }
    let location = &place.location;
    Err(Error::new(Kind::Unsupported, format!("{location} is in a store without compare-and-swap"))
        .at(location)
        .because("another writer could publish again what is being revoked")
        .next("use a store with compare-and-swap"))
}

fn nobody_to_ask(place: &Place, effective: &Effective) -> Error {
    let target = &effective.target_environment;
    let what = format!("{target} has no provisioning API, and there is no terminal to wait for somebody at");
    Error::new(Kind::Usage, what)
        .at(&place.location)
        .because("in production a person revokes API users in the Partner Portal")
        .next("run it at a terminal, or revoke the users there and prove it with `momo-cred verify --revision OLD`, which must end with 77")
}
