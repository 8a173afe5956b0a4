//! Which profiles are used, and what a profile takes over from another.

use super::origin::Origin;
use super::resolve::{Overrides, refusal, refused};
use super::schema::{Profile, Schema, profile_name};
use super::secrets::shown_name;
use super::suggest::nearest;
use super::syntax::Source;
use super::{DEFAULT_PROFILE, Environment, FILE_NAME, variables};
use crate::{Error, Kind, Result};

/// Checks what profiles say of one another, whichever will be used.
pub(super) fn check(schema: &Schema, source: &Source<'_>) -> Result<()> {
    for profile in schema.profiles.values() {
        if let Some(parent) = &profile.value.extends
            && !schema.profiles.contains_key(&parent.value)
        {
            let error = source.error(parent.line, "`extends` names a profile that is not in the file");
            return Err(with_names(error, &parent.value, schema));
        }
    }
    for (name, profile) in &schema.profiles {
        let chain = chain(schema, name);
        if let Some(last) = chain.last().and_then(|last| schema.profiles.get(*last))
            && let Some(extends) = &last.value.extends
        {
            let lines = chain.iter().filter_map(|name| schema.profiles.get(*name)?.value.extends.as_ref());
            let lines: Vec<_> = lines.map(|extends| extends.line.to_string()).collect();
            let fault = format!("profiles extend one another in a circle (lines {})", lines.join(", "));
            return Err(source
                .error(extends.line, &fault)
                .next("take one `extends` away")
                .because(format!("it begins with the profile in line {}", profile.line)));
        }
    }
    if let Some(chosen) = &schema.default_profile
        && !is_there(schema, &chosen.value)
    {
        let error = source.error(chosen.line, "`default-profile` names a profile that is not in the file");
        return Err(with_names(error, &chosen.value, schema));
    }
    Ok(())
}

/// A profile with what it takes over: whole keys, and whole tables.
pub(super) fn effective(schema: &Schema, name: &str) -> Profile {
    let mut whole = Profile::default();
    for name in chain(schema, name) {
        let Some(parent) = schema.profiles.get(name).map(|profile| profile.value.clone()) else { break };
        whole = Profile {
            extends: None,
            product: whole.product.or(parent.product),
            target_environment: whole.target_environment.or(parent.target_environment),
            base_url: whole.base_url.or(parent.base_url),
            callback_host: whole.callback_host.or(parent.callback_host),
            store: whole.store.or(parent.store),
            env: whole.env.or(parent.env),
            fields: whole.fields.or(parent.fields),
            vault: whole.vault.or(parent.vault),
            aws: whole.aws.or(parent.aws),
            lease: whole.lease.or(parent.lease),
            timeout: whole.timeout.or(parent.timeout),
            cache: whole.cache.or(parent.cache),
            after: whole.after.or(parent.after),
        };
    }
    whole
}

/// A profile, its parent, and so on. Ends before a name that is in it already.
fn chain<'a>(schema: &'a Schema, name: &'a str) -> Vec<&'a str> {
    let mut chain = vec![name];
    let mut at = name;
    while let Some(extends) = schema.profiles.get(at).and_then(|profile| profile.value.extends.as_ref()) {
        at = &extends.value;
        if chain.contains(&at) {
            break;
        }
        chain.push(at);
    }
    chain
}

/// The profiles to use, each once: named by flags, else by the variable, else by the file, else `default`.
pub(super) fn select(
    schema: &Schema,
    source: Option<&Source<'_>>,
    overrides: &Overrides,
    env: &Environment,
) -> Result<Vec<(String, Origin)>> {
    let flags = overrides.profiles.iter().map(String::as_str).map(|name| (name, Origin::Flag("--profile")));
    let mut asked: Vec<(&str, Origin)> = flags.collect();
    if asked.is_empty()
        && let Some(list) = env.text(variables::PROFILE)?
    {
        asked.push((list, Origin::Environment(variables::PROFILE)));
    }
    let mut chosen: Vec<(String, Origin)> = Vec::new();
    for (list, origin) in asked {
        for name in list.split(',').map(str::trim) {
            let name = profile_name(name).map_err(|fault| refused(name, &origin, &fault))?;
            if !is_there(schema, &name) {
                return Err(missing(&name, &origin, schema, source));
            }
            if !chosen.iter().any(|(known, _)| *known == name) {
                chosen.push((name, origin.clone()));
            }
        }
    }
    if chosen.is_empty() {
        chosen.push(match (&schema.default_profile, source) {
            (Some(name), Some(source)) => {
                let origin = Origin::File { path: source.path().to_path_buf(), line: name.line };
                (name.value.clone(), origin)
            }
            (None, Some(source)) if !schema.profiles.is_empty() => only_profile(schema, source)?,
            _ => (DEFAULT_PROFILE.to_owned(), Origin::BuiltIn),
        });
    }
    Ok(chosen)
}

/// The profile of a file that names no default: its only one, or the one called `default`. With several, to work on none of
/// them would surprise whoever wrote them.
fn only_profile(schema: &Schema, source: &Source<'_>) -> Result<(String, Origin)> {
    let mut names = schema.profiles.iter();
    if let (Some((name, profile)), None) = (names.next(), names.next()) {
        return Ok((name.clone(), Origin::File { path: source.path().to_path_buf(), line: profile.line }));
    }
    if schema.profiles.contains_key(DEFAULT_PROFILE) {
        return Ok((DEFAULT_PROFILE.to_owned(), Origin::BuiltIn));
    }
    let list: Vec<_> = schema.profiles.keys().map(|name| format!("`{name}`")).collect();
    Err(Error::new(
        Kind::Misconfigured,
        format!("{} has several profiles, and none was chosen", source.path().display()),
    )
    .because(format!("there are {}", list.join(", ")))
    .next(format!("give --profile NAME or {}, or set default-profile in the file", variables::PROFILE)))
}

fn is_there(schema: &Schema, name: &str) -> bool {
    name == DEFAULT_PROFILE || schema.profiles.contains_key(name)
}

fn missing(name: &str, origin: &Origin, schema: &Schema, source: Option<&Source<'_>>) -> Error {
    let shown = shown_name(name).map_or_else(|| "that".to_owned(), |name| format!("`{name}`"));
    let error = refusal(origin).because(format!("there is no profile {shown}"));
    match source {
        Some(_) => with_names(error, name, schema),
        None => error
            .because("no config file was found")
            .next(format!("name one with --config, or put a {FILE_NAME} here")),
    }
}

fn with_names(error: Error, name: &str, schema: &Schema) -> Error {
    let names = || schema.profiles.keys().map(String::as_str);
    let error = match nearest(name, names()) {
        Some(meant) => error.next(format!("did you mean `{meant}`?")),
        None => error,
    };
    let list: Vec<_> = names().collect();
    error.next(if list.is_empty() {
        "leave it out: the file has no profiles".to_owned()
    } else {
        format!("profiles there are: {}", list.join(", "))
    })
}
