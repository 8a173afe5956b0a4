//! The suite of `momo-cred-backend-testkit` on a dotenv file.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use momo_cred_backend_api::{Backend, RecordName};
use momo_cred_backend_dotenv::{DotenvConfig, DotenvStore, FieldSet};
use momo_cred_backend_testkit::{FIELDS, Harness, async_trait};
use tempfile::TempDir;

struct Dotenv {
    dir: TempDir,
}

impl Dotenv {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(".env")
    }

    fn append(&self, line: &str) {
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(self.path()).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

#[async_trait]
impl Harness for Dotenv {
    async fn open(&self) -> Box<dyn Backend> {
        let fields = FieldSet::new(&FIELDS, &["pending_"], &FIELDS).unwrap();
        Box::new(
            DotenvStore::new(DotenvConfig { path: self.path(), fields, allow_shared_fs: false }).unwrap(),
        )
    }

    fn name(&self, n: usize) -> RecordName {
        RecordName::new(["SUITE_A", "SUITE_B", "SUITE_A_B", "SUITE_a", "OTHER"][n]).unwrap()
    }

    fn prefix(&self) -> String {
        "SUITE_".to_owned()
    }

    fn bad_names(&self) -> Vec<RecordName> {
        let names = ["a b", "a/b", "1A", "a-b", "é", "LD", "SUITE_PENDING", "A=B", "#A"];
        names.iter().map(|name| RecordName::new(*name).unwrap()).collect()
    }

    async fn plant_foreign(&self, name: &RecordName, value: &str) -> Option<String> {
        self.append(&format!("export {name}_OTHER='{value}' # same prefix"));
        None
    }

    async fn foreign_is_intact(&self, name: &RecordName, value: &str) -> bool {
        let line = format!("export {name}_OTHER='{value}' # same prefix");
        std::fs::read_to_string(self.path()).unwrap().lines().any(|l| l == line)
    }

    async fn plant_corrupt(&self, name: &RecordName, text: &str) -> bool {
        self.append(&format!("{name}_GAMMA=\"{text}\\n\""));
        true
    }
}

momo_cred_backend_testkit::suite!(Dotenv::new());
