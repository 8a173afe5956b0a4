//! The log, on standard error, where somebody asked for it: `MOMO_CRED_LOG`, `-vv`, or `log` in the config.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::context::Context;
use crate::config::{Setting, Settings, variables};
use crate::{Error, Kind, Result};

/// Our own modules. Whatever a filter says, nothing else is logged: an HTTP library at its finest level may show what
/// it sends.
const OURS: &str = "momo_cred";

/// Starts the log as far as the command line and the environment ask for one.
pub(super) fn start(context: &Context) -> Result<()> {
    let variable = context.environment.text(variables::LOG)?;
    match (variable, context.global.verbose) {
        (Some(filter), _) => begin(filter, &variables::LOG),
        (None, 0 | 1) => Ok(()),
        (None, 2) => begin("debug", &"-vv"),
        (None, _) => begin("trace", &"-vvv"),
    }
}

/// Starts the log that the config asks for, unless there is one.
pub(super) fn start_configured(settings: &[Settings]) -> Result<()> {
    match settings.iter().find_map(|settings| settings.log.as_ref()) {
        Some(Setting { value, origin }) => begin(value, origin),
        None => Ok(()),
    }
}

fn begin(filter: &str, origin: &dyn std::fmt::Display) -> Result<()> {
    let filter: Targets = filter.parse().map_err(|_| {
        Error::new(Kind::Misconfigured, format!("the log filter given by {origin} cannot be read"))
            .next("write it like debug, or momo_cred::momo=trace")
    })?;
    let ours = tracing_subscriber::filter::filter_fn(|metadata| metadata.target().starts_with(OURS));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // Fails only where a log was started already: then that one counts.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter).with_filter(ours)).try_init();
    Ok(())
}
