//! `resume`: finish an open claim.

use std::path::PathBuf;

use momo_cred_backend_api::Work;

use super::context::{Context, Place};
use super::provision::{Lifecycle, TIMEOUT};
use super::rotate::rekey::refuse_while_held;
use super::rotate::subscription_key::{Change, Consumers};
use super::{copies, revoke};
use crate::config::Settings;
use crate::credential::{Claim, ClaimKind, Field, Malformed, check_key};
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::{Check, Described, Inputs, Obtain, Seen, Takeover};
use crate::momo::CallbackHost;
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

/// Finishes what a run that died or failed has begun: claims anew, makes a user of its own, tries it, publishes.
///
/// Works from any machine that reaches the store and the gateway. Without an open claim it says so and ends with 0.
/// A revocation asks for new keys again, and tries the old ones. A claim whose owner may still live is left alone (75). So is a rekey, which never expires: --force-takeover asks for
/// another key of the same API user.
///
/// A rotation of the subscription key goes on where it stopped: it asks whether programs are restarted, says what to do
/// in the portal, and takes the new primary.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred resume\n  \
    momo-cred resume -p collection --force-takeover    its owner is gone for certain\n  \
    momo-cred resume --consumers-restarted --from new.key")]
pub(crate) struct Options {
    #[command(flatten)]
    takeover: TakeoverFlag,
    /// In a rotation of the subscription key: every program that uses the record is restarted; do not ask
    #[arg(long)]
    consumers_restarted: bool,
    /// In a rotation of the subscription key: read the new primary from a file, `-` for standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// What to do once nothing stands against a rekey any more.
const GO_ON: &str = "then run `momo-cred resume --force-takeover` again";

/// What to do before a rekey goes on, where other records have its key.
const FREE_THE_KEY: [&str; 2] = ["rotate those profiles first: `momo-cred rotate -p PROFILE`", GO_ON];

/// Whether a person vouches for the death of an owner.
#[derive(clap::Args, Debug)]
pub(super) struct TakeoverFlag {
    /// Take the claim over although its owner may live
    #[arg(long)]
    force_takeover: bool,
}

impl TakeoverFlag {
    pub(super) fn takeover(&self) -> Takeover {
        if self.force_takeover { Takeover::Forced } else { Takeover::OnEvidence }
    }
}

impl Options {
    fn refuse_flags_of_another_kind(&self, place: &Place, claim: &Claim, seen: &Seen) -> Result<()> {
        let given = [(self.consumers_restarted, "--consumers-restarted"), (self.from.is_some(), "--from")];
        let Some((_, flag)) = given.into_iter().find(|(given, _)| *given) else { return Ok(()) };
        if claim.kind.phase().is_some() {
            return Ok(());
        }
        let what = format!("{flag} is for a rotation of the subscription key");
        Err(Error::new(Kind::Usage, what)
            .because(format!("{} holds {}", place.location, Described(claim)))
            .at(&place.location)
            .about(claim, seen.age)
            .next(format!("leave {flag} out; nothing was changed")))
    }
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let settings = context.settings()?;
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    context.block_on(Runtime::Tokio, resume(context, options, &settings, &place))
}

async fn resume(context: &Context, options: &Options, settings: &Settings, place: &Place) -> Result<Outcome> {
    let seen = place.seen(settings, context).await?;
    match seen.record.claim() {
        Ok(None) => return nothing_open(context, settings, place, &seen),
        Ok(Some(claim)) => options.refuse_flags_of_another_kind(place, &claim, &seen)?,
        // Told by whoever judges it.
        Err(_) => {}
    }
    place.writable(&seen)?;
    let hold = place.hold(Work::Renewal, context).await?;
    let seen = place.seen(settings, context).await?;
    let Some(claim) = place.left_open(&seen, hold.is_some(), options.takeover.takeover())? else {
        return nothing_open(context, settings, place, &seen);
    };
    // It may have changed since.
    options.refuse_flags_of_another_kind(place, &claim, &seen)?;
    if claim.kind == ClaimKind::Revoke {
        return revoke::finish(context, settings, place, (seen, &claim), hold).await;
    }
    if let ClaimKind::SubscriptionKey(phase) = claim.kind {
        let (from, consumers) = (options.from.as_deref(), Consumers::from(options.consumers_restarted));
        return Change { context, settings, place, from, consumers }.proceed(phase, seen, hold).await;
    }
    let obtain = obtain(&claim, &seen, place)?;
    let effective = Effective::new(settings, &seen.record, Holder::Record(&place.location), Purpose::Finish)?;
    if claim.kind == ClaimKind::Rekey {
        keep_callback_host(&seen, &effective, place)?;
        copies::refuse_lost(context, place, &seen.expect).await.map_err(|error| error.next(GO_ON))?;
        refuse_while_held(context, place, &seen.record, &FREE_THE_KEY).await?;
    }
    let inputs = inputs(&seen, &effective, place)?;
    let lifecycle = Lifecycle { context, settings, place, effective: &effective, hold };
    lifecycle.run(seen, inputs, obtain, Check::Full).await
}

/// Where the key comes from that the claim was for.
fn obtain(claim: &Claim, seen: &Seen, place: &Place) -> Result<Obtain> {
    match claim.kind {
        ClaimKind::NewUser => Ok(Obtain::NewUser),
        ClaimKind::Rekey => {
            let holder = Holder::Record(&place.location);
            let user = seen.record.api_user().map_err(|bad| holder.malformed(&bad))?;
            let user = user.ok_or_else(|| holder.malformed(&Malformed::Incomplete(vec![Field::ApiUser])))?;
            Ok(Obtain::NewKey { user })
        }
        // The values of an import are in no claim; the other kind goes a way of its own.
        ClaimKind::Import | ClaimKind::SubscriptionKey(_) => {
            Err(Error::new(Kind::Misconfigured, format!("the claim at {} is an import", place.location))
                .at(&place.location)
                .because("the values it was to store were never in the record")
                .next("run `momo-cred abort`, then `momo-cred import` again"))
        }
        ClaimKind::Revoke => Err(Error::new(Kind::Internal, "a revocation asks for no credential")),
    }
}

/// A user keeps the callback host that it was made with.
pub(super) fn keep_callback_host(seen: &Seen, effective: &Effective, place: &Place) -> Result<()> {
    let stored = seen.record.text(Field::CallbackHost);
    let asked = effective.callback_host.as_ref().map(CallbackHost::as_str);
    if stored.is_none() || stored == asked {
        return Ok(());
    }
    Err(Error::new(Kind::Misconfigured, format!("the API user at {} has another callback host", place.location))
        .at(&place.location)
        .because("the callback host of an API user cannot be changed, and the user stays")
        .next("leave --callback-host and MOMO_CRED_CALLBACK_HOST out, or rotate with the default strategy, new-user"))
}

/// The claim holds every input.
pub(super) fn inputs(seen: &Seen, effective: &Effective, place: &Place) -> Result<Inputs> {
    let record = &seen.record;
    let Some(subscription_key) = record.input(Field::SubscriptionKey).cloned() else {
        return Err(Error::new(
            Kind::Corrupt,
            format!("the claim at {} holds no subscription key", place.location),
        )
        .at(&place.location)
        .next("run `momo-cred abort`, then `momo-cred provision`"));
    };
    check_key(Field::SubscriptionKey, &subscription_key).map_err(|bad| {
        Error::new(Kind::Corrupt, format!("the claim at {} is malformed", place.location))
            .because(bad)
            .at(&place.location)
            .next("run `momo-cred abort`, then `momo-cred provision`")
    })?;
    Ok(Inputs {
        product: effective.product,
        target_environment: effective.target_environment.clone(),
        base_url: effective.base_url.to_string(),
        callback_host: effective.callback_host.clone(),
        subscription_key,
        secondary: record.input(Field::SubscriptionKeySecondary).cloned(),
        provisioning: record.input(Field::ProvisioningSubscriptionKey).cloned(),
    })
}

/// No open claim: says so, and that is fine.
pub(super) fn nothing_open(
    context: &Context,
    settings: &Settings,
    place: &Place,
    seen: &Seen,
) -> Result<Outcome> {
    context.output.note(&format!("no claim is open at {}; nothing to do", place.location));
    context.trail.noop(&context.output, seen);
    context.noop(settings, place, seen)
}
