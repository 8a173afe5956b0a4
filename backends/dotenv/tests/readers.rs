//! What we accept and write, other programs read alike: python-dotenv, npm dotenv, shells and `docker --env-file`.
//!
//! Files are made in one folder and each reader runs once over all of them. The first two are looked for in
//! `target/tools/venv` and `target/tools/node` of the workspace; one that is missing is skipped, and in CI an error.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::generate::{Piece, USED, changes, config, flat, pieces, structured, text, variable, wild};
use support::{open, put, set, skip, values};
use tempfile::TempDir;

type Read = BTreeMap<String, BTreeMap<String, String>>;

/// Files in a folder, and what we read from each.
struct Batch {
    dir: TempDir,
    ours: Read,
}

impl Batch {
    /// Writes each text as a file, makes the changes in it, and keeps those files that were accepted.
    fn new<T: AsRef<[u8]>>(cases: impl Iterator<Item = (T, Vec<(&'static str, String)>)>) -> Self {
        let mut batch = Self { dir: TempDir::new().unwrap(), ours: Read::new() };
        for (number, (text, changes)) in cases.enumerate() {
            let name = format!("{number:04}.env");
            let path = batch.dir.path().join(&name);
            put(&path, text);
            let list: Vec<_> = changes.iter().map(|(field, value)| (*field, value.as_str())).collect();
            if set(&open(&path), &list).is_ok() {
                let read = values(&open(&path)).into_iter().map(|(field, value)| (variable(&field), value));
                batch.ours.insert(name, read.collect());
            } else {
                std::fs::remove_file(&path).unwrap();
            }
        }
        batch
    }

    fn compare(&self, reader: &str, mut theirs: Read) {
        for (file, ours) in &self.ours {
            let mut theirs = theirs.remove(file).unwrap_or_default();
            theirs.retain(|name, _| USED.iter().any(|field| variable(field) == *name));
            let text = support::get(&self.dir.path().join(file));
            assert_eq!(
                &theirs,
                ours,
                "{reader} reads {file} differently: {:?}",
                String::from_utf8_lossy(&text)
            );
        }
    }

    fn python(&self) {
        let python = tools().join("venv/bin/python");
        if !python.exists() {
            return skip("target/tools/venv with python-dotenv");
        }
        let output = Command::new(python).arg(script("python.py")).arg(self.dir.path()).output().unwrap();
        self.compare("python-dotenv", json(&output));
    }

    fn node(&self) {
        let modules = tools().join("node/node_modules");
        if !modules.join("dotenv").exists() {
            return skip("target/tools/node with npm dotenv");
        }
        let mut node = Command::new("node");
        let output =
            node.env("NODE_PATH", modules).arg(script("node.cjs")).arg(self.dir.path()).output().unwrap();
        self.compare("npm dotenv", json(&output));
    }

    fn shell(&self, shell: &str) {
        let mut command = Command::new(shell);
        command.arg(script("read.sh")).arg(self.dir.path()).args(USED.map(variable));
        let Ok(output) = command.output() else { return skip(shell) };
        let mut theirs = Read::new();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let parts: Vec<_> = line.splitn(3, '\t').collect();
            theirs.entry(parts[0].to_owned()).or_default().insert(parts[1].to_owned(), parts[2].to_owned());
        }
        self.compare(shell, theirs);
    }

    /// `docker run --env-file`: opts/file.go of docker/cli. Each line is a variable, its value all after the first `=`.
    fn docker(&self) {
        let mut theirs = Read::new();
        for file in self.ours.keys() {
            let bytes = support::get(&self.dir.path().join(file));
            let text = String::from_utf8(bytes).unwrap();
            let mut read = BTreeMap::new();
            for line in
                text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'))
            {
                let (name, value) = line.split_once('=').unwrap();
                assert!(!name.contains([' ', '\t']), "docker refuses the file");
                read.insert(name.to_owned(), value.to_owned());
            }
            theirs.insert(file.clone(), read);
        }
        self.compare("docker", theirs);
    }
}

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools")
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers").join(name)
}

fn json(output: &std::process::Output) -> Read {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: BTreeMap<String, BTreeMap<String, Option<String>>> =
        serde_json::from_slice(&output.stdout).unwrap();
    let set = |vars: BTreeMap<String, Option<String>>| {
        vars.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    };
    read.into_iter().map(|(file, vars)| (file, set(vars))).collect()
}

fn sample<S: Strategy>(count: u32, strategy: S) -> impl Iterator<Item = S::Value> {
    let mut runner = TestRunner::new(config(count));
    (0..count).map(move |_| strategy.new_tree(&mut runner).unwrap().current())
}

#[test]
fn plain_files_are_read_alike_by_all() {
    let cases = sample(200, (pieces(flat(), false), changes())).map(|(mut pieces, changes)| {
        // docker knows no quotes.
        pieces.retain(|piece| !matches!(piece, Piece::Own(_, _, "'" | "\"", _)));
        (text(&pieces), changes)
    });
    let batch = Batch::new(cases);
    assert_eq!(batch.ours.len(), 200);
    batch.docker();
    batch.python();
    batch.node();
    batch.shell("sh");
    batch.shell("bash");
}

#[test]
fn structured_files_are_read_alike_by_dotenv_readers_and_shells() {
    let cases = sample(250, (pieces(structured(), false), changes()))
        .map(|(pieces, changes)| (text(&pieces), changes));
    let batch = Batch::new(cases);
    assert_eq!(batch.ours.len(), 250);
    batch.python();
    batch.node();
    batch.shell("sh");
    batch.shell("bash");
}

/// Whatever the file holds: if we accept it, dotenv readers find the same record in it.
#[test]
fn wild_files_are_read_alike_by_dotenv_readers_or_refused() {
    let batch = Batch::new(sample(1500, (wild(), changes())));
    assert!(batch.ours.len() > 300, "only {} accepted", batch.ours.len());
    batch.python();
    batch.node();
}
