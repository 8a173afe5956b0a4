//! From a command line and an environment to settings.

use super::Environment;
use super::discover::discover;
use super::file::Found;
use super::profile::{check, select};
use super::resolve::{Overrides, Resolver, Settings};
use super::schema::{Schema, read};
use super::syntax::Source;
use super::trust::{Sensitive, judge, sensitive};
use crate::Result;

/// The config file in use, or that there is none.
#[derive(Clone, Debug, Default)]
pub struct Config {
    found: Option<Found>,
    schema: Schema,
}

impl Config {
    /// Finds and reads the config file.
    ///
    /// # Errors
    /// Misconfigured for a file that is named and not there, that others could have written, or that says something it
    /// cannot say: the message names file, line and key, never a value.
    pub fn load(overrides: &Overrides, env: &Environment) -> Result<Self> {
        let Some(found) = Self::find(overrides, env)? else { return Ok(Self::default()) };
        let schema = parse(&found)?;
        Ok(Self { found: Some(found), schema })
    }

    /// Finds the config file without looking into it.
    ///
    /// # Errors
    /// As [`load`](Self::load), but for what the file says.
    pub fn find(overrides: &Overrides, env: &Environment) -> Result<Option<Found>> {
        discover(overrides.config.as_deref(), env)
    }

    /// The file.
    pub fn found(&self) -> Option<&Found> {
        self.found.as_ref()
    }

    /// Names of the profiles in the file.
    pub fn profiles(&self) -> impl Iterator<Item = &str> {
        self.schema.profiles.keys().map(String::as_str)
    }

    /// The chosen profiles' settings, in the order asked for. `schemes` are the stores that are compiled in.
    ///
    /// # Errors
    /// Usage for a flag's value that is refused; misconfigured for a variable's, for a profile that is not there, and
    /// for a found file that nobody approved and that decides where secrets go.
    pub fn resolve(
        &self,
        overrides: &Overrides,
        env: &Environment,
        schemes: &[&str],
    ) -> Result<Vec<Settings>> {
        let found = self.found.as_ref();
        let source = found.map(|found| Source::new(found.shown(), found.text()));
        let resolver = Resolver { schema: &self.schema, found, overrides, env };
        let chosen = select(&self.schema, source.as_ref(), overrides, env)?;
        let settings: Vec<Settings> =
            chosen.into_iter().map(|(name, by)| resolver.settings(name, by)).collect::<Result<_>>()?;
        if let Some(found) = found {
            judge(found, &self.schema, &settings, schemes, env)?;
        }
        Ok(settings)
    }

    /// All sensitive settings of the file, of every profile.
    pub fn sensitive_settings(&self, schemes: &[&str]) -> Vec<Sensitive> {
        self.found.as_ref().map_or_else(Vec::new, |found| sensitive(found, &self.schema, schemes))
    }
}

pub(super) fn parse(found: &Found) -> Result<Schema> {
    let source = Source::new(found.shown(), found.text());
    let schema = read(&source)?;
    check(&schema, &source)?;
    Ok(schema)
}
