//! `provision`: a new sandbox user and key, straight into the store.

use std::time::Duration;

use momo_cred_backend_api::{Expect, Hold, Revision, Work};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::context::{Context, Place};
use super::hook::{HookFlag, after_publish};
use super::keys::KeyFiles;
use super::steps::Steps;
use super::{document, trail};
use crate::audit::Ending;
use crate::config::Settings;
use crate::credential::{Field, Fingerprint, RecordState};
use crate::effective::{Effective, Holder, Purpose};
use crate::hook::Facts;
use crate::lifecycle::{Check, Driver, Finish, Here, Inputs, Obtain, Plan, Published, Seeds, Seen, Takeover};
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

/// Total time for the network where `--timeout` says nothing.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// How long a claim lasts where the config says nothing.
const LEASE: Duration = Duration::from_secs(300);

/// Asks the sandbox for a new API user and key, tries them, and writes them into the store. Nothing is shown.
///
/// The record must be absent, or --replace. The write is claimed first, so a run that dies is finished by
/// `momo-cred resume` from any machine, and a second run beside it changes nothing (75).
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred provision --callback-host localhost\n  \
    momo-cred provision -p collection --subscription-key-file /run/secrets/momo\n  \
    pass show momo | momo-cred provision --callback-host pay.example.com --subscription-key-file -\n\n\
    In production MTN makes users and keys in the Partner Portal: use `momo-cred import`.")]
pub(crate) struct Options {
    #[command(flatten)]
    keys: KeyFiles,
    /// Write over a record that is there; it keeps working until the new credential is published
    #[arg(long)]
    replace: bool,
    /// Publish without trying the credential
    #[arg(long)]
    no_verify: bool,
    /// Go on although the store has no compare-and-swap, so that two writers could overwrite each other
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    hook: HookFlag,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let settings = options.hook.settings(context)?;
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    context.block_on(Runtime::Tokio, provision(context, options, &settings, &place))
}

async fn provision(
    context: &Context,
    options: &Options,
    settings: &Settings,
    place: &Place,
) -> Result<Outcome> {
    // Read and ask before the lock: a run that has to stop anyway stops at once, and nobody waits for a person.
    let seen = place.seen(settings, context).await?;
    stop_if_taken(&seen, place, options.replace)?;
    // A vacant record counts as absent: what a claim that was dropped left there binds nobody.
    let anew = options.replace || seen.record.state() == RecordState::Vacant;
    let purpose = if anew { Purpose::Replace } else { Purpose::Use };
    let effective = Effective::new(settings, &seen.record, Holder::Record(&place.location), purpose)?;
    refuse_production(&effective, place)?;
    if effective.callback_host.is_none() {
        return Err(no_callback_host());
    }
    unguarded(place, options.yes)?;
    let keys = options.keys.gather(context, place, &seen.record)?;
    let hold = place.hold(Work::Renewal, context).await?;
    let seen = place.unchanged(settings, context, &seen.expect).await?;
    place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
    let inputs = keys.inputs(&effective);
    let seen = over_deleted(seen, options.replace);
    let check = if options.no_verify { Check::Skipped } else { Check::Full };
    let lifecycle = Lifecycle { context, settings, place, effective: &effective, hold };
    lifecycle.run(seen, inputs, Obtain::NewUser, check).await
}

/// Without compare-and-swap a claim keeps nobody out: a person has to know that nobody else writes.
pub(super) fn unguarded(place: &Place, yes: bool) -> Result<()> {
    if yes || place.backend.capabilities().compare_and_swap {
        return Ok(());
    }
    let location = &place.location;
    let error = Error::new(Kind::Unsupported, format!("{location} is in a store without compare-and-swap"));
    Err(error
        .at(location)
        .because("two runs at once could each make a user, and one would overwrite the other's key")
        .next("give --yes if nothing else writes there, or use a store with compare-and-swap"))
}

/// A record that is complete is not touched without `--replace`; nor is one that a newer version wrote.
pub(super) fn stop_if_taken(seen: &Seen, place: &Place, replace: bool) -> Result<()> {
    let location = &place.location;
    place.writable(seen)?;
    let error = match seen.record.state() {
        _ if replace => return Ok(()),
        RecordState::Vacant if seen.deleted => {
            Error::new(Kind::Conflict, format!("the record at {location} was deleted, which is not absent"))
                .next(format!("{}, or write over it with --replace", place.undelete()))
        }
        RecordState::Vacant => return Ok(()),
        _ => Error::new(
            Kind::Conflict,
            format!("there is a credential at {location} already; nothing was changed"),
        )
        .next("get a new one in its place with `momo-cred rotate`, write over it with --replace, or choose another --store"),
    };
    Err(error.at(location))
}

/// Production has no provisioning API: its paths are 404.
fn refuse_production(effective: &Effective, place: &Place) -> Result<()> {
    if effective.target_environment.is_sandbox() {
        return Ok(());
    }
    Err(Error::new(Kind::Misconfigured, format!("{} has no provisioning API", effective.target_environment))
        .at(&place.location)
        .because("in production MTN shows users and keys once, in the Partner Portal")
        .next("make the user there and put it into the store with `momo-cred import`"))
}

pub(super) fn no_callback_host() -> Error {
    Error::new(Kind::Usage, "a callback host is needed to make an API user, and none is set")
        .because(
            "MoMo calls back only to the host that the user was made with, and it cannot be changed later",
        )
        .next(
            "give --callback-host pay.example.com, or --callback-host localhost if you take no callbacks yet",
        )
}

/// `--replace` writes over a deleted record by the revision that was seen.
fn over_deleted(mut seen: Seen, replace: bool) -> Seen {
    if seen.deleted && !replace {
        seen.expect = Expect::Absent;
    }
    seen
}

/// Said when nobody else is at work and before anything happens: afterwards nobody can change their mind.
pub(super) fn say_what_is_lost(context: &Context, place: &Place) {
    if !place.backend.capabilities().history {
        context.output.note(&format!("{} keeps no history: the old key will not be kept", place.location));
    }
}

/// How long a claim lasts: never shorter than the run that made it, and some.
pub(super) fn lease(settings: &Settings) -> Duration {
    let deadline = settings.timeout.as_ref().map_or(TIMEOUT, |setting| setting.value);
    let asked = settings.lease.as_ref().map_or(LEASE, |setting| setting.value);
    asked.max(deadline + Duration::from_secs(120))
}

/// What `provision`, `rotate`, `import` and `resume` have in common: run the steps and say how they ended.
pub(super) struct Lifecycle<'a> {
    pub(super) context: &'a Context,
    pub(super) settings: &'a Settings,
    pub(super) place: &'a Place,
    pub(super) effective: &'a Effective,
    /// Given back before the hook runs, which may work on the same file.
    pub(super) hold: Option<Hold>,
}

/// How the steps of a lifecycle ended, where they did not fail.
pub(super) enum Performed {
    /// Something was published.
    Published(Box<Publication>),
    /// A signal came before, which was told of.
    Stopped(Outcome),
}

/// What was published, and what is known of the run so far.
pub(super) struct Publication {
    /// The beginning of its document.
    pub(super) head: Map<String, Value>,
    pub(super) published: Published,
    /// What the run found.
    pub(super) previous: Option<Revision>,
    /// A signal that the process is to end by.
    pub(super) noted: Option<i32>,
}

/// How a lifecycle ended that did not fail.
pub(super) enum Ended {
    /// A credential is published; the result is not told yet.
    Published(Box<Done>),
    /// Nothing was published, and all is told.
    Told(Outcome),
}

/// A publication, with its hook run.
pub(super) struct Done {
    /// The result, as far as it is known.
    pub(super) head: Map<String, Value>,
    pub(super) revision: Revision,
    /// The API user of it.
    pub(super) user: Uuid,
    /// Success, or the signal that came meanwhile.
    pub(super) outcome: Outcome,
}

impl Ended {
    /// Tells scripts the result.
    pub(super) fn tell(self, context: &Context) -> Result<Outcome> {
        let done = match self {
            Self::Published(done) => done,
            Self::Told(outcome) => return Ok(outcome),
        };
        if context.output.json() {
            let stored = format!("the credential was stored all the same, as revision {}", done.revision);
            context.result(done.head, "ok").map_err(|error| error.because(stored))?;
        }
        Ok(done.outcome)
    }
}

impl Lifecycle<'_> {
    /// The steps, and everything that is told of them and done after them.
    pub(super) async fn run(
        self,
        seen: Seen,
        inputs: Inputs,
        obtain: Obtain,
        check: Check,
    ) -> Result<Outcome> {
        let context = self.context;
        self.carry_out(seen, inputs, obtain, check).await?.tell(context)
    }

    /// The same, but for the result.
    pub(super) async fn carry_out(
        mut self,
        seen: Seen,
        inputs: Inputs,
        obtain: Obtain,
        check: Check,
    ) -> Result<Ended> {
        Ok(match self.perform(seen, inputs, obtain, check).await? {
            Performed::Stopped(outcome) => Ended::Told(outcome),
            Performed::Published(publication) => Ended::Published(Box::new(self.published(*publication))),
        })
    }

    /// The steps alone.
    pub(super) async fn perform(
        &mut self,
        seen: Seen,
        inputs: Inputs,
        obtain: Obtain,
        check: Check,
    ) -> Result<Performed> {
        let (context, place) = (self.context, self.place);
        let previous = trail::found(&seen);
        let gateway = context.gateway(self.settings, self.effective)?;
        let lease = lease(self.settings);
        let seeds = Seeds::draw(&Here, lease);
        let driver = Driver {
            store: place.backend.as_ref(),
            name: &place.name,
            gateway: &gateway,
            world: &Here,
            msisdn: None,
            lease,
        };
        context.output.note(&format!(
            "{} {} {} at {}, gateway {}",
            context.command,
            self.effective.target_environment,
            self.effective.product,
            place.location,
            self.effective.base_url
        ));
        if seen.record.get(Field::ApiKey).is_some() && !matches!(obtain, Obtain::Kept { .. }) {
            say_what_is_lost(context, place);
        }
        let head = self.head();
        let mut steps = Steps::new(context, head.clone());
        let (finish, noted) = driver.run(Plan { seen, inputs, obtain, check, seeds }, &mut steps).await;
        context.tell(place.backend.notices());
        drop(self.hold.take());
        match finish {
            Finish::Published(published) => {
                let mut head = head;
                head.insert("steps".into(), Value::Array(steps.taken));
                let publication = Publication { head, published: *published, previous, noted };
                Ok(Performed::Published(Box::new(publication)))
            }
            Finish::Failed(error) => Err(error.at(&place.location)),
            Finish::Stopped(error) => {
                self.stopped(head, steps.taken, &context.output.addressed(&error))?;
                Ok(Performed::Stopped(noted.map_or(Outcome::SUCCESS, Outcome::Signal)))
            }
        }
    }

    /// A signal stopped the run: how things stand is said before the process ends by it.
    fn stopped(&self, mut head: Map<String, Value>, steps: Vec<Value>, error: &Error) -> Result<()> {
        self.context.output.error(error);
        self.context.trail.ended(&self.context.output, Ending::Stopped, None);
        if self.context.output.json() {
            head.insert("steps".into(), Value::Array(steps));
            head.insert("claim".into(), document::claim_in(error));
            head.insert("error".into(), document::error(error, error.kind().exit_code()));
            self.context.result(head, document::outcome(error))?;
        }
        Ok(())
    }

    fn head(&self) -> Map<String, Value> {
        let mut head =
            document::head(self.context.command, &self.settings.profile, &self.place.location.to_string());
        head.insert("product".into(), json!(self.effective.product.name()));
        head.insert("target_environment".into(), json!(self.effective.target_environment.as_str()));
        head
    }

    /// Tells of it, runs the hook, and tells of that.
    fn published(&self, publication: Publication) -> Done {
        let Publication { mut head, published, previous, noted } = publication;
        let (context, output) = (self.context, &self.context.output);
        context.trail.ended(output, Ending::Ok, Some((&published.revision, &published.record)));
        let key = published.record.get(Field::ApiKey).and_then(|key| Fingerprint::of(Field::ApiKey, key));
        let key = key.map(|fingerprint| fingerprint.to_string()).unwrap_or_default();
        output.note(&format!(
            "stored at {}: API user {}, API key {key} (a fingerprint), revision {}",
            self.place.location, published.user, published.revision
        ));
        if let Some(role) = published.key {
            output.detail(&format!("the user was made with {}", role.field()));
        }
        if !published.verified {
            output.warn(match published.key {
                Some(_) => "the credential was not proven at the gateway: run `momo-cred verify`",
                None => "the credential was not proven at the gateway: keep the popup open until `momo-cred verify` passes",
            });
        }
        document::record(&mut head, &published.record);
        head.insert("revision".into(), json!(published.revision.as_str()));
        head.insert("verified".into(), json!(published.verified));
        head.insert("claim".into(), Value::Null);
        let facts = self.facts(&published, previous);
        let user = published.user;
        // What is published is out of memory before somebody's program starts.
        drop(published);
        let hooked = after_publish(context, self.settings, &facts, noted);
        if let Some(hooked) = &hooked {
            head.insert("hook".into(), hooked.document());
        }
        let signal = noted.or_else(|| hooked.and_then(|hooked| hooked.signal()));
        let outcome = signal.map_or(Outcome::SUCCESS, Outcome::Signal);
        Done { head, revision: facts.revision, user, outcome }
    }

    pub(super) fn facts(&self, published: &Published, previous: Option<Revision>) -> Facts {
        Facts {
            command: self.context.command,
            profile: self.settings.profile.clone(),
            product: self.effective.product.to_string(),
            target_environment: self.effective.target_environment.to_string(),
            location: self.place.location.to_string(),
            revision: published.revision.clone(),
            previous,
            api_user: published.user.to_string(),
        }
    }
}
