//! The hook of commands that publish: the flag, and what people and scripts are told of it.

use serde_json::{Value, json};

use super::context::Context;
use crate::Result;
use crate::config::{Overrides, Settings};
use crate::hook::{self, Ended, Facts};

/// The flag of every command that publishes.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct HookFlag {
    /// Command line for `/bin/sh -c`, run once the credential is published: with names and no value in its environment;
    /// its failure is told and undoes nothing [config: hook-post]
    #[arg(long, value_name = "CMD")]
    hook_post: Option<String>,
}

impl HookFlag {
    /// The settings of the one profile that a command works on, this flag among them.
    pub(crate) fn settings(&self, context: &Context) -> Result<Settings> {
        context.one(Overrides { hook_post: self.hook_post.clone(), ..context.overrides() })
    }
}

/// Runs the hook of the settings, if there is one, and tells people how it ended. One that a signal would only stop is
/// not begun.
pub(super) fn after_publish(
    context: &Context,
    settings: &Settings,
    facts: &Facts,
    noted: Option<i32>,
) -> Option<Hooked> {
    #[cfg(feature = "faults")]
    let _point = crate::faults::Around::begin(crate::faults::Step::Hook);
    let setting = settings.hook_post.as_ref()?;
    let output = &context.output;
    output.detail("  hook ...");
    let ended = noted.map_or_else(
        || {
            let limit = settings.hook_timeout.as_ref().map_or(hook::TIMEOUT, |limit| limit.value);
            hook::run(&setting.value, facts, &context.environment, limit)
        },
        Ended::Skipped,
    );
    output.note(&format!("  {:<10} {}", "hook", ended.outcome()));
    let origin = setting.origin.to_string();
    if ended != Ended::Well {
        let what = if matches!(ended, Ended::Skipped(_)) { "was left out" } else { "failed" };
        output
            .warn(&format!("the hook ({origin}) {what}: {ended}; the credential is published all the same"));
    }
    Some(Hooked { ended, origin })
}

/// A hook that was run, or left out.
pub(super) struct Hooked {
    ended: Ended,
    origin: String,
}

impl Hooked {
    /// The signal that came for us meanwhile.
    pub(super) fn signal(&self) -> Option<i32> {
        self.ended.for_us()
    }

    /// Its part of the result. The command is not repeated, only who named it.
    pub(super) fn document(&self) -> Value {
        json!({
            "origin": self.origin,
            "outcome": self.ended.outcome(),
            "reason": self.ended.reason(),
            "status": self.ended.status(),
            "signal": self.ended.signal(),
        })
    }
}
