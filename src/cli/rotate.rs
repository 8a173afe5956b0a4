//! `rotate`: a new credential beside the old one, checked, then published in its place.

mod age;
mod guided;
pub(super) mod rekey;
pub(super) mod subscription_key;

use std::path::PathBuf;

use momo_cred_backend_api::Work;

use super::confirm::confirm;
use super::context::{Context, Place, complete};
use super::hook::HookFlag;
use super::keys::Keys;
use super::plan::Plan;
use super::provision::{Ended, Lifecycle, TIMEOUT, no_callback_host, say_what_is_lost, unguarded};
use crate::config::Settings;
use crate::credential::{Field, Malformed};
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::{Check, Described, Inputs, Obtain, Seen, Takeover};
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

/// Replaces the stored credential by a new one, which is checked before it is published. Nothing is shown.
///
/// In the sandbox a new API user is made beside the old one, whose key works on until programs have the new one. All
/// inputs come from the record, so --store alone is enough. The write is claimed first: run it again, or run
/// `momo-cred resume`, to finish what a run that died has begun; beside a run at work nothing is changed (75).
///
/// In production MTN makes users in the Partner Portal: it says what to do there, takes the new user and key at a
/// prompt or from --from, checks them, and publishes them.
///
/// --subscription-key changes the other axis, in the sandbox and in production: the secondary subscription key is tried
/// and takes over; once every program has it, the primary is regenerated in the portal, and the new one is taken, tried
/// and published. In between a claim stays open and both keys work; `momo-cred resume` goes on, from any machine.
#[derive(clap::Args, Debug, Default)]
#[command(after_help = "Examples:\n  \
    momo-cred rotate\n  \
    momo-cred rotate -p collection --if-older-than 30d        for a job: nothing to do is 0\n  \
    momo-cred rotate --store vault:secret/momo/sandbox/collection --dry-run\n  \
    pass show momo-new | momo-cred rotate -p production --from -\n  \
    momo-cred rotate --subscription-key                       guided, with a person at the terminal")]
pub(crate) struct Options {
    /// How the sandbox is asked for a new key
    #[arg(long, value_enum, default_value_t, value_name = "STRATEGY")]
    strategy: Strategy,
    /// Do nothing where the credential was issued less than this ago, such as 30d or 12h
    #[arg(long, value_name = "DURATION")]
    if_older_than: Option<String>,
    /// Change the subscription key instead: the secondary takes over, and the primary is regenerated in the portal
    #[arg(long, conflicts_with_all = ["strategy", "if_older_than"])]
    subscription_key: bool,
    /// With --subscription-key: every program that uses the record is restarted, by a hook or by hand; do not ask
    #[arg(long, requires = "subscription_key")]
    consumers_restarted: bool,
    /// In production: read the new user and key from a file, `-` for standard input. With --subscription-key: the new
    /// primary, alone in the file
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Show what would be done, with fingerprints; ask the gateway nothing and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before a rekey; go on although the store has no compare-and-swap
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    hook: HookFlag,
    /// What is left to do is done by `compromise`
    #[arg(skip)]
    in_a_drill: bool,
}

/// Where a new key comes from in the sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Strategy {
    /// A new API user with a key of its own; the old one works on
    #[default]
    NewUser,
    /// Another key for the same API user. The key in use may die at once, before the new one is stored, and a run that
    /// fails in between leaves a dead key: only where the user must stay
    Rekey,
}

impl Strategy {
    const fn name(self) -> &'static str {
        match self {
            Self::NewUser => "new-user",
            Self::Rekey => "rekey",
        }
    }
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let limit = options.if_older_than.as_deref().map(age::limit).transpose()?;
    if options.dry_run {
        context.trail.leave_out();
    }
    let settings = options.hook.settings(context)?;
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    context.block_on(Runtime::Tokio, async {
        let seen = place.seen(&settings, context).await?;
        complete(&seen, &place, &settings.profile)?;
        place.writable(&seen)?;
        if let Some(limit) = limit
            && age::is_young(context, &place, &seen.record, limit)?
        {
            context.trail.noop(&context.output, &seen);
            return context.noop(&settings, &place, &seen);
        }
        let effective =
            Effective::new(&settings, &seen.record, Holder::Record(&place.location), Purpose::Use)?;
        let old = Old { context, options, place: &place, seen, effective };
        if options.subscription_key {
            return old.change_subscription_key(&settings).await;
        }
        old.replace(settings).await?.tell(context)
    })
}

/// Replaces a complete credential at once, as the first part of `compromise`.
pub(super) async fn now(context: &Context, settings: &Settings, place: &Place, seen: Seen) -> Result<Ended> {
    let effective = Effective::new(settings, &seen.record, Holder::Record(&place.location), Purpose::Use)?;
    let options = Options { in_a_drill: true, ..Options::default() };
    Old { context, options: &options, place, seen, effective }.replace(settings.clone()).await
}

/// The credential that is to be replaced, and what it is used with.
struct Old<'a> {
    context: &'a Context,
    options: &'a Options,
    place: &'a Place,
    seen: Seen,
    effective: Effective,
}

impl Old<'_> {
    async fn replace(self, settings: Settings) -> Result<Ended> {
        if self.effective.target_environment.is_sandbox() {
            self.renew(&settings).await
        } else {
            self.guide(settings).await
        }
    }

    /// By the provisioning API.
    async fn renew(self, settings: &Settings) -> Result<Ended> {
        let Self { context, options, place, .. } = self;
        if options.from.is_some() {
            return Err(Error::new(Kind::Usage, "--from is for production: the sandbox makes user and key itself")
                .at(&place.location)
                .next("leave --from out, or put a credential that exists in place with `momo-cred import --replace`"));
        }
        let inputs = Keys::stored(context, place, &self.seen.record)?.inputs(&self.effective);
        let obtain = match options.strategy {
            Strategy::NewUser if inputs.callback_host.is_none() => return Err(no_callback_host()),
            Strategy::NewUser => {
                unguarded(place, options.yes)?;
                Obtain::NewUser
            }
            Strategy::Rekey => {
                rekey::refuse_where_harmful(&self).await?;
                Obtain::NewKey { user: self.user()? }
            }
        };
        if options.dry_run {
            say_what_is_lost(context, place);
            return self.plan(&inputs)?.show(context, settings, place, "rotate").map(Ended::Told);
        }
        if options.strategy == Strategy::Rekey && !options.yes {
            confirm(context, &place.location, "rekey", &rekey::question(self.user()?))?;
        }
        let hold = place.hold(Work::Renewal, context).await?;
        let seen = place.unchanged(settings, context, &self.seen.expect).await?;
        place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
        let lifecycle = Lifecycle { context, settings, place, effective: &self.effective, hold };
        lifecycle.carry_out(seen, inputs, obtain, Check::Full).await
    }

    fn user(&self) -> Result<uuid::Uuid> {
        let incomplete =
            || Holder::Record(&self.place.location).malformed(&Malformed::Incomplete(vec![Field::ApiUser]));
        self.seen.record.api_user().ok().flatten().ok_or_else(incomplete)
    }

    /// What `--dry-run` shows. The new values do not exist yet.
    fn plan(&self, inputs: &Inputs) -> Result<Plan> {
        let (record, strategy) = (&self.seen.record, self.options.strategy);
        let mut plan = Plan::default();
        plan.say("strategy", strategy.name());
        let user = self.user()?;
        plan.say(
            Field::ApiUser.name(),
            match strategy {
                Strategy::NewUser => format!("{user}, replaced by a new one"),
                Strategy::Rekey => format!("{user}, which stays"),
            },
        );
        plan.replaced(Field::ApiKey, record.get(Field::ApiKey), None);
        for (role, key) in inputs.provisioning_keys() {
            plan.key(role.field(), key);
        }
        self.say_settings(&mut plan);
        Ok(plan)
    }

    fn say_settings(&self, plan: &mut Plan) {
        let effective = &self.effective;
        plan.say(Field::Product.name(), effective.product.to_string());
        plan.say(Field::TargetEnvironment.name(), effective.target_environment.to_string());
        plan.say(Field::BaseUrl.name(), effective.base_url.to_string());
        if let Some(host) = &effective.callback_host {
            plan.say(Field::CallbackHost.name(), host.to_string());
        }
        if let Ok(Some(claim)) = self.seen.record.claim() {
            plan.say("open claim", Described(&claim).to_string());
        }
    }
}
