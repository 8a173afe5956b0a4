//! `revoke`: make retired API users useless, and prove it.

mod alone;
mod drill;
mod portal;
mod report;
mod targets;

use momo_cred_backend_api::{Hold, Work};
use serde_json::json;
use uuid::Uuid;

use self::alone::{Alone, Why};
use self::targets::{Group, Sorted};
use super::confirm::confirm;
use super::context::{Context, Place};
use super::holders::Holding;
use super::keys::{Keys, refused};
use super::provision::{TIMEOUT, lease};
use super::steps::Steps;
use super::{copies, document};
use crate::config::Settings;
use crate::credential::{Claim, Field, check_api_user};
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::{
    By, Driver, Here, Inputs, RevocationEnd, RevocationPlan, Seeds, Seen, Settled, Takeover, aborted,
};
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result, prompt};

pub(super) use drill::after_rotation;
pub(super) use report::Report;

/// Makes the API users useless that were replaced, and proves it. `status` lists them as retired.
///
/// The sandbox has no call that deletes a user. Each is asked for a new key, which nobody keeps, and then its old key is
/// tried, which the store's history has, both with the gateway, product and keys that its revision has. Refused: the user
/// leaves the list. If the old key still works, it is NOT REVOKED (77). Where no old key is known, as with a dotenv file,
/// nothing is proven (69).
///
/// In production it says what to revoke in the Partner Portal, waits until you have done it, and tries the old key. It
/// stops (75) where another profile of the config file still holds such a user, and where a copy of the record in another
/// region has failed; it waits for copies that lag (69 when they do not follow in time).
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

/// What `verify` with an old key has to come to: another refusal, such as that of the subscription key, ends with the same
/// code.
pub(super) const REFUSED: &str = "must say that the gateway refuses the pair of API user and API key (77)";

/// What to do where copies take too long.
const LATER: &str = "run `momo-cred revoke` again later, or give more time with --timeout";

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
        let sorted = revoker.sorted(&seen, None, &users).await?;
        if sorted.is_empty() {
            return revoker.carry_out(seen, sorted, only, None).await?.end(context, &settings, &place);
        }
        let (renewed, by_hand) = (sorted.users(By::NewKey), sorted.users(By::Portal));
        if !by_hand.is_empty() {
            revoker.attended()?;
        }
        stop_if_held(&place, &revoker.held(&sorted, None).await?)?;
        copies::follow(context, &place, &seen.expect, LATER).await?;
        if !by_hand.is_empty() {
            // What keeps the record from being written is told before a person revokes anything.
            drop(place.hold(Work::Renewal, context).await?);
            portal::wait(context, &place, &by_hand)?;
        }
        if !renewed.is_empty() && !options.yes {
            confirm(context, &place.location, "revoke users of", &question(&renewed))?;
        }
        let hold = place.hold(Work::Renewal, context).await?;
        let seen = place.unchanged(&settings, context, &seen.expect).await?;
        place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
        let report = revoker.carry_out(seen, sorted, only, hold).await?;
        report.end(context, &settings, &place)
    })
}

/// `resume` of a claim of kind `revoke`. That a person agreed is in the claim; what takes one at the portal is left to
/// `revoke`.
pub(super) async fn finish(
    context: &Context,
    settings: &Settings,
    place: &Place,
    (seen, claim): (Seen, &Claim),
    hold: Option<Hold>,
) -> Result<Outcome> {
    let revoker = Revoker::new(context, settings, place, &seen)?;
    let mut sorted = revoker.sorted(&seen, None, &users(&seen, claim.api_user)).await?;
    let by_hand = sorted.users(By::Portal);
    sorted.leave(&by_hand, |_| vec![Why::Later]);
    if sorted.is_empty() {
        return revoker.close(seen, sorted).await?.end(context, settings, place);
    }
    stop_if_held(place, &revoker.held(&sorted, None).await?)?;
    copies::follow(context, place, &seen.expect, LATER).await?;
    let report = revoker.carry_out(seen, sorted, claim.api_user, hold).await?;
    report.end(context, settings, place)
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
    inputs: Inputs,
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
        let inputs = Keys::stored(context, place, &seen.record)?.inputs(&effective);
        let by = if effective.target_environment.is_sandbox() { By::NewKey } else { By::Portal };
        Ok(Self { context, settings, place, effective, inputs, by })
    }

    /// Whether nobody has to go to the Partner Portal for the record's own users.
    pub(super) fn is_automatic(&self) -> bool {
        self.by == By::NewKey
    }

    /// Stops where somebody has to go to the portal and nobody is there.
    pub(super) fn attended(&self) -> Result<()> {
        if prompt::available() { Ok(()) } else { Err(nobody_to_ask(self.place, &self.effective)) }
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

    /// Revokes, and says what came of it: with the settings in force first, without which nothing is done.
    async fn carry_out(
        &self,
        seen: Seen,
        sorted: Sorted,
        only: Option<Uuid>,
        hold: Option<Hold>,
    ) -> Result<Report> {
        let Sorted { here, elsewhere, alone } = sorted;
        let mut report = Report::new(&seen);
        report.left_alone(alone);
        if let Some(group) = here {
            self.revoke(group, only, &mut report).await?.map_err(|(_, error)| *error)?;
        }
        for group in elsewhere {
            if let Err((users, error)) = self.revoke(group, only, &mut report).await? {
                let unbegun = |user| Alone { user, why: Why::Unbegun(error.clone()) };
                report.left_alone(users.into_iter().map(unbegun));
            }
        }
        drop(hold);
        Ok(report)
    }

    /// Closes a claim under which there is nothing that can be done.
    async fn close(&self, seen: Seen, sorted: Sorted) -> Result<Report> {
        let mut report = Report::new(&seen);
        report.left_alone(sorted.alone);
        let record = aborted(seen.record);
        let place = self.place;
        let revision = place.backend.write(&place.name, record.document(), &seen.expect).await?;
        self.context.output.note(&format!("the claim at {} is closed; revision {revision}", place.location));
        report.settled(Settled { record, revision: Some(revision), users: Vec::new() }, self.by);
        Ok(report)
    }

    /// Revokes the users of one group. Answers with them where it did not begin and nothing was changed.
    async fn revoke(
        &self,
        group: Group,
        only: Option<Uuid>,
        report: &mut Report,
    ) -> Result<std::result::Result<(), (Vec<Uuid>, Box<Error>)>> {
        let Self { context, settings, place, .. } = *self;
        let Group { effective, inputs, witness, by, targets } = group;
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
        let users: Vec<_> = targets.iter().map(|target| target.user).collect();
        let plan = RevocationPlan { seen: report.seen(), inputs, witness, targets, only, by, seeds };
        let end = driver.revoke(plan, &mut steps).await;
        context.tell(place.backend.notices());
        report.stepped(steps.taken);
        match end {
            RevocationEnd::Settled(settled) => {
                report.settled(*settled, by);
                Ok(Ok(()))
            }
            RevocationEnd::Unbegun(error) => Ok(Err((users, Box::new(error.at(&place.location))))),
            RevocationEnd::Failed(error) => Err(report.before(*error).at(&place.location)),
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
        .next(format!(
            "run it at a terminal, or revoke the users there and prove it: `momo-cred verify --revision OLD` {REFUSED}"
        ))
}
