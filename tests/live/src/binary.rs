//! Which server program there is, and what it means that there is none.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// A server program.
#[derive(Clone)]
pub(crate) enum Binary {
    /// `vault` or `bao`, which take a configuration file.
    Packaged(PathBuf),
    /// The one of `tests/live/vault-server`.
    Ours(PathBuf),
}

impl Binary {
    /// The one to start. Without any: says so once, and panics in CI, where no test may be skipped.
    pub(crate) fn find() -> Option<Self> {
        let found = in_path().map(Self::Packaged).or_else(|| built().map(Self::Ours));
        if found.is_none() {
            static ONCE: Once = Once::new();
            say_once(
                &ONCE,
                "no Vault to test with: `tests/run live` builds one, or put `vault` or `bao` in PATH",
            );
        }
        found
    }
}

fn in_path() -> Option<PathBuf> {
    let path = variable("PATH");
    let candidates = |name: &'static str| env::split_paths(&path).map(move |folder| folder.join(name));
    candidates("vault").chain(candidates("bao")).find(|file| file.is_file())
}

fn built() -> Option<PathBuf> {
    targets().map(|target| target.join("live/vault-server")).find(|file| file.is_file())
}

/// A Python environment that `tests/run` has made, whole.
pub(crate) fn find_venv(place: &str) -> Option<PathBuf> {
    targets().map(|target| target.join(place)).find(|venv| venv.join("stamp").is_file())
}

fn targets() -> impl Iterator<Item = PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    [PathBuf::from(variable("CARGO_TARGET_DIR")), workspace].into_iter()
}

/// Says what tests are skipped for, and panics in CI, where none may be.
pub(crate) fn say_once(once: &Once, missing: &str) {
    assert!(variable("CI") != "true", "{missing}");
    once.call_once(|| say(missing));
}

#[expect(
    clippy::disallowed_methods,
    reason = "a helper of tests is not configured through the program's sources"
)]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

#[expect(clippy::print_stderr, reason = "the only place where a reader of the test's output learns of it")]
fn say(what: &str) {
    eprintln!("skipped: {what}");
}
