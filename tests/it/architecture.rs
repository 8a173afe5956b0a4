//! The documents name what exists, and the tree keeps the rules that no compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Files below a folder with an ending, build output left out.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(ending) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Words between backticks that look like paths.
fn named_paths(text: &str) -> BTreeSet<String> {
    let code = text.split('`').skip(1).step_by(2);
    let path = |word: &&str| {
        (word.contains('/') || word.ends_with(".md") || word.ends_with(".toml"))
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b))
            && !word.starts_with('/')
            && !word.starts_with('.')
            && *word != "momo-cred.toml"
    };
    code.filter(path).map(str::to_owned).collect()
}

#[test]
fn every_path_that_the_documents_name_exists() {
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"] {
        let named = named_paths(&text(document));
        assert!(document != "ARCHITECTURE.md" || named.len() > 20, "{document} names only {named:?}");
        for path in named {
            // The checklist for a new store names files as they lie in the one to copy from.
            let model = root().join("backends/dotenv").join(&path);
            let exists = root().join(&path).exists() || (document == "CONTRIBUTING.md" && model.exists());
            assert!(exists, "{document} names {path}, which does not exist");
        }
    }
}

#[test]
fn every_test_file_is_part_of_the_test_binary() {
    let main = text("tests/it/main.rs");
    for file in fs::read_dir(root().join("tests/it")).unwrap().map(|entry| entry.unwrap().file_name()) {
        let name = file.to_string_lossy().trim_end_matches(".rs").to_owned();
        assert!(name == "main" || main.contains(&format!("mod {name};")), "tests/it/{name} is in no test");
        assert!(
            name == "main"
                || main.contains(&format!("//! - `{name}`"))
                || main.contains(&format!("and `{name}`"))
        );
    }
}

/// The list in ARCHITECTURE.md is the list of places that open a secret, tests left out.
#[test]
fn secrets_are_opened_only_where_the_list_says() {
    let document = text("ARCHITECTURE.md");
    let (_, list) = document.split_once("## Where a secret is opened").unwrap();
    let list = list.split_once("\n## ").map_or(list, |(list, _)| list);
    let listed: BTreeSet<String> = named_paths(list);
    let sources = files("src", ".rs").into_iter().chain(files("backends", ".rs"));
    let mut found = BTreeSet::new();
    for path in sources {
        let shown = path.to_string_lossy().into_owned();
        let is_test = shown.contains("/tests") || shown.starts_with("backends/testkit");
        let source = text(&path);
        let code = source.split("#[cfg(test)]").next().unwrap();
        if !is_test
            && code.lines().any(|line| line.contains("expose_secret") && !line.trim().starts_with("//"))
        {
            found.insert(shown);
        }
    }
    assert_eq!(found, listed);
}

/// Scripts read the names of steps: README lists them, and each that the sources report is in the list.
#[test]
fn the_list_of_steps_is_that_of_the_sources() {
    let readme = text("README.md");
    let (_, list) = readme.split_once("Names of steps:").unwrap();
    let (list, _) = list.split_once(". (").unwrap();
    let listed: BTreeSet<&str> = list.split('`').skip(1).step_by(2).collect();
    let mut found = BTreeSet::new();
    for path in files("src", ".rs").into_iter().filter(|path| !path.to_string_lossy().contains("/tests")) {
        let source = text(&path);
        let reports = source.split("StepReport::of(").chain(source.split("StepReport::skipped(")).skip(1);
        let names = reports.filter_map(|report| report.trim_start().strip_prefix('"')?.split('"').next());
        found.extend(names.map(str::to_owned));
    }
    assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
}

/// `src/registry.rs` is the only file that names a store; no store depends on the program.
#[test]
fn only_the_registry_names_stores() {
    for path in files("src", ".rs") {
        let source = text(&path);
        let names = ["momo_cred_backend_dotenv", "momo_cred_backend_vault", "momo_cred_backend_aws"]
            .iter()
            .any(|name| source.contains(name));
        assert!(
            !names || path.starts_with("src/registry") || path == Path::new("src/registry.rs"),
            "{} names a store",
            path.display()
        );
    }
    for manifest in files("backends", "Cargo.toml") {
        let depends = text(&manifest)
            .lines()
            .any(|line| line.starts_with("momo-cred ") || line.starts_with("momo-cred."));
        assert!(!depends, "{} depends on the program", manifest.display());
    }
}

/// Every store has the same file names.
#[test]
fn stores_are_laid_out_alike() {
    for store in fs::read_dir(root().join("backends")).unwrap().map(|entry| entry.unwrap().path()) {
        if store.ends_with("api") || store.ends_with("testkit") {
            continue;
        }
        for file in [
            "src/lib.rs",
            "src/config.rs",
            "src/store.rs",
            "src/error.rs",
            "README.md",
            "tests/conformance.rs",
        ] {
            assert!(store.join(file).is_file(), "{} has no {file}", store.display());
        }
    }
}

/// Commands are one file each, and in the order of the alphabet where they are listed.
#[test]
fn commands_are_sorted() {
    let args = text("src/cli/args.rs");
    let (_, body) = args.split_once("pub(crate) enum Command {").unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let names: Vec<String> = body
        .lines()
        .filter_map(|line| {
            Some(line.trim().split_once('(')?.0.to_lowercase()).filter(|name| !name.starts_with(['/', '#']))
        })
        .collect();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(names, sorted);
    for name in names {
        assert!(root().join(format!("src/cli/{name}.rs")).is_file(), "src/cli/{name}.rs");
    }
}

/// Files stay small: the few over 400 lines are none.
#[test]
fn files_stay_small() {
    let sources = ["src", "backends", "transport", "tests", "examples"]
        .into_iter()
        .flat_map(|folder| files(folder, ".rs"));
    for path in sources {
        let lines = text(&path).lines().count();
        assert!(lines <= 400, "{} has {lines} lines", path.display());
    }
    assert!(text("src/main.rs").lines().count() <= 40);
}

/// What only tests switch on is in no program that is built without the feature for it.
#[test]
fn fail_points_are_in_the_program_only_with_their_feature() {
    let program = fs::read(crate::sandbox::MOMO_CRED).unwrap();
    let name = b"MOMO_CRED_FAULT";
    let found = program.windows(name.len()).any(|part| part == name);
    assert_eq!(found, cfg!(feature = "faults"));
}
