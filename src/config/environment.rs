//! A snapshot of the process's environment, so that tests build their own and every read has an origin.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use momo_cred_backend_api::Secret;

use crate::{Error, Kind, Result};

/// The environment, working directory and user of this process, taken once at start.
#[derive(Clone)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
    cwd: PathBuf,
    uid: u32,
}

impl Environment {
    /// The real one. The only place that reads the environment of the process.
    ///
    /// # Errors
    /// Misconfigured where there is no working directory.
    pub fn of_process() -> Result<Self> {
        let cwd = std::env::current_dir().map_err(|error| {
            Error::new(Kind::Misconfigured, "there is no working directory")
                .because(error.kind())
                .next("change to a directory that exists and that you may enter")
        })?;
        let uid = rustix::process::geteuid().as_raw();
        Ok(Self { variables: std::env::vars_os().collect(), cwd, uid })
    }

    /// One made of parts.
    pub fn new<K, V>(variables: impl IntoIterator<Item = (K, V)>, cwd: impl Into<PathBuf>, uid: u32) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, cwd: cwd.into(), uid }
    }

    /// The same without some variables.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let mut environment = self.clone();
        environment.variables.retain(|(known, _)| !names.iter().any(|name| known == name));
        environment
    }

    /// A variable. An empty one is none.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }

    /// A variable that is a setting. An empty one is none.
    ///
    /// # Errors
    /// Misconfigured for one that is not UTF-8.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>> {
        let not_text = || {
            Error::new(Kind::Misconfigured, format!("{name} is not UTF-8"))
                .next("set it anew as UTF-8, or unset it")
        };
        self.get(name).map(|value| value.to_str().ok_or_else(not_text)).transpose()
    }

    /// A variable that is a secret. An empty one is none.
    ///
    /// # Errors
    /// Misconfigured for one that is not UTF-8.
    pub fn secret(&self, name: &'static str) -> Result<Option<Secret>> {
        Ok(self.text(name)?.map(Secret::from))
    }

    /// All variables as the parent gave them, in its order, empty ones and duplicates included: for the environment of a
    /// child. Of duplicates the first counts, as for `getenv`.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The working directory.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// The effective user.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The home directory. `/`, which containers set for a user without one, is nobody's.
    pub fn home(&self) -> Option<&Path> {
        self.directory("HOME").filter(|home| home.parent().is_some())
    }

    /// Our folder for settings of this user.
    pub fn config_folder(&self) -> Option<PathBuf> {
        self.own_folder("XDG_CONFIG_HOME", ".config")
    }

    /// Our folder for what is remembered between runs.
    pub fn state_folder(&self) -> Option<PathBuf> {
        self.own_folder("XDG_STATE_HOME", ".local/state")
    }

    fn own_folder(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        // The XDG specification: a relative path is to be ignored.
        let base = self.directory(variable).map(Path::to_path_buf);
        base.or_else(|| self.home().map(|home| home.join(below_home))).map(|base| base.join("momo-cred"))
    }

    fn directory(&self, variable: &str) -> Option<&Path> {
        self.get(variable).map(Path::new).filter(|path| path.is_absolute())
    }
}

/// Names no variable: values may be secrets, and names tell what a machine runs.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.len())
            .field("cwd", &self.cwd)
            .field("uid", &self.uid)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;
    use crate::config::variables;

    #[test]
    fn folders_follow_xdg() {
        let folder = |vars: &[(&str, &str)]| Environment::new(vars.iter().copied(), "/w", 1).config_folder();
        assert_eq!(folder(&[("HOME", "/h")]), Some("/h/.config/momo-cred".into()));
        assert_eq!(folder(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c")]), Some("/c/momo-cred".into()));
        assert_eq!(folder(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "c")]), Some("/h/.config/momo-cred".into()));
        assert_eq!(folder(&[("HOME", "/")]), None);
        assert_eq!(folder(&[]), None);
    }

    #[test]
    fn does_without_some_variables() {
        let env = Environment::new([("A", "1"), ("B", "2"), ("A", "3")], "/w", 1).without(&["A", "C"]);
        assert_eq!((env.get("A"), env.get("B")), (None, Some(OsStr::new("2"))));
        assert_eq!(env.variables().count(), 1);
    }

    #[test]
    fn is_never_rendered() {
        let env = Environment::new([(variables::SUBSCRIPTION_KEY, "s3krit")], "/w", 1);
        assert!(!format!("{env:?}{:?}", env.secret(variables::SUBSCRIPTION_KEY)).contains("s3krit"));
        assert!(env.secret(variables::SUBSCRIPTION_KEY).unwrap().is_some());
        let odd =
            Environment::new([(OsStr::new(variables::STORE), OsStr::from_bytes(b"s3krit\xff"))], "/w", 1);
        let error = odd.text(variables::STORE).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (Kind::Misconfigured, "MOMO_CRED_STORE is not UTF-8".into())
        );
    }

    #[test]
    fn the_real_one_is_there() {
        let env = Environment::of_process().unwrap();
        assert!(env.cwd().is_absolute() && env.variables().count() > 0);
    }
}
