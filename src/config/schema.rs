//! What a config file may say.
//!
//! Keys that a later version may know are unknown here: to accept one and do nothing would be a silent promise.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use momo_cred_backend_api::Location;

use super::aws;
use super::fault::{Bad, BadHost, because, field};
use super::origin::Located;
use super::secrets::{looks_like_secret, shown_name};
use super::syntax::Source;
use super::table::{Entry, entries};
use super::vault::{self, Keys};
use super::{HookCommand, duration, steering};
use crate::Result;
use crate::credential::{Field, Layout, Product, TargetEnvironment};
use crate::momo::{BaseUrl, CallbackHost, ProxyUrl};

/// A config file.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    pub(super) default_profile: Option<Located<String>>,
    pub(super) timeout: Option<Located<Duration>>,
    pub(super) lease: Option<Located<Duration>>,
    pub(super) cache: Option<Located<Duration>>,
    pub(super) log: Option<Located<String>>,
    pub(super) proxy: Option<Located<ProxyUrl>>,
    pub(super) dotenv_allow_shared_fs: Option<Located<bool>>,
    pub(super) vault: Option<Keys>,
    pub(super) aws: Option<aws::Keys>,
    pub(super) after: After,
    pub(super) profiles: BTreeMap<String, Located<Profile>>,
}

/// `[profiles.NAME]`.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    pub(super) extends: Option<Located<String>>,
    pub(super) product: Option<Located<Product>>,
    pub(super) target_environment: Option<Located<TargetEnvironment>>,
    pub(super) base_url: Option<Located<BaseUrl>>,
    pub(super) callback_host: Option<Located<CallbackHost>>,
    pub(super) store: Option<Located<Location>>,
    pub(super) env: Option<EnvTable>,
    pub(super) fields: Option<Located<Layout>>,
    pub(super) vault: Option<Keys>,
    pub(super) aws: Option<aws::Keys>,
    pub(super) lease: Option<Located<Duration>>,
    pub(super) timeout: Option<Located<Duration>>,
    pub(super) cache: Option<Located<Duration>>,
    pub(super) after: After,
}

/// What happens once a command has changed something, at the top or in a profile.
#[derive(Clone, Debug, Default)]
pub(super) struct After {
    pub(super) audit: Option<Located<PathBuf>>,
    pub(super) hook_post: Option<Located<HookCommand>>,
    pub(super) hook_timeout: Option<Located<Duration>>,
}

/// `env = { ... }` of a profile.
#[derive(Clone, Debug, Default)]
pub(super) struct EnvTable {
    pub(super) preset: Option<Located<String>>,
    pub(super) prefix: Option<Located<String>>,
    pub(super) names: Vec<(String, Field)>,
}

const TOP: &[&str] = &[
    "default-profile",
    "timeout",
    "lease",
    "cache",
    "log",
    "proxy",
    "audit",
    "hook-post",
    "hook-timeout",
    "dotenv",
    "vault",
    "aws",
    "profiles",
];
const PROFILE: &[&str] = &[
    "extends",
    "product",
    "target-environment",
    "base-url",
    "callback-host",
    "store",
    "env",
    "fields",
    "vault",
    "aws",
    "lease",
    "timeout",
    "cache",
    "audit",
    "hook-post",
    "hook-timeout",
];

/// Reads a file's text.
pub(super) fn read(source: &Source<'_>) -> Result<Schema> {
    let tree = source.parse()?;
    let mut schema = Schema::default();
    for entry in entries(&tree, None, source) {
        match entry.name {
            "default-profile" => schema.default_profile = Some(entry.read(profile_name)?),
            "timeout" => schema.timeout = Some(entry.duration(duration::TIMEOUT)?),
            "lease" => schema.lease = Some(entry.duration(duration::LEASE)?),
            "cache" => schema.cache = Some(cache(&entry)?),
            "log" => schema.log = Some(entry.string()?),
            "proxy" => schema.proxy = Some(entry.parsed()?),
            "dotenv" => schema.dotenv_allow_shared_fs = dotenv(&entry)?,
            "vault" => schema.vault = Some(vault::read(&entry)?),
            "aws" => schema.aws = Some(aws::read(&entry)?),
            "profiles" => schema.profiles = profiles(&entry)?,
            _ if schema.after.takes(&entry)? => {}
            _ => return Err(entry.unknown(TOP)),
        }
    }
    source.refuse_secrets()?;
    Ok(schema)
}

/// Checks a profile's name.
pub(super) fn profile_name(name: &str) -> std::result::Result<String, Bad> {
    let plain = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if !plain {
        return Err(Bad::new(
            "a profile's name is letters, digits, `_` and `-`",
            "use 1 to 64 of these, as in collection-sandbox",
        ));
    }
    if looks_like_secret(name) {
        return Err(Bad::new(
            "it looks like a secret",
            "take it out; if the file was shared or committed, replace the credential",
        ));
    }
    Ok(name.to_owned())
}

fn dotenv(entry: &Entry<'_>) -> Result<Option<Located<bool>>> {
    let mut allow = None;
    for entry in entry.table()? {
        match entry.name {
            "allow-shared-fs" => allow = Some(entry.boolean()?),
            _ => return Err(entry.unknown(&["allow-shared-fs"])),
        }
    }
    Ok(allow)
}

fn profiles(entry: &Entry<'_>) -> Result<BTreeMap<String, Located<Profile>>> {
    let mut profiles = BTreeMap::new();
    for entry in entry.table()? {
        let name = profile_name(entry.name)
            .map_err(|fault| because(entry.nameless("this name cannot be a profile's"), &fault))?;
        profiles.insert(name, entry.located(profile(&entry)?));
    }
    Ok(profiles)
}

fn profile(entry: &Entry<'_>) -> Result<Profile> {
    let mut profile = Profile::default();
    for entry in entry.table()? {
        match entry.name {
            "extends" => profile.extends = Some(entry.read(profile_name)?),
            "product" => profile.product = Some(entry.parsed()?),
            "target-environment" => profile.target_environment = Some(entry.parsed()?),
            "base-url" => profile.base_url = Some(entry.parsed()?),
            "callback-host" => profile.callback_host = Some(entry.read(callback_host)?),
            "store" => profile.store = Some(entry.parsed()?),
            "env" => profile.env = Some(env(&entry)?),
            "fields" => profile.fields = Some(fields(&entry)?),
            "vault" => profile.vault = Some(vault::read(&entry)?),
            "aws" => profile.aws = Some(aws::read(&entry)?),
            "lease" => profile.lease = Some(entry.duration(duration::LEASE)?),
            "timeout" => profile.timeout = Some(entry.duration(duration::TIMEOUT)?),
            "cache" => profile.cache = Some(cache(&entry)?),
            _ if profile.after.takes(&entry)? => {}
            _ => return Err(entry.unknown(PROFILE)),
        }
    }
    Ok(profile)
}

impl After {
    /// Takes a key that is one of these, and says whether it is.
    fn takes(&mut self, entry: &Entry<'_>) -> Result<bool> {
        match entry.name {
            "audit" => self.audit = Some(entry.path()?),
            "hook-post" => self.hook_post = Some(hook(entry)?),
            "hook-timeout" => self.hook_timeout = Some(entry.duration(duration::HOOK)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// These, and from `parent` what is not set here.
    pub(super) fn or(self, parent: Self) -> Self {
        Self {
            audit: self.audit.or(parent.audit),
            hook_post: self.hook_post.or(parent.hook_post),
            hook_timeout: self.hook_timeout.or(parent.hook_timeout),
        }
    }
}

/// `cache = { max-age = ".." }`.
fn cache(entry: &Entry<'_>) -> Result<Located<Duration>> {
    let mut max_age = None;
    for entry in entry.table()? {
        match entry.name {
            "max-age" => max_age = Some(entry.duration(duration::CACHE)?),
            _ => return Err(entry.unknown(&["max-age"])),
        }
    }
    max_age.ok_or_else(|| {
        let error = entry.error("does not say how long a credential may be kept");
        error.next("write it as { max-age = \"15m\" }, one hour at most, or leave it out")
    })
}

fn hook(entry: &Entry<'_>) -> Result<Located<HookCommand>> {
    if !entry.is_list() {
        return Ok(entry.string()?.map(HookCommand::Shell));
    }
    let words = entry.list(hook_word)?;
    let line = words.line;
    let empty = || entry.error("names no program").next("begin the list with the program to run");
    HookCommand::of_words(words.value).map(|value| Located { value, line }).ok_or_else(empty)
}

fn hook_word(word: &str) -> std::result::Result<String, Bad> {
    if word.len() > 4096 || word.chars().any(char::is_control) {
        let next = "put what it needs into a script, and run that";
        return Err(Bad::new("an item is too long or holds a control character", next));
    }
    Ok(word.to_owned())
}

/// Checks a command line for the shell that was given by a flag.
pub(super) fn hook_line(text: &str) -> std::result::Result<HookCommand, Bad> {
    if text.trim().is_empty() || text.len() > 4096 || text.contains('\0') {
        return Err(Bad::new(
            "it is no command line of 1 to 4096 characters",
            "give one such as 'systemctl restart payments', or leave it out",
        ));
    }
    Ok(HookCommand::Shell(text.to_owned()))
}

fn env(entry: &Entry<'_>) -> Result<EnvTable> {
    let mut env = EnvTable::default();
    for entry in entry.table()? {
        match entry.name {
            "preset" => env.preset = Some(entry.read(preset_name)?),
            "prefix" => env.prefix = Some(entry.read(variable_prefix)?),
            "names" => {
                for entry in entry.table()? {
                    let next = "give the variable another name, such as PAYOUT_KEY";
                    steering::refuse(entry.name).map_err(|fault| {
                        entry.error("cannot be a variable of the program").because(fault).next(next)
                    })?;
                    if looks_like_secret(entry.name) {
                        return Err(entry.error("looks like a secret, not like a variable").next(next));
                    }
                    env.names.push((entry.name.to_owned(), entry.read(field)?.value));
                }
            }
            _ => return Err(entry.unknown(&["preset", "prefix", "names"])),
        }
    }
    Ok(env)
}

fn fields(entry: &Entry<'_>) -> Result<Located<Layout>> {
    let mut mapped = Vec::new();
    for entry in entry.table()? {
        let field = field(entry.name).map_err(|fault| because(entry.error("is not a field"), &fault))?;
        mapped.push((field, entry.text()?.to_owned()));
    }
    let layout = Layout::new(mapped).map_err(|fault| because(entry.error("has a wrong value"), &fault))?;
    Ok(entry.located(layout))
}

/// Reads a callback host.
pub(super) fn callback_host(text: &str) -> std::result::Result<CallbackHost, BadHost> {
    text.parse::<CallbackHost>().map_err(BadHost)
}

/// Checks the form of a preset's name; whether there is one of that name is the business of `exec`.
pub(super) fn preset_name(name: &str) -> std::result::Result<String, Bad> {
    let bad = || Bad::new("a preset's name is letters, digits and `-`", "give one such as momo");
    shown_name(name).map(str::to_owned).ok_or_else(bad)
}

/// Checks a prefix by the variable it would make.
pub(super) fn variable_prefix(prefix: &str) -> std::result::Result<String, Bad> {
    let bad = |fault: steering::BadVariableName| {
        Bad::new(fault.to_string(), "choose another prefix, such as MOMO or MOMO_COLLECTION")
    };
    if prefix.is_empty() || looks_like_secret(prefix) {
        return Err(bad(steering::BadVariableName::Syntax));
    }
    steering::refuse(&format!("{prefix}_API_KEY")).map_err(bad)?;
    Ok(prefix.to_owned())
}
