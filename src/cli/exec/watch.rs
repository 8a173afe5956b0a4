//! `exec --mask` and `exec --watch`: what is asked of the supervisor, and what its children do.

use std::time::Duration;

use momo_cred_backend_api::ErrorKind;

use super::super::context::Context;
use super::super::network::Network;
use super::super::output::Output;
use super::super::subject::Subject;
use super::super::trail::Trail;
use super::cached::Reads;
use super::{Asked, Options, Outage, Profiles, Tokens, child_env};
use crate::config::{duration, variables};
use crate::exec::mask::Hidden;
use crate::exec::supervise::{Action, Errand, Known, Plan, Purpose, Role, Watch, by_name, supervise};
use crate::exec::{Replacement, Set};
use crate::{Error, Kind, Outcome, Result};

/// The time between two looks where nothing says otherwise.
const INTERVAL: Duration = Duration::from_secs(30);
const BOUNDS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(24 * 3600);

/// Variables of systemd for the process that has this number, which is not the program here.
const ADDRESSED: [&str; 2] = ["LISTEN_PID", "WATCHDOG_PID"];

/// What the options ask of the supervisor, if they ask for one.
pub(super) fn plan(context: &Context, options: &Options) -> Result<Option<Plan>> {
    let watch = match &options.watch {
        Some(action) => Some(Watch { action: parse(action)?, interval: interval(context)? }),
        None => None,
    };
    let plan = Plan { mask: options.mask, watch };
    Ok((plan.mask || plan.watch.is_some()).then_some(plan))
}

fn parse(action: &str) -> Result<Action> {
    if action == "restart" {
        return Ok(Action::Restart);
    }
    by_name(action).map(Action::Signal).ok_or_else(|| {
        Error::new(Kind::Usage, "--watch names an action that there is not")
            .next("use restart, or a signal that the program reads its settings on: HUP, INT, QUIT, USR1, USR2, ALRM, TERM, CONT or WINCH")
    })
}

fn interval(context: &Context) -> Result<Duration> {
    let Some(text) = context.environment.text(variables::WATCH_INTERVAL)? else { return Ok(INTERVAL) };
    duration::parse_within(text, BOUNDS).map_err(|bad| {
        Error::new(Kind::Misconfigured, format!("{} is no time between two looks", variables::WATCH_INTERVAL))
            .because(bad)
            .next("set it to something like 30s or 5m, or unset it")
    })
}

/// Runs the program under a supervisor.
pub(super) fn supervised(context: &Context, options: &Options, asked: &Asked, plan: Plan) -> Result<Outcome> {
    let say = |line: &str| context.output.noted(&format!("momo-cred: {line}"));
    let errand = match supervise(plan, &say)? {
        Role::Ended(outcome) => return Ok(outcome),
        Role::Errand(errand) => errand,
    };
    let work = Work { options, asked };
    if errand.known().is_none() {
        let profiles = Profiles::open(context, options)?;
        let ready = profiles.ready(context, Reads::ToStart, Outage::Cached)?;
        let sets = profiles.sets(context, asked, &ready, Tokens::Exchanged)?;
        return work.begin(context, errand, &sets);
    }
    let context = quiet(context);
    let found = work.again(&context, &errand);
    let done = match found {
        Ok(Found::Changed(_, sets)) if errand.purpose() == Purpose::Start => {
            work.begin(&context, errand, &sets)
        }
        found => {
            context.close();
            let told = match found {
                Ok(Found::Same(known)) => errand.same(&known),
                Ok(Found::Changed(known, sets)) => errand.changed(&known, &Hidden::of(&sets)),
                Err(error) => errand.failed(&error),
            };
            told.map(|()| Outcome::SUCCESS)
        }
    };
    // Whom it was to be told has gone.
    Ok(done.unwrap_or(Outcome::SUCCESS))
}

/// What the supervisor's children say goes to the supervisor: it decides what people hear.
fn quiet(context: &Context) -> Context {
    Context {
        command: context.command,
        global: context.global.clone(),
        environment: context.environment.clone(),
        output: Output::silent(),
        network: Network::new(),
        trail: Trail::new(context.command, false),
        subject: Subject::default(),
    }
}

/// What a further look has found.
enum Found {
    /// Nothing that matters to the program.
    Same(Known),
    /// Other values, which are complete.
    Changed(Known, Vec<Set>),
}

/// The work of a child of the supervisor.
struct Work<'a> {
    options: &'a Options,
    asked: &'a Asked,
}

impl Work<'_> {
    /// Everything is there to become the program.
    fn begin(&self, context: &Context, errand: Errand, sets: &[Set]) -> Result<Outcome> {
        let mut env = child_env(context, self.options, self.asked, sets)?;
        let (supervisor, own) = (errand.supervisor().to_string(), std::process::id().to_string());
        for name in ADDRESSED {
            let is_there = env.names().any(|known| known == name);
            if is_there && context.environment.get(name).is_some_and(|value| value == supervisor.as_str()) {
                env.mark(name, &own);
            }
        }
        let program = Replacement::new(self.asked.command.clone(), env)?;
        let known = errand.knowledge(sets, &self.asked.env_options(self.options));
        // Before the word goes out: then the program that ran is asked to end, and a store may take its time.
        context.close();
        let handover = errand.ready(&known, &Hidden::of(sets))?;
        Ok(Outcome::Replace(Box::new(program.after(handover))))
    }

    /// Looks at the records again: at their revisions alone where the store allows that.
    fn again(&self, context: &Context, errand: &Errand) -> Result<Found> {
        let Some(before) = errand.known() else {
            return Err(Error::new(Kind::Internal, "there is nothing to compare with"));
        };
        let profiles = Profiles::open(context, self.options)?;
        let mut known = before.clone();
        if known.metadata {
            match profiles.block_on(context, revisions(&profiles))? {
                Revisions::All(revisions) if revisions == known.revisions => return Ok(Found::Same(known)),
                Revisions::All(_) => {}
                // A record that is deleted or missing is no change.
                Revisions::Gone => return Ok(Found::Same(known)),
                Revisions::Refused => known.metadata = false,
            }
        }
        let ready = match profiles.ready(context, Reads::ToStart, Outage::Told) {
            // Nor is one that is vacant.
            Err(error) if error.kind() == Kind::NotFound => return Ok(Found::Same(known)),
            ready => ready?,
        };
        // Nothing is asked of the gateway for a look, nor before it is sure that there is a change.
        let mut sets = profiles.sets(context, self.asked, &ready, Tokens::Named)?;
        let mut now = errand.knowledge(&sets, &self.asked.env_options(self.options));
        now.metadata = known.metadata;
        if now.is_same_for_the_program(before) {
            return Ok(Found::Same(now));
        }
        if errand.purpose() == Purpose::Start {
            sets = profiles.sets(context, self.asked, &ready, Tokens::Exchanged)?;
        }
        // What cannot be given to a program is told now, and not when one has been stopped for it.
        child_env(context, self.options, self.asked, &sets)?;
        Ok(Found::Changed(now, sets))
    }
}

/// What stores say of their records without reading them.
enum Revisions {
    All(Vec<String>),
    /// One of them has none.
    Gone,
    /// A store does not let us ask.
    Refused,
}

async fn revisions(profiles: &Profiles) -> Result<Revisions> {
    let mut all = Vec::new();
    for (_, place) in &profiles.all {
        match place.backend.revision(&place.name).await {
            Ok(Some(revision)) => all.push(revision.as_str().to_owned()),
            Ok(None) => return Ok(Revisions::Gone),
            Err(error) if matches!(error.kind(), ErrorKind::Denied | ErrorKind::Unsupported) => {
                return Ok(Revisions::Refused);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Revisions::All(all))
}
