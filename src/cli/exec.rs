//! `exec`: start a program with credentials in its environment.

mod cached;
mod file;
mod presets;
mod shell;
mod token;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use momo_cred_backend_api::{Backend, Revision, Secret};
use serde_json::{Value, json};

use self::cached::Keeps;
use self::file::Filed;
use super::context::{Chosen, Context, Place, complete};
use super::document;
use super::keys::refuse_secret;
use super::network::TIMEOUT;
use crate::config::{Origin, Overrides, Settings};
use crate::credential::{Field, Record};
use crate::effective::{Effective, Holder, Purpose};
use crate::exec::{self as child, ChildEnv, Explained, Form, Mapping, Preset, Replacement, Set, Shown};
use crate::lifecycle::Seen;
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

/// Reads the records of the chosen profiles, puts them into the environment, and becomes the program: same process,
/// same terminal, every signal, its exit status. Nothing of momo-cred stays behind.
///
/// All names that a profile manages are removed from the environment first. Logins of our own stores and MOMO_CRED_*
/// are not passed on. Exit codes: 125 for a failure of momo-cred, 126 cannot be executed, 127 not found, else the
/// program's own.
///
/// Without a program it starts $SHELL, with IN_MOMO_CRED=1 in its environment, and never one inside another.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred exec -- npm start\n  \
    momo-cred exec -p collection,disbursement -- ./payouts --daily\n  \
    momo-cred exec --preset momoapi-node -- node server.js\n  \
    momo-cred exec --preset list\n  \
    momo-cred exec --file api_key -- ./payments     the key in a file in memory: MOMO_API_KEY_FILE\n  \
    momo-cred exec --token -- ./report              no key: MOMO_ACCESS_TOKEN, good for an hour\n  \
    momo-cred exec --explain\n  \
    momo-cred exec -p collection\n\n\
    Presets: momo, laravel-mtn-momo, momoapi-node, momoapi-python, mtnmomo-rs, mtn-momo-flat,\n\
    django, spring; `--preset list` says who reads which names.")]
pub(crate) struct Options {
    /// Which SDK's variable names to use; `list` shows them all and starts nothing
    #[arg(long, value_name = "PRESET")]
    pub(super) preset: Option<String>,
    /// What the names of a preset begin with, where they are not fixed [default: MOMO; spring: MTN_MOMO]
    #[arg(long, value_name = "PREFIX")]
    pub(super) prefix: Option<String>,
    /// Only these fields, a comma list such as api_user,api_key
    #[arg(long, value_name = "FIELD,..", value_delimiter = ',')]
    only: Vec<String>,
    /// Start from an almost empty environment: PATH, HOME, TERM, LANG and the like
    #[arg(long)]
    clean_env: bool,
    /// Pass this variable on although --clean-env or our own rules would drop it; repeat for more
    #[arg(long, value_name = "NAME")]
    keep: Vec<OsString>,
    /// Give this field as a file in memory, sealed, that only the program and what it passes it on to can open: its path
    /// is in NAME, or in the variable of the field with _FILE after it, and the value in no variable; repeat for more
    #[arg(long, value_name = "FIELD[=NAME]")]
    file: Vec<String>,
    /// Exchange the API key for an access token, and give that: PREFIX_ACCESS_TOKEN, and when it expires (RFC 3339) in
    /// PREFIX_ACCESS_TOKEN_EXPIRES_AT
    #[arg(long)]
    token: bool,
    /// Show which variable comes from which field of which record, values as fingerprints, and start nothing
    #[arg(long)]
    explain: bool,
    /// The program and its arguments, after `--` [default: a shell]
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn run(context: &Context, options: Options) -> Result<Outcome> {
    if options.preset.as_deref() == Some(presets::LIST) {
        return presets::list(context);
    }
    let only = only(&options.only)?;
    let files = options.file.iter().map(|text| Filed::parse(text)).collect::<Result<Vec<_>>>()?;
    agree(&options, only.as_deref(), &files)?;
    let shell = options.command.is_empty() && !options.explain;
    let command = if shell { shell::program(context)? } else { options.command };
    let mut profiles = Vec::new();
    let overrides =
        Overrides { preset: options.preset.clone(), prefix: options.prefix.clone(), ..context.overrides() };
    let chosen = context.settings_with(overrides, Chosen::Named)?;
    let names = options.token.then(|| chosen.iter().map(token::Names::of).collect::<Result<Vec<_>>>());
    let names = names.transpose()?;
    context.network.begin(&chosen, TIMEOUT);
    for settings in chosen {
        let place = context.place(&settings)?;
        profiles.push((settings, place));
    }
    let runtime = profiles.iter().map(|(_, place)| place.runtime).find(|runtime| *runtime == Runtime::Tokio);
    let ready = context.block_on(runtime.unwrap_or(Runtime::None), async {
        let seen = seen_all(context, &profiles).await;
        let all = profiles.iter().zip(seen);
        let keeps = if options.explain { Keeps::Nothing } else { Keeps::Good };
        all.map(|((settings, place), seen)| cached::ready(context, settings, place, seen, keeps))
            .collect::<Result<Vec<_>>>()
    })?;
    let mut sets = ready.iter().map(set).collect::<Result<Vec<_>>>()?;
    file::add(&files, &mut sets)?;
    for (names, set) in names.iter().flatten().zip(&mut sets) {
        names.add_to(set)?;
    }
    if options.token && !options.explain {
        token::exchange(context, &ready, &mut sets)?;
    }
    let env_options = child::Options { only, clean: options.clean_env, keep: options.keep };
    let parent = context.environment.variables().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut env = ChildEnv::build(parent, &sets, &env_options)?;
    if options.explain {
        explain(context, &sets, &env_options, &ready)?;
        return Ok(Outcome::SUCCESS);
    }
    for name in env.replaced() {
        context.output.detail(&format!("{} of the environment is replaced", name.display()));
    }
    for name in env.withheld() {
        context.output.detail(&format!("{} is not passed on", name.display()));
    }
    if shell {
        env.mark(shell::MARK, "1");
        let profiles = joined(&sets, |set| set.profile.clone());
        context.output.note(&format!("a shell with the credentials of profile {profiles}; `exit` ends it"));
    }
    Ok(Outcome::Replace(Box::new(Replacement::new(command, env)?)))
}

/// Reads all records at once, those of one store together. Of failures the first profile's is told.
async fn seen_all(context: &Context, profiles: &[(Settings, Place)]) -> Vec<Result<Seen>> {
    let mut stores: Vec<(&Arc<dyn Backend>, Vec<usize>)> = Vec::new();
    for (n, (_, place)) in profiles.iter().enumerate() {
        match stores.iter_mut().find(|(store, _)| Arc::ptr_eq(store, &place.backend)) {
            Some((_, places)) => places.push(n),
            None => stores.push((&place.backend, vec![n])),
        }
    }
    let reads = stores.into_iter().map(|(store, places)| async move {
        let names: Vec<_> = places.iter().map(|n| profiles[*n].1.name.clone()).collect();
        let lookups = store.read_many(&names).await;
        context.tell(store.notices());
        places.into_iter().zip(lookups).collect::<Vec<_>>()
    });
    let mut found: Vec<_> = join_all(reads).await.into_iter().flatten().collect();
    found.sort_by_key(|(n, _)| *n);
    found.into_iter().map(|(n, lookup)| profiles[n].1.read(&profiles[n].0, lookup)).collect()
}

fn only(names: &[String]) -> Result<Option<Vec<Field>>> {
    if names.is_empty() {
        return Ok(None);
    }
    names.iter().map(|name| field("--only", name)).collect::<Result<Vec<_>>>().map(Some)
}

/// The field that a flag names.
fn field(flag: &str, name: &str) -> Result<Field> {
    refuse_secret(flag, name)?;
    Field::from_name(name).ok_or_else(|| {
        Error::new(Kind::Usage, format!("{flag} names a field that there is not"))
            .next(format!("fields are: {}", Field::names()))
    })
}

/// Refuses options that contradict one another.
fn agree(options: &Options, only: Option<&[Field]>, files: &[Filed]) -> Result<()> {
    let filed = |field| files.iter().any(|filed| filed.field == field);
    if options.token && (filed(Field::ApiKey) || only.is_some_and(|only| only.contains(&Field::ApiKey))) {
        let flag = if filed(Field::ApiKey) { "--file" } else { "--only" };
        let error = Error::new(Kind::Usage, format!("--token keeps the api_key back that {flag} asks for"));
        return Err(error.next(format!("leave out --token, or take api_key out of {flag}")));
    }
    let left_out = |filed: &&Filed| only.is_some_and(|only| !only.contains(&filed.field));
    match files.iter().find(left_out) {
        None => Ok(()),
        Some(Filed { field, .. }) => {
            Err(Error::new(Kind::Usage, format!("--file names {field}, which --only leaves out"))
                .next(format!("add {field} to --only, or leave out its --file")))
        }
    }
}

/// A credential that a program can be started with.
struct Ready<'a> {
    settings: &'a Settings,
    place: &'a Place,
    seen: Seen,
    effective: Effective,
    /// How old it is, where it was not read but kept.
    cached: Option<Duration>,
}

impl<'a> Ready<'a> {
    fn new(settings: &'a Settings, place: &'a Place, seen: Seen) -> Result<Self> {
        complete(&seen, place, &settings.profile)?;
        let holder = Holder::Record(&place.location);
        let effective = Effective::new(settings, &seen.record, holder, Purpose::Use)?;
        Ok(Self { settings, place, seen, effective, cached: None })
    }
}

/// The effective values of one record, and the names they go under.
fn set(ready: &Ready<'_>) -> Result<Set> {
    let Ready { settings, place, seen, effective, .. } = ready;
    let mapping = mapping(settings, effective)?;
    let revision = match &seen.expect {
        momo_cred_backend_api::Expect::Revision(revision) => revision.clone(),
        momo_cred_backend_api::Expect::Absent => Revision::new("-"),
    };
    Ok(Set {
        profile: settings.profile.clone(),
        location: place.location.clone(),
        revision,
        mapping,
        values: values(settings, effective, &seen.record),
        extras: Vec::new(),
        token: None,
    })
}

fn mapping(settings: &Settings, effective: &Effective) -> Result<Mapping> {
    let mut mapping = Mapping::default();
    if settings.env.uses_preset() {
        let preset = settings.env.preset.as_ref().map_or("momo", |setting| setting.value.as_str());
        let prefix = settings.env.prefix.as_ref().map(|setting| setting.value.as_str());
        mapping = Preset::named(preset)?.mapping(effective.product, prefix)?;
    }
    for (variable, field) in &settings.env.names {
        mapping.add(variable.as_str(), *field)?;
    }
    Ok(mapping)
}

/// Every field with a value: the effective ones, then what else the record holds.
pub(super) fn values(settings: &Settings, effective: &Effective, record: &Record) -> Vec<child::Value> {
    let text = |field, value: &str, setting: Option<&Origin>| {
        let origin = match (record.text(field), setting) {
            (Some(stored), _) if stored == value => Origin::Record,
            (_, Some(origin)) => origin.clone(),
            _ => Origin::BuiltIn,
        };
        child::Value { field, value: Secret::from(value), origin }
    };
    let mut values = vec![
        text(Field::Product, effective.product.name(), settings.product.as_ref().map(|s| &s.origin)),
        text(
            Field::TargetEnvironment,
            effective.target_environment.as_str(),
            settings.target_environment.as_ref().map(|s| &s.origin),
        ),
        text(Field::BaseUrl, effective.base_url.as_str(), settings.base_url.as_ref().map(|s| &s.origin)),
    ];
    if let Some(host) = &effective.callback_host {
        values.push(text(
            Field::CallbackHost,
            host.as_str(),
            settings.callback_host.as_ref().map(|s| &s.origin),
        ));
    }
    for field in Field::ALL {
        if let Some(value) = record.get(field).filter(|_| values.iter().all(|known| known.field != field)) {
            values.push(child::Value { field, value: value.clone(), origin: Origin::Record });
        }
    }
    values
}

fn explain(context: &Context, sets: &[Set], options: &child::Options, ready: &[Ready<'_>]) -> Result<()> {
    let rows = child::explain(sets, options);
    if context.output.json() {
        let mut map = document::head(
            context.command,
            &joined(sets, |set| set.profile.clone()),
            &joined(sets, |set| set.location.to_string()),
        );
        map.insert("outcome".into(), json!("ok"));
        map.insert("variables".into(), rows.iter().map(row).collect());
        map.insert("cached".into(), cached::document(ready));
        return context.output.document(&Value::Object(map));
    }
    for explained in &rows {
        let origin = explained.origin.map(|origin| format!("  from {origin}")).unwrap_or_default();
        context.output.data(&format!(
            "{:<36} {:<28} {}{origin}  {} revision {}",
            explained.variable,
            explained.field.name(),
            shown(explained),
            explained.location,
            explained.revision
        ))?;
    }
    Ok(())
}

fn joined(sets: &[Set], name: impl Fn(&Set) -> String) -> String {
    sets.iter().map(name).collect::<Vec<_>>().join(",")
}

fn shown(explained: &Explained<'_>) -> String {
    let shown = match &explained.shown {
        Shown::Fingerprint(fingerprint) => format!("fingerprint {fingerprint}"),
        Shown::Text(text) => (*text).to_owned(),
        Shown::Hidden => "hidden".to_owned(),
        Shown::Unset => return "not set".to_owned(),
        Shown::LeftOut => return "left out".to_owned(),
        Shown::Elsewhere => return "not as a value".to_owned(),
        Shown::AtStart => "at the start".to_owned(),
    };
    match explained.form {
        Form::Value => shown,
        Form::File => format!("{shown} in a file"),
        Form::AccessToken => format!("an access token {shown}"),
        Form::ExpiresAt => format!("the end of the token {shown}"),
    }
}

fn row(explained: &Explained<'_>) -> Value {
    let (fingerprint, value) = match &explained.shown {
        Shown::Fingerprint(fingerprint) => (Some(fingerprint.to_string()), None),
        Shown::Text(text) => (None, Some((*text).to_owned())),
        _ => (None, None),
    };
    json!({
        "variable": explained.variable,
        "field": explained.field.name(),
        "form": explained.form.name(),
        "profile": explained.profile,
        "location": explained.location.to_string(),
        "revision": explained.revision.as_str(),
        "origin": explained.origin.map(ToString::to_string),
        "set": !matches!(explained.shown, Shown::Unset | Shown::LeftOut | Shown::Elsewhere),
        "fingerprint": fingerprint,
        "value": value,
    })
}
