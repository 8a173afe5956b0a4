//! `doctor`: where every setting comes from, and whether everything that calls rest on is as it should be.

use momo_cred_backend_api::{ErrorKind, Finding, Verdict};
use serde_json::{Value, json};

use super::context::{Chosen, Context};
use super::document;
use crate::config::{Config, Settings, is_approved};
use crate::{Kind, Outcome, Result, registry};

/// Says what a command would work with, and what is wrong with it: the config file, every setting with where it comes
/// from, and for the store whether it answers, who you are there and for how long, and what stands in the way.
///
/// It changes nothing and shows no secret. Ends with 0 when nothing keeps the record from being read, else with the
/// exit code of a command that reads it; what keeps only writers from working is a warning, and a record that is not there
/// yet is no fault. It asks the store only: whether the credential works is told by `momo-cred verify`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  momo-cred doctor\n  momo-cred doctor --all --json")]
pub(crate) struct Options {
    /// Every profile of the config file
    #[arg(long)]
    all: bool,
}

/// A setting: key, value, origin.
type Row = (String, String, String);

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let chosen = Chosen::from(options.all);
    let file = file(context)?;
    let mut documents = Vec::new();
    let mut gravest: Option<Kind> = None;
    let all = context.chosen(chosen)?;
    for settings in &all {
        context.turn_to(settings, &all);
        let mut rows = vec![file.clone()];
        rows.extend(settings_of(settings, chosen));
        let findings = match registry::settings(settings, &context.environment) {
            Ok(shown) => {
                rows.extend(shown.into_iter().map(|(key, value, origin)| (key, value, origin.to_string())));
                findings(context, settings)
            }
            Err(error) => Err(error),
        };
        let (findings, failed) = match findings {
            Ok(findings) => (findings, None),
            Err(error) => {
                let error = context.output.addressed(&error);
                context.output.error(&error);
                (Vec::new(), Some(error))
            }
        };
        let bad = findings.iter().filter_map(|finding| match finding.verdict {
            Verdict::Bad(kind) => Some(Kind::from(kind)),
            _ => None,
        });
        let worst = failed.as_ref().map(crate::Error::kind).into_iter().chain(bad).next();
        gravest = gravest.or(worst);
        if context.output.json() {
            documents.push(document(context, settings, &rows, &findings, failed.as_ref()));
        } else {
            show(context, settings, &rows, &findings)?;
        }
    }
    if context.output.json() {
        context.documents(documents, chosen)?;
    }
    Ok(gravest.map_or(Outcome::SUCCESS, |kind| Outcome::Exit(kind.exit_code())))
}

/// The config file, and whether what it says of secrets' ways counts.
fn file(context: &Context) -> Result<Row> {
    let config = Config::load(&context.overrides(), &context.environment)?;
    let Some(found) = config.found() else {
        return Ok((
            "config".to_owned(),
            "none".to_owned(),
            "nothing here, above, or in your own folder".to_owned(),
        ));
    };
    let standing = if found.is_trusted_source() {
        "named or your own"
    } else if config.sensitive_settings(&registry::schemes()).is_empty() {
        "found; nothing sensitive in it"
    } else if is_approved(found, &context.environment)? {
        "found; approved by `momo-cred trust`"
    } else {
        "found; not approved"
    };
    Ok(("config".to_owned(), found.shown().display().to_string(), standing.to_owned()))
}

fn settings_of(settings: &Settings, chosen: Chosen) -> Vec<Row> {
    let by = match chosen {
        Chosen::Named => settings.chosen_by.to_string(),
        Chosen::Every => "--all".to_owned(),
    };
    let mut rows = vec![
        ("profile".to_owned(), settings.profile.clone(), by),
        ("store".to_owned(), settings.store.value.to_string(), settings.store.origin.to_string()),
    ];
    let mut add = |key: &str, row: Option<(String, String)>| {
        rows.extend(row.map(|(value, origin)| (key.to_owned(), value, origin)));
    };
    macro_rules! rows {
        ($($key:literal: $setting:ident,)*) => {
            $(add($key, settings.$setting.as_ref().map(|s| (s.value.to_string(), s.origin.to_string())));)*
        };
    }
    rows! {
        "product": product,
        "target-environment": target_environment,
        "base-url": base_url,
        "callback-host": callback_host,
        "proxy": proxy,
        "log": log,
        "hook-post": hook_post,
    }
    add("audit", settings.audit.as_ref().map(|s| (s.value.display().to_string(), s.origin.to_string())));
    let durations = [
        ("timeout", &settings.timeout),
        ("lease", &settings.lease),
        ("hook-timeout", &settings.hook_timeout),
        ("cache.max-age", &settings.cache),
    ];
    for (key, setting) in durations {
        let row = setting.as_ref().map(|s| (format!("{} s", s.value.as_secs_f64()), s.origin.to_string()));
        add(key, row);
    }
    rows
}

/// What the store found.
fn findings(context: &Context, settings: &Settings) -> Result<Vec<Finding>> {
    let place = context.place(settings)?;
    let findings = context.block_on(place.runtime, async { Ok(place.backend.examine(&place.name).await) })?;
    context.tell(place.backend.notices());
    Ok(findings)
}

fn show(context: &Context, settings: &Settings, rows: &[Row], findings: &[Finding]) -> Result<()> {
    let output = &context.output;
    output.data(&format!("{}  {}", settings.profile, settings.store.value))?;
    for (key, value, origin) in rows {
        output.data(&format!("  {key:<22} {value}  ({origin})"))?;
    }
    for finding in findings {
        output.data(&format!("  {:<7} {:<8} {}", finding.verdict.token(), finding.about, finding.text))?;
        if let Some(next) = &finding.next {
            output.data(&format!("  {:<16} next: {next}", ""))?;
        }
    }
    Ok(())
}

fn document(
    context: &Context,
    settings: &Settings,
    rows: &[Row],
    findings: &[Finding],
    failed: Option<&crate::Error>,
) -> Value {
    let mut map = document::head(context.command, &settings.profile, &settings.store.value.to_string());
    let bad = findings.iter().any(|finding| matches!(finding.verdict, Verdict::Bad(_)));
    map.insert("outcome".into(), json!(if bad || failed.is_some() { "bad" } else { "ok" }));
    let row = |(key, value, origin): &Row| json!({ "key": key, "value": value, "origin": origin });
    map.insert("settings".into(), rows.iter().map(row).collect());
    let finding = |finding: &Finding| {
        let kind = match finding.verdict {
            Verdict::Bad(kind) => Some(ErrorKind::token(kind)),
            _ => None,
        };
        json!({
            "about": finding.about, "verdict": finding.verdict.token(), "kind": kind,
            "text": finding.text, "next": finding.next,
        })
    };
    map.insert("findings".into(), findings.iter().map(finding).collect());
    if let Some(error) = failed {
        map.insert("error".into(), document::error(error, error.kind().exit_code()));
    }
    Value::Object(map)
}
