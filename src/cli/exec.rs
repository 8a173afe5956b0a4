//! `exec`: start a program with credentials in its environment.

mod cached;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod explain;
mod file;
mod presets;
mod shell;
mod token;
#[cfg(target_os = "linux")]
mod watch;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use momo_cred_backend_api::{Backend, Revision, Secret};

use self::cached::{Keeping, Reads};
use self::file::Filed;
use super::context::{Chosen, Context, Place, complete};
use super::keys::refuse_secret;
use super::network::TIMEOUT;
use crate::config::{Origin, Overrides, Settings};
use crate::credential::{Field, Record};
use crate::effective::{Effective, Holder, Purpose};
use crate::exec::{self as child, ChildEnv, Mapping, Preset, Replacement, Set};
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
#[derive(clap::Args, Debug, Default)]
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
    pub(super) clean_env: bool,
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
    /// Hide keys and tokens in what the program prints, as ***; momo-cred stays beside it. Not a security boundary
    #[arg(long)]
    mask: bool,
    /// Look at the records every 30 s [env: MOMO_CRED_WATCH_INTERVAL], and restart the program, or send it a signal, when
    /// its credential has changed. A signal sent to our whole process group reaches the program twice
    #[arg(long, value_name = "SIGNAL|restart", num_args = 0..=1, require_equals = true, default_missing_value = "restart")]
    watch: Option<String>,
    /// Show which variable comes from which field of which record, values as fingerprints, and start nothing
    #[arg(long)]
    explain: bool,
    /// The program and its arguments, after `--` [default: a shell]
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Options {
    /// Those of a line that names nothing but the program.
    pub(super) fn of(command: &[OsString]) -> Self {
        Self { command: command.to_vec(), ..Self::default() }
    }
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    if options.preset.as_deref() == Some(presets::LIST) {
        return presets::list(context);
    }
    let asked = Asked::of(context, options)?;
    let plan = plan(context, options)?;
    if let Some(plan) = plan.filter(|_| !options.explain) {
        return supervised(context, options, &asked, plan);
    }
    let profiles = Profiles::open(context, options)?;
    let (reads, tokens) = match options.explain {
        true => (Reads::ToExplain, Tokens::Named),
        false => (Reads::ToStart, Tokens::Exchanged),
    };
    let ready = profiles.ready(context, reads, Outage::Cached)?;
    let sets = profiles.sets(context, &asked, &ready, tokens)?;
    let env = child_env(context, options, &asked, &sets)?;
    if options.explain {
        explain::explain(context, &sets, &asked.env_options(options), &ready)?;
        return Ok(Outcome::SUCCESS);
    }
    Ok(Outcome::Replace(Box::new(Replacement::new(asked.command, env)?)))
}

#[cfg(target_os = "linux")]
use watch::{plan, supervised};

#[cfg(not(target_os = "linux"))]
use elsewhere::{plan, supervised};

/// What the options say, checked before anything is read.
struct Asked {
    only: Option<Vec<Field>>,
    files: Vec<Filed>,
    command: Vec<OsString>,
    /// No program was named.
    shell: bool,
}

impl Asked {
    fn of(context: &Context, options: &Options) -> Result<Self> {
        let only = only(&options.only)?;
        let files = options.file.iter().map(|text| Filed::parse(text)).collect::<Result<Vec<_>>>()?;
        agree(options, only.as_deref(), &files)?;
        let shell = options.command.is_empty() && !options.explain;
        let command = if shell { shell::program(context)? } else { options.command.clone() };
        Ok(Self { only, files, command, shell })
    }

    fn env_options(&self, options: &Options) -> child::Options {
        child::Options { only: self.only.clone(), clean: options.clean_env, keep: options.keep.clone() }
    }
}

/// The environment of the program.
fn child_env(context: &Context, options: &Options, asked: &Asked, sets: &[Set]) -> Result<ChildEnv> {
    let parent = context.environment.variables().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut env = ChildEnv::build(parent, sets, &asked.env_options(options))?;
    if !options.explain {
        for name in env.replaced() {
            context.output.detail(&format!("{} of the environment is replaced", name.display()));
        }
        for name in env.withheld() {
            context.output.detail(&format!("{} is not passed on", name.display()));
        }
    }
    if asked.shell {
        env.mark(shell::MARK, "1");
        let profiles = explain::joined(sets, |set| set.profile.clone());
        context.output.note(&format!("a shell with the credentials of profile {profiles}; `exit` ends it"));
    }
    Ok(env)
}

/// The profiles that were chosen, each with its open store.
struct Profiles {
    all: Vec<(Settings, Place)>,
    /// Under which names the tokens go, where tokens are asked for.
    names: Option<Vec<token::Names>>,
}

/// What is done about the tokens that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tokens {
    /// The keys are exchanged for them.
    Exchanged,
    /// Nothing: nobody is started.
    Named,
}

/// What a store that is down comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outage {
    /// What is cached counts.
    Cached,
    /// It is an error: there is a program that runs.
    Told,
}

impl Profiles {
    fn open(context: &Context, options: &Options) -> Result<Self> {
        let overrides = Overrides {
            preset: options.preset.clone(),
            prefix: options.prefix.clone(),
            ..context.overrides()
        };
        let chosen = context.settings_with(overrides, Chosen::Named)?;
        let names = options.token.then(|| chosen.iter().map(token::Names::of).collect::<Result<Vec<_>>>());
        let names = names.transpose()?;
        context.network.begin(&chosen, TIMEOUT);
        let mut all = Vec::new();
        for settings in chosen {
            let place = context.place(&settings)?;
            all.push((settings, place));
        }
        Ok(Self { all, names })
    }

    fn block_on<T>(&self, context: &Context, future: impl Future<Output = Result<T>>) -> Result<T> {
        let waits = self.all.iter().any(|(_, place)| place.runtime == Runtime::Tokio);
        context.block_on(if waits { Runtime::Tokio } else { Runtime::None }, future)
    }

    /// Reads all records.
    fn ready(&self, context: &Context, reads: Reads, outage: Outage) -> Result<Vec<Ready<'_>>> {
        let begin = |(settings, place): &(Settings, Place)| Keeping::begin(context, settings, place, reads);
        let keepings = self.all.iter().map(begin).collect::<Result<Vec<_>>>()?;
        let seen = self.block_on(context, async { Ok(seen_all(context, &self.all).await) })?;
        let all = self.all.iter().zip(seen).zip(keepings);
        let ready = all.map(|(((settings, place), seen), keeping)| match seen {
            Err(error) if outage == Outage::Told && error.kind() == Kind::Unavailable => Err(error),
            seen => cached::ready(context, settings, place, seen, keeping),
        });
        // All of them before the first failure ends it: each answer counts.
        ready.collect::<Vec<_>>().into_iter().collect()
    }

    /// What goes to the program.
    fn sets(
        &self,
        context: &Context,
        asked: &Asked,
        ready: &[Ready<'_>],
        tokens: Tokens,
    ) -> Result<Vec<Set>> {
        let mut sets = ready.iter().map(set).collect::<Result<Vec<_>>>()?;
        file::add(&asked.files, &mut sets)?;
        for (names, set) in self.names.iter().flatten().zip(&mut sets) {
            names.add_to(set)?;
        }
        if self.names.is_some() && tokens == Tokens::Exchanged {
            token::exchange(context, ready, &mut sets)?;
        }
        Ok(sets)
    }
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
        let (preset, prefix) = (settings.env.preset.as_ref(), settings.env.prefix.as_ref());
        let chosen = Preset::named(preset.map_or("momo", |setting| setting.value.as_str()))?;
        // Fixed names take no prefix. That of the file is for the preset in whose place the flag's is.
        let of_flag = |origin: &Origin| matches!(origin, Origin::Flag(_));
        let replaces = chosen.prefix.is_none() && preset.is_some_and(|setting| of_flag(&setting.origin));
        let prefix = prefix.filter(|prefix| !replaces || of_flag(&prefix.origin));
        mapping = chosen.mapping(effective.product, prefix.map(|setting| setting.value.as_str()))?;
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
