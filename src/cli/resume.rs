//! `resume`: finish an open claim.

use momo_cred_backend_api::Work;

use super::context::{Context, Place};
use super::document;
use super::provision::{Lifecycle, TIMEOUT};
use crate::config::Settings;
use crate::credential::{ClaimKind, Field, check_key};
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::{Check, ClaimStanding, Inputs, Obtain, Seen, Takeover};
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

/// Finishes what a run that died or failed has begun: claims anew, makes a user of its own, tries it, publishes.
///
/// Works from any machine that reaches the store and the gateway. Without an open claim it says so and ends with 0.
/// A claim whose owner may still live is left alone (75).
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred resume\n  \
    momo-cred resume -p collection --force-takeover    its owner is gone for certain")]
pub(crate) struct Options {
    #[command(flatten)]
    takeover: TakeoverFlag,
}

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

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let settings = context.settings()?;
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    context.block_on(Runtime::Tokio, resume(context, options, &settings, &place))
}

async fn resume(context: &Context, options: &Options, settings: &Settings, place: &Place) -> Result<Outcome> {
    let seen = place.seen(settings, context).await?;
    if matches!(seen.record.claim(), Ok(None)) {
        return nothing_open(context, settings, place, &seen);
    }
    place.writable(&seen)?;
    let hold = place.hold(Work::Renewal, context).await?;
    let seen = place.seen(settings, context).await?;
    let claim = match place.clear(&seen, hold.is_some(), options.takeover.takeover())? {
        ClaimStanding::Dead(claim) => claim,
        _ => return nothing_open(context, settings, place, &seen),
    };
    if claim.kind != ClaimKind::NewUser {
        return Err(Error::new(Kind::Misconfigured, format!("the claim at {} is an import", place.location))
            .at(&place.location)
            .because("the values it was to store were never in the record")
            .next("run `momo-cred abort`, then `momo-cred import` again"));
    }
    let effective = Effective::new(settings, &seen.record, Holder::Record(&place.location), Purpose::Finish)?;
    let inputs = inputs(&seen, &effective, place)?;
    let lifecycle = Lifecycle { context, settings, place, effective: &effective, hold };
    lifecycle.run(seen, inputs, Obtain::NewUser, Check::Full).await
}

/// The claim holds every input.
fn inputs(seen: &Seen, effective: &Effective, place: &Place) -> Result<Inputs> {
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
    if context.output.json() {
        let mut head = document::head(context.command, &settings.profile, &place.location.to_string());
        document::record(&mut head, &seen.record);
        head.insert("revision".into(), document::revision(seen));
        head.insert("claim".into(), serde_json::Value::Null);
        context.result(head, "noop")?;
    }
    Ok(Outcome::SUCCESS)
}
