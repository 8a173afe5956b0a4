//! The module as its callers use it: files on disk, flags and variables in, settings or a message out.

mod after;
mod aws;
mod discovery;
mod found;
mod leaks;
mod pinning;
mod profiles;
mod refusals;
mod vault;
mod vault_auth;
mod vault_client;
mod vault_refusals;
mod vault_trust;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Config, Environment, Overrides, Settings};
use crate::{Error, Result};

/// 32 hex digits: has the shape of a key and is one nowhere.
const KEY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

/// A home with a repository in it, and an environment that knows no other place.
struct Sandbox {
    dir: tempfile::TempDir,
    variables: Vec<(String, String)>,
    flags: Overrides,
    cwd: PathBuf,
}

impl Sandbox {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap().join("home");
        let cwd = home.join("work/repo");
        fs::create_dir_all(cwd.join(".git")).unwrap();
        let variables = vec![("HOME".to_owned(), home.to_str().unwrap().to_owned())];
        Self { dir, variables, flags: Overrides::default(), cwd }
    }

    fn with(toml: &str) -> Self {
        let sandbox = Self::new();
        sandbox.file("work/repo/momo-cred.toml", toml);
        sandbox
    }

    fn home(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join("home")
    }

    /// Writes a file below the home.
    fn file(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
        fs::write(&path, text).unwrap();
        mode(&path, 0o644);
        path
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    fn env(&self) -> Environment {
        let uid = rustix::process::geteuid().as_raw();
        Environment::new(self.variables.iter().cloned(), &self.cwd, uid)
    }

    fn load(&self) -> Result<Config> {
        Config::load(&self.flags, &self.env())
    }

    fn all(&self) -> Result<Vec<Settings>> {
        self.load()?.resolve(&self.flags, &self.env(), &["dotenv"])
    }

    fn one(&self) -> Settings {
        let mut all = self.all().unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn error(&self) -> Error {
        self.all().unwrap_err()
    }
}

/// All that a person could see of an error.
fn rendered(error: &Error) -> String {
    format!("{error}\n{error:?}\n{}", error.next_steps().join("\n"))
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
