//! `trust`: approve the sensitive settings of a config file that was found.

use serde_json::json;

use super::context::Context;
use crate::config::{Config, approve, is_approved, revoke};
use crate::registry;
use crate::{Error, Kind, Outcome, Result};

/// Approves what a momo-cred.toml found in the working tree says about where secrets go and what is run.
///
/// Such a file may come from a clone or a pull request. Gateways outside MTN's known hosts, proxies, hooks, the audit
/// trail, and where a secret store is and how to log in there count from it only once you approved its content; an edit
/// asks again. The approval is kept in your state folder.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  momo-cred trust --show\n  momo-cred trust\n  momo-cred trust --revoke")]
pub(crate) struct Options {
    /// Only show the settings and whether they are approved
    #[arg(long, conflicts_with = "revoke")]
    show: bool,
    /// Take the approval back
    #[arg(long)]
    revoke: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let (output, environment) = (&context.output, &context.environment);
    let overrides = context.overrides();
    if options.revoke {
        let found = Config::find(&overrides, environment)?.ok_or_else(no_file)?;
        let done = revoke(found.path(), environment)?;
        let how = if done { "is no longer approved" } else { "was not approved" };
        let path = found.shown().display().to_string();
        output.note(&format!("{path} {how}"));
        if output.json() {
            output.document(&json!({
                "schema": 1, "command": context.command, "file": path, "trusted": false,
                "outcome": if done { "ok" } else { "noop" },
            }))?;
        }
        return Ok(Outcome::SUCCESS);
    }
    let config = Config::load(&overrides, environment)?;
    let found = config.found().ok_or_else(no_file)?;
    let sensitive = config.sensitive_settings(&registry::schemes());
    let path = found.shown().display().to_string();
    let approved = found.is_trusted_source() || is_approved(found, environment)?;
    if output.json() {
        let settings: Vec<_> = sensitive
            .iter()
            .map(|setting| json!({ "key": setting.key, "line": setting.line, "value": setting.value }))
            .collect();
        output.document(&json!({
            "schema": 1, "command": context.command, "file": path, "outcome": "ok",
            "trusted": approved || !options.show, "sensitive": settings,
        }))?;
    } else {
        for setting in &sensitive {
            output.data(&format!("{path}:{}: {} = {}", setting.line, setting.key, setting.value))?;
        }
    }
    if found.is_trusted_source() {
        output.note(&format!("{path} is trusted as it is: you named it, or it is your own"));
    } else if sensitive.is_empty() {
        output.note(&format!("{path} has no sensitive settings; there is nothing to approve"));
    } else if options.show {
        output.note(&format!("{path} is {}", if approved { "approved" } else { "not approved" }));
    } else {
        approve(found, environment)?;
        output.note(&format!("{path} is approved as it is now; an edit asks again"));
    }
    Ok(Outcome::SUCCESS)
}

fn no_file() -> Error {
    Error::new(Kind::NotFound, "there is no momo-cred.toml here, above, or in your config folder")
        .next("name one with --config FILE, or go to the folder of the project")
}
