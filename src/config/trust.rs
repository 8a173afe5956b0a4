//! What a config file found in the working tree may not decide by itself: where secrets go, and which code runs.
//!
//! The file may come from a clone or a pull request. Its sensitive settings count once a user approved this content
//! of it, or where a source that is trusted says the same.

use std::time::Duration;

use super::Environment;
use super::aws;
use super::discover::user_file;
use super::duration;
use super::file::Found;
use super::hook::{HOOK_LINE, HOOK_LIST};
use super::load::parse;
use super::origin::{Located, Origin};
use super::pins::is_approved;
use super::resolve::Settings;
use super::schema::{After, Schema};
use super::secrets::{escaped, shown_path};
use super::vault::{self, Keys};
use crate::{Error, Kind, Result};

/// A setting that can send a secret elsewhere or run code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensitive {
    /// The key with the tables it stands in.
    pub key: String,
    /// Counted from 1.
    pub line: usize,
    /// The value, for people: escaped, and never one that holds a user or password.
    pub value: String,
    name: String,
}

const AUDIT: &str = "audit";
const CACHE: &str = "cache.max-age";

impl Sensitive {
    /// What the setting decides, for people.
    fn decides(&self) -> &'static str {
        match self.name.as_str() {
            AUDIT => "which file is written",
            HOOK_LINE | HOOK_LIST => "what is run",
            CACHE => "where secrets are kept",
            _ => "where secrets go",
        }
    }
}

/// All sensitive settings of a file, in its order: gateways outside the built-in list, proxies, where Vault and AWS are and how to
/// log in there, the audit trail, hooks, the kernel's copy of a credential, and stores that are not among the `schemes` compiled in and so are programs to run.
pub(super) fn sensitive(found: &Found, schema: &Schema, schemes: &[&str]) -> Vec<Sensitive> {
    let mut list = Vec::new();
    let mut add = |key: String, name: &str, value: &Located<String>| {
        let name = name.to_owned();
        list.push(Sensitive { key, line: value.line, value: escaped(&value.value), name });
    };
    let vault =
        |keys: &Option<Keys>| keys.as_ref().map_or_else(Vec::new, |keys| keys.sensitive(found.folder()));
    let aws = |keys: &Option<aws::Keys>| keys.as_ref().map_or_else(Vec::new, aws::Keys::sensitive);
    for (name, value) in vault(&schema.vault).into_iter().chain(aws(&schema.aws)) {
        add(name.clone(), &name, &value);
    }
    if let Some(proxy) = &schema.proxy {
        add("proxy".to_owned(), "proxy", &text(proxy, proxy.value.as_str()));
    }
    for (key, name, value) in after(found, &schema.after) {
        add(key.to_owned(), name, &value);
    }
    let mut cache = |key: String, cache: &Option<Located<Duration>>| {
        let text = |max_age: &Located<_>| text(max_age, &duration::format(max_age.value));
        cache.as_ref().into_iter().for_each(|max_age| add(key.clone(), CACHE, &text(max_age)));
    };
    cache(CACHE.to_owned(), &schema.cache);
    for (profile, settings) in &schema.profiles {
        cache(format!("profiles.{profile}.{CACHE}"), &settings.value.cache);
    }
    for (profile, Located { value: settings, .. }) in &schema.profiles {
        for (key, name, value) in after(found, &settings.after) {
            add(format!("profiles.{profile}.{key}"), name, &value);
        }
        if let Some(url) = settings.base_url.as_ref().filter(|url| !url.value.is_built_in()) {
            add(format!("profiles.{profile}.base-url"), "base-url", &text(url, url.value.as_str()));
        }
        if let Some(store) = settings.store.as_ref().filter(|store| !schemes.contains(&store.value.scheme()))
        {
            add(format!("profiles.{profile}.store"), "store", &text(store, &store.value.to_string()));
        }
        for (name, value) in vault(&settings.vault).into_iter().chain(aws(&settings.aws)) {
            add(format!("profiles.{profile}.{name}"), &name, &value);
        }
    }
    list.sort_by_key(|setting| setting.line);
    list
}

/// A file to write and a program to run, each with its key and the name that it is compared under.
fn after(found: &Found, after: &After) -> Vec<(&'static str, &'static str, Located<String>)> {
    let audit = after.audit.as_ref().map(|audit| {
        let path = found.folder().join(&audit.value);
        ("audit", AUDIT, text(audit, &path.to_string_lossy()))
    });
    let hook = after.hook_post.as_ref();
    let hook = hook.map(|hook| ("hook-post", hook.value.key(), text(hook, &hook.value.to_string())));
    audit.into_iter().chain(hook).collect()
}

fn text<T>(located: &Located<T>, text: &str) -> Located<String> {
    Located { value: text.to_owned(), line: located.line }
}

/// Refuses a run whose settings take something sensitive from a found file that nobody approved.
pub(super) fn judge(
    found: &Found,
    schema: &Schema,
    used: &[Settings],
    schemes: &[&str],
    env: &Environment,
) -> Result<()> {
    if found.is_trusted_source() {
        return Ok(());
    }
    let mut open = sensitive(found, schema, schemes);
    open.retain(|setting| used.iter().any(|settings| takes(settings, setting, env)));
    // Nothing below happens in the usual case: no hash, no further file.
    if open.is_empty() || is_approved(found, env)? {
        return Ok(());
    }
    if let Some(own) = user_file(env)? {
        let trusted = sensitive(&own, &parse(&own)?, schemes);
        open.retain(|setting| {
            !trusted.iter().any(|own| own.name == setting.name && own.value == setting.value)
        });
    }
    if open.is_empty() { Ok(()) } else { Err(untrusted(found, &open)) }
}

/// Whether settings have this one from the file, and not from a flag or a variable.
fn takes(settings: &Settings, setting: &Sensitive, env: &Environment) -> bool {
    let origin = match setting.name.as_str() {
        "base-url" => settings.base_url.as_ref().map(|url| &url.origin),
        "proxy" => settings.proxy.as_ref().map(|proxy| &proxy.origin),
        "store" => Some(&settings.store.origin),
        AUDIT => settings.audit.as_ref().map(|audit| &audit.origin),
        CACHE => settings.cache.as_ref().map(|cache| &cache.origin),
        HOOK_LINE | HOOK_LIST => settings.hook_post.as_ref().map(|hook| &hook.origin),
        name if name.starts_with("aws.") => {
            return settings.store.value.scheme() == aws::SCHEME
                && settings.aws.has(name, setting.line)
                && !aws::is_overridden(name, env);
        }
        name => {
            return settings.store.value.scheme() == vault::SCHEME
                && settings.vault.has(name, setting.line)
                && !vault::is_overridden(name, env);
        }
    };
    matches!(origin, Some(Origin::File { line, .. }) if *line == setting.line)
}

fn untrusted(found: &Found, open: &[Sensitive]) -> Error {
    let file = shown_path(found.shown());
    let mut decided: Vec<&str> = Vec::new();
    for setting in open {
        let what = setting.decides();
        if !decided.contains(&what) {
            decided.push(what);
        }
    }
    let decided = decided.join(" and ");
    let error = Error::new(Kind::Misconfigured, format!("{file} decides {decided}, and nobody approved it"));
    open.iter()
        .fold(error, |error, setting| {
            error.because(format!("line {}: `{}` is {}", setting.line, setting.key, setting.value))
        })
        .next("look at these settings; if they are right, run `momo-cred trust`")
        .next("every change of the file asks again")
}
